import path from 'node:path';
import { excludedWords } from '../../bootlog/timeline/standstill.ts';
import { withBootedArm } from '../../guest/booted-arm.ts';
import type { Host } from '../../host/host.ts';
import type { Artifact } from '../../model/artifact.ts';
import type { BootSummary } from '../../model/boots/boot.ts';
import type { StoppingRecord } from '../../model/verdicts/stopping.ts';
import { readOutBoot } from '../../measure/boot.ts';
import { sha256Text } from '../../store/canonical.ts';
import type { PlannedArm } from '../plan/arm.ts';
import type { PlannedBoot } from '../plan/boot-order.ts';
import type { PreparedRun } from '../plan/prepare.ts';
import { removeLeftovers } from '../steps/step.ts';
import { bootCondition, bootDirectory, bootReading, withArmBoot } from './boot-setup.ts';
import type { RunOptions } from './run-options.ts';
import { reasonToStop, stoppingRecord, stoppingRule } from './stopping.ts';

interface MeasuredBoots {
  readonly boots: readonly BootSummary[];
  readonly bootsSec: number;
  readonly stopping?: StoppingRecord;
}

/** What all boots of a run share. */
interface BootContext {
  readonly options: RunOptions;
  readonly prepared: PreparedRun;
  readonly disk: Artifact;
  readonly scratchName: string;
}

/** One boot that is to be measured. */
interface WantedBoot {
  readonly planned: PlannedBoot;
  readonly arm: PlannedArm;
  /** Whether it is the arm's first in this process. */
  readonly first: boolean;
}

interface TimedBoot {
  readonly summary: BootSummary;
  /** Of both tries where there were two: both count towards a budget. */
  readonly durationMs: number;
  /** Of the try that counts: how long such a boot takes. */
  readonly tryMs: number;
}

/** Moves the logs of a boot that is repeated out of its place, where the second one's are to be. */
async function keepSpoiled(host: Host, runDirectory: string, planned: PlannedBoot): Promise<void> {
  const directory = bootDirectory(runDirectory, planned);
  const kept = path.join(runDirectory, 'spoiled', path.basename(directory));
  await host.files.remove(kept);
  await host.files.rename(directory, kept);
}

function measureOnce(lab: BootContext, { planned, arm, first }: WantedBoot): Promise<BootSummary> {
  const { options, prepared, disk, scratchName } = lab;
  const { host } = options;
  const directory = bootDirectory(options.runDirectory, planned);
  const wanted = { id: planned.id, arm: arm.name, built: arm.measured(), disk, directory, scratchName };
  const reading = bootReading(prepared, arm, { order: planned.order, directory, first });
  return withArmBoot(options, prepared, wanted, (boot) =>
    withBootedArm(host, boot, (booted) => readOutBoot(host, booted, reading)),
  );
}

/** Measures a boot, and once more if it is spoiled. What is spoiled again stays left out. */
async function measureBoot(lab: BootContext, wanted: WantedBoot): Promise<TimedBoot> {
  const { host, emit, runDirectory } = lab.options;
  const { planned } = wanted;
  const seconds = (): number => host.clock.monotonicSec();
  const sinceMs = (sec: number): number => Math.round((seconds() - sec) * 1000);
  const startedSec = seconds();
  let summary = await measureOnce(lab, wanted);
  let triedSec = startedSec;
  if (summary.excluded !== undefined) {
    const { excluded } = summary;
    emit({ type: 'boot-repeated', id: planned.id, reasons: excluded.map(excludedWords) });
    await keepSpoiled(host, runDirectory, planned);
    triedSec = seconds();
    summary = { ...(await measureOnce(lab, wanted)), repeated: excluded };
  }
  return { summary, durationMs: sinceMs(startedSec), tryMs: sinceMs(triedSec) };
}

/**
 * Every planned boot on the wall clock, arms interleaved, until a stopping rule says that it is enough. A boot that an
 * interrupted run has finished is not repeated.
 */
export async function measureBoots(options: RunOptions, prepared: PreparedRun): Promise<MeasuredBoots> {
  const { host, store, history, emit, past, runDirectory, request } = options;
  const { plan } = prepared;
  // Where sessions of container work boot for both, they measure (bench.ts).
  if (plan.boots.length === 0 || request.bench?.measuresBoots === true) return { boots: [], bootsSec: 0 };
  // One run at a time holds the lock of this folder, so a boot's scratch folder of this name is a killed one's.
  const scratchName = `boot-${sha256Text(runDirectory).slice(0, 12)}`;
  await removeLeftovers(host, store, scratchName);
  const boots: BootSummary[] = [];
  const seen = new Set<string>();
  let bootsSec = 0;
  const rule = stoppingRule(request);
  const arms = plan.arms.map(({ name, spec }) => ({ name, role: spec.role }));
  // Boots before an interruption count, too: a resumed run has one budget, not two.
  let spentSec = 0;
  const stop = () => (rule === undefined ? undefined : reasonToStop(rule, arms, boots, spentSec));
  const { disk } = plan.install.output();
  const lab = { options, prepared, disk, scratchName };

  const perform = async (wanted: WantedBoot): Promise<TimedBoot> => {
    const done = await measureBoot(lab, wanted);
    bootsSec += done.durationMs / 1000;
    history.note(`boot:${wanted.arm.name}`, done.tryMs);
    return done;
  };

  for (const planned of plan.boots) {
    if (stop() !== undefined) break;
    const arm = plan.arms.find((one) => one.name === planned.arm);
    if (arm === undefined) continue;
    const condition = bootCondition(options, prepared, arm.measured(), disk);
    const known = past?.boots.get(planned.id);
    emit({ type: 'boot-started', id: planned.id, order: planned.order, arm: arm.name });
    const { summary, durationMs } =
      known?.condition === condition ? known : await perform({ planned, arm, first: !seen.has(arm.name) });
    spentSec += durationMs / 1000;
    seen.add(arm.name);
    boots.push(summary);
    emit({ type: 'boot-finished', id: planned.id, durationMs, condition, summary });
  }
  const stopping = rule && stoppingRecord(rule, arms, boots, stop() ?? 'most-boots');
  return { boots, bootsSec, ...(stopping === undefined ? {} : { stopping }) };
}
