import process from 'node:process';

/**
 * One press of Ctrl-C may arrive twice: the terminal sends SIGINT to npm and to drydock, and npm forwards its own to drydock
 * (@npmcli/run-script, signal-manager.js). A signal this soon after one that counted is its copy. npm's copy may be late on a
 * busy machine.
 */
const SAME_PRESS_MS = 300;
const SAME_PRESS_UNDER_NPM_MS = 1000;

/** Exit code of an interrupted command: 128 + SIGINT, whichever signal it was. */
const INTERRUPTED = 130;

/** What the user has asked for so far, by signals. */
export interface Interruption {
  /** Aborts on the first Ctrl-C, SIGTERM or SIGHUP: end what runs, in order. */
  readonly stop: AbortSignal;
  /** Aborts on the second: end what runs by force, then clean up as before. */
  readonly kill: AbortSignal;
  /** For a command that starts nothing and keeps nothing: from now on the first signal exits. */
  exitOnSignal(): void;
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
  const samePressMs = process.env.npm_lifecycle_event === undefined ? SAME_PRESS_MS : SAME_PRESS_UNDER_NPM_MS;
  let lastMs = Number.NEGATIVE_INFINITY;
  let exits = false;
  const onSignal = (signal: NodeJS.Signals): void => {
    if (exits) process.exit(INTERRUPTED);
    const nowMs = performance.now();
    if (nowMs - lastMs < samePressMs) return;
    lastMs = nowMs;
    if (!stop.signal.aborted) {
      say(`\nStopping (${signal}). Press Ctrl-C again to kill what still runs.`);
      stop.abort();
    } else if (!kill.signal.aborted) {
      say('\nKilling what still runs. Press Ctrl-C again to exit without cleaning up.');
      kill.abort();
    } else {
      process.exit(INTERRUPTED);
    }
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, onSignal);
  return {
    stop: stop.signal,
    kill: kill.signal,
    exitOnSignal() {
      if (stop.signal.aborted) process.exit(INTERRUPTED);
      exits = true;
    },
  };
}
