import { BENCH_METRICS } from '../../bench/metrics.ts';
import type { BenchRecord, WorkloadRun } from '../../model/bench.ts';
import { VERDICTS } from '../../model/verdicts/measure.ts';
import type { Score, Unit } from '../../model/verdicts/measure.ts';
import type { RunRecord } from '../../model/record.ts';
import { median } from '../../stats/summary.ts';
import type { Quantity } from '../rows/bench-series.ts';
import { replaceUnprintable } from '../text/markup.ts';
import { metricName } from '../text/metric-names.ts';

type Labels = Readonly<Record<string, string>>;

interface Sample {
  readonly labels: Labels;
  readonly value: number;
  /** Seconds since 1970. */
  readonly timestamp?: number;
}

/** A metric family of OpenMetrics: metadata, then its samples, those of one label set together. */
interface Family {
  readonly name: string;
  readonly type: 'gauge' | 'info' | 'stateset';
  /** Last part of the name, as the format demands; empty for what has no unit. */
  readonly unit: string;
  readonly help: string;
  readonly samples: readonly Sample[];
}

const UNIT_NAMES: Readonly<Record<Unit, string>> = {
  s: 'seconds',
  bytes: 'bytes',
  'bytes/s': 'bytes_per_second',
  'ops/s': 'operations_per_second',
  count: '',
};

/** What of a point is exported, under which name. */
const QUANTITIES: readonly {
  readonly quantity: Quantity;
  readonly name: string;
  readonly unit: string;
  readonly help: string;
}[] = [
  { quantity: 'cpus', name: 'busy', unit: 'cpus', help: 'Processors kept busy; 1 is one whole CPU' },
  { quantity: 'load', name: 'load_average', unit: '', help: 'Runnable tasks, 1-minute average' },
  { quantity: 'memoryBytes', name: 'memory', unit: 'bytes', help: 'Memory' },
  { quantity: 'diskReadBytesPerSec', name: 'disk_read', unit: 'bytes_per_second', help: 'Read from disks' },
  { quantity: 'diskWriteBytesPerSec', name: 'disk_written', unit: 'bytes_per_second', help: 'Written to disks' },
  { quantity: 'networkReceiveBytesPerSec', name: 'network_received', unit: 'bytes_per_second', help: 'Received' },
  { quantity: 'networkSendBytesPerSec', name: 'network_sent', unit: 'bytes_per_second', help: 'Sent' },
];

/**
 * The run as OpenMetrics 1.0 text (https://prometheus.io/docs/specs/om/open_metrics_spec/, "Text format"): medians of the boot
 * metrics by arm, the samples of container work by place and round, every score, and the series of containers with their
 * wall-clock times. `null` samples are left out, as are series whose workload has no recorded start. A gauge gives their number.
 */
export function openMetricsText(record: RunRecord): string {
  const run = record.id;
  const families = [
    runFamily(record),
    ...bootFamilies(record),
    ...scoreFamilies(record),
    ...(record.bench === undefined ? [] : [...benchFamilies(run, record.bench), ...seriesFamilies(run, record.bench)]),
  ];
  return `${merged(families).flatMap(familyLines).join('\n')}\n# EOF\n`;
}

function runFamily({ id, drydockVersion, profile, guest, environment }: RunRecord): Family {
  const labels = {
    run: id,
    drydock_version: drydockVersion,
    profile: profile.name,
    guest: guest.name,
    accelerator: environment.accelerator,
    cpu: environment.cpuModel,
    qemu: environment.qemuVersion,
    host_kernel: environment.hostKernel,
  };
  return {
    name: 'drydock_run',
    type: 'info',
    unit: '',
    help: 'What the run was made with',
    samples: [{ labels, value: 1 }],
  };
}

/** `drydock_boot_kernel_init_seconds`; an id that already names its unit does so once. */
function familyName(prefix: string, id: string, unit: string): string {
  const words = id.replaceAll(/[^a-zA-Z0-9_]/g, '_');
  return unit === '' || words.endsWith(`_${unit}`) ? `${prefix}_${words}` : `${prefix}_${words}_${unit}`;
}

function bootFamilies({ id: run, measurements, scores }: RunRecord): readonly Family[] {
  return Object.entries(measurements).flatMap(([arm, all]) =>
    all.flatMap(({ metric, unit, clock, samples }): readonly Family[] => {
      if (samples.length === 0) return [];
      const ends = scores.find((score) => score.metric === metric)?.endPoints;
      const help = [`${metricName(metric)}, median of the run's boots`, ...(ends === undefined ? [] : [ends])].join(
        ': ',
      );
      return [
        {
          name: familyName('drydock_boot', metric, UNIT_NAMES[unit]),
          type: 'gauge',
          unit: UNIT_NAMES[unit],
          help,
          samples: [{ labels: { run, arm, clock }, value: median(samples) }],
        },
      ];
    }),
  );
}

function scoreFamilies({ id: run, scores, bench }: RunRecord): readonly Family[] {
  const groups: readonly (readonly [string, readonly Score[]])[] = [
    ['boot', scores],
    ['containers', bench?.scores ?? []],
    ['against-host', bench?.againstHost ?? []],
  ];
  const all = groups.flatMap(([kind, own]) =>
    own.map((score) => ({
      score,
      labels: { run, kind, metric: score.metric, baseline: score.baseline.arm, candidate: score.candidate.arm },
    })),
  );
  if (all.length === 0) return [];
  const gauge = (name: string, unit: string, help: string, value: (score: Score) => number | null): Family => ({
    ...{ name, type: 'gauge', unit, help },
    samples: all.flatMap(({ score, labels }) => {
      const own = value(score);
      return own === null ? [] : [{ labels, value: own }];
    }),
  });
  const name = 'drydock_score_verdict';
  return [
    gauge('drydock_score_ratio', 'ratio', 'Baseline median over candidate median', ({ ratio }) => ratio),
    gauge(
      'drydock_score_interval_low_ratio',
      'ratio',
      'Lower end of the 95 % interval of the ratio',
      ({ ci95 }) => ci95[0],
    ),
    gauge(
      'drydock_score_interval_high_ratio',
      'ratio',
      'Upper end of the 95 % interval of the ratio',
      ({ ci95 }) => ci95[1],
    ),
    gauge('drydock_score_p_value', '', 'Two-sided permutation p; absent for exact quantities', ({ p }) => p),
    {
      ...{ name, type: 'stateset', unit: '', help: 'Verdict on the candidate' },
      samples: all.flatMap(({ score, labels }) =>
        VERDICTS.map((verdict) => ({
          labels: { ...labels, [name]: verdict },
          value: score.verdict === verdict ? 1 : 0,
        })),
      ),
    },
  ];
}

/** Runs of workloads with the labels that tell them apart, in the order in which they ran. */
function runsOf(
  run: string,
  { sessions }: BenchRecord,
): readonly { readonly labels: Labels; readonly one: WorkloadRun }[] {
  return [...sessions]
    .sort((a, b) => a.order - b.order)
    .flatMap(({ place, round, runs }) =>
      runs.map((one) => ({ labels: { run, place, workload: one.workload, round: String(round + 1) }, one })),
    );
}

function benchFamilies(run: string, bench: BenchRecord): readonly Family[] {
  const units = new Map(
    Object.values(bench.measurements)
      .flat()
      .map(({ metric, unit }) => [metric, unit]),
  );
  const runs = runsOf(run, bench);
  const samples = runs.flatMap(({ labels, one }) =>
    Object.entries(one.metrics).map(([metric, value]): Family => {
      const known = BENCH_METRICS.find(({ id }) => id === metric);
      const unit = UNIT_NAMES[known?.unit ?? units.get(metric) ?? 'count'];
      const help = known === undefined ? metricName(metric) : `${known.title}: ${known.endPoints}`;
      return {
        ...{ name: familyName('drydock_bench', metric, unit), type: 'gauge', unit, help },
        samples: [{ labels, value }],
      };
    }),
  );
  return [
    ...samples,
    {
      ...{ name: 'drydock_bench_duration_seconds', type: 'gauge', unit: 'seconds', help: 'How long the workload took' },
      samples: runs.map(({ labels, one }) => ({ labels, value: one.durationSec })),
    },
    {
      ...{
        name: 'drydock_bench_failed',
        type: 'gauge',
        unit: '',
        help: '1 for a workload that did not come to its end',
      },
      samples: runs.map(({ labels, one }) => ({ labels, value: one.status === 'failed' ? 1 : 0 })),
    },
    {
      ...{
        name: 'drydock_sampler_cpu_ratio',
        type: 'gauge',
        unit: 'ratio',
        help: 'Share of one CPU that looking took',
      },
      samples: runs.flatMap(({ labels, one }) =>
        one.sampler === undefined ? [] : [{ labels, value: one.sampler.cpuShare }],
      ),
    },
  ];
}

function seriesFamilies(run: string, bench: BenchRecord): readonly Family[] {
  const watched = runsOf(run, bench).filter(({ one }) => (one.series ?? []).length > 0);
  const dated = watched.flatMap(({ labels, one }) => {
    const startMs = Date.parse(one.startedAt ?? '');
    return Number.isFinite(startMs) ? [{ labels, series: one.series ?? [], startSec: startMs / 1000 }] : [];
  });
  const families = QUANTITIES.map(({ quantity, name, unit, help }): Family => ({
    ...{ name: familyName('drydock_container', name, unit), type: 'gauge', unit },
    help: `${help}; containers by their role, the machine itself as "machine"`,
    samples: dated.flatMap(({ labels, series, startSec }) =>
      series.flatMap(({ subject, points }) =>
        points.flatMap((point) => {
          const value = point[quantity];
          // Milliseconds are what the begin is known to.
          const timestamp = Math.round((startSec + point.atSec) * 1000) / 1000;
          return value === null ? [] : [{ labels: { ...labels, container: subject }, value, timestamp }];
        }),
      ),
    ),
  }));
  const undated = watched.length - dated.length;
  if (undated === 0) return families;
  return [
    ...families,
    {
      ...{ name: 'drydock_undated_series', type: 'gauge', unit: '' },
      help: 'Workloads whose series are left out, because the record does not hold when they began',
      samples: [{ labels: { run }, value: undated }],
    },
  ];
}

/** Families of one name as one: the format allows no family to be interleaved or repeated. Those without a finite sample go. */
function merged(families: readonly Family[]): readonly Family[] {
  const byName = new Map<string, Family>();
  for (const family of families) {
    const before = byName.get(family.name);
    byName.set(
      family.name,
      before === undefined ? family : { ...before, samples: [...before.samples, ...family.samples] },
    );
  }
  return [...byName.values()]
    .map((family) => ({ ...family, samples: family.samples.filter(({ value }) => Number.isFinite(value)) }))
    .filter(({ samples }) => samples.length > 0);
}

function familyLines({ name, type, unit, help, samples }: Family): readonly string[] {
  const sampleName = type === 'info' ? `${name}_info` : name;
  return [
    `# TYPE ${name} ${type}`,
    ...(unit === '' ? [] : [`# UNIT ${name} ${unit}`]),
    `# HELP ${name} ${escaped(help)}`,
    ...samples.map(({ labels, value, timestamp }) => {
      const pairs = Object.entries(labels).map(([label, text]) => `${label}="${escaped(text)}"`);
      return `${sampleName}{${pairs.join(',')}} ${value}${timestamp === undefined ? '' : ` ${timestamp.toFixed(3)}`}`;
    }),
  ];
}

/** Text of a label or a HELP line; what UTF-8 cannot hold becomes U+FFFD, a carriage return is no part of the format. */
function escaped(text: string): string {
  return replaceUnprintable(text)
    .replaceAll('\r', '\ufffd')
    .replaceAll('\\', '\\\\')
    .replaceAll('"', '\\"')
    .replaceAll('\n', '\\n');
}
