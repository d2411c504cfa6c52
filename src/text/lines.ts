/** The lines of a text that are not blank. */
export function filledLines(text: string): string[] {
  return text.split('\n').filter((line) => line.trim() !== '');
}

/** Tells whole lines of a stream of bytes as they come; `end` tells what follows the last line end, if anything does. */
export function createLineSplitter(onLine: ((line: string) => void) | undefined) {
  const decoder = new TextDecoder();
  let pending = '';
  return {
    push(chunk: Uint8Array): void {
      const parts = (pending + decoder.decode(chunk, { stream: true })).split('\n');
      pending = parts.pop() ?? '';
      for (const line of parts) onLine?.(line);
    },
    end(): void {
      if (pending !== '') onLine?.(pending);
      pending = '';
    },
  };
}
