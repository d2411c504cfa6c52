import path from 'node:path';
import { VIRTUAL_METRICS } from '../../bootlog/reading/virtual-metrics.ts';
import type { VirtualBoot } from '../../model/boots/boot.ts';
import type { Finding } from '../../model/finding.ts';
import { disagreement, VIRTUAL_AGREEMENT } from '../../stats/deterministic.ts';
import { measureVirtualBoot } from '../../measure/virtual-boot.ts';
import { sha256Text } from '../../store/canonical.ts';
import type { PlannedBoot } from '../plan/boot-order.ts';
import type { PreparedRun } from '../plan/prepare.ts';
import type { RunOptions } from './run-options.ts';
import { removeLeftovers } from '../steps/step.ts';

/** Boots on the virtual clock do not disturb each other's figures, so they run side by side; each takes a core and the guest's memory. */
const MOST_AT_ONCE = 4;

interface VirtualBoots {
  readonly boots: readonly VirtualBoot[];
  readonly findings: readonly Finding[];
  readonly bootsSec: number;
}

/** Every planned boot on the virtual clock, in the order of the plan. They are repeated whole when a run is resumed: the result is the same. */
export async function measureVirtualBoots(options: RunOptions, prepared: PreparedRun): Promise<VirtualBoots> {
  const { host, store, emit, history } = options;
  const { plan } = prepared;
  if (plan.virtualBoots.length === 0) return { boots: [], findings: [], bootsSec: 0 };
  const startedSec = host.clock.monotonicSec();
  const scratchName = `virtual-${sha256Text(options.runDirectory).slice(0, 12)}`;
  await removeLeftovers(host, store, scratchName);
  const handOverPath = await store.use(plan.handOver.output().archive);
  const stop = new AbortController();
  const signal = AbortSignal.any([options.signal, stop.signal]);

  const measure = async (planned: PlannedBoot): Promise<VirtualBoot> => {
    const arm = plan.arms.find((one) => one.name === planned.arm);
    if (arm === undefined) throw new Error(`No arm ${planned.arm} in the plan`);
    const built = arm.measured();
    emit({ type: 'boot-started', id: planned.id, order: planned.order, arm: arm.name });
    const bootStartedSec = host.clock.monotonicSec();
    const workDir = await host.files.makeTempDirectory(store.workDir(), `${scratchName}-`);
    try {
      const summary = await measureVirtualBoot(host, {
        order: planned.order,
        arm: {
          name: arm.name,
          release: built.release,
          kernelPath: await store.use(built.kernel),
          initrdPath: built.initrd === null ? undefined : await store.use(built.initrd),
          cmdline: built.cmdline,
        },
        handOverPath,
        memoryMb: prepared.guest.machine.memoryMb,
        directory: path.join(options.runDirectory, 'boots', planned.id.replaceAll(':', '-')),
        workDir,
        signal,
      });
      const durationMs = Math.round((host.clock.monotonicSec() - bootStartedSec) * 1000);
      history.note(`virtual:${arm.name}`, durationMs);
      emit({ type: 'virtual-boot-finished', id: planned.id, durationMs, summary });
      return summary;
    } finally {
      await host.files.remove(workDir);
    }
  };

  const queue = [...plan.virtualBoots];
  const boots: VirtualBoot[] = [];
  const work = async (): Promise<void> => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      signal.throwIfAborted();
      boots.push(await measure(next));
    }
  };
  const workers = Array.from({ length: Math.max(1, Math.min(MOST_AT_ONCE, host.system.cpuCount)) }, work);
  try {
    await Promise.all(workers);
  } catch (error) {
    stop.abort();
    await Promise.allSettled(workers);
    throw error;
  }
  boots.sort((a, b) => a.order - b.order);
  const bootsSec = host.clock.monotonicSec() - startedSec;
  return { boots, findings: disagreements(boots), bootsSec };
}

/** Boots of one arm that should be the same to the last instruction, and are not. */
function disagreements(boots: readonly VirtualBoot[]): readonly Finding[] {
  const arms = [...new Set(boots.map((boot) => boot.arm))];
  return arms.flatMap((arm) => {
    const own = boots.filter((boot) => boot.arm === arm);
    return VIRTUAL_METRICS.flatMap(({ id, title }): Finding[] => {
      const samples = own.flatMap((boot) => boot.metrics[id] ?? []);
      const apart = disagreement(samples);
      if (apart <= VIRTUAL_AGREEMENT) return [];
      return [
        {
          level: 'warning',
          message: `${arm}: boots on the virtual clock disagree on ${title} by ${(apart * 100).toFixed(3)} %, more than ${String(VIRTUAL_AGREEMENT * 100)} %: something of the host reaches the guest`,
        },
      ];
    });
  });
}
