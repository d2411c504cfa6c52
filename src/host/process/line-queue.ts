import { createLineSplitter } from '../../text/lines.ts';

/** Bytes in, whole lines out, for one reader; they wait here until it asks. */
export interface LineQueue {
  push(chunk: Uint8Array): void;
  /** No more bytes come. With an error the reader is thrown it after the last line. Only the first call counts. */
  close(error?: Error): void;
  readonly lines: AsyncIterable<string>;
}

/** A queue of lines. What follows the last line end is not a line: a program that was killed left it unfinished. */
export function createLineQueue(): LineQueue {
  const waiting: string[] = [];
  const splitter = createLineSplitter((line) => waiting.push(line));
  let end: { readonly error: Error | undefined } | undefined;
  let wake: () => void = () => undefined;

  async function* read(): AsyncGenerator<string> {
    for (;;) {
      const line = waiting.shift();
      if (line !== undefined) {
        yield line;
        continue;
      }
      if (end?.error !== undefined) throw end.error;
      if (end !== undefined) return;
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  }

  return {
    push(chunk) {
      splitter.push(chunk);
      wake();
    },
    close(error) {
      end ??= { error };
      wake();
    },
    lines: read(),
  };
}
