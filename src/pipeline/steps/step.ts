import path from 'node:path';
import { Fault } from '../../host/fault.ts';
import type { Host } from '../../host/host.ts';
import { removeScratch } from '../../images/scratch.ts';
import type { Finding } from '../../model/finding.ts';
import type { Json } from '../../model/json.ts';
import type { StageRecord } from '../../model/record.ts';
import type { Folders, Stage } from '../../stages/stage.ts';
import type { Store } from '../../store/store.ts';
import type { Emit } from '../events/event.ts';

/** What every step runs with. */
export interface StepRuntime {
  readonly host: Host;
  readonly store: Store;
  readonly folders: Folders;
  readonly runDirectory: string;
  readonly signal: AbortSignal;
  readonly emit: Emit;
}

/** One stage of one run, with its place in the plan. */
export interface Step<Out> {
  readonly id: string;
  readonly stageName: string;
  readonly arm?: string;
  /** It is not run beside others. */
  readonly fillsMachine: boolean;
  /** The finished stage's output. Throws while there is none. */
  output(): Out;
  /** Whether everything that it is made from is there. */
  isReady(): Promise<boolean>;
  /** Restores it from the store without verifying digests; `false` when it has to run. For plans. */
  peek(runtime: Pick<StepRuntime, 'store'>): Promise<boolean>;
  /** Drops what was peeked: from then on there is an output when the step has run, and not before. */
  forget(): void;
  run(runtime: StepRuntime): Promise<StageRecord>;
}

interface StepOptions<In extends Json, Out extends Json> {
  readonly stage: Stage<In, Out>;
  readonly arm?: string;
  /** Made from the outputs of earlier steps. */
  input(): In | Promise<In>;
  /** One line for people on what came out. */
  summary?(output: Out): string;
}

/** Thrown by a step's output when there is none yet. */
class NotYet extends Error {}

/**
 * Deletes scratch folders that killed runs left. The caller holds the lock for this prefix, so none is in use. A folder that
 * cannot be deleted stays.
 */
export async function removeLeftovers(host: Host, store: Store, scratchName: string): Promise<void> {
  for (const name of await host.files.list(store.workDir())) {
    if (!name.startsWith(`${scratchName}-`)) continue;
    await removeScratch(host, path.join(store.workDir(), name));
  }
}

/** One run of a step: what its stage is given, and under which fingerprint the store knows it. */
interface Attempt<In extends Json, Out extends Json> {
  readonly id: string;
  readonly stage: Stage<In, Out>;
  readonly runtime: StepRuntime;
  readonly input: In;
  /** What the fingerprint is made of. */
  readonly inputs: Json;
  readonly fingerprint: string;
  readonly startedSec: number;
  /** Keeps the output and tells of it. */
  readonly finish: (output: Out, cached: boolean) => StageRecord;
}

function fingerprintInputs<In extends Json>(stage: Pick<Stage<In, Json>, 'name' | 'version'>, input: In): Json {
  return { stage: stage.name, version: stage.version, input };
}

function millisecondsSince({ clock }: Host, startedSec: number): number {
  return Math.round((clock.monotonicSec() - startedSec) * 1000);
}

/** Adds the log to a failure that names none. */
async function withLog(host: Host, error: unknown, logPath: string): Promise<unknown> {
  if (!(error instanceof Fault) || error.failure.logPath !== undefined) return error;
  if ((await host.files.stat(logPath)) === undefined) return error;
  return new Fault({ ...error.failure, logPath }, { cause: error });
}

/** Runs the stage in a scratch folder of its own. */
async function runStage<In extends Json, Out extends Json>(
  { id, stage, input }: Pick<Attempt<In, Out>, 'id' | 'stage' | 'input'>,
  runtime: StepRuntime,
  scratchName: string,
): Promise<Out> {
  const { host, store, emit } = runtime;
  const logPath = path.join(runtime.runDirectory, 'logs', `${id.replace(':', '-')}.log`);
  await host.files.makeDirectory(path.dirname(logPath));
  const workDir = await host.files.makeTempDirectory(store.workDir(), `${scratchName}-`);
  try {
    const result = await stage.run(input, {
      host,
      store,
      signal: runtime.signal,
      workDir,
      logPath,
      folders: runtime.folders,
      progress: (progress) => {
        emit({ type: 'step-progress', id, ...progress });
      },
      finding: (finding) => {
        emit({ type: 'finding', id, finding });
      },
    });
    return stage.output.parse(result);
  } catch (error) {
    throw await withLog(host, error, logPath);
  } finally {
    // What cannot be removed (files of a user namespace) must not hide how the stage ended.
    await host.files.remove(workDir).catch(() => undefined);
  }
}

/** Takes what the store has under the fingerprint, with its findings; `undefined` when it has nothing. */
async function restore<In extends Json, Out extends Json>(attempt: Attempt<In, Out>): Promise<StageRecord | undefined> {
  const { id, stage, fingerprint, finish } = attempt;
  const { store, emit } = attempt.runtime;
  const known = await store.restore(fingerprint);
  if (known === undefined) return undefined;
  for (const finding of known.findings) emit({ type: 'finding', id, finding });
  return finish(stage.output.parse(known.output), true);
}

/**
 * Runs the stage and records its output and findings in the store. The caller holds the fingerprint's lock.
 *
 * @param lost aborts when the lock is lost
 */
async function make<In extends Json, Out extends Json>(
  attempt: Attempt<In, Out>,
  lost: AbortSignal,
): Promise<StageRecord> {
  const { stage, runtime, inputs, fingerprint, startedSec, finish } = attempt;
  const { host, store, emit } = runtime;
  const signal = AbortSignal.any([runtime.signal, lost]);
  const scratchName = `${stage.name}-${fingerprint.slice(0, 12)}`;
  await removeLeftovers(host, store, scratchName);
  const findings: Finding[] = [];
  const noticing: Emit = (event) => {
    if (event.type === 'finding') findings.push(event.finding);
    emit(event);
  };
  const output = await runStage(attempt, { ...runtime, signal, emit: noticing }, scratchName).catch(
    (error: unknown) => {
      // Whatever the abort looked like from inside, this is why it came.
      lost.throwIfAborted();
      throw error;
    },
  );
  await store.record({
    fingerprint,
    inputs,
    output,
    findings,
    durationMs: millisecondsSince(host, startedSec),
    finishedAt: new Date(host.clock.nowMs()).toISOString(),
  });
  return finish(output, false);
}

/** Restores the output, or makes it under the fingerprint's lock: another run may build the same thing. */
async function restoreOrMake<In extends Json, Out extends Json>(attempt: Attempt<In, Out>): Promise<StageRecord> {
  const { store, emit, signal } = attempt.runtime;
  const known = await restore(attempt);
  if (known !== undefined) return known;
  const onWait = (holder: string): void => {
    emit({
      type: 'step-progress',
      id: attempt.id,
      message: `waiting for ${holder}, which builds the same thing`,
    });
  };
  await using lock = await store.lock(attempt.fingerprint, onWait, signal);
  return (await restore(attempt)) ?? (await make(attempt, lock.lost));
}

/** Ties a stage to where its input comes from. */
export function defineStep<In extends Json, Out extends Json>(options: StepOptions<In, Out>): Step<Out> {
  const { stage } = options;
  const arm = options.arm === undefined ? {} : { arm: options.arm };
  const id = options.arm === undefined ? stage.name : `${stage.name}:${options.arm}`;
  let done: { readonly output: Out } | undefined;

  return {
    id,
    stageName: stage.name,
    ...arm,
    fillsMachine: stage.fillsMachine === true,

    output() {
      if (done === undefined) throw new NotYet(`${id} has not run`);
      return done.output;
    },

    async isReady() {
      try {
        await options.input();
        return true;
      } catch (error) {
        // Anything else is for the run of it to say.
        return !(error instanceof NotYet);
      }
    },

    async peek({ store }) {
      if (stage.cache === 'never') return false;
      try {
        const action = await store.restore(store.fingerprint(fingerprintInputs(stage, await options.input())));
        if (action === undefined) return false;
        done = { output: stage.output.parse(action.output) };
        return true;
      } catch (error) {
        if (error instanceof NotYet) return false;
        throw error;
      }
    },

    forget() {
      done = undefined;
    },

    async run(runtime) {
      const { host, store, emit } = runtime;
      const startedSec = host.clock.monotonicSec();
      const input = await options.input();
      const inputs = fingerprintInputs(stage, input);
      const fingerprint = store.fingerprint(inputs);
      const finish = (output: Out, cached: boolean): StageRecord => {
        done = { output };
        const durationMs = millisecondsSince(host, startedSec);
        const summary = options.summary?.(output);
        const told = summary === undefined ? {} : { summary };
        emit({ type: 'step-finished', id, fingerprint, cached, durationMs, ...told });
        return { name: stage.name, ...arm, cached, durationMs, fingerprint };
      };
      const attempt = { id, stage, runtime, input, inputs, fingerprint, startedSec, finish };
      emit({ type: 'step-started', id, fingerprint });
      if (stage.cache === 'never') return finish(await runStage(attempt, runtime, stage.name), false);
      return restoreOrMake(attempt);
    },
  };
}
