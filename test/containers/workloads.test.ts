import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { BENCH_METRICS } from '../../src/bench/metrics.ts';
import { containerStart } from '../../src/containers/workloads/container-start.ts';
import { cpu } from '../../src/containers/workloads/cpu.ts';
import { density } from '../../src/containers/workloads/density.ts';
import { disk } from '../../src/containers/workloads/disk.ts';
import { memory } from '../../src/containers/workloads/memory.ts';
import { network } from '../../src/containers/workloads/network.ts';
import { packageInstall } from '../../src/containers/workloads/package-install.ts';
import type { Workload, WorkloadContext, WorkloadOutcome } from '../../src/containers/workloads/workload.ts';
import type { BenchEvent } from '../../src/model/bench.ts';
import { createClock } from '../../src/host/clock.ts';
import { Fault } from '../../src/host/fault.ts';
import { serveEmptyPackages } from '../support/package-repository.ts';
import { isRunning } from '../support/processes.ts';
import { makeRootFsTar, missingPrograms } from '../support/root-fs.ts';
import { openTestPlace, whyNoDocker, type TestPlace } from '../support/test-place.ts';

const SHELL = ['sh', 'sleep', 'echo', 'mkdir', 'dirname', 'cat'];
const TOOLS = ['sysbench', 'fio', 'iperf3', 'sockperf'];
/** What apt and dpkg need of a system to install packages that hold nothing. */
const APT = [
  ...['apt-get', 'dpkg', 'dpkg-deb', 'dpkg-split', 'dpkg-query', 'tar', 'rm', 'diff'],
  ...['ldconfig', 'start-stop-daemon'],
];
const IMAGES = { tools: 'drydock-test/tools', bare: 'drydock-test/bare', apt: 'drydock-test/apt' } as const;

/** Catches a hang, not a slow machine. */
const HOOK_LIMIT_MS = 5 * 60_000;

const why = await reasonToSkip();
if (why !== undefined) process.stderr.write(`Workloads are not tested in containers: ${why}\n`);

async function reasonToSkip(): Promise<string | undefined> {
  const missing = await missingPrograms([...SHELL, ...TOOLS, ...APT]);
  return missing.length > 0 ? `${missing.join(', ')} not installed` : await whyNoDocker();
}

describe.skipIf(why !== undefined)('a workload in containers of a real daemon', () => {
  let folder = '';
  let place: TestPlace;
  let watched = new Map<string, number>();
  let lines: string[] = [];
  let events: BenchEvent[] = [];

  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'drydock-workloads-'));
    place = await openTestPlace(folder);
    const { engine } = place;
    await engine.importImage(await makeRootFsTar(folder, { programs: [...SHELL, ...TOOLS] }), IMAGES.tools);
    await engine.importImage(await makeRootFsTar(folder, { programs: SHELL }), IMAGES.bare);
    const apt = await makeRootFsTar(folder, {
      programs: [...SHELL, ...APT],
      paths: ['/usr/lib/apt', '/usr/share/dpkg', '/etc/passwd', '/etc/group'],
      files: {
        'var/lib/dpkg/status': '',
        'var/lib/dpkg/info/format': '1\n',
        'var/lib/apt/lists/partial/.keep': '',
        'var/cache/apt/archives/partial/.keep': '',
        'var/log/apt/.keep': '',
        'etc/apt/preferences.d/.keep': '',
        'etc/apt/apt.conf.d/architecture': 'APT::Architecture "amd64";\n',
      },
    });
    await engine.importImage(apt, IMAGES.apt);
  }, HOOK_LIMIT_MS);
  afterAll(async () => {
    await place[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  }, HOOK_LIMIT_MS);
  beforeEach(() => {
    watched = new Map();
    lines = [];
    events = [];
  });

  interface Situation {
    readonly images?: Readonly<Record<string, string>>;
    readonly signal?: AbortSignal;
    readonly onLine?: (line: string) => void;
  }

  function run(workload: Workload, situation: Situation = {}): Promise<WorkloadOutcome> {
    const context: WorkloadContext = {
      // The package tests name their repository themselves.
      place: { ...place, repositoryUrl: 'http://127.0.0.1:9' },
      clock: createClock(),
      signal: situation.signal ?? new AbortController().signal,
      sampler: {
        watch: (role, { pid }) => {
          watched.set(role, pid);
          return Promise.resolve();
        },
        between: () => [],
        cost: () => undefined,
        readings: () => [],
        warnings: () => [],
        [Symbol.asyncDispose]: () => Promise.resolve(),
      },
      images: situation.images ?? { tools: IMAGES.tools },
      round: 0,
      event: (event) => events.push(event),
      log: (line) => {
        lines.push(line);
        situation.onLine?.(line);
      },
      progress: () => undefined,
    };
    return workload.run(context);
  }

  /** Ran to its end: every metric of the workload has a figure, events are in order, and nothing of it is left. */
  async function expectWhole(workload: Workload, outcome: WorkloadOutcome, roles: readonly string[]): Promise<void> {
    const expected = BENCH_METRICS.filter((metric) => metric.workload === workload.name).map(({ id }) => id);
    expect(Object.keys(outcome.metrics).sort()).toEqual([...expected].sort());
    for (const [id, value] of Object.entries(outcome.metrics)) expect(value, id).toBeGreaterThan(0);
    const times = events.map(({ atSec }) => atSec);
    expect(times).toEqual([...times].sort((a, b) => a - b));
    expect([...watched.keys()].sort()).toEqual([...roles].sort());
    await expectGone();
  }

  async function expectGone(): Promise<void> {
    for (const [role, pid] of watched) {
      expect(pid, role).toBeGreaterThan(0);
      expect(await isRunning(pid), role).toBe(false);
    }
  }

  async function failureOf(work: Promise<unknown>): Promise<Fault['failure']> {
    const error = await work.then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    if (!(error instanceof Fault)) throw new Error(`no Fault: ${String(error)}`, { cause: error });
    return error.failure;
  }

  test.each([cpu({ seconds: 1 }), memory({ seconds: 1 }), disk({ seconds: 1, sizeMb: 8 })])(
    '$name gives all its metrics and leaves nothing',
    async (workload) => {
      const outcome = await run(workload);
      await expectWhole(workload, outcome, ['tools']);
      expect(outcome.warnings).toEqual([]);
    },
  );

  test('network measures both ways and the round trip between the bridge and its machine', async () => {
    const workload = network({ seconds: 1 });
    const outcome = await run(workload);
    await expectWhole(workload, outcome, ['server', 'tools']);
    const { network_latency_median: median = 0, network_latency_p99: p99 = 0 } = outcome.metrics;
    expect(p99).toBeGreaterThanOrEqual(median);
    // Whole round trips in seconds, not microseconds.
    expect(median).toBeLessThan(1);
  });

  test('container-start keeps every single start behind its medians', async () => {
    const workload = containerStart({ times: 2 });
    const outcome = await run(workload);
    await expectWhole(workload, outcome, []);
    expect(outcome.repeats?.['container_start_cold']).toHaveLength(2);
    expect(outcome.repeats?.['container_start_warm']).toHaveLength(2);
    expect(lines.filter((line) => line.startsWith('first output after'))).toHaveLength(5);
  });

  test('density says that its bound came first, and removes what it started', async () => {
    const { metrics, warnings } = await run(density({ most: 3 }));
    expect(metrics['density_containers']).toBe(3);
    expect(warnings).toContain('bound reached: at least 3 containers');
    // Their names are free again.
    await expect(run(density({ most: 1 }))).resolves.toMatchObject({ metrics: { density_containers: 1 } });
  });

  describe('package-install', () => {
    const images = { fedora: IMAGES.apt, ubuntu: IMAGES.bare, 'docker-dd-agent': IMAGES.bare };
    const roles = Object.keys(images);
    const setup = (text: string) => ({
      packages: ['python3', 'git'] as const,
      minutes: 10,
      watchOut: false,
      aptSetup: () => [{ path: '/etc/apt/sources.list', text }],
    });

    test('updates the index, installs both packages, and times each', async () => {
      await using repository = await serveEmptyPackages(folder, place.bridgeAddress, ['python3', 'git']);
      const workload = packageInstall(setup(repository.source));
      const outcome = await run(workload, { images });
      await expectWhole(workload, outcome, roles);
      const { package_total: total = 0, ...parts } = outcome.metrics;
      expect(total).toBeGreaterThanOrEqual(Object.values(parts).reduce((sum, part) => sum + part, 0));
      expect(events.filter(({ container }) => container === 'fedora').map(({ label }) => label)).toEqual([
        'start',
        ...['apt-get update', 'apt-get install python3', 'apt-get install git'].flatMap((step) => [
          `${step} begin`,
          `${step} end`,
        ]),
      ]);
    });

    test('waits out its minutes when it is told to', async () => {
      await using repository = await serveEmptyPackages(folder, place.bridgeAddress, ['python3', 'git']);
      const clock = createClock();
      const startSec = clock.monotonicSec();
      const outcome = await run(packageInstall({ ...setup(repository.source), minutes: 0.25, watchOut: true }), {
        images,
      });
      expect(clock.monotonicSec() - startSec).toBeGreaterThanOrEqual(15);
      expect(outcome.metrics['package_total']).toBeGreaterThan(0);
    });

    test('a package that the repository does not have is named', async () => {
      await using repository = await serveEmptyPackages(folder, place.bridgeAddress, ['python3']);
      const failure = await failureOf(run(packageInstall(setup(repository.source)), { images }));
      expect(failure.headline).toMatch(
        /^apt-get install git ended with exit code 100 in the container fedora: the package repository does not have/,
      );
      expect(failure.detail?.join('\n')).toMatch(/Unable to locate package git/);
      await expectGone();
    });

    test('an index that cannot be fetched is a failure, though apt-get itself would end with 0', async () => {
      const source = `deb [trusted=yes] http://${place.bridgeAddress}:9 ./\n`;
      const failure = await failureOf(run(packageInstall(setup(source)), { images }));
      expect(failure.headline).toMatch(/^apt-get update ended .*: the package repository does not answer$/);
      await expectGone();
    });
  });

  test('an image without the program is told as that', async () => {
    const failure = await failureOf(run(cpu({ seconds: 1 }), { images: { tools: IMAGES.bare } }));
    expect(failure.headline).toMatch(/sysbench cpu .*the image does not hold the program/);
    await expectGone();
  });

  test('an image that the daemon does not have is told with its name', async () => {
    const failure = await failureOf(run(cpu({ seconds: 1 }), { images: { tools: 'drydock-test/nowhere' } }));
    expect([failure.headline, ...(failure.detail ?? [])].join('\n')).toMatch(/drydock-test\/nowhere/);
  });

  test('a container that is killed at work is told as killed, and when', async () => {
    const onLine = (line: string) => {
      const pid = watched.get('tools');
      if (line === 'Threads started!' && pid !== undefined) process.kill(pid, 'SIGKILL');
    };
    const failure = await failureOf(run(cpu({ seconds: 120 }), { onLine }));
    expect(failure.headline).toMatch(/^The container tools ended with exit code 137 during sysbench cpu/);
    await expectGone();
  });

  test('an interruption ends the work and removes its containers', async () => {
    const controller = new AbortController();
    const onLine = (line: string) => {
      if (line === 'Threads started!') controller.abort();
    };
    const failure = await failureOf(run(cpu({ seconds: 120 }), { signal: controller.signal, onLine }));
    expect(failure.kind).toBe('interrupted');
    await expectGone();
  });

  test('an address that cannot be bound is told in the words of the server', async () => {
    const failure = await failureOf(
      // Not an address of this machine: TEST-NET-3, RFC 5737.
      run({
        name: 'network',
        run: (context) =>
          network({ seconds: 1 }).run({ ...context, place: { ...context.place, bridgeAddress: '203.0.113.1' } }),
      }),
    );
    expect(failure.headline).toMatch(/^iperf3 --server ended with exit code 1 in the container server/);
    expect(failure.detail?.join('\n')).toMatch(/Cannot assign requested address/);
    await expectGone();
  });
});
