import { expect, test, vi } from 'vitest';
import { createAppendLog } from '../../src/host/append-log.ts';

test('an appended log has everything in order, and what gathers during a write goes out as one piece', async () => {
  const pieces: string[] = [];
  const appendText = async (_path: string, text: string): Promise<void> => {
    await Promise.resolve();
    pieces.push(text);
  };
  const log = createAppendLog({ appendText }, 'log');
  for (const text of ['a', 'b', 'c']) log.append(text);
  await log.flush();
  log.append('d');
  await log.flush();
  expect(pieces).toEqual(['abc', 'd']);
});

test('a log that cannot be written says so once, rejects, and writes nothing more', async () => {
  const appendText = vi.fn(() => Promise.reject(new Error('disk full')));
  const onFailure = vi.fn();
  const log = createAppendLog({ appendText }, 'log', { onFailure });
  log.append('a');
  await expect(log.flush()).rejects.toThrow('disk full');
  log.append('b');
  await expect(log.flush()).rejects.toThrow('disk full');
  expect(appendText).toHaveBeenCalledTimes(1);
  expect(onFailure).toHaveBeenCalledTimes(1);
});
