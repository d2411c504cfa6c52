import { Fault } from '../../host/fault.ts';
import type { Host } from '../../host/host.ts';
import type { Guest } from '../../guest/ssh/guest.ts';
import { createEngine } from '../engine/engine.ts';
import type { Place } from '../place.ts';

const DAEMON_SOCKET = '/var/run/docker.sock';
const JOURNAL = ['journalctl', '-u', 'docker', '-b', '--no-pager', '-n', '15'] as const;

export interface GuestPlaceOptions {
  /** The arm's name. */
  readonly name: string;
  /** Where containers reach drydock's package repository. */
  readonly repositoryUrl?: string;
  /** Told what could not be cleaned up. */
  readonly onTrouble?: (sentence: string) => void;
  /** Of the guest's dockerd; default: /var/run/docker.sock. */
  readonly daemonSocket?: string;
}

/** `MemTotal` of /proc/meminfo, which counts in kibibytes and writes kB (proc(5)). */
function memTotalBytes(meminfo: string): number {
  const kib = /^MemTotal:\s+(\d{1,12}) kB$/m.exec(meminfo)?.[1];
  if (kib !== undefined) return Number(kib) * 1024;
  throw new Fault({
    kind: 'unavailable',
    headline: "The guest's /proc/meminfo does not say how much memory it has",
    hint: 'Please report this with the kernel of the guest.',
    detail: meminfo.split('\n').slice(0, 5),
  });
}

/**
 * A guest as a place for workloads: its dockerd through SSH. A crash of the guest under a request is reported as the crash;
 * a daemon that goes away, with its journal.
 */
export async function guestPlace(
  guest: Guest,
  host: Pick<Host, 'clock' | 'files'>,
  options: GuestPlaceOptions,
): Promise<Place> {
  const { name, repositoryUrl, onTrouble, daemonSocket = DAEMON_SOCKET } = options;
  const engine = createEngine(() => guest.openUnixSocket(daemonSocket), host, {
    during: (what, work) => guest.machine.during(what, work, { watchSilence: false }),
    // Throws the crash, if that is what ended the daemon.
    outputTail: async () => (await guest.run(JOURNAL, { okExitCodes: [0, 1] })).stdout.trim().split('\n'),
    ...(onTrouble === undefined ? {} : { onTrouble }),
  });
  const line = async (command: readonly [string, ...string[]]): Promise<string> =>
    (await guest.run(command)).stdout.trim();
  return {
    name,
    kind: 'vm',
    engine,
    cpus: Number(await line(['nproc'])),
    memoryBytes: memTotalBytes(await line(['cat', '/proc/meminfo'])),
    bridgeAddress: await engine.bridgeAddress(),
    ...(repositoryUrl === undefined ? {} : { repositoryUrl }),
    scratch: await line(['mktemp', '--directory', '/var/tmp/drydock-XXXXXX']),
    run: (command, runOptions = {}) => guest.run(command, runOptions),
    upload: (from, to) => guest.upload(from, to),
    start: (command) => guest.start(command),
  };
}
