import { getEventListeners } from 'node:events';
import { setImmediate } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { onAbort, untilAborted } from '../../src/host/abort.ts';
import { collectGarbage } from '../support/garbage.ts';

function listeners(signal: AbortSignal): number {
  return getEventListeners(signal, 'abort').length;
}

test('a hundred waits on one signal print no warning, and leave nothing once they have ended', async () => {
  const warnings: string[] = [];
  const note = (warning: Error): void => void warnings.push(warning.message);
  process.on('warning', note);
  const { signal } = new AbortController();
  const both = AbortSignal.any([signal, new AbortController().signal]);
  const waits = [signal, both].flatMap((one) => Array.from({ length: 100 }, () => onAbort(one, () => undefined)));
  await setImmediate();
  process.off('warning', note);
  expect(warnings).toEqual([]);
  for (const wait of waits) wait[Symbol.dispose]();
  expect([listeners(signal), listeners(both)]).toEqual([0, 0]);
});

test('an abort calls what still waits, in the order in which it came, and once', () => {
  const run = new AbortController();
  const called: string[] = [];
  const note = (name: string) => onAbort(run.signal, () => called.push(name));
  note('first');
  const ended = note('ended');
  note('last');
  ended[Symbol.dispose]();
  ended[Symbol.dispose]();
  run.abort();
  run.abort();
  expect(called).toEqual(['first', 'last']);
});

test('a wait that another one ends during the abort is not called', () => {
  const run = new AbortController();
  const called: string[] = [];
  onAbort(run.signal, () => {
    second[Symbol.dispose]();
  });
  const second = onAbort(run.signal, () => called.push('second'));
  run.abort();
  expect(called).toEqual([]);
});

test('a wait that is ended twice does not end one that came after it', () => {
  const run = new AbortController();
  const called: string[] = [];
  const old = onAbort(run.signal, () => called.push('old'));
  old[Symbol.dispose]();
  onAbort(run.signal, () => called.push('new'));
  old[Symbol.dispose]();
  onAbort(run.signal, () => called.push('newest'));
  run.abort();
  expect(called).toEqual(['new', 'newest']);
});

test('the same function may wait twice, and ending one wait leaves the other', () => {
  const run = new AbortController();
  let calls = 0;
  const count = (): void => {
    calls += 1;
  };
  onAbort(run.signal, count)[Symbol.dispose]();
  onAbort(run.signal, count);
  onAbort(run.signal, count);
  run.abort();
  expect(calls).toBe(2);
});

test('a signal that has aborted calls at once, and no signal never does', () => {
  const called: string[] = [];
  onAbort(AbortSignal.abort(), () => called.push('aborted'));
  onAbort(undefined, () => called.push('none'))[Symbol.dispose]();
  expect(called).toEqual(['aborted']);
});

test('what has been waited for leaves nothing on the signal, however much was waited for at once', async () => {
  const { signal } = new AbortController();
  const ends: (() => void)[] = [];
  const waits = Array.from({ length: 20 }, () =>
    untilAborted(new Promise<void>((resolve) => ends.push(resolve)), signal, 'The wait'),
  );
  // What holds a listener's remover weakly loses it here.
  collectGarbage();
  await setImmediate();
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
