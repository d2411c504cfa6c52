import { closeSync } from 'node:fs';
import process from 'node:process';
import { isatty } from 'node:tty';

const STANDARD_STREAMS = [0, 1, 2];

/**
 * Makes drydock end as usual when its terminal has closed meanwhile. Writes to it fail and are dropped. At its exit Node
 * restores the terminal's settings and aborts (exit code 134) where that fails; it skips a stream that is closed
 * (src/node.cc, ResetStdio).
 */
export function tolerateClosedTerminal(): void {
  const terminals = STANDARD_STREAMS.filter((fd) => isatty(fd));
  // A reader may stop reading, too (`| head`); a run goes on all the same.
  process.stdout.on('error', () => undefined);
  process.stderr.on('error', () => undefined);
  process.on('exit', () => {
    for (const fd of terminals) if (!isatty(fd)) closeSync(fd);
  });
}
