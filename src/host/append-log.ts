import type { Files } from './host.ts';

/** A file that is appended to, in order. */
export interface AppendLog {
  append(text: string): void;
  /** Settles when all of it is in the file; rejects with the first failure, after which nothing more is written. */
  flush(): Promise<void>;
}

/**
 * Appends to a file one write at a time; what gathers meanwhile goes out as one piece.
 *
 * @param options.after what has to be done to the file first
 * @param options.onFailure told once, of the first failure
 */
export function createAppendLog(
  files: Pick<Files, 'appendText'>,
  path: string,
  options: { readonly after?: Promise<void>; readonly onFailure?: (error: unknown) => void } = {},
): AppendLog {
  let gathered = '';
  let hasFailed = false;
  const failed = (error: unknown): void => {
    if (!hasFailed) options.onFailure?.(error);
    hasFailed = true;
    gathered = '';
  };
  const drain = async (): Promise<void> => {
    const text = gathered;
    gathered = '';
    if (text !== '') await files.appendText(path, text);
  };
  let written = options.after ?? Promise.resolve();
  // flush() rejects with the failure; without this handler Node would end the process before.
  written.catch(failed);
  return {
    append(text) {
      if (hasFailed) return;
      const isIdle = gathered === '';
      gathered += text;
      if (!isIdle) return;
      written = written.then(drain);
      written.catch(failed);
    },
    flush: () => written,
  };
}
