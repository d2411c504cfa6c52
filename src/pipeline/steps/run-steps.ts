import type { StageRecord } from '../../model/record.ts';
import type { History } from '../../store/durations.ts';
import type { Step, StepRuntime } from './step.ts';

/** Carries the place of a failure up to the command line. */
export class StepError extends Error {
  readonly stepId: string;

  constructor(stepId: string, cause: unknown) {
    super(`${stepId} failed`, { cause });
    this.stepId = stepId;
  }
}

/** The first of the waiting steps, in the plan's order, that may start beside those that run. */
async function nextToStart(
  waiting: readonly Step<unknown>[],
  running: readonly Step<unknown>[],
  processors: number,
): Promise<Step<unknown> | undefined> {
  if (running.length >= processors || running.some((step) => step.fillsMachine)) return undefined;
  for (const step of waiting) {
    if (!(await step.isReady())) continue;
    // It would wait for ever if later ones went before it.
    return step.fillsMachine && running.length > 0 ? undefined : step;
  }
  // A plan whose steps wait for one that it does not hold is wrong; running one says which.
  return running.length === 0 ? waiting[0] : undefined;
}

/**
 * Runs the steps of a plan, each as soon as what it is made from is there: one per processor, and those that fill the machine
 * alone. When one fails the others are ended.
 *
 * @returns their records in the plan's order
 * @throws StepError of the first one that failed, when nothing runs any more
 */
export async function runSteps(
  steps: readonly Step<unknown>[],
  runtime: StepRuntime,
  history: History,
): Promise<readonly StageRecord[]> {
  const others = new AbortController();
  const signal = AbortSignal.any([runtime.signal, others.signal]);
  const waiting = [...steps];
  const running = new Map<Step<unknown>, Promise<void>>();
  const records = new Map<Step<unknown>, StageRecord>();
  let failed: StepError | undefined;
  // Nothing is made from what a plan has peeked at: it may be damaged, and then its step builds it again.
  for (const step of steps) step.forget();

  const run = async (step: Step<unknown>): Promise<void> => {
    try {
      const record = await step.run({ ...runtime, signal });
      records.set(step, record);
      if (!record.cached) history.note(step.id, record.durationMs);
    } catch (error) {
      failed ??= new StepError(step.id, error);
      others.abort();
    } finally {
      running.delete(step);
    }
  };

  const isOver = (): boolean => failed !== undefined || runtime.signal.aborted || waiting.length === 0;
  while (running.size > 0 || !isOver()) {
    const next = isOver() ? undefined : await nextToStart(waiting, [...running.keys()], runtime.host.system.cpuCount);
    // One may have failed while the others were asked.
    if (next !== undefined && !isOver()) {
      waiting.splice(waiting.indexOf(next), 1);
      running.set(next, run(next));
    } else if (running.size > 0) {
      await Promise.race(running.values());
    }
    // Otherwise the last one that ran has ended while the others were asked, and they are asked again.
  }
  if (failed !== undefined) throw failed;
  runtime.signal.throwIfAborted();
  return steps.flatMap((step) => records.get(step) ?? []);
}
