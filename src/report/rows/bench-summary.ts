import { WORKLOAD_NAMES } from '../../model/workloads.ts';
import type { BenchFailure, BenchRecord } from '../../model/bench.ts';
import type { WorkloadName } from '../../model/workloads.ts';
import type { Environment } from '../../model/environment.ts';
import type { Score } from '../../model/verdicts/measure.ts';
import { benchPairs, benchTables, lossWords } from './bench-rows.ts';
import { plural } from '../text/format.ts';
import { metricName } from '../text/metric-names.ts';

/** A workload that did not come to its end. */
export interface FailedRow extends BenchFailure {
  readonly workload: WorkloadName;
  readonly place: string;
  /** Counted from 1, as people do. */
  readonly round: number;
}

/** A place, and what ran its containers; absent ones say why. */
export interface PlaceWords {
  readonly name: string;
  readonly kind: string;
  readonly status: 'measured' | 'absent';
  readonly why: string;
  /** Kernel, Docker, storage driver and cgroup version, as its sessions found them. */
  readonly runs: string;
}

/** Workloads that failed, in the order in which they ran. */
export function failedRows(bench: BenchRecord): readonly FailedRow[] {
  const bySession = [...bench.sessions].sort((a, b) => a.order - b.order);
  return bySession.flatMap(({ place, round, runs }) =>
    runs.flatMap(({ workload, status, failure }): readonly FailedRow[] => {
      if (status !== 'failed') return [];
      const told = failure ?? {
        headline: 'it failed, and the record has no reason',
        hint: '',
        detail: [],
        logPath: '',
      };
      return [{ workload, place, round: round + 1, ...told }];
    }),
  );
}

/** Every place with what it was. */
export function placeRows({ places, sessions }: BenchRecord): readonly PlaceWords[] {
  return places.map(({ name, kind, status, why }) => {
    const own = sessions.filter(({ place }) => place === name);
    const runs = own.map(
      ({ kernelRelease, dockerVersion, storageDriver, cgroupVersion }) =>
        `Linux ${kernelRelease}, Docker ${dockerVersion}, ${storageDriver}, cgroup v${cgroupVersion}`,
    );
    const sessionWords =
      own.length === 0 ? 'no session' : `${plural(own.length, 'session')} on ${[...new Set(runs)].join('; ')}`;
    return { name, kind: kind === 'host' ? 'physical machine' : 'VM', status, why, runs: sessionWords };
  });
}

/** What the workloads' own warnings and the findings say, each once, with where. */
export function benchNotices({ findings, sessions }: BenchRecord): readonly string[] {
  const warned = sessions.flatMap(({ place, round, runs }) =>
    runs.flatMap(({ workload, warnings }) =>
      warnings.map((warning) => `${workload}, ${place}, round ${round + 1}: ${warning}`),
    ),
  );
  return [...findings.map(({ level, message }) => `${level}: ${message}`), ...warned];
}

/** What may be compared with what, and what the figures are worth. */
export function benchNotes(bench: BenchRecord, accelerator: Environment['accelerator']): readonly string[] {
  const tested = bench.scores.filter(({ p }) => p !== null).length;
  return [
    'Ratio is baseline median over candidate median, as for boots. For times and sizes, where lower is better, above 1 is a gain; for rates and counts, where higher is better, below 1 is a gain. The sentence under each row says which it is.',
    'n counts sessions, one sample each; range is the greatest less the least sample, over the median.',
    ...(tested === 0
      ? []
      : [
          `${plural(tested, 'metric')} ${tested === 1 ? 'was' : 'were'} tested, each at p < 0.05: of so many, ${(tested * 0.05).toFixed(1)} would pass by chance if nothing differed.`,
        ]),
    ...(accelerator === 'tcg'
      ? [
          'Under TCG every instruction of a guest is emulated. What instructions bound — processor, memory, the bridge, which never leaves the machine, and the daemon — compares the VMs with one another and not with the host; disk figures stand beside the host’s, with emulation’s part in them.',
        ]
      : []),
  ];
}

type Standing = 'held' | 'lost' | 'undecided' | 'unscored';

interface WorkloadStanding {
  readonly workload: WorkloadName;
  readonly standing: Standing;
  readonly lost: readonly Score[];
  readonly undecided: readonly string[];
}

function standings(bench: BenchRecord, baseline: string, candidate: string): readonly WorkloadStanding[] {
  // The accelerator decides only what stands in the host's column.
  const tables = benchTables(bench, 'kvm').filter((one) => one.baseline === baseline && one.candidate === candidate);
  const scores = bench.scores.filter((one) => one.baseline.arm === baseline && one.candidate.arm === candidate);
  const asked = WORKLOAD_NAMES.filter((name) => bench.workloads.includes(name));
  return asked.map((workload) => {
    const rows = tables.find((table) => table.workload === workload)?.rows ?? [];
    const lost = scores.filter(
      ({ metric, verdict }) => verdict === 'worse' && rows.some((row) => row.metric === metricName(metric)),
    );
    const open = rows.filter(({ verdict }) => !['better', 'same', 'worse'].includes(verdict));
    const isScored = rows.some(({ verdict }) => verdict !== 'not scored');
    const standing = lost.length > 0 ? 'lost' : !isScored ? 'unscored' : open.length > 0 ? 'undecided' : 'held';
    return { workload, standing, lost, undecided: open.map(({ metric }) => metric) };
  });
}

/** Whether the candidate holds its own on every workload, or which it lost; short enough for a headline. */
export function benchHeadline(bench: BenchRecord): string {
  const pairs = benchPairs(bench);
  if (pairs.length === 0) return 'In containers nothing was compared: there are not two VMs.';
  return pairs
    .map(([baseline, candidate]) => {
      const all = standings(bench, baseline, candidate);
      const failed = failedOn(bench, [baseline, candidate]);
      const named = (standing: Standing): string =>
        all
          .filter((one) => one.standing === standing)
          .map(({ workload }) => workload)
          .join(', ');
      if (all.length > 0 && all.every(({ standing }) => standing === 'held') && failed.length === 0)
        return `In containers, ${candidate} ≥ ${baseline} on every workload (${named('held')}).`;
      const parts = [
        ['lost on', named('lost')],
        ['undecided on', named('undecided')],
        ['≥ on', named('held')],
        ['not scored on', named('unscored')],
        ['with failed rows on', [...new Set(failed.map(({ workload }) => workload))].join(', ')],
      ].flatMap(([words = '', names = '']) => (names === '' ? [] : [`${words} ${names}`]));
      return `In containers, ${candidate} against ${baseline}: ${parts.length === 0 ? 'no workload was asked for' : parts.join('; ')}.`;
    })
    .join(' ');
}

function failedOn(bench: BenchRecord, places: readonly string[]): readonly FailedRow[] {
  return failedRows(bench).filter(({ place }) => places.includes(place));
}

/** The headline's story in full: every loss with its size, every undecided metric by name. One item a sentence. */
export function benchVerdict(bench: BenchRecord): readonly string[] {
  return benchPairs(bench).flatMap(([baseline, candidate]) => {
    const all = standings(bench, baseline, candidate);
    const lost = all.filter(({ standing }) => standing === 'lost');
    const open = all.filter(({ undecided, standing }) => undecided.length > 0 && standing !== 'unscored');
    const unscored = all.filter(({ standing }) => standing === 'unscored').map(({ workload }) => workload);
    return [
      ...lost.map(
        (one) => `${candidate} lost to ${baseline} on ${one.workload}: ${one.lost.map(lossWords).join('; ')}.`,
      ),
      ...open.map(({ workload, undecided }) => `Undecided on ${workload}: ${undecided.join(', ')}.`),
      ...(unscored.length === 0 ? [] : [`Not scored: ${unscored.join(', ')}.`]),
    ];
  });
}
