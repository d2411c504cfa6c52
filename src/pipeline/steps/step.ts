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

/** Ties a stage to where its input comes from. */
export function defineStep<In extends Json, Out extends Json>(options: StepOptions<In, Out>): Step<Out> {
  const { stage, arm } = options;
  const id = arm === undefined ? stage.name : `${stage.name}:${arm}`;
  let done: { readonly output: Out } | undefined;

  const fingerprintInputs = (input: In): Json => ({ stage: stage.name, version: stage.version, input });

  const output = (): Out => {
    if (done === undefined) throw new NotYet(`${id} has not run`);
    return done.output;
  };

  const execute = async (input: In, runtime: StepRuntime, scratchName: string): Promise<Out> => {
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
      if (
        error instanceof Fault &&
        error.failure.logPath === undefined &&
        (await host.files.stat(logPath)) !== undefined
      ) {
        throw new Fault({ ...error.failure, logPath }, { cause: error });
      }
      throw error;
    } finally {
      // What cannot be removed (files of a user namespace) must not hide how the stage ended.
      await host.files.remove(workDir).catch(() => undefined);
    }
  };

  return {
    id,
    stageName: stage.name,
    ...(arm === undefined ? {} : { arm }),
    fillsMachine: stage.fillsMachine === true,
    output,

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
        const action = await store.restore(store.fingerprint(fingerprintInputs(await options.input())));
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
      const inputs = fingerprintInputs(input);
      const fingerprint = store.fingerprint(inputs);
      const finish = (result: Out, cached: boolean): StageRecord => {
        done = { output: result };
        const durationMs = Math.round((host.clock.monotonicSec() - startedSec) * 1000);
        const summary = options.summary?.(result);
        emit({
          type: 'step-finished',
          id,
          fingerprint,
          cached,
          durationMs,
          ...(summary === undefined ? {} : { summary }),
        });
        return { name: stage.name, ...(arm === undefined ? {} : { arm }), cached, durationMs, fingerprint };
      };

      emit({ type: 'step-started', id, fingerprint });
      if (stage.cache === 'never') return finish(await execute(input, runtime, stage.name), false);

      const restore = async (): Promise<StageRecord | undefined> => {
        const known = await store.restore(fingerprint);
        if (known === undefined) return undefined;
        for (const finding of known.findings) emit({ type: 'finding', id, finding });
        return finish(stage.output.parse(known.output), true);
      };
      const known = await restore();
      if (known !== undefined) return known;
      const onWait = (holder: string): void => {
        emit({ type: 'step-progress', id, message: `waiting for ${holder}, which builds the same thing` });
      };
      await using lock = await store.lock(fingerprint, onWait, runtime.signal);
      const meanwhile = await restore();
      if (meanwhile !== undefined) return meanwhile;
      const signal = AbortSignal.any([runtime.signal, lock.lost]);
      const scratchName = `${stage.name}-${fingerprint.slice(0, 12)}`;
      await removeLeftovers(host, store, scratchName);
      const findings: Finding[] = [];
      const noticing: Emit = (event) => {
        if (event.type === 'finding') findings.push(event.finding);
        emit(event);
      };
      const result = await execute(input, { ...runtime, signal, emit: noticing }, scratchName).catch(
        (error: unknown) => {
          // Whatever the abort looked like from inside, this is why it came.
          lock.lost.throwIfAborted();
          throw error;
        },
      );
      await store.record({
        fingerprint,
        inputs,
        output: result,
        findings,
        durationMs: Math.round((host.clock.monotonicSec() - startedSec) * 1000),
        finishedAt: new Date(host.clock.nowMs()).toISOString(),
      });
      return finish(result, false);
    },
  };
}
