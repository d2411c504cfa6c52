import { Fault } from '../../host/fault.ts';
import type { Argv, RunResult } from '../../host/host.ts';
import { interrupted, untilAborted } from '../../host/abort.ts';
import type { ContainerSpec } from '../place.ts';
import type { WorkloadContext } from './workload.ts';
import { commandFailed, daemonFailed, mustRun } from './failing.ts';
import { removeAnyway, settle, type Worker } from './worker.ts';

/** Does nothing until it is killed; the work comes in through `exec`. */
export const IDLE: Argv = ['sleep', 'infinity'];

/** Makes a file with the given path and text, folders included; both come as arguments. */
const WRITE_FILE = 'mkdir -p -- "$(dirname -- "$1")" && printf %s "$2" > "$1"';

type IdleOptions = Pick<ContainerSpec, 'network' | 'volumes' | 'env'> & {
  /** Whose image it gets; default: the role's own. */
  readonly image?: string;
};

/** A command in a container that has ended well. */
export interface Step {
  readonly ran: RunResult;
  /** From the exec request to the exit, seconds on drydock's clock. */
  readonly seconds: number;
}

/** A program in a container that is ready and goes on. */
export interface Server {
  /** Settles when it has ended, however. @throws Fault `interrupted` */
  ended(): Promise<void>;
}

/** One workload on its way: its own time line, its containers, the commands in them. */
export interface Execution {
  elapsedSec(): number;
  mark(label: string, role?: string): void;
  /** An idle container with the role's name, started and watched. Disposing of it is the caller's: `await using`. */
  idle(role: string, options: IdleOptions): Promise<Worker>;
  /** @throws Fault with the container's last words when the command fails, the container ends or the run is interrupted */
  step(worker: Worker, label: string, command: Argv): Promise<Step>;
  writeFile(worker: Worker, path: string, text: string): Promise<void>;
  /** Starts a program and waits for a line that says it is ready. It ends by itself or with its container. */
  serve(worker: Worker, label: string, command: Argv, ready: RegExp): Promise<Server>;
}

/** The tag of a role's image. @throws Fault `unavailable` when the caller gave none */
export function imageOf(context: WorkloadContext, role: string): string {
  const image = context.images[role];
  if (image !== undefined) return image;
  throw new Fault({
    kind: 'unavailable',
    headline: `There is no container image for the role ${role}`,
    hint: `Images in this run: ${Object.keys(context.images).join(', ') || 'none'}.`,
  });
}

/** Begins the sentence of an interruption. */
const A_WORKLOAD = 'A workload';

/** @throws Fault `interrupted` */
export function throwIfInterrupted(signal: AbortSignal): void {
  if (signal.aborted) throw interrupted(A_WORKLOAD);
}

/** What `work` comes to, unless the run is interrupted first; the containers' disposal then ends the work. */
const unlessInterrupted = <T>(signal: AbortSignal, work: Promise<T>): Promise<T> =>
  untilAborted(work, signal, A_WORKLOAD);

/** What the commands of one workload share. */
interface TimeLine {
  readonly context: WorkloadContext;
  readonly elapsedSec: () => number;
  readonly mark: (label: string, role?: string) => void;
}

function startTimeLine(context: WorkloadContext): TimeLine {
  const { clock } = context;
  const beginSec = clock.monotonicSec();
  const elapsedSec = (): number => clock.monotonicSec() - beginSec;
  return {
    context,
    elapsedSec,
    mark(label, role) {
      context.event({ atSec: elapsedSec(), label, ...(role === undefined ? {} : { container: role }) });
    },
  };
}

/** Runs a command in the worker's container; it and its lines go into the workload's log. */
async function exec(
  context: WorkloadContext,
  { role, container }: Worker,
  command: Argv,
  onLine?: (line: string) => void,
): Promise<RunResult> {
  context.log(`${role}$ ${command.join(' ')}`);
  return await container.exec(command, {
    onLine: (line) => {
      context.log(line);
      onLine?.(line);
    },
  });
}

/** An error of the daemon is reported as the container's end if that caused it. */
async function finished<T>(signal: AbortSignal, worker: Worker, label: string, work: Promise<T>): Promise<T> {
  try {
    return await unlessInterrupted(signal, work);
  } catch (error) {
    throw error instanceof Fault ? await daemonFailed(worker, label, error) : error;
  }
}

async function startIdle(
  { context, mark }: TimeLine,
  role: string,
  { image = role, ...options }: IdleOptions,
): Promise<Worker> {
  const { place, sampler, signal } = context;
  throwIfInterrupted(signal);
  const spec: ContainerSpec = { name: role, image: imageOf(context, image), command: IDLE, ...options };
  const container = await place.engine.create(spec);
  try {
    await container.start();
    mark('start', role);
    const { pid } = await container.inspect();
    const worker: Worker = {
      role,
      container,
      settled: () => unlessInterrupted(signal, settle(place, container, pid)),
      [Symbol.asyncDispose]: () => container[Symbol.asyncDispose](),
    };
    if (pid === 0) await mustRun(worker, 'right after its start');
    await sampler.watch(role, { id: container.id, pid });
    return worker;
  } catch (error) {
    await removeAnyway(container, role, (line) => {
      context.log(line);
    });
    throw error;
  }
}

async function runStep({ context, mark }: TimeLine, worker: Worker, label: string, command: Argv): Promise<Step> {
  const { clock, signal } = context;
  context.progress(label);
  mark(`${label} begin`, worker.role);
  const startSec = clock.monotonicSec();
  const ran = await finished(signal, worker, label, exec(context, worker, command));
  const seconds = clock.monotonicSec() - startSec;
  mark(`${label} end`, worker.role);
  if (ran.exitCode !== 0) throw await commandFailed(worker, label, ran);
  return { ran, seconds };
}

async function writeFile(context: WorkloadContext, worker: Worker, path: string, text: string): Promise<void> {
  const label = `writing ${path}`;
  const command: Argv = ['sh', '-c', WRITE_FILE, 'sh', path, text];
  const ran = await finished(context.signal, worker, label, exec(context, worker, command));
  if (ran.exitCode !== 0) throw await commandFailed(worker, label, ran);
}

async function serve(
  context: WorkloadContext,
  worker: Worker,
  label: string,
  command: Argv,
  ready: RegExp,
): Promise<Server> {
  const { signal } = context;
  let isReady: (() => void) | undefined;
  const told = new Promise<undefined>((resolve) => {
    isReady = () => {
      resolve(undefined);
    };
  });
  const work = exec(context, worker, command, (line) => {
    if (ready.test(line)) isReady?.();
  });
  const ended = work.then(
    () => undefined,
    // Its container was removed under it, or the daemon is gone; then the client fails, too, and says so.
    () => undefined,
  );
  const early = await finished(signal, worker, label, Promise.race([told, work]));
  if (early !== undefined) throw await commandFailed(worker, label, early);
  return { ended: () => unlessInterrupted(signal, ended) };
}

/** Begins a workload's time line at this instant. */
export function beginExecution(context: WorkloadContext): Execution {
  const line = startTimeLine(context);
  return {
    elapsedSec: line.elapsedSec,
    mark: line.mark,
    idle: (role, options) => startIdle(line, role, options),
    step: (worker, label, command) => runStep(line, worker, label, command),
    writeFile: (worker, path, text) => writeFile(context, worker, path, text),
    serve: (worker, label, command, ready) => serve(context, worker, label, command, ready),
  };
}
