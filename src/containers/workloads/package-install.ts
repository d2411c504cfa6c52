import { parseAptInstall } from '../../bench/tool-output/apt.ts';
import { crossCheck } from '../../bench/series/cross-check.ts';
import type { EngineReading } from '../../bench/series/cross-check.ts';
import { Fault } from '../../host/fault.ts';
import type { Workload, WorkloadContext, WorkloadOutcome } from './workload.ts';
import { beginExecution, type Execution } from './execution.ts';
import { mustRun, read } from './failing.ts';
import type { Worker } from './worker.ts';

/** The one container that works; the others idle beside it, as in the thesis. */
const ACTIVE = 'fedora';
const IDLE_ROLES = ['ubuntu', 'docker-dd-agent'] as const;

const SECONDS_A_MINUTE = 60;
const MILLISECONDS = 1000;

/** Packages that can be asked for, and the metric of each. */
const PACKAGE_METRICS = { python3: 'package_install_python', git: 'package_install_git' } as const;

/** A file of apt's, written into the container before the work begins. */
export interface AptFile {
  /** `/etc/apt/sources.list` */
  readonly path: string;
  readonly text: string;
}

export interface PackageInstallOptions {
  /** In the order in which they are installed. */
  readonly packages: readonly (keyof typeof PACKAGE_METRICS)[];
  /** How long the three containers are watched, from the begin; longer if the work takes longer. */
  readonly minutes: number;
  /** Whether to wait out the minutes once the work is done: the caller says so for the round that is drawn. */
  readonly watchOut: boolean;
  /** Tells apt in the container where the package repository is. */
  readonly aptSetup: (repositoryUrl: string) => readonly AptFile[];
}

/**
 * The thesis's own scenario: of three containers one updates its package index and installs Python and Git while two idle.
 * Images by role: `fedora`, `ubuntu`, `docker-dd-agent`.
 */
export function packageInstall(options: PackageInstallOptions): Workload {
  return {
    name: 'package-install',
    run: async (context) => {
      const execution = beginExecution(context);
      const env = { DEBIAN_FRONTEND: 'noninteractive', LANG: 'C' };
      await using active = await execution.idle(ACTIVE, { network: 'bridge', env });
      await using first = await execution.idle(IDLE_ROLES[0], { network: 'bridge' });
      await using second = await execution.idle(IDLE_ROLES[1], { network: 'bridge' });
      for (const { path, text } of options.aptSetup(repositoryOf(context)))
        await execution.writeFile(active, path, text);

      const workers = [active, first, second];
      const audit = await beginAudit(context, workers);
      const metrics = await install(execution, active, options.packages);
      if (options.watchOut) await watchOut(context, execution, options.minutes);
      for (const worker of workers) await mustRun(worker, 'while it was watched');
      return { metrics, warnings: await audit() } satisfies WorkloadOutcome;
    },
  };
}

/** Holds the sampler's totals of the containers against the daemon's own, from now to when the result is called. */
async function beginAudit(
  { clock, sampler }: WorkloadContext,
  workers: readonly Worker[],
): Promise<() => Promise<readonly string[]>> {
  const read = async ({ container }: Worker): Promise<EngineReading> => {
    const totals = await container.stats();
    return { atSec: clock.monotonicSec(), totals };
  };
  const fromSec = clock.monotonicSec();
  const before = await Promise.all(workers.map(read));
  return async () => {
    const after = await Promise.all(workers.map(read));
    const toSec = clock.monotonicSec();
    return workers.flatMap(({ role }, index) => {
      const [earlier, later] = [before[index], after[index]];
      if (earlier === undefined || later === undefined) return [];
      return crossCheck(role, sampler.readings(role, fromSec, toSec), { before: earlier, after: later });
    });
  };
}

function repositoryOf({ place }: WorkloadContext): string {
  if (place.repositoryUrl !== undefined) return place.repositoryUrl;
  throw new Fault({
    kind: 'unavailable',
    headline: `No package repository can be reached from the containers of ${place.name}`,
    hint: 'Please report this: a run with package-install serves one.',
  });
}

async function install(
  execution: Execution,
  worker: Worker,
  packages: PackageInstallOptions['packages'],
): Promise<Record<string, number>> {
  const startSec = execution.elapsedSec();
  // Without --error-on, apt-get ends with 0 when an index could not be fetched.
  const update = await execution.step(worker, 'apt-get update', ['apt-get', 'update', '--error-on=any']);
  const metrics: Record<string, number> = { package_update: update.seconds };
  for (const name of packages) {
    const label = `apt-get install ${name}`;
    const step = await execution.step(worker, label, ['apt-get', 'install', '-y', '--no-install-recommends', name]);
    read(step.ran, parseAptInstall);
    metrics[PACKAGE_METRICS[name]] = step.seconds;
  }
  metrics['package_total'] = execution.elapsedSec() - startSec;
  return metrics;
}

/** The rest of the minutes: what the containers do when the work is done belongs to the scenario. */
async function watchOut(context: WorkloadContext, execution: Execution, minutes: number): Promise<void> {
  const restSec = minutes * SECONDS_A_MINUTE - execution.elapsedSec();
  if (restSec <= 0) return;
  context.progress(`watching the containers for another ${Math.ceil(restSec)} s`);
  await context.clock.sleep(restSec * MILLISECONDS, context.signal);
}
