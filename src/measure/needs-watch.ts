import path from 'node:path';
import { startObserver } from '../guest/inspect/observer.ts';
import type { Guest } from '../guest/ssh/guest.ts';
import { Fault } from '../host/fault.ts';
import type { Argv, Host } from '../host/host.ts';
import { parseSeconds } from '../needs/observer-log.ts';

/** What a watch has left in its folder, and when it took place. */
export interface Watched {
  /** Of the observer (src/needs/observer-log.ts). */
  readonly lines: readonly string[];
  /** Drydock's wall clock at an uptime of 0 of the guest, milliseconds. */
  readonly uptimeZeroMs: number;
  readonly restart: { readonly fromSec: number; readonly toSec: number };
}

export interface WatchOptions {
  readonly trace: 'auto' | 'off';
  /** Folder of the session, beside its console. */
  readonly directory: string;
  readonly progress: (message: string) => void;
}

interface Kept {
  readonly file: string;
  readonly command: Argv;
  /** An answer, too: a kernel without the thing that is asked for. */
  readonly okExitCodes?: readonly number[];
}

/** `sh -c` where a command needs what only the guest knows. */
const shell = (script: string): Argv => ['sh', '-c', script];

const BEFORE: readonly Kept[] = [
  { file: 'dmesg.txt', command: ['dmesg'] },
  { file: 'modules-at-boot.txt', command: ['cat', '/proc/modules'], okExitCodes: [0, 1] },
];

const AFTER: readonly Kept[] = [
  { file: 'iptables-version.txt', command: ['iptables', '--version'] },
  { file: 'iptables-save.txt', command: ['iptables-save'], okExitCodes: [0, 1, 3] },
  { file: 'ip6tables-save.txt', command: ['ip6tables-save'], okExitCodes: [0, 1, 3] },
  {
    file: 'modinfo.txt',
    command: shell('modules=$(cut -d " " -f 1 /proc/modules); [ -z "$modules" ] || modinfo $modules'),
    // One that is built in, or loaded from elsewhere, has no file.
    okExitCodes: [0, 1],
  },
  {
    file: 'functions.txt',
    command: ['cat', '/sys/kernel/tracing/available_filter_functions'],
    okExitCodes: [0, 1],
  },
  { file: 'filesystems.txt', command: ['cat', '/proc/filesystems'] },
];

/** The files that a watch leaves beside the console of its guest. */
export const WATCH_FILES = {
  dmesg: 'dmesg.txt',
  modulesAtBoot: 'modules-at-boot.txt',
  version: 'iptables-version.txt',
  ipv4: 'iptables-save.txt',
  ipv6: 'ip6tables-save.txt',
  modinfo: 'modinfo.txt',
  functions: 'functions.txt',
  observer: 'observer.log',
} as const;

/**
 * Watches what a guest's kernel is used for, around the workloads of a session: reads what the boot has loaded, arms the
 * trace, restarts dockerd (its bridge and its rules are work, too), and reads the rest when the workloads have ended.
 *
 * @returns what `benchOnGuest` calls with its guest, and the watch once that has ended
 */
export function watchNeeds(
  host: Host,
  { trace, directory, progress }: WatchOptions,
): {
  readonly attend: (guest: Guest) => Promise<() => Promise<void>>;
  readonly watched: () => Watched;
} {
  let result: Watched | undefined;
  const keep = async (guest: Guest, kept: readonly Kept[]): Promise<void> => {
    for (const { file, command, okExitCodes } of kept) {
      const { stdout } = await guest.run(command, okExitCodes === undefined ? {} : { okExitCodes });
      await host.files.writeAtomic(path.join(directory, file), stdout);
    }
  };
  const uptimeSec = async (guest: Guest): Promise<number> => {
    const { stdout } = await guest.run(['cat', '/proc/uptime']);
    const seconds = parseSeconds(stdout.split(' ')[0]);
    if (seconds !== undefined) return seconds;
    throw new Fault({
      kind: 'command-failed',
      headline: `The guest's /proc/uptime has no time in it: ${stdout.slice(0, 60)}`,
      hint: "The watch dates what it sees by that file. Check the kernel's clock source (tsc=, clocksource=).",
    });
  };

  return {
    async attend(guest) {
      await keep(guest, BEFORE);
      progress(trace === 'off' ? 'watching' : 'arming the function trace');
      const observer = await startObserver(guest, {
        trace,
        onArmed: (functions, seconds) => {
          progress(`${String(functions)} functions armed in ${seconds.toFixed(1)} s`);
        },
      });
      try {
        const fromSec = await uptimeSec(guest);
        const uptimeZeroMs = host.clock.nowMs() - fromSec * 1000;
        progress('dockerd restarts');
        await guest.run(['systemctl', 'restart', 'docker.service']);
        // systemd takes its word that it serves; this is the proof.
        await guest.run(['docker', 'info']);
        const restart = { fromSec, toSec: await uptimeSec(guest) };
        return async () => {
          const lines = await observer.finish();
          await host.files.writeAtomic(path.join(directory, WATCH_FILES.observer), `${lines.join('\n')}\n`);
          progress('reading modules and packet filter');
          await keep(guest, AFTER);
          result = { lines, uptimeZeroMs, restart };
        };
      } catch (error) {
        await observer[Symbol.asyncDispose]();
        throw error;
      }
    },
    watched() {
      if (result === undefined) throw new Error('The watch has not come to its end');
      return result;
    },
  };
}
