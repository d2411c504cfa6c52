import path from 'node:path';
import { Fault } from '../../host/fault.ts';
import type { Host } from '../../host/host.ts';
import { jsonText } from '../../json/text.ts';
import type { BootLoader } from '../distro/boot-loader.ts';
import type { Guest } from '../ssh/guest.ts';

/** GRUB's environment block (grub-core/lib/envblk.c): a signature, `name=value` lines, and `#` up to its fixed length. */
const BLOCK_BYTES = 1024;
const SIGNATURE = '# GRUB Environment Block\n';
const SECTOR_BYTES = 512;

function notABlock(why: string): Fault {
  return new Fault({
    kind: 'internal',
    headline: `There is no environment of GRUB where one was expected: ${why}`,
    hint: 'Please report this: drydock does not write into a disk whose content it does not know.',
  });
}

function linesOf(block: string): readonly string[] {
  if (block.length !== BLOCK_BYTES) throw notABlock(`${String(block.length)} bytes instead of ${String(BLOCK_BYTES)}`);
  if (!block.startsWith(SIGNATURE)) throw notABlock('the first line is another one');
  if (/[^\n\x20-\x7e]/.test(block)) throw notABlock('it holds more than text');
  // What follows the last line end is filling.
  return block.slice(SIGNATURE.length).split('\n').slice(0, -1);
}

/** The variables of an environment block; one that GRUB has cleared is empty, and the same as none. */
export function readVariables(block: string): ReadonlyMap<string, string> {
  const pairs = linesOf(block).flatMap((line): [string, string][] => {
    const [, name = '', value = ''] = /^([^#=][^=]*)=(.*)$/.exec(line) ?? [];
    return value === '' ? [] : [[name, value]];
  });
  return new Map(pairs);
}

/** The block with one variable set, as `grub-editenv set` leaves it. @throws RangeError when it does not fit */
export function withVariable(block: string, name: string, value: string): string {
  // Others would have to be escaped.
  if (!/^[\w-]+$/.test(value)) throw new RangeError(`No value for GRUB's environment: ${jsonText(value)}`);
  const others = linesOf(block).filter((line) => !line.startsWith(`${name}=`));
  const text = `${SIGNATURE}${[...others, `${name}=${value}`].map((line) => `${line}\n`).join('')}`;
  if (text.length > BLOCK_BYTES) throw new RangeError(`GRUB's environment has no room for ${name}=${value}`);
  return text.padEnd(BLOCK_BYTES, '#');
}

/**
 * Where a file lies, by `filefrag -v -b512`: the sector on its partition.
 *
 * @returns `undefined` unless it lies in one piece, written out
 */
export function firstSector(filefrag: string): number | undefined {
  const rows = filefrag.split('\n').filter((line) => /^\s*\d+:/.test(line));
  const [, sector, flags = ''] = /^\s*0:\s+0\.\.\s*\d+:\s+(\d+)\.\.\s*\d+:\s+\d+:(.*)$/.exec(rows[0] ?? '') ?? [];
  if (rows.length !== 1 || sector === undefined) return undefined;
  return /unknown|delalloc|encoded|not_aligned|inline|unwritten/.test(flags) ? undefined : Number(sector);
}

/**
 * Asks a guest where on its disk GRUB's environment lies. GRUB itself writes there at boot, in place and past the file system;
 * `grub-editenv`, and what calls it, write a new file, perhaps elsewhere. So look this up after the last write.
 *
 * @param partition that holds it: `/dev/vda1`
 * @returns bytes from the start of the disk
 */
export async function locateEnvironment(guest: Guest, loader: BootLoader, partition: string): Promise<number> {
  await guest.run(['sync']);
  const startFile = `/sys/class/block/${path.posix.basename(partition)}/start`;
  const start = Number((await guest.run(['cat', startFile])).stdout.trim());
  const { stdout } = await guest.run(['filefrag', '-v', '-b512', loader.environmentPath]);
  const sector = firstSector(stdout);
  if (sector !== undefined && Number.isInteger(start)) return (start + sector) * SECTOR_BYTES;
  throw new Fault({
    kind: 'not-ready',
    headline: `${loader.environmentPath} does not lie in one piece on ${partition}`,
    hint: 'GRUB cannot write such a file either, so it would boot an entry forever that was meant for one boot.',
    detail: stdout.trim().split('\n'),
  });
}

/** An environment block in a disk's file. */
export interface EnvironmentPlace {
  readonly diskPath: string;
  /** Bytes from the start of the disk. */
  readonly offsetBytes: number;
  /** Scratch folder. */
  readonly workDir: string;
}

const SCRATCH = 'grubenv';

/** Reads the environment out of a qcow2 that no QEMU has open. @throws Fault when there is none */
export async function readEnvironment(
  host: Host,
  { diskPath, offsetBytes, workDir }: EnvironmentPlace,
): Promise<string> {
  const file = path.join(workDir, SCRATCH);
  await host.processes.run([
    ...(['qemu-img', 'dd', '-f', 'qcow2', '-O', 'raw', `bs=${String(SECTOR_BYTES)}`] as const),
    `skip=${String(offsetBytes / SECTOR_BYTES)}`,
    `count=${String(offsetBytes / SECTOR_BYTES + BLOCK_BYTES / SECTOR_BYTES)}`,
    `if=${diskPath}`,
    `of=${file}`,
  ]);
  // Some versions of qemu-img count what they skip, some may not and write more than was wanted.
  const block = new TextDecoder('latin1').decode((await host.files.readBytes(file)).subarray(0, BLOCK_BYTES));
  await host.files.remove(file);
  linesOf(block);
  return block;
}

/**
 * Has the next boot of a disk take an entry, and that boot alone: what `grub-reboot` does in a guest, done to a throwaway overlay
 * from outside. Nothing else of the disk changes, so all arms still start from the same bytes but for these.
 */
export async function chooseNextEntry(host: Host, place: EnvironmentPlace, entry: string): Promise<void> {
  const block = withVariable(await readEnvironment(host, place), 'next_entry', entry);
  await host.files.writeAtomic(path.join(place.workDir, SCRATCH), block);
  // qemu-io splits its commands at blanks, so the file is named from its folder.
  const command = `write -q -s ${SCRATCH} ${String(place.offsetBytes)} ${String(BLOCK_BYTES)}`;
  await host.processes.run(['qemu-io', '-f', 'qcow2', '-c', command, place.diskPath], { cwd: place.workDir });
  await host.files.remove(path.join(place.workDir, SCRATCH));
}

/**
 * Makes sure that a disk boots an entry whenever it is not told otherwise, and that it is not.
 *
 * @throws Fault `not-ready`
 */
export async function checkDefault(host: Host, place: EnvironmentPlace, entry: string): Promise<void> {
  const variables = readVariables(await readEnvironment(host, place));
  const [saved, next] = [variables.get('saved_entry'), variables.get('next_entry')];
  if (saved === entry && next === undefined) return;
  throw new Fault({
    kind: 'not-ready',
    headline: `GRUB's default is ${saved ?? 'not set'} and its next entry ${next ?? 'not set'}, where ${entry} alone was expected`,
    hint: "Boots of this disk would measure another kernel than the arm's. Please report it with the stage's logs.",
  });
}
