import { Fault } from '../../host/fault.ts';
import type { FailureKind } from '../../model/failure.ts';
import type { StageRecord } from '../../model/record.ts';
import { chooseGuest, requestedGuest } from '../plan/guest-choice.ts';
import { prepareRun } from '../plan/prepare.ts';
import type { PreparedRun } from '../plan/prepare.ts';
import { StepError } from '../steps/run-steps.ts';
import type { RunOptions } from './run-options.ts';

/** A host that has what the run needs, and the run as it is planned now. */
export interface CheckedHost {
  readonly prepared: PreparedRun;
  readonly stages: readonly StageRecord[];
}

/** May not be installed, or apt cannot. */
const TOOLS_NOT_HERE: readonly FailureKind[] = ['missing-tool', 'command-failed'];

/** Checks the host, then decides on the guest if that was left open: now QEMU and BusyBox are here, with which KVM is tried. */
export async function checkHost(
  options: RunOptions,
  provisional: PreparedRun,
  check: (prepared: PreparedRun) => Promise<readonly StageRecord[]>,
): Promise<CheckedHost> {
  const { request, past } = options;
  const { profile, plan, choice: before } = provisional;
  const stages = await check(provisional);
  if (past?.guest !== undefined || requestedGuest(request, profile) !== 'auto')
    return { prepared: provisional, stages };
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
