import path from 'node:path';
import type { Argv, Host } from '../../host/host.ts';
import type { Guest } from '../ssh/guest.ts';

/** One thing a booted guest is asked for, and the file its answer is kept in. */
interface Collected {
  readonly file: string;
  readonly command: Argv;
  /** `boot`: after every measured boot; `arm`: once an arm, for what does not change between boots. */
  readonly every: 'boot' | 'arm';
  /** Exit codes that are an answer; a kernel without modules has no /proc/modules, one without IKCONFIG no config. */
  readonly okExitCodes?: readonly number[];
}

/** What src/bootlog/timeline/systemd-units.ts reads. */
const UNIT_PROPERTIES = [
  'Id',
  'After',
  'InactiveExitTimestampMonotonic',
  'ActiveEnterTimestampMonotonic',
  'ActiveExitTimestampMonotonic',
  'InactiveEnterTimestampMonotonic',
];

const COLLECTED: readonly Collected[] = [
  // A kernel without printk has no log to read.
  { file: 'dmesg.txt', command: ['dmesg'], every: 'boot', okExitCodes: [0, 1] },
  // Written by the guest at the moment it was ready, before this connection used any memory.
  { file: 'meminfo.txt', command: ['cat', '/run/drydock/meminfo'], every: 'boot' },
  // Every unit's instants and order, for the timeline; `show` speaks a form for programs, on every systemd since 219.
  {
    file: 'systemd-units.txt',
    command: ['systemctl', 'show', '*', `--property=${UNIT_PROPERTIES.join(',')}`],
    every: 'boot',
    okExitCodes: [0, 1],
  },
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

/** Where the collector leaves its log in the guest, and where it is told to end (src/initrd/collector/collector.c). */
const PROCESS_LOG = { log: '/run/drydock/collector.log', stop: '/run/drydock/stop' } as const;
/** Sampling at 25 Hz ends within a twentieth of a second; a guest that is busy may take longer. */
const STOP_SEC = 20;

/**
 * Ends the process collector and fetches its log to `logPath`: the guest makes a FIFO, which the collector closes when the
 * log is whole.
 *
 * @returns what went wrong, in words for a reader of the report; `undefined` when the log was fetched
 */
export async function fetchProcessLog(host: Host, guest: Guest, logPath: string): Promise<string | undefined> {
  const { log, stop } = PROCESS_LOG;
  const { exitCode: absent } = await guest.run(['test', '-f', log], { okExitCodes: [0, 1] });
  if (absent !== 0) return `it did not run: the guest has no ${log}; see "drydock: collector" in its dmesg`;
  await guest.run(['mkfifo', '-m', '600', stop]);
  const { exitCode } = await guest.run(['timeout', String(STOP_SEC), 'cat', stop], { okExitCodes: [0, 124] });
  await host.files.makeDirectory(path.dirname(logPath));
  await guest.download(log, logPath);
  return exitCode === 0
    ? undefined
    : `it did not end within ${String(STOP_SEC)} s; its log is in ${path.basename(logPath)}`;
}

/** Bytes of MemAvailable in a /proc/meminfo text (proc(5): kB means KiB). */
export function memAvailableBytes(meminfo: string): number | undefined {
  const kib = /^MemAvailable:\s+(\d{1,12}) kB$/m.exec(meminfo)?.[1];
  return kib === undefined ? undefined : Number(kib) * 1024;
}
