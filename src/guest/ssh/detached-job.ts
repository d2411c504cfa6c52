import { Fault } from '../../host/fault.ts';
import type { Argv, Clock } from '../../host/host.ts';
import { onAbort } from '../../host/abort.ts';
import type { ReconnectingLink } from './reconnecting.ts';
import type { Machine } from '../machine/machine.ts';
import type { Guest } from './guest.ts';

/** The job itself, the leader of a session and process group of its own. Its status appears whole or not at all. */
const JOB = `folder=$1
shift
"$@" > "$folder/log" 2>&1
echo "$?" > "$folder/status.part"
mv "$folder/status.part" "$folder/status"`;

/** mkdir makes the start idempotent: a retry after a dropped connection does not start the job twice. */
const START = `folder=$1
job=$2
shift 2
if mkdir "$folder" 2> /dev/null; then
  : > "$folder/log"
  setsid sh -c "$job" drydock-job "$folder" "$@" < /dev/null > /dev/null 2>&1 &
  echo "$!" > "$folder/pid.part"
  mv "$folder/pid.part" "$folder/pid"
fi
[ -d "$folder" ] || exit 1
until [ -s "$folder/pid" ]; do sleep 0.1; done`;

/** From a byte on (counted from 1, tail(1)), as long as the job lives. */
const FOLLOW = `exec tail --bytes="+$2" --follow=descriptor --pid="$(cat "$1/pid")" "$1/log"`;

/** The whole group, so that nothing of make is left; what ignores SIGTERM is killed after five seconds. */
const STOP = `[ -e "$1/status" ] && exit 0
group=$(cat "$1/pid" 2> /dev/null) || exit 0
kill -s TERM -- "-$group" 2> /dev/null || exit 0
left=50
while kill -s 0 -- "-$group" 2> /dev/null; do
  [ "$left" -gt 0 ] || exec kill -s KILL -- "-$group"
  left=$((left - 1))
  sleep 0.1
done`;

/** How long a guest may take to end a job when the run is interrupted, before it is ended with all that is in it. */
const STOP_GRACE_MS = 15_000;

/** A command that goes on in the guest whatever becomes of the connection that started it. */
export interface DetachedJob {
  /** Folder in the guest that is the job's alone, below one that exists; what is there already is the same job. */
  readonly folder: string;
  readonly command: Argv;
}

export interface AttendOptions {
  readonly link: ReconnectingLink;
  readonly machine: Machine;
  readonly clock: Clock;
  /** Every line of the job's output, once, however often the connection breaks. */
  readonly onLine: (line: string) => void;
  /** How long the job may be busy without printing anything. */
  readonly silentSec: number;
}

function noStatus(job: DetachedJob): Fault {
  return new Fault({
    kind: 'command-failed',
    headline: `${job.command[0]} in the guest ended without leaving a status`,
    hint: 'Something killed it: its memory may have run out, which the console log would show.',
    detail: [`guest$ ${job.command.join(' ')}`],
  });
}

/**
 * Starts a job in the guest and follows its output to its end. When the connection breaks, the job goes on; the output is
 * taken up again at the byte where it was left.
 *
 * @returns the job's exit status
 * @throws Fault of the machine, `hang` when neither console nor job has said anything for too long, `command-failed` when the
 * job was killed
 */
export async function attendJob(job: DetachedJob, options: AttendOptions): Promise<number> {
  const { link, machine, clock, onLine, silentSec } = options;
  const { folder, command } = job;
  let newsAtSec: number | undefined;
  let takenBytes = 0;
  const follow = async (guest: Guest, progressed: () => void): Promise<void> => {
    await using tail = await guest.start(['sh', '-c', FOLLOW, 'drydock-follow', folder, String(takenBytes + 1)]);
    for await (const line of tail.lines) {
      takenBytes += Buffer.byteLength(line) + 1;
      newsAtSec = clock.monotonicSec();
      progressed();
      onLine(line);
    }
  };
  const attend = async (): Promise<number> => {
    await link.over((guest) => guest.run(['sh', '-c', START, 'drydock-start', folder, JOB, ...command]));
    await link.over(follow);
    const status = await link.over((guest) => guest.run(['cat', `${folder}/status`], { okExitCodes: [0, 1] }));
    if (status.exitCode !== 0) throw noStatus(job);
    return Number(status.stdout);
  };
  return machine.during(`\`${command.join(' ')}\``, attend, {
    newsAtSec: () => newsAtSec,
    silentSec,
    hint: 'The log shows the last line that came. A resumed run starts a hung build in the guest again.',
  });
}

/** Ends a job and everything it has started, if it is still running. */
export async function stopJob(guest: Guest, folder: string): Promise<void> {
  await guest.run(['sh', '-c', STOP, 'drydock-stop', folder]);
}

/** An abort that lets what runs in a guest be ended first, while the guest can still be talked to. */
export interface OrderlyAbort extends Disposable {
  /** For the machine and everything that waits for it: aborts after the farewell, or when that takes too long. */
  readonly signal: AbortSignal;
  /** Does `work`; when the run is aborted meanwhile, `farewell` comes before the abort. */
  during<T>(farewell: () => Promise<unknown>, work: () => Promise<T>): Promise<T>;
}

/** Delays `signal` for as long as a farewell takes; without one it passes at once. Once disposed of, it follows `signal` no longer. */
export function orderlyAbort(clock: Clock, signal: AbortSignal): OrderlyAbort {
  const controller = new AbortController();
  let farewell: (() => Promise<unknown>) | undefined;
  const passOn = async (): Promise<void> => {
    if (farewell !== undefined) {
      const sleeping = new AbortController();
      // A guest that does not answer is ended with everything in it.
      const told = farewell().catch(() => undefined);
      const late = clock.sleep(STOP_GRACE_MS, sleeping.signal).catch(() => undefined);
      await Promise.race([told, late]);
      sleeping.abort();
    }
    controller.abort(signal.reason);
  };
  const waiting = onAbort(signal, () => void passOn());
  return {
    signal: controller.signal,
    [Symbol.dispose]() {
      waiting[Symbol.dispose]();
    },
    async during(words, work) {
      farewell = words;
      try {
        return await work();
      } catch (error) {
        // Its end is the farewell's doing.
        if (signal.aborted) {
          throw new Fault(
            { kind: 'interrupted', headline: 'The work in the guest was interrupted', hint: 'Resume the run.' },
            { cause: error },
          );
        }
        throw error;
      } finally {
        farewell = undefined;
      }
    },
  };
}
