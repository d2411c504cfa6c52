import process from 'node:process';

/**
 * One press of Ctrl-C may arrive twice: the terminal sends SIGINT to npm and to drydock, and npm passes its own on
 * (@npmcli/run-script, signal-manager.js). Signals this close together count as one.
 */
const SAME_PRESS_MS = 300;

/** Exit code of an interrupted command: 128 + SIGINT, whichever signal it was. */
const INTERRUPTED = 130;

/** What the user has asked for so far, by signals. */
export interface Interruption {
  /** Aborts on the first Ctrl-C, SIGTERM or SIGHUP: end what runs, in order. */
  readonly stop: AbortSignal;
  /** Aborts on the second: end what runs by force, then clean up as before. */
  readonly kill: AbortSignal;
}

/**
 * Listens for the signals by which a user, a terminal that closes, or a service manager ends drydock. The first stops in
 * order, the second kills what still runs, the third exits at once and leaves its scratch folders to the next run.
 *
 * @param say shows a line to the user; the terminal may be gone
 */
export function listenForSignals(say: (line: string) => void): Interruption {
  const stop = new AbortController();
  const kill = new AbortController();
  let lastMs = Number.NEGATIVE_INFINITY;
  const onSignal = (signal: NodeJS.Signals): void => {
    const nowMs = performance.now();
    const isSamePress = nowMs - lastMs < SAME_PRESS_MS;
    lastMs = nowMs;
    if (isSamePress) return;
    if (!stop.signal.aborted) {
      say(`\nStopping on ${signal}. Press Ctrl-C again to kill what still runs.`);
      stop.abort();
    } else if (!kill.signal.aborted) {
      say('\nKilling what still runs. Press Ctrl-C again to exit without cleaning up.');
      kill.abort();
    } else {
      process.exit(INTERRUPTED);
    }
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, onSignal);
  return { stop: stop.signal, kill: kill.signal };
}
