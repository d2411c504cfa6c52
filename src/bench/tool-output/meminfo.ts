import { positive } from './output-error.ts';

const TOOL = '/proc/meminfo';
const KIB = 1024;

/**
 * Reads /proc/meminfo (proc(5)), whose kB are KiB.
 * @throws OutputError that names the line that is missing
 */
export function parseMemory(text: string): { readonly totalBytes: number; readonly availableBytes: number } {
  const bytes = (name: string) => positive(TOOL, name, new RegExp(`^${name}: +(\\d+) kB$`, 'm').exec(text)?.[1]) * KIB;
  return { totalBytes: bytes('MemTotal'), availableBytes: bytes('MemAvailable') };
}
