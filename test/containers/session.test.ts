import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { compileSampler } from '../../src/containers/sampler/sampler-program.ts';
import type { Workload } from '../../src/containers/workloads/workload.ts';
import { cpu } from '../../src/containers/workloads/cpu.ts';
import { disk } from '../../src/containers/workloads/disk.ts';
import { memory } from '../../src/containers/workloads/memory.ts';
import { createHost } from '../../src/host/node-host.ts';
import { benchRecord } from '../../src/pipeline/record/bench-record.ts';
import { benchOnHost } from '../../src/measure/bench-session.ts';
import { makeRootFsTar, missingPrograms } from '../support/root-fs.ts';
import { openTestPlace, whyNoDocker } from '../support/test-place.ts';
import type { TestPlace } from '../support/test-place.ts';

const PROGRAMS = ['sh', 'sleep', 'mkdir', 'dirname', 'cat', 'sysbench', 'fio'];
const TOOLS = 'drydock-test/session-tools';
/** Holds the image and little beside it. */
const DISK_MB = 160;
const HOOK_LIMIT_MS = 5 * 60_000;

const missing = await missingPrograms([...PROGRAMS, 'mkfs.ext4', 'mount', 'gcc']);
const why = missing.length > 0 ? `${missing.join(', ')} not installed` : await whyNoDocker();
if (why !== undefined) process.stderr.write(`Sessions are not tested with failing workloads: ${why}\n`);

describe.skipIf(why !== undefined)('a session in which workloads fail', () => {
  const host = createHost();
  let folder = '';
  let data = '';
  let place: TestPlace;

  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'drydock-session-'));
    data = path.join(folder, 'small');
    const image = path.join(folder, 'small.ext4');
    await mkdir(data);
    execFileSync('truncate', ['-s', `${String(DISK_MB)}M`, image]);
    execFileSync('mkfs.ext4', ['-q', '-m', '0', image]);
    execFileSync('mount', ['-o', 'loop', image, data]);
    place = await openTestPlace(data);
    await place.engine.importImage(await makeRootFsTar(folder, { programs: PROGRAMS }), TOOLS);
  }, HOOK_LIMIT_MS);
  afterEach(async () => {
    await place[Symbol.asyncDispose]();
    execFileSync('umount', [data]);
    await rm(folder, { recursive: true, force: true });
  }, HOOK_LIMIT_MS);

  test('has a failed row with its log for each of them, and goes on to the next', async () => {
    const killed: Workload = {
      ...memory({ seconds: 300 }),
      run: (context) =>
        memory({ seconds: 300 }).run({
          ...context,
          sampler: {
            ...context.sampler,
            watch: async (role, container) => {
              await context.sampler.watch(role, container);
              process.kill(container.pid, 'SIGKILL');
            },
          },
        }),
    };
    const tools = { tools: TOOLS };
    const session = await benchOnHost(
      host,
      0,
      place,
      { samplerPath: await compileSampler(host, { workDir: folder }), repository: undefined },
      {
        round: 0,
        workloads: [
          { workload: disk({ seconds: 1, sizeMb: 4 * DISK_MB }), images: tools },
          { workload: killed, images: tools },
          { workload: cpu({ seconds: 1 }), images: { tools: 'drydock-test/nowhere' } },
          { workload: cpu({ seconds: 1 }), images: tools },
        ],
        watched: [],
        directory: path.join(folder, 'benches', 'bench-00-host'),
        runDirectory: folder,
        progress: () => undefined,
        signal: new AbortController().signal,
      },
    );
    expect(session.runs.map(({ workload, status }) => [workload, status])).toEqual([
      ['disk', 'failed'],
      ['memory', 'failed'],
      ['cpu', 'failed'],
      ['cpu', 'done'],
    ]);
    const [full, gone, absent] = session.runs.map(({ failure }) => failure);
    const words = (failure: typeof full) => [failure?.headline, ...(failure?.detail ?? [])].join('\n');
    expect(words(full)).toMatch(/No space left on device/);
    expect(gone?.headline).toMatch(/^The container tools ended with exit code 137/);
    expect(words(absent)).toContain('drydock-test/nowhere');
    for (const failure of [full, gone]) {
      const log = await readFile(path.join(folder, failure?.logPath ?? ''), 'utf8');
      expect(log).toContain(`FAILED: ${failure?.headline ?? ''}`);
    }
    // The record counts what was done and tells what was not; nothing here fails a run.
    const record = benchRecord({
      arms: [],
      accelerator: 'tcg',
      rounds: 1,
      minutes: undefined,
      workloads: ['cpu', 'memory', 'disk'],
      places: [{ name: 'host', kind: 'host', status: 'measured', why: 'here' }],
      images: {},
      sessions: [session],
      findings: [],
    });
    expect(record.findings.map(({ message }) => message)).toEqual(
      expect.arrayContaining([expect.stringMatching(/^disk failed on host, round 1: /)]),
    );
    expect(record.measurements.host?.map(({ metric }) => metric)).toEqual(['cpu_events']);
  });
});
