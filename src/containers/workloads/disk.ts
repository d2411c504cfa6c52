import { parseFio } from '../../bench/tool-output/fio.ts';
import { DISK_JOBS } from '../../bench/metrics.ts';
import { OutputError } from '../../bench/tool-output/output-error.ts';
import type { Workload } from './workload.ts';
import { beginExecution } from './execution.ts';
import { read } from './failing.ts';

const JOB_FILE = '/drydock/disk.fio';
const FOLDERS = { overlay: '/drydock/overlay', volume: '/drydock/volume' } as const;
const PATTERNS = {
  sequential: { block: '1m', read: 'read', write: 'write' },
  random: { block: '4k', read: 'randread', write: 'randwrite' },
} as const;

/** Options of the disk workload: seconds per job (there are eight), and the size of the file. */
export interface DiskOptions {
  readonly seconds: number;
  readonly sizeMb: number;
}

/**
 * fio's job file (its HOWTO, "Job file format"): eight jobs, one after the other, each named as its metric. Two files are
 * laid out before the first and used by all jobs of a target.
 */
function fioJobFile({ seconds, sizeMb }: DiskOptions): string {
  const shared = [
    '[global]',
    // docker-min has asynchronous I/O, but a kernel under test may not; pread(2) and pwrite(2) every kernel has.
    'ioengine=psync',
    'direct=1',
    `size=${sizeMb}m`,
    'time_based=1',
    `runtime=${seconds}`,
    'stonewall=1',
    // Latencies of single requests are not read; looking at the clock for each would cost, most of all under emulation.
    'gtod_reduce=1',
    'clocksource=clock_gettime',
    'disk_util=0',
  ];
  const jobs = DISK_JOBS.flatMap(({ metric, target, pattern, direction }) => [
    `[${metric}]`,
    `filename=${FOLDERS[target]}/data`,
    `rw=${PATTERNS[pattern][direction]}`,
    `bs=${PATTERNS[pattern].block}`,
  ]);
  return `${[...shared, ...jobs].join('\n')}\n`;
}

/** The metrics of one run of that job file. @throws OutputError when a job is missing or did something else */
function diskMetricsOf(output: string): Record<string, number> {
  const jobs = parseFio(output);
  return Object.fromEntries(
    DISK_JOBS.map(({ metric, pattern, direction }): [string, number] => {
      const job = jobs.find(({ name }) => name === metric);
      if (job === undefined) throw new OutputError('fio', `has no job ${metric}`);
      if (job.direction !== direction) throw new OutputError('fio', `has the job ${metric} do ${job.direction}s`);
      return [metric, pattern === 'sequential' ? job.bytesPerSec : job.opsPerSec];
    }),
  );
}

/**
 * One fio in one container, past the page cache: sequential and random, reading and writing, on the container's own file
 * system and on an anonymous volume. Takes eight times `seconds` and twice `sizeMb` of disk. Image by role: `tools`.
 */
export function disk(options: DiskOptions): Workload {
  return {
    name: 'disk',
    run: async (context) => {
      const execution = beginExecution(context);
      await using tools = await execution.idle('tools', { network: 'none', volumes: [FOLDERS.volume] });
      await execution.writeFile(tools, JOB_FILE, fioJobFile(options));
      const { ran } = await execution.step(tools, 'fio', ['sh', '-c', FIO, 'sh', FOLDERS.overlay, JOB_FILE]);
      return { metrics: read(ran, diskMetricsOf), warnings: [] };
    },
  };
}

/** The overlay's folder is made in the container's own layer. */
const FIO = 'mkdir -p -- "$1" && exec fio --output-format=json "$2"';
