import { jsonText } from '../json/text.ts';
import type { Reporter, Terminal } from './reporter.ts';

/** Every event as one JSON line, as in the journal plus progress: for programs. */
export function jsonlReporter(terminal: Terminal, nowMs: () => number): Reporter {
  return {
    event: (event) => {
      terminal.write(`${jsonText({ ...event, at: new Date(nowMs()).toISOString() })}\n`);
    },
    close: () => Promise.resolve(),
  };
}
