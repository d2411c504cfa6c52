import { closeSync } from 'node:fs';
import process from 'node:process';
import { isatty } from 'node:tty';

const STANDARD_STREAMS = [0, 1, 2];

/** The reader has gone: a pipe that is closed (`| head`), a terminal that is. */
const READER_GONE = new Set(['EPIPE', 'EIO', 'ERR_STREAM_DESTROYED']);

/** Exit code of an infrastructure failure. */
const NOT_WRITTEN = 3;

/**
 * Lets drydock end as usual after its terminal has closed or its reader has stopped reading: a run goes on, or stops in
 * order. Output that is lost for another reason, such as a full disk, ends with exit code 3.
 *
 * At its exit Node restores the terminal's settings and aborts (exit code 134) where that fails; it skips a stream that is
 * closed (src/node.cc, ResetStdio).
 */
export function tolerateClosedTerminal(): void {
  const terminals = STANDARD_STREAMS.filter((fd) => isatty(fd));
  let lost: Error | undefined;
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (READER_GONE.has(error.code ?? '') || lost !== undefined) return;
      lost = error;
      process.stderr.write(`✗ The output could not be written: ${error.message}\n`);
    });
  }
  process.on('exit', (code) => {
    if (lost !== undefined && code === 0) process.exitCode = NOT_WRITTEN;
    for (const fd of terminals) if (!isatty(fd)) closeSync(fd);
  });
}
