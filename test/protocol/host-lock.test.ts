import { spawn } from 'node:child_process';
import type { ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createLocks } from '../../src/host/lock.ts';

const LOCK_ROOM = fileURLToPath(new URL('../../src/host/lock.ts', import.meta.url));
/** Takes the lock, says so, and gives it back when its standard input ends. */
const HOLDER = `
  import { once } from 'node:events';
  import { createLocks } from ${JSON.stringify(LOCK_ROOM)};
  const lock = await createLocks().acquire(process.argv[1]);
  process.stdout.write('held');
  process.stdin.resume();
  await once(process.stdin, 'end');
  await lock[Symbol.asyncDispose]();
`;

const locks = createLocks();
let scratch: string;

beforeAll(async () => {
  scratch = await mkdtemp(path.join(tmpdir(), 'drydock-lock-'));
});

afterAll(async () => {
  await rm(scratch, { recursive: true, force: true });
});

async function otherProcess(file: string): Promise<ChildProcessByStdio<Writable, Readable, null>> {
  const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '--eval', HOLDER, file], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  await once(child.stdout, 'data');
  return child;
}

describe.concurrent('a lock that another process holds', () => {
  test('is waited for, with its holder named once, and taken when it is given back', async () => {
    const file = path.join(scratch, 'given-back');
    const other = await otherProcess(file);
    const holders: string[] = [];
    const lock = await locks.acquire(file, {
      onWait: (holder) => {
        holders.push(holder);
        other.stdin.end();
      },
    });
    expect(holders).toEqual([expect.stringMatching(new RegExp(`^process ${String(other.pid)} since \\d{4}-`))]);
    expect(lock.lost.aborted).toBe(false);
    await lock[Symbol.asyncDispose]();
    expect((await readdir(scratch)).filter((name) => name.startsWith('given-back'))).toEqual([]);
  });

  test('is taken over when its holder was killed', async () => {
    const file = path.join(scratch, 'killed');
    const other = await otherProcess(file);
    other.kill('SIGKILL');
    await once(other, 'exit');
    const lock = await locks.acquire(file);
    await lock[Symbol.asyncDispose]();
    expect((await readdir(scratch)).filter((name) => name.startsWith('killed'))).toEqual([]);
  });

  test('that is taken away from its holder is told as such, with the lock named', async () => {
    const file = path.join(scratch, 'taken-away');
    const lock = await locks.acquire(file);
    const lost = once(lock.lost, 'abort');
    // What another process does that finds the lock stale: proper-lockfile's holder sees it at its next touch.
    await rm(`${file}.lock`, { recursive: true });
    await lost;
    expect(lock.lost.reason).toMatchObject({ failure: { kind: 'locked' } });
    await lock[Symbol.asyncDispose]();
  });

  test('is no longer waited for after an abort', async () => {
    const file = path.join(scratch, 'aborted');
    const other = await otherProcess(file);
    const stop = new AbortController();
    const onWait = (): void => {
      stop.abort();
    };
    await expect(locks.acquire(file, { onWait, signal: stop.signal })).rejects.toMatchObject({
      failure: { kind: 'interrupted' },
    });
    other.stdin.end();
    await once(other, 'exit');
  });
});

test('two holders in one process come one after the other', async () => {
  const file = path.join(scratch, 'both');
  const order: string[] = [];
  const first = await locks.acquire(file);
  const second = locks.acquire(file, { onWait: () => order.push('second waits') });
  const handOver = second.then(async (lock) => {
    order.push('second holds');
    await lock[Symbol.asyncDispose]();
  });
  while (order.length === 0) await new Promise((resolve) => setImmediate(resolve));
  order.push('first lets go');
  await first[Symbol.asyncDispose]();
  await handOver;
  expect(order).toEqual(['second waits', 'first lets go', 'second holds']);
});
