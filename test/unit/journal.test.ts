import { mkdtempSync, rmSync, writeFileSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createHost } from '../../src/host/node-host.ts';
import type { BootSummary } from '../../src/model/boots/boot.ts';
import type { RunRequest } from '../../src/model/request.ts';
import { openJournal, readPastRun } from '../../src/pipeline/events/journal.ts';

const host = createHost();
let directory = '';
beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'drydock-journal-'));
});
afterEach(() => {
  rmSync(directory, { recursive: true, force: true });
});

const request: RunRequest = {
  profilePath: 'pipelines/x.yaml',
  profileText: 'name: x',
  guest: 'auto',
  accelerator: 'tcg',
  build: 'guest',
  boots: 2,
  install: true,
  refresh: '',
};
const summary: BootSummary = {
  arm: 'stock',
  order: 0,
  kernelRelease: '6.1.0',
  bootId: 'b',
  hostReadySec: 40,
  markers: { ready: { id: 'ready', atSec: 39, deltaSec: 1, line: 9, text: 'drydock: ready' } },
  phases: [],
  costliest: [],
  metrics: { total_boot: 39 },
  warnings: [],
};

describe('the journal', () => {
  const write = async (): Promise<string> => {
    const journal = openJournal(host, directory);
    journal.write({ type: 'run-started', runId: 'x', request, steps: [], boots: [], resumed: false });
    journal.write({ type: 'step-progress', id: 'image', message: 'not worth keeping' });
    journal.write({ type: 'boot-finished', id: 'boot:00:stock', durationMs: 41_000, condition: 'c', summary });
    await journal.flush();
    return path.join(directory, 'journal.jsonl');
  };

  test('folds back into the request and the boots that were finished', async () => {
    await write();
    const past = await readPastRun(host, directory);
    expect(past.request).toEqual(request);
    expect(past.finished).toBe(false);
    expect([...past.boots]).toEqual([['boot:00:stock', { condition: 'c', durationMs: 41_000, summary }]]);
  });

  test('keeps how guests are to be booted, so that a resumed run goes on in the same way', async () => {
    const asked = { ...request, boot: 'grub', keepKernel: 'docker-min' } as const;
    const journal = openJournal(host, directory);
    journal.write({ type: 'run-started', runId: 'x', request: asked, steps: [], boots: [], resumed: false });
    await journal.flush();
    expect((await readPastRun(host, directory)).request).toEqual(asked);
  });

  test('keeps every event that matters, in order, with its time', async () => {
    const lines = readFileSync(await write(), 'utf8')
      .trim()
      .split('\n');
    expect(lines.map((line) => /"type":"([a-z-]+)"/.exec(line)?.[1])).toEqual(['run-started', 'boot-finished']);
    for (const line of lines) expect(line).toMatch(/"at":"\d{4}-\d\d-\d\dT[^"]+Z"/);
  });

  test('cut short in its last line by a kill loses that line and nothing else', async () => {
    const file = await write();
    const text = readFileSync(file, 'utf8');
    writeFileSync(file, text.slice(0, -30));
    const past = await readPastRun(host, directory);
    expect(past.request.boots).toBe(2);
    expect(past.boots.size).toBe(0);
  });

  test('of before there was a choice of guests goes on with the guest whose image it had', async () => {
    const journal = openJournal(host, directory);
    journal.write({ type: 'run-started', runId: 'x', request, steps: [], boots: [], resumed: false });
    await journal.flush();
    // It failed before its guest was decided on: that is still open.
    expect((await readPastRun(host, directory)).guest).toBeUndefined();
    journal.write({ type: 'step-finished', id: 'image', fingerprint: 'f', cached: true, durationMs: 1 });
    await journal.flush();
    expect((await readPastRun(host, directory)).guest?.name).toBe('debian-12-minimal');
  });

  test('of a run that chose goes on with its choice', async () => {
    const guest = { name: 'centos-7-minimal', reason: 'auto: KVM works here' };
    const journal = openJournal(host, directory);
    journal.write({ type: 'run-started', runId: 'x', request, guest, steps: [], boots: [], resumed: false });
    journal.write({ type: 'step-finished', id: 'image', fingerprint: 'f', cached: true, durationMs: 1 });
    await journal.flush();
    expect((await readPastRun(host, directory)).guest).toEqual(guest);
  });

  test('that is not there names the folder', async () => {
    await expect(readPastRun(host, path.join(directory, 'nowhere'))).rejects.toThrow('There is no run in');
  });
});
