import path from 'node:path';
import type { Argv, Host } from '../host/host.ts';
import type { Guest } from './ssh.ts';

/** One thing a booted guest is asked for, and the file its answer is kept in. */
interface Collected {
  readonly file: string;
  readonly command: Argv;
  /** `boot`: after every measured boot; `arm`: once an arm, for what does not change between boots. */
  readonly every: 'boot' | 'arm';
  /** Exit codes that are an answer; a kernel without modules has no /proc/modules, one without IKCONFIG no config. */
  readonly okExitCodes?: readonly number[];
}

const COLLECTED: readonly Collected[] = [
  { file: 'dmesg.txt', command: ['dmesg'], every: 'boot' },
  // Written by the guest at the moment it was ready, before this connection used any memory.
  { file: 'meminfo.txt', command: ['cat', '/run/drydock/meminfo'], every: 'boot' },
  { file: 'uname.txt', command: ['uname', '-a'], every: 'arm' },
  { file: 'lsmod.txt', command: ['lsmod'], every: 'arm', okExitCodes: [0, 1] },
  { file: 'config.txt', command: ['zcat', '/proc/config.gz'], every: 'arm', okExitCodes: [0, 1, 2] },
  { file: 'docker-info.txt', command: ['docker', 'info'], every: 'arm' },
  { file: 'probe.txt', command: ['cat', '/run/drydock/probe.out'], every: 'arm' },
  { file: 'systemd-analyze.txt', command: ['systemd-analyze', 'time'], every: 'arm', okExitCodes: [0, 1] },
  { file: 'systemd-blame.txt', command: ['systemd-analyze', 'blame'], every: 'arm', okExitCodes: [0, 1] },
  {
    file: 'systemd-critical-chain.txt',
    command: ['systemd-analyze', 'critical-chain'],
    every: 'arm',
    okExitCodes: [0, 1],
  },
];

/** Asks the guest for everything that is due and writes the answers below `directory`, in table order. */
export async function collect(host: Host, guest: Guest, directory: string, full: boolean): Promise<void> {
  await host.files.makeDirectory(directory);
  for (const { file, command, every, okExitCodes } of COLLECTED) {
    if (every === 'arm' && !full) continue;
    const { stdout } = await guest.run(command, okExitCodes === undefined ? {} : { okExitCodes });
    await host.files.writeAtomic(path.join(directory, file), stdout);
  }
}

/** Bytes of MemAvailable in a /proc/meminfo text (proc(5): kB means KiB). */
export function memAvailableBytes(meminfo: string): number | undefined {
  const kib = /^MemAvailable:\s+(\d+) kB$/m.exec(meminfo)?.[1];
  return kib === undefined ? undefined : Number(kib) * 1024;
}
