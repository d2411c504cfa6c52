import type { WorkloadName } from '../model/workloads.ts';
import type { Accelerator } from '../model/environment.ts';
import type { Clock, Measurement, Unit } from '../model/verdicts/measure.ts';

/** What sets a figure when nothing is emulated. */
export type Bound = 'cpu' | 'disk' | 'network' | 'daemon' | 'memory';

/** What a workload measures, in which unit, between which ends, and what bounds it. */
export interface BenchMetricDefinition {
  readonly id: string;
  readonly workload: WorkloadName;
  readonly title: string;
  readonly unit: Unit;
  readonly better: Measurement['better'];
  readonly clock: Clock;
  readonly exact: false;
  /** Both ends of the quantity, in one line. */
  readonly endPoints: string;
  readonly bound: Bound;
  /** The least difference of medians that matters, in the unit; absent: what boots are judged by. */
  readonly leastDifference?: number;
}

type Fields = Pick<BenchMetricDefinition, 'id' | 'title' | 'endPoints'>;

function group(shared: Omit<BenchMetricDefinition, keyof Fields>, metrics: readonly Fields[]): BenchMetricDefinition[] {
  return metrics.map((fields) => ({ ...shared, ...fields }));
}

const COMMAND = "the exec request → its exit is known (drydock's clock)";

/** The eight jobs of the disk workload, in the order in which they run: metric id, and fio's options. */
export const DISK_JOBS = (['overlay', 'volume'] as const).flatMap((target) =>
  (['sequential', 'random'] as const).flatMap((pattern) =>
    (['read', 'write'] as const).map((direction) => ({
      metric: `disk_${target}_${pattern}_${direction}`,
      target,
      pattern,
      direction,
    })),
  ),
);

const TARGETS = { overlay: "the container's own file system", volume: 'an anonymous volume' } as const;

function diskMetrics(pattern: 'sequential' | 'random', block: string, counted: string): readonly Fields[] {
  return DISK_JOBS.filter((job) => job.pattern === pattern).map(({ metric, target, direction }) => ({
    id: metric,
    title: `Disk: ${pattern} ${direction}, ${target}`,
    endPoints: `fio, ${pattern} ${block} ${direction}s with direct I/O, queue depth 1, of a file on ${TARGETS[target]}: ${counted}`,
  }));
}

const wall = { clock: 'wall', exact: false } as const;

/** Every metric that a workload can give; the scores, the report and the exports go by it. */
export const BENCH_METRICS: readonly BenchMetricDefinition[] = [
  ...group({ ...wall, workload: 'package-install', unit: 's', better: 'lower', bound: 'cpu' }, [
    { id: 'package_update', title: 'Package index update', endPoints: `apt-get update in a container: ${COMMAND}` },
    {
      id: 'package_install_python',
      title: 'Installing Python',
      endPoints: `apt-get install python3 in a container, without recommended packages: ${COMMAND}`,
    },
    {
      id: 'package_install_git',
      title: 'Installing Git',
      endPoints: `apt-get install git in a container, after Python: ${COMMAND}`,
    },
    {
      id: 'package_total',
      title: 'Index, Python and Git',
      endPoints: "the request of apt-get update → the exit of the last installation is known (drydock's clock)",
    },
  ]),
  ...group({ ...wall, workload: 'cpu', unit: 'ops/s', better: 'higher', bound: 'cpu' }, [
    {
      id: 'cpu_events',
      title: 'Processor',
      endPoints: 'sysbench cpu, one thread per CPU: searches for all primes up to 10000, per second',
    },
  ]),
  ...group({ ...wall, workload: 'memory', unit: 'bytes/s', better: 'higher', bound: 'memory' }, [
    {
      id: 'memory_read',
      title: 'Memory, reading',
      endPoints:
        'sysbench memory, one thread per CPU, each over and over its own 1 MiB: bytes read per second (caches take part)',
    },
    {
      id: 'memory_write',
      title: 'Memory, writing',
      endPoints:
        'sysbench memory, one thread per CPU, each over and over its own 1 MiB: bytes written per second (caches take part)',
    },
  ]),
  ...group(
    { ...wall, workload: 'disk', unit: 'bytes/s', better: 'higher', bound: 'disk' },
    diskMetrics('sequential', '1 MiB', 'bytes per second'),
  ),
  ...group(
    { ...wall, workload: 'disk', unit: 'ops/s', better: 'higher', bound: 'disk' },
    diskMetrics('random', '4 KiB', 'requests per second'),
  ),
  ...group({ ...wall, workload: 'network', unit: 'bytes/s', better: 'higher', bound: 'network' }, [
    {
      id: 'network_to_machine',
      title: 'Network: container to machine',
      endPoints: "iperf3, one TCP stream, container → its machine's bridge address: payload received in a second",
    },
    {
      id: 'network_from_machine',
      title: 'Network: machine to container',
      endPoints:
        "iperf3 --reverse, one TCP stream, the machine's bridge address → container: payload received in a second",
    },
  ]),
  // A round trip is a fraction of the millisecond that a boot must differ by; sockperf counts them in units of 1 µs.
  ...group({ ...wall, workload: 'network', unit: 's', better: 'lower', bound: 'network', leastDifference: 0.000_001 }, [
    {
      id: 'network_latency_median',
      title: 'Network: round trip, median',
      endPoints:
        "sockperf ping-pong, 64 bytes over TCP: request leaves the container → response from the machine's bridge address is there",
    },
    {
      id: 'network_latency_p99',
      title: 'Network: round trip, 99th percentile',
      endPoints: 'as the median; 99 of 100 round trips are no longer than this',
    },
  ]),
  ...group({ ...wall, workload: 'container-start', unit: 's', better: 'lower', bound: 'daemon' }, [
    {
      id: 'container_start_cold',
      title: 'Container start, cold',
      endPoints:
        "the create request → first byte of the container's output, with the machine's caches dropped before (median)",
    },
    {
      id: 'container_start_warm',
      title: 'Container start, warm',
      endPoints: "the create request → first byte of the container's output, right after such a start (median)",
    },
  ]),
  ...group({ clock: 'none', exact: false, workload: 'density', unit: 'count', better: 'higher', bound: 'memory' }, [
    {
      id: 'density_containers',
      title: 'Idle containers',
      endPoints:
        'idle containers that run at once when starting one takes twice as long as at first, a tenth of the memory is left, ' +
        'a start fails for want of resources, or the bound is reached',
    },
  ]),
  ...group({ clock: 'none', exact: false, workload: 'density', unit: 'bytes', better: 'lower', bound: 'memory' }, [
    {
      id: 'density_memory',
      title: 'Memory of an idle container',
      endPoints:
        'by how much MemAvailable of the machine falls with each idle container (slope of the least-squares line)',
    },
  ]),
];

/** Bounds that emulation does not move: the disk behind a guest is the machine's own. */
const NOT_EMULATED: ReadonlySet<Bound> = new Set(['disk']);

/**
 * Whether a guest's figure may stand against the physical machine's. Under TCG every instruction of the guest is
 * emulated; memory, the bridge (which never leaves the machine) and the daemon are instructions, too.
 */
export function comparesWithHost(bound: Bound, accelerator: Accelerator): boolean {
  return accelerator === 'kvm' || NOT_EMULATED.has(bound);
}
