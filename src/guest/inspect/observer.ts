import { Fault } from '../../host/fault.ts';
import { packageFile } from '../../host/package-file.ts';
import type { Guest } from '../ssh/guest.ts';

const PROGRAM = packageFile('src/guest/inspect/observer.pl');
const REMOTE = '/run/drydock-observer.pl';

/** A watch in a guest that has begun. Disposing of it ends it. */
export interface Observer extends AsyncDisposable {
  /** Ends the watch in order. @returns every line that it wrote */
  finish(): Promise<readonly string[]>;
}

function endedEarly(guest: Guest, lines: readonly string[], cause?: unknown): Fault {
  return new Fault(
    {
      kind: 'command-failed',
      headline: 'The observer in the guest has ended before its time',
      hint: 'It is a Perl program (perl-base) that runs as root; its own last lines are below.',
      detail: [...(cause instanceof Fault ? (cause.failure.detail ?? []) : []), ...lines.slice(-5)],
      consoleTail: guest.console.tail(10),
      logPath: guest.console.path,
    },
    { cause },
  );
}

/**
 * Starts the observer (src/guest/inspect/observer.pl) in a guest and waits until it watches; arming every function of the kernel
 * takes seconds, under TCG many.
 *
 * @param onArmed told how many functions were armed in how many seconds, where the kernel traces
 * @throws Fault `command-failed` with its own words when it cannot watch
 */
export async function startObserver(
  guest: Guest,
  options: { readonly trace: 'auto' | 'off'; readonly onArmed: (functions: number, seconds: number) => void },
): Promise<Observer> {
  await guest.upload(PROGRAM, REMOTE);
  const live = await guest.start(['perl', REMOTE, options.trace]);
  const lines: string[] = [];
  let isReady: (() => void) | undefined;
  const ready = new Promise<'ready'>((resolve) => {
    isReady = () => {
      resolve('ready');
    };
  });
  const listen = async (): Promise<Fault | undefined> => {
    try {
      for await (const line of live.lines) {
        lines.push(line);
        const [, functions, seconds] = /^armed \S+ (\d{1,15}) (\d{1,11}(?:\.\d{1,9})?)$/.exec(line) ?? [];
        if (functions !== undefined) options.onArmed(Number(functions), Number(seconds));
        if (line.startsWith('ready ')) isReady?.();
      }
      return undefined;
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      return error.failure.kind === 'command-failed' ? endedEarly(guest, lines, error) : error;
    }
  };
  const heard = listen();
  const dispose = async (): Promise<void> => {
    await live[Symbol.asyncDispose]();
  };
  const first = await Promise.race([ready, heard]);
  if (first !== 'ready') {
    await dispose();
    throw first ?? endedEarly(guest, lines);
  }
  return {
    async finish() {
      live.write('end');
      const fault = await heard;
      if (fault !== undefined) throw fault;
      if (!lines.some((line) => line.startsWith('end '))) throw endedEarly(guest, lines);
      return lines;
    },
    [Symbol.asyncDispose]: dispose,
  };
}
