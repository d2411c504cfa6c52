import { sourcesList } from '../../bench/debian-repository.ts';
import { containerStart } from '../../containers/workloads/container-start.ts';
import { cpu } from '../../containers/workloads/cpu.ts';
import { density } from '../../containers/workloads/density.ts';
import { disk } from '../../containers/workloads/disk.ts';
import { memory } from '../../containers/workloads/memory.ts';
import { network } from '../../containers/workloads/network.ts';
import { packageInstall } from '../../containers/workloads/package-install.ts';
import type { AptFile } from '../../containers/workloads/package-install.ts';
import type { Workload } from '../../containers/workloads/workload.ts';
import type { WorkloadName } from '../../model/workloads.ts';
import type { Bench } from '../../profile/bench-schema.ts';
import type { BenchRequest } from '../../model/request.ts';

/** A workload with the images its containers run, role by role. */
export interface PlannedWork {
  readonly workload: Workload;
  /** Role in the workload → image name of the profile. */
  readonly images: Readonly<Record<string, string>>;
}

/**
 * How many cold starts a session makes, and as many warm ones: `times` of both over all rounds together, spread evenly. At
 * least one, since a session without a start would be one without a sample.
 */
export function startsInRound(times: number, rounds: number, round: number): number {
  const pairs = Math.ceil(times / 2);
  return Math.max(1, Math.floor(pairs / rounds) + (round < pairs % rounds ? 1 : 0));
}

const MINUTES_ALONE = 2;
const MINUTES_BESIDE = 1;

/** How long package-install is watched. Its work takes about a minute under TCG; from then on all its containers idle. */
export function watchedMinutes(
  inProfile: number | undefined,
  { minutes, workloads }: Pick<BenchRequest, 'minutes' | 'workloads'>,
): number {
  return minutes ?? inProfile ?? (workloads.length === 1 ? MINUTES_ALONE : MINUTES_BESIDE);
}

/** Where apt reads its list of sources; the image's own lists name archives that no container reaches. */
const aptSetup = (url: string): readonly AptFile[] => [{ path: '/etc/apt/sources.list', text: sourcesList(url) }];

/** What a profile says of each workload becomes the workload; `undefined` where the profile has none of it, or not in this round. */
type Making = Readonly<
  Record<WorkloadName, (spec: Bench, request: BenchRequest, round: number) => PlannedWork | undefined>
>;

const MAKING: Making = {
  'package-install': ({ workloads }, request, round) => {
    const work = workloads['package-install'];
    if (work === undefined) return undefined;
    const minutes = watchedMinutes(work.minutes, request);
    // The scenario is watched to its end once; later rounds repeat the work.
    const options = { packages: work.packages, minutes, watchOut: round === 0, aptSetup };
    return { workload: packageInstall(options), images: work.images };
  },
  cpu: ({ workloads: { cpu: work } }) => work && { workload: cpu(work), images: { tools: work.image } },
  memory: ({ workloads: { memory: work } }) => work && { workload: memory(work), images: { tools: work.image } },
  disk: ({ workloads: { disk: work } }) => work && { workload: disk(work), images: { tools: work.image } },
  network: ({ workloads: { network: work } }) => work && { workload: network(work), images: { tools: work.image } },
  'container-start': ({ workloads, rounds }, _, round) => {
    const work = workloads['container-start'];
    if (work === undefined) return undefined;
    const times = startsInRound(work.times, rounds, round);
    return { workload: containerStart({ times }), images: { tools: work.image } };
  },
  // Filling a machine takes long and says the same each time.
  density: ({ workloads: { density: work } }, _, round) =>
    work && round === 0 ? { workload: density(work), images: { tools: work.image } } : undefined,
};

/** What a session of a round does, in order. */
export function workOf(spec: Bench, request: BenchRequest, round: number): readonly PlannedWork[] {
  return request.workloads.flatMap((name) => MAKING[name](spec, request, round) ?? []);
}

/** Names of the images that these workloads need. */
export function imagesOf(spec: Bench, workloads: readonly WorkloadName[]): readonly string[] {
  const work = workOf(spec, { workloads }, 0);
  return [...new Set(work.flatMap(({ images }) => Object.values(images)))].sort();
}
