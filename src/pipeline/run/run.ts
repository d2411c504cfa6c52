import path from 'node:path';
import { excludedWords } from '../../bootlog/timeline/standstill.ts';
import { withBootedArm } from '../../guest/booted-arm.ts';
import { Fault } from '../../host/fault.ts';
import type { Host } from '../../host/host.ts';
import type { BootSummary } from '../../model/boots/boot.ts';
import type { FailureKind } from '../../model/failure.ts';
import type { Finding } from '../../model/finding.ts';
import type { RunRecord, StageRecord } from '../../model/record.ts';
import type { StoppingRecord } from '../../model/verdicts/stopping.ts';
import { readOutBoot } from '../../measure/boot.ts';
import { writeReports } from './write-reports.ts';
import { sha256Text } from '../../store/canonical.ts';
import { bootCondition, bootDirectory, bootReading, withArmBoot } from './boot-setup.ts';
import { assembleRecord, KEPT_DISK } from '../record/assemble.ts';
import { chooseGuest, guestAsked } from '../plan/guest-choice.ts';
import { measureBenches } from './bench-sessions.ts';
import type { PlannedBoot } from '../plan/boot-order.ts';
import type { Emit } from '../events/event.ts';
import type { PlannedArm } from '../plan/arm.ts';
import type { RunOptions } from './run-options.ts';
import { runSteps, StepError } from '../steps/run-steps.ts';
import { estimateRun, prepareRun } from '../plan/prepare.ts';
import type { PreparedRun } from '../plan/prepare.ts';
import { removeLeftovers } from '../steps/step.ts';
import type { StepRuntime } from '../steps/step.ts';
import { reasonToStop, stoppingRecord, stoppingRule } from './stopping.ts';
import { measureVirtualBoots } from './virtual-boots.ts';

interface Measured {
  readonly boots: readonly BootSummary[];
  readonly bootsSec: number;
  readonly stopping?: StoppingRecord;
}

/** Moves the logs of a boot that is repeated out of its place, where the second one's are to be. */
async function keepSpoiled(host: Host, runDirectory: string, planned: PlannedBoot): Promise<void> {
  const directory = bootDirectory(runDirectory, planned);
  const kept = path.join(runDirectory, 'spoiled', path.basename(directory));
  await host.files.remove(kept);
  await host.files.rename(directory, kept);
}

async function measureBoots(options: RunOptions, prepared: PreparedRun): Promise<Measured> {
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
  const rule = stoppingRule(options.request);
  const arms = plan.arms.map(({ name, spec }) => ({ name, role: spec.role }));
  // Boots before an interruption count, too: a resumed run has one budget, not two.
  let spentSec = 0;
  const stop = () => (rule === undefined ? undefined : reasonToStop(rule, arms, boots, spentSec));
  const { disk } = plan.install.output();

  const measure = (planned: PlannedBoot, arm: PlannedArm): Promise<BootSummary> => {
    const directory = bootDirectory(runDirectory, planned);
    const wanted = { id: planned.id, arm: arm.name, built: arm.measured(), disk, directory, scratchName };
    const reading = bootReading(prepared, arm, { order: planned.order, directory, first: !seen.has(arm.name) });
    return withArmBoot(options, prepared, wanted, (boot) =>
      withBootedArm(host, boot, (booted) => readOutBoot(host, booted, reading)),
    );
  };

  for (const planned of plan.boots) {
    if (stop() !== undefined) break;
    const arm = plan.arms.find((one) => one.name === planned.arm);
    if (arm === undefined) continue;
    const condition = bootCondition(options, prepared, arm.measured(), disk);
    const known = past?.boots.get(planned.id);
    emit({ type: 'boot-started', id: planned.id, order: planned.order, arm: arm.name });
    let summary: BootSummary;
    let durationMs: number;
    if (known?.condition === condition) {
      ({ summary, durationMs } = known);
    } else {
      const startedSec = host.clock.monotonicSec();
      const sinceMs = (sec: number): number => Math.round((host.clock.monotonicSec() - sec) * 1000);
      summary = await measure(planned, arm);
      let triedSec = startedSec;
      if (summary.excluded !== undefined) {
        const { excluded } = summary;
        emit({ type: 'boot-repeated', id: planned.id, reasons: excluded.map(excludedWords) });
        await keepSpoiled(host, runDirectory, planned);
        triedSec = host.clock.monotonicSec();
        // Once: what is spoiled again stays left out.
        summary = { ...(await measure(planned, arm)), repeated: excluded };
      }
      // Both tries count towards a budget; only the second tells how long such a boot takes.
      durationMs = sinceMs(startedSec);
      bootsSec += durationMs / 1000;
      history.note(`boot:${arm.name}`, sinceMs(triedSec));
    }
    spentSec += durationMs / 1000;
    seen.add(arm.name);
    boots.push(summary);
    emit({ type: 'boot-finished', id: planned.id, durationMs, condition, summary });
  }
  const stopping = rule && stoppingRecord(rule, arms, boots, stop() ?? 'most-boots');
  return { boots, bootsSec, ...(stopping === undefined ? {} : { stopping }) };
}

interface Checked {
  readonly prepared: PreparedRun;
  readonly stages: readonly StageRecord[];
}

/** May not be installed, or apt cannot. */
const TOOLS_NOT_HERE: readonly FailureKind[] = ['missing-tool', 'command-failed'];

/** Checks the host, then decides on the guest if that was left open: now QEMU and BusyBox are here, with which KVM is tried. */
async function checkHost(
  options: RunOptions,
  provisional: PreparedRun,
  check: (prepared: PreparedRun) => Promise<readonly StageRecord[]>,
): Promise<Checked> {
  const { request, past } = options;
  const { profile, plan, choice: before } = provisional;
  const stages = await check(provisional);
  if (past?.guest !== undefined || guestAsked(request, profile) !== 'auto') return { prepared: provisional, stages };
  const choice = await chooseGuest({ ...options, profile, busybox: plan.preflight.output().busybox });
  if (choice.name === before.name) return { prepared: { ...provisional, choice }, stages };
  const prepared = await prepareRun(options, choice);
  try {
    return { prepared, stages: await check(prepared) };
  } catch (error) {
    const cause: unknown = error instanceof StepError ? error.cause : error;
    if (!(cause instanceof Fault) || !TOOLS_NOT_HERE.includes(cause.failure.kind)) throw error;
    // The guest was chosen automatically: if its tools cannot be installed, use the other guest instead of failing the run.
    const reason = `auto: not ${choice.name}, since ${cause.message}`;
    const instead = { ...provisional, choice: { name: before.name, reason } };
    return { prepared: instead, stages: await check(instead) };
  }
}

/**
 * Runs a plan to its record and reports: steps, interleaved boots, scores. Verified work of the past, in the store or in
 * the journal of an interrupted run, is not done again.
 *
 * @throws StepError around the `Fault` of the step or boot that failed
 */
export async function executeRun(options: RunOptions): Promise<RunRecord> {
  const { host, store, history, emit, past, runId, request } = options;
  const startedSec = host.clock.monotonicSec();
  const startedAt = past?.startedAt ?? new Date(host.clock.nowMs()).toISOString();
  let guest = past?.guest;
  let prepared = await prepareRun(options, guest);
  const findings: Finding[] = [];
  const noticing: Emit = (event) => {
    if (event.type === 'finding') findings.push(event.finding);
    emit(event);
  };
  const runtime: StepRuntime = { ...options, emit: noticing };

  // Tool versions are part of every fingerprint, so the host is checked before the plan can say what is cached.
  const early: Parameters<Emit>[0][] = [];
  const begin = async (): Promise<void> => {
    emit({
      type: 'run-started',
      runId,
      request,
      ...(guest === undefined ? {} : { guest }),
      resumed: past !== undefined,
      ...(await estimateRun(prepared, store, history)),
    });
    for (const event of early) noticing(event);
  };
  let stages: readonly StageRecord[];
  try {
    const beforehand: StepRuntime = { ...runtime, emit: (event) => early.push(event) };
    const check = ({ plan }: PreparedRun) => runSteps([plan.preflight], beforehand, history);
    ({ prepared, stages } = await checkHost(options, prepared, check));
    guest = prepared.choice;
  } catch (error) {
    // A run that fails this early can be resumed too, and for that its journal must say what was asked.
    await begin();
    throw error;
  }
  await begin();

  const rest = prepared.plan.steps.filter((step) => step !== prepared.plan.preflight);
  stages = [...stages, ...(await runSteps(rest, runtime, history))];
  const kept = prepared.plan.keepKernel?.output();
  if (kept !== undefined) await host.files.copy(await store.use(kept.disk), path.join(options.runDirectory, KEPT_DISK));
  let current = 'boots';
  const tracking: Emit = (event) => {
    if (event.type === 'boot-started' || event.type === 'bench-started') current = event.id;
    noticing(event);
  };
  let measured: Measured;
  let virtual: Awaited<ReturnType<typeof measureVirtualBoots>>;
  let benches: Awaited<ReturnType<typeof measureBenches>>;
  try {
    // The exact figures first: they take seconds, and a boot that fails on them fails soon.
    virtual = await measureVirtualBoots({ ...options, emit: tracking }, prepared);
    measured = await measureBoots({ ...options, emit: tracking }, prepared);
    benches = await measureBenches({ ...options, emit: tracking }, prepared);
  } catch (error) {
    throw new StepError(current, error);
  } finally {
    await history.save();
  }
  const record = assembleRecord({
    ...options,
    prepared,
    stages,
    findings: [...findings, ...virtual.findings],
    boots: [...measured.boots, ...benches.boots],
    virtualBoots: virtual.boots,
    ...(measured.stopping === undefined ? {} : { stopping: measured.stopping }),
    ...(benches.record === undefined ? {} : { bench: benches.record }),
    startedAt,
    time: {
      totalSec: host.clock.monotonicSec() - startedSec,
      bootsSec: measured.bootsSec + virtual.bootsSec + benches.bootsSec,
      ...(benches.record === undefined ? {} : { benchesSec: benches.benchesSec }),
    },
  });
  await writeReports(host, record, options.runDirectory, { openMetrics: request.openMetrics ?? false });
  return record;
}
