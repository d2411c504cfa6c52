import { setImmediate } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { createHost } from '../../src/host/node-host.ts';
import type { StageRecord } from '../../src/model/record.ts';
import { runSteps, StepError } from '../../src/pipeline/steps/run-steps.ts';
import type { Step, StepRuntime } from '../../src/pipeline/steps/step.ts';
import { openStore } from '../../src/store/store.ts';

const realHost = createHost();

interface Played {
  readonly step: Step<unknown>;
  /** Settles when the step has been started. */
  readonly started: Promise<void>;
  isRunning(): boolean;
  finish(): void;
  fail(error: Error): void;
}

interface Part {
  readonly after?: readonly string[];
  readonly fillsMachine?: boolean;
  readonly cached?: boolean;
}

function deferred() {
  let resolve: () => void = () => undefined;
  let reject: (error: Error) => void = () => undefined;
  const promise = new Promise<void>((onEnd, onFail) => {
    resolve = onEnd;
    reject = onFail;
  });
  return { promise, resolve, reject };
}

/** Steps that end when the test says so, or when they are aborted. */
function play(parts: Readonly<Record<string, Part>>) {
  const done = new Set<string>();
  /** What happened, in order: `+a` and `-a`. */
  const story: string[] = [];
  const played = new Map<string, Played>();
  for (const [id, { after = [], fillsMachine = false, cached = false }] of Object.entries(parts)) {
    const started = deferred();
    const end = deferred();
    const missing = (): string | undefined => after.find((one) => !done.has(one));
    let isRunning = false;
    const step: Step<unknown> = {
      id,
      stageName: id,
      fillsMachine,
      output: () => undefined,
      isReady: () => Promise.resolve(missing() === undefined),
      peek() {
        done.add(id);
        return Promise.resolve(true);
      },
      forget: () => void done.delete(id),
      async run({ signal }): Promise<StageRecord> {
        if (missing() !== undefined) throw new Error(`${String(missing())} has not run`);
        story.push(`+${id}`);
        isRunning = true;
        started.resolve();
        signal.addEventListener('abort', () => {
          end.reject(new Error(`${id} was aborted`));
        });
        try {
          await end.promise;
          done.add(id);
          return { name: id, cached, durationMs: 7, fingerprint: id };
        } finally {
          isRunning = false;
          story.push(`-${id}`);
        }
      },
    };
    played.set(id, {
      step,
      started: started.promise,
      isRunning: () => isRunning,
      finish: end.resolve,
      fail: end.reject,
    });
  }
  const of = (id: string): Played => {
    const one = played.get(id);
    if (one === undefined) throw new Error(`There is no ${id}`);
    return one;
  };
  return { of, story, steps: [...played.values()].map(({ step }) => step) };
}

function machine(processors: number, signal = new AbortController().signal): StepRuntime {
  const host = { ...realHost, system: { ...realHost.system, cpuCount: processors } };
  return {
    host,
    store: openStore(host, '/nonexistent'),
    folders: { pipelines: '', guests: '' },
    runDirectory: '',
    signal,
    emit: () => undefined,
  };
}

function notes() {
  const noted: string[] = [];
  const history = {
    expectedMs: () => undefined,
    note: (id: string) => void noted.push(id),
    save: () => Promise.resolve(),
  };
  return { history, noted };
}

describe('the steps of a plan', () => {
  test('run side by side where none needs the other, one per processor, and are recorded in the order of the plan', async () => {
    const { of, steps, story } = play({
      image: {},
      kernel: { after: ['image'] },
      tools: { cached: true },
      packages: {},
    });
    const { history, noted } = notes();
    const running = runSteps(steps, machine(2), history);
    await Promise.all([of('image').started, of('tools').started]);
    expect(story).toEqual(['+image', '+tools']);
    of('tools').finish();
    await of('packages').started;
    of('image').finish();
    await of('kernel').started;
    expect(of('packages').isRunning()).toBe(true);
    of('packages').finish();
    of('kernel').finish();
    expect((await running).map(({ name }) => name)).toEqual(['image', 'kernel', 'tools', 'packages']);
    expect(noted.sort()).toEqual(['image', 'kernel', 'packages']);
  });

  test('are asked anew when the last one that ran ends while they are asked', async () => {
    const { of, steps, story } = play({ a: {}, b: { after: ['a'] } });
    let asked = 0;
    const [a, b] = [of('a').step, of('b').step];
    const late: Step<unknown> = {
      ...b,
      async isReady() {
        asked += 1;
        const was = await b.isReady();
        if (asked > 1) return was;
        of('a').finish();
        while (of('a').isRunning()) await setImmediate();
        await setImmediate();
        return was;
      },
    };
    const running = runSteps([a, late], machine(2), notes().history);
    await of('b').started;
    of('b').finish();
    expect(await running).toHaveLength(steps.length);
    expect(story).toEqual(['+a', '-a', '+b', '-b']);
  });

  test('wait for what was only peeked at', async () => {
    const { of, steps, story } = play({ source: {}, build: { after: ['source'] } });
    for (const step of steps) await step.peek({ store: machine(2).store });
    const running = runSteps(steps, machine(2), notes().history);
    await of('source').started;
    of('source').finish();
    await of('build').started;
    of('build').finish();
    await running;
    expect(story).toEqual(['+source', '-source', '+build', '-build']);
  });

  test('run one after another, in order, on one processor', async () => {
    const { of, steps, story } = play({ a: {}, b: {}, c: { after: ['a'] } });
    const running = runSteps(steps, machine(1), notes().history);
    for (const id of ['a', 'b', 'c']) {
      await of(id).started;
      of(id).finish();
    }
    await running;
    expect(story).toEqual(['+a', '-a', '+b', '-b', '+c', '-c']);
  });

  test('that fill the machine run alone, and are not overtaken by later ones while they wait for it', async () => {
    const { of, steps, story } = play({ a: {}, build: { fillsMachine: true }, b: {}, c: {} });
    const running = runSteps(steps, machine(4), notes().history);
    await of('a').started;
    of('a').finish();
    await of('build').started;
    expect(of('b').isRunning()).toBe(false);
    of('build').finish();
    await Promise.all([of('b').started, of('c').started]);
    of('b').finish();
    of('c').finish();
    await running;
    expect(story.slice(0, 4)).toEqual(['+a', '-a', '+build', '-build']);
  });

  test('are ended when one of them fails, which is told when nothing runs any more', async () => {
    const { of, steps, story } = play({ bad: {}, good: {}, later: {} });
    const running = runSteps(steps, machine(2), notes().history).then(
      () => undefined,
      (error: unknown) => error,
    );
    await of('good').started;
    of('bad').fail(new Error('no space'));
    const error = await running;
    expect(error).toBeInstanceOf(StepError);
    expect(error).toMatchObject({ stepId: 'bad', cause: { message: 'no space' } });
    expect(story).toEqual(['+bad', '+good', '-bad', '-good']);
  });

  test('do not begin any more when one fails while they are asked', async () => {
    const { of, story } = play({ bad: {}, later: {} });
    const later: Step<unknown> = {
      ...of('later').step,
      async isReady() {
        of('bad').fail(new Error('no space'));
        while (of('bad').isRunning()) await setImmediate();
        await setImmediate();
        return true;
      },
    };
    const running = runSteps([of('bad').step, later], machine(2), notes().history);
    await expect(running).rejects.toMatchObject({ stepId: 'bad' });
    expect(story).toEqual(['+bad', '-bad']);
  });

  test('are ended when the run is', async () => {
    const run = new AbortController();
    const { of, steps, story } = play({ a: {}, b: {} });
    const running = expect(runSteps(steps, machine(1, run.signal), notes().history)).rejects.toMatchObject({
      stepId: 'a',
    });
    await of('a').started;
    run.abort();
    await running;
    expect(story).toEqual(['+a', '-a']);
    await expect(runSteps(steps, machine(1, run.signal), notes().history)).rejects.toThrow('aborted');
  });

  test('that wait for one which the plan does not hold say which', async () => {
    const { steps } = play({ install: { after: ['image'] } });
    await expect(runSteps(steps, machine(2), notes().history)).rejects.toMatchObject({
      stepId: 'install',
      cause: { message: 'image has not run' },
    });
  });
});
