import { OutputError } from '../../bench/tool-output/output-error.ts';
import { Fault } from '../../host/fault.ts';
import type { RunResult } from '../../host/host.ts';
import type { FailureKind } from '../../model/failure.ts';
import type { Worker } from './worker.ts';
import { filledLines } from '../../text/lines.ts';

/** How much of what a program said goes into a row of the report; the log has all of it. */
const SHOWN_LINES = 15;

/** Failure causes by the text of the error message; the first match wins. */
const CAUSES: readonly {
  readonly words: RegExp;
  readonly kind: FailureKind;
  readonly cause: string;
  readonly hint: string;
}[] = [
  {
    words: /no space left on device|ENOSPC/i,
    kind: 'disk-full',
    cause: 'no space is left on its file system',
    hint: "Give the guest a larger disk (machine.diskGb), or clear space below Docker's data root on the host.",
  },
  {
    words: /does not support (?:O_DIRECT|direct=1)/,
    kind: 'unavailable',
    cause: 'the file system refuses direct I/O, and through the page cache the disk would not be measured',
    hint: "Put Docker's data root onto ext4 or xfs.",
  },
  {
    words: /executable file not found|no such file or directory: unknown/i,
    kind: 'unavailable',
    cause: 'the image does not hold the program',
    hint: 'Build the image again with the packages that the workload needs.',
  },
  {
    words: /Unable to locate package|has no installation candidate/,
    kind: 'unavailable',
    cause: 'the package repository does not have the package',
    hint: 'Build the package repository again: it must hold every package that the workload installs.',
  },
  {
    words: /Could not connect to|Unable to connect to|Temporary failure resolving|Failed to fetch/,
    kind: 'unavailable',
    cause: 'the package repository does not answer',
    hint: "The log says which address was tried; containers must reach it over Docker's bridge.",
  },
  {
    words: /cannot allocate memory|out of memory/i,
    kind: 'command-failed',
    cause: 'memory ran out',
    hint: 'Give the guest more memory (machine.memoryMb).',
  },
];

/** The end of what a program said, stderr last, for that is where it complains. */
function tail(ran: Pick<RunResult, 'stdout' | 'stderr'>): readonly string[] {
  return [ran.stdout, ran.stderr].flatMap(filledLines).slice(-SHOWN_LINES);
}

/** What the daemon still knows of a container: how its main process ended, if it did, and what that wrote. */
async function outputTail(worker: Worker): Promise<{ readonly ended?: string; readonly lines: readonly string[] }> {
  const { role, container } = worker;
  try {
    await worker.settled();
    const state = await container.inspect();
    const lines = tail(await container.logs()).map((line) => `${role} wrote: ${line}`);
    if (state.running) return { lines };
    const how = state.oomKilled ? 'was killed for want of memory' : `ended with exit code ${state.exitCode}`;
    return { ended: `The container ${role} ${how}`, lines };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return { lines: [`${role}: the daemon no longer says how it is (${why})`] };
  }
}

function isInterruption(error: Fault): boolean {
  return error.failure.kind === 'interrupted';
}

/** A command in a container ended with an exit code that means failure. */
export async function commandFailed(worker: Worker, label: string, ran: RunResult): Promise<Fault> {
  const { ended, lines } = await outputTail(worker);
  const words = tail(ran);
  const known = CAUSES.find((row) => words.some((line) => row.words.test(line)));
  const headline =
    ended === undefined
      ? `${label} ended with exit code ${ran.exitCode} in the container ${worker.role}`
      : `${ended} during ${label}`;
  return new Fault({
    kind: known?.kind ?? 'command-failed',
    headline: known === undefined ? headline : `${headline}: ${known.cause}`,
    hint: known?.hint ?? 'The detail has its last words, the log all of them.',
    detail: [...words, ...lines],
  });
}

/** The daemon could not carry a command through; if that is because the container ended, the headline says so. */
export async function daemonFailed(worker: Worker, label: string, error: Fault): Promise<Fault> {
  if (isInterruption(error)) return error;
  const { ended, lines } = await outputTail(worker);
  return new Fault(
    {
      ...error.failure,
      headline: ended === undefined ? error.failure.headline : `${ended} during ${label}`,
      detail: [error.failure.headline, ...(error.failure.detail ?? []), ...lines],
    },
    { cause: error },
  );
}

/** @throws Fault when the container's main process has ended, with its last words */
export async function mustRun(worker: Worker, during: string): Promise<void> {
  const { ended, lines } = await outputTail(worker);
  if (ended === undefined) return;
  throw new Fault({
    kind: 'command-failed',
    headline: `${ended} ${during}`,
    hint: 'It should idle until the workload is done. Its last output is below.',
    detail: lines,
  });
}

/**
 * What a parser makes of a program's output.
 * @throws Fault `command-failed` with the end of the output when the parser refuses it
 */
export function read<T>(ran: RunResult, parse: (text: string) => T): T {
  try {
    return parse(ran.stdout);
  } catch (error) {
    if (!(error instanceof OutputError)) throw error;
    throw new Fault(
      {
        kind: 'command-failed',
        headline: error.message,
        hint: 'The end of the output is below, the whole output in the log.',
        detail: tail(ran),
      },
      { cause: error },
    );
  }
}
