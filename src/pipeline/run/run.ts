import path from 'node:path';
import type { Finding } from '../../model/finding.ts';
import type { GuestChoice } from '../../model/request.ts';
import type { RunRecord } from '../../model/record.ts';
import { writeReports } from './write-reports.ts';
import { assembleRecord, KEPT_DISK } from '../record/assemble.ts';
import { measureBenches } from './bench-sessions.ts';
import { checkHost } from './host-check.ts';
import type { CheckedHost } from './host-check.ts';
import { measureBoots } from './measured-boots.ts';
import type { Emit, RunEvent } from '../events/event.ts';
import type { RunOptions } from './run-options.ts';
import { runSteps, StepError } from '../steps/run-steps.ts';
import { estimateRun, prepareRun } from '../plan/prepare.ts';
import type { PreparedRun } from '../plan/prepare.ts';
import type { StepRuntime } from '../steps/step.ts';
import { measureVirtualBoots } from './virtual-boots.ts';

/**
 * Checks the host, then announces the run, and only then what the check has told: tool versions are part of every
 * fingerprint, so before the check the plan cannot say what is cached.
 */
async function checkAndAnnounce(options: RunOptions): Promise<CheckedHost> {
  const { store, history, emit, past, runId, request } = options;
  const provisional = await prepareRun(options, past?.guest);
  const early: RunEvent[] = [];
  const announce = async (prepared: PreparedRun, guest: GuestChoice | undefined): Promise<void> => {
    emit({
      type: 'run-started',
      runId,
      request,
      ...(guest === undefined ? {} : { guest }),
      resumed: past !== undefined,
      ...(await estimateRun(prepared, store, history)),
    });
    for (const event of early) emit(event);
  };
  const beforehand: StepRuntime = { ...options, emit: (event) => early.push(event) };
  const check = ({ plan }: PreparedRun) => runSteps([plan.preflight], beforehand, history);
  let checked: CheckedHost;
  try {
    checked = await checkHost(options, provisional, check);
  } catch (error) {
    // A run that fails this early can be resumed too, and for that its journal must say what was asked.
    await announce(provisional, past?.guest);
    throw error;
  }
  await announce(checked.prepared, checked.prepared.choice);
  return checked;
}

/**
 * Measures everything that the plan holds: boots on either clock and container work.
 *
 * @throws StepError with the boot or session that failed
 */
async function measure(options: RunOptions, prepared: PreparedRun) {
  let current = 'boots';
  const emit: Emit = (event) => {
    if (event.type === 'boot-started' || event.type === 'bench-started') current = event.id;
    options.emit(event);
  };
  const tracked = { ...options, emit };
  try {
    // The exact figures first: they take seconds, and a boot that fails on them fails soon.
    const virtual = await measureVirtualBoots(tracked, prepared);
    const measured = await measureBoots(tracked, prepared);
    const benches = await measureBenches(tracked, prepared);
    return { virtual, measured, benches };
  } catch (error) {
    throw new StepError(current, error);
  } finally {
    await options.history.save();
  }
}

/**
 * Runs a plan to its record and reports: steps, interleaved boots, scores. Verified work of the past, in the store or in
 * the journal of an interrupted run, is not done again.
 *
 * @throws StepError around the `Fault` of the step or boot that failed
 */
export async function executeRun(given: RunOptions): Promise<RunRecord> {
  const { host, store, history, past, request, runDirectory } = given;
  const startedSec = host.clock.monotonicSec();
  const startedAt = past?.startedAt ?? new Date(host.clock.nowMs()).toISOString();
  const findings: Finding[] = [];
  const options: RunOptions = {
    ...given,
    emit(event) {
      if (event.type === 'finding') findings.push(event.finding);
      given.emit(event);
    },
  };
  const { prepared, stages: checks } = await checkAndAnnounce(options);
  const { plan } = prepared;
  const rest = plan.steps.filter((step) => step !== plan.preflight);
  const stages = [...checks, ...(await runSteps(rest, options, history))];
  const kept = plan.keepKernel?.output();
  if (kept !== undefined) await host.files.copy(await store.use(kept.disk), path.join(runDirectory, KEPT_DISK));
  const { virtual, measured, benches } = await measure(options, prepared);
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
  await writeReports(host, record, runDirectory, { openMetrics: request.openMetrics ?? false });
  return record;
}
