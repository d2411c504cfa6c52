import { slopeOf } from '../../bench/series/slope.ts';
import { parseMemory } from '../../bench/tool-output/meminfo.ts';
import { Fault } from '../../host/fault.ts';
import { median } from '../../stats/summary.ts';
import type { Container } from '../place.ts';
import type { Workload, WorkloadContext } from './workload.ts';
import { beginExecution, IDLE, imageOf, throwIfInterrupted, type Execution } from './execution.ts';
import { read } from './failing.ts';
import { removeAnyway } from './worker.ts';

/** So many starts make one figure of how long a start takes. */
const STARTS = 3;
const SLOWER = 2;
const MEMORY_LEFT = 0.1;
const PROGRESS_EVERY = 10;
const REMOVERS = 4;

/** How the kernel and Docker say that there is no more of something: memory, disk, ports of the bridge, processes, addresses. */
const SPENT =
  /no space left|cannot allocate memory|out of memory|resource temporarily unavailable|too many|exchange full|no available IPv4|quota exceeded/i;

/**
 * Idle containers on the bridge, started one after the other until one of four ends comes; the warning says which.
 * Removes them all. Fills the machine, so once a place is enough: round 0. The sampler does not watch them: watching
 * hundreds would cost what is measured. Image by role: `tools`.
 */
export function density({ most }: { readonly most: number }): Workload {
  return {
    name: 'density',
    run: async (context) => {
      const execution = beginExecution(context);
      const idle: Container[] = [];
      const warnings: string[] = [];
      try {
        const { end, memoryBytes } = await fill(context, execution, idle, most);
        execution.mark(end);
        warnings.push(end);
        const running = await countRunning(idle);
        if (running < idle.length) warnings.push(`${idle.length - running} of ${idle.length} had ended by then`);
        const fallBytes = -slopeOf(memoryBytes);
        if (fallBytes <= 0) warnings.push('MemAvailable did not fall: the memory of a container is unknown');
        return {
          metrics: { density_containers: running, ...(fallBytes > 0 ? { density_memory: fallBytes } : {}) },
          warnings,
        };
      } finally {
        context.progress(`removing ${idle.length} containers`);
        await removeAll(idle, (line) => warnings.push(line));
      }
    },
  };
}

/** A few at a time: this is not measured, and the daemon can use several CPUs. */
async function removeAll(idle: readonly Container[], log: (line: string) => void): Promise<void> {
  const left = [...idle];
  const remove = async (): Promise<void> => {
    for (let container = left.pop(); container !== undefined; container = left.pop()) {
      await removeAnyway(container, container.name, log);
    }
  };
  await Promise.all(Array.from({ length: REMOVERS }, remove));
}

interface Filled {
  /** One sentence. */
  readonly end: string;
  /** MemAvailable before the first container and after each; two readings at least. */
  readonly memoryBytes: readonly number[];
}

/** Puts what it starts into `idle`, also when it fails on the way. */
async function fill(context: WorkloadContext, execution: Execution, idle: Container[], most: number): Promise<Filled> {
  const memory = async () => read(await context.place.run(['cat', '/proc/meminfo']), parseMemory);
  const before = await memory();
  const memoryBytes = [before.availableBytes];
  const startsSec: number[] = [];

  for (let number = 1; number <= most; number += 1) {
    throwIfInterrupted(context.signal);
    if (number % PROGRESS_EVERY === 0) context.progress(`idle container ${number} of at most ${most}`);
    const beginSec = execution.elapsedSec();
    try {
      await startOne(context, idle, number);
    } catch (error) {
      // Not even one is a failure; after some, it is the end that was looked for.
      if (idle.length === 0 || !(error instanceof Fault) || !isSpent(error)) throw error;
      return { end: `ended at ${idle.length} containers: the next did not start (${error.message})`, memoryBytes };
    }
    startsSec.push(execution.elapsedSec() - beginSec);
    const { availableBytes } = await memory();
    memoryBytes.push(availableBytes);
    context.log(`${number}: started in ${startsSec.at(-1)?.toFixed(3) ?? '?'} s, MemAvailable ${availableBytes}`);

    const first = median(startsSec.slice(0, STARTS));
    const last = median(startsSec.slice(-STARTS));
    if (number >= 2 * STARTS && last > SLOWER * first) {
      const figures = `a start took ${last.toFixed(3)} s, at first ${first.toFixed(3)} s`;
      return { end: `ended at ${number} containers: ${figures}`, memoryBytes };
    }
    if (availableBytes < MEMORY_LEFT * before.totalBytes) {
      return { end: `ended at ${number} containers: less than a tenth of the memory is available`, memoryBytes };
    }
  }
  return { end: `bound reached: at least ${most} containers`, memoryBytes };
}

async function startOne(context: WorkloadContext, idle: Container[], number: number): Promise<void> {
  const container = await context.place.engine.create({
    name: `density-${number}`,
    image: imageOf(context, 'tools'),
    command: IDLE,
    network: 'bridge',
  });
  try {
    await container.start();
  } catch (error) {
    await removeAnyway(container, container.name, (line) => {
      context.log(line);
    });
    throw error;
  }
  idle.push(container);
}

async function countRunning(containers: readonly Container[]): Promise<number> {
  let running = 0;
  for (const container of containers) if ((await container.inspect()).running) running += 1;
  return running;
}

function isSpent({ failure }: Fault): boolean {
  return failure.kind === 'disk-full' || [failure.headline, ...(failure.detail ?? [])].some((line) => SPENT.test(line));
}
