import { getEventListeners } from 'node:events';
import { setImmediate } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { untilAborted } from '../../src/containers/until-aborted.ts';
import { collectGarbage } from '../support/garbage.ts';

test('what has been waited for leaves nothing on the signal, however much was waited for at once', async () => {
  const { signal } = new AbortController();
  const ends: (() => void)[] = [];
  const waits = Array.from({ length: 20 }, () =>
    untilAborted(new Promise<void>((resolve) => ends.push(resolve)), signal, 'The wait'),
  );
  // What holds a listener's remover weakly loses it here.
  collectGarbage();
  await setImmediate();
  expect(getEventListeners(signal, 'abort')).toHaveLength(1);
  for (const end of ends) end();
  await Promise.all(waits);
  expect(getEventListeners(signal, 'abort')).toEqual([]);
});

test('an abort ends the wait, also one that came before it', async () => {
  const run = new AbortController();
  const waiting = untilAborted(new Promise(() => undefined), run.signal, 'The wait');
  run.abort();
  await expect(waiting).rejects.toThrow('The wait was interrupted');
  await expect(untilAborted(Promise.resolve(1), run.signal, 'The next')).resolves.toBe(1);
  await expect(untilAborted(new Promise(() => undefined), run.signal, 'The next')).rejects.toThrow(
    'The next was interrupted',
  );
});
