import { readdir, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { createFiles } from '../../src/host/files.ts';
import type { FakeCall, Hold } from '../support/rig/control.ts';
import { createRig } from '../support/rig/rig.ts';
import type { Drydock, Rig } from '../support/rig/rig.ts';
import type { TerminalCommand } from '../support/rig/terminal.ts';

const STOCK_ALONE = { stock: { role: 'baseline', kernel: 'stock', initrd: 'stock' } };

/** Where a run is caught: every program that the image build waits for in turn, and a boot. */
interface Caught {
  /** Settles when the run is there. */
  readonly hold: Hold<unknown>;
  /** The fake program that runs then. */
  readonly call: Promise<FakeCall>;
}
const PHASES: readonly (readonly [string, (rig: Rig) => Caught])[] = [
  ...['mmdebstrap', 'chroot', 'mke2fs', 'qemu-img'].map((program): readonly [string, (rig: Rig) => Caught] => [
    program,
    (rig) => {
      const hold = rig.holdCall(program, ({ args }) => args[0] !== '--unshare-helper' && !args.includes('-V'));
      return { hold, call: hold.reached };
    },
  ]),
  [
    'a measured boot',
    (rig) => {
      const hold = rig.holdBoot((boot) => boot.measured !== undefined);
      return { hold, call: hold.reached.then(({ call }) => call) };
    },
  ],
];

async function nothingLeft(rig: Rig): Promise<void> {
  expect(await rig.locks()).toEqual([]);
  expect(await readdir(path.join(rig.cache, 'work'))).toEqual([]);
}

/** The machine's mounts below the rig. */
const mountsOf = (rig: Rig) => createFiles().mountsBelow(rig.folder);

/** Enough where every phase has been tried in another way. */
const FIRST_AND_LAST = PHASES.filter((_, index) => index === 0 || index === PHASES.length - 1);

/** A drydock that can be waited for. */
type Run = Pick<TerminalCommand, 'ended' | 'until'>;
type End = Awaited<Run['ended']>;

/** Catches one run after the other, each going on where the last was stopped, and lets the last one finish. */
async function interruptEverywhere<R extends Run>(
  rig: Rig,
  start: (args: readonly string[]) => R,
  interrupt: (run: R, call: FakeCall) => Promise<void> | void,
  after: (ended: End, phase: string) => Promise<void>,
  phases = PHASES,
): Promise<void> {
  let args = ['run', '--profile', await rig.profile(STOCK_ALONE), '--boots', '1', '--accel', 'tcg'];
  for (const [phase, catchIn] of phases) {
    const caught = catchIn(rig);
    const run = start(args);
    await run.until(caught.hold);
    const call = await caught.call;
    await interrupt(run, call);
    const ended = await run.ended;
    await call.gone;
    expect(await mountsOf(rig), phase).toEqual([]);
    await after(ended, phase);
    args = ['resume', await rig.runDirectory()];
  }
  const last = await start(args).ended;
  expect(last.code, last.shown).toBe(0);
  const record: unknown = JSON.parse(await readFile(path.join(await rig.runDirectory(), 'record.json'), 'utf8'));
  expect(record).toMatchObject({ boots: [{ arm: 'stock' }] });
  await nothingLeft(rig);
}

async function stoppedInOrder(rig: Rig, { code, shown }: End, phase: string): Promise<void> {
  expect(code, `${phase}: ${shown}`).toBe(130);
  expect((await rig.journal()).at(-1), phase).toMatchObject({ type: 'run-failed', failure: { kind: 'interrupted' } });
  await nothingLeft(rig);
}

async function saysHowToGoOn(rig: Rig, ended: End, phase: string): Promise<void> {
  await stoppedInOrder(rig, ended, phase);
  expect(ended.shown, phase).toContain(`resume: npm run drydock -- resume ${await rig.runDirectory()}`);
}

/** A person's second press; a signal that comes sooner is npm's copy of the first. */
const NEXT_PRESS_MS = 350;

describe.concurrent('on a terminal', () => {
  test('Ctrl-C stops a run in order in every phase, and the resume command that it shows finishes', async () => {
    await using rig = await createRig();
    const press = (run: TerminalCommand): void => {
      run.pressCtrlC();
    };
    const after = (ended: End, phase: string): Promise<void> => saysHowToGoOn(rig, ended, phase);
    await interruptEverywhere(rig, (args) => rig.onTerminal(args), press, after);
  });

  test('a second Ctrl-C kills what does not end by itself, and cleans up all the same', async () => {
    await using rig = await createRig();
    const pressTwice = async (run: TerminalCommand, call: FakeCall): Promise<void> => {
      await call.ignoreTerm();
      run.pressCtrlC();
      await run.shows('Press Ctrl-C again to kill what still runs.');
      await setTimeout(NEXT_PRESS_MS);
      run.pressCtrlC();
    };
    const after = (ended: End, phase: string): Promise<void> => saysHowToGoOn(rig, ended, phase);
    await interruptEverywhere(rig, (args) => rig.onTerminal(args), pressTwice, after);
  });

  test('that closes, a run stops in order when a build and when a boot is under way, and can be resumed', async () => {
    await using rig = await createRig();
    const close = (run: TerminalCommand): void => {
      run.close();
    };
    const after = (ended: End, phase: string): Promise<void> => stoppedInOrder(rig, ended, phase);
    await interruptEverywhere(rig, (args) => rig.onTerminal(args), close, after, FIRST_AND_LAST);
  });

  test('one Ctrl-C through npm counts once, although npm passes it on as well', async () => {
    await using rig = await createRig();
    const hold = rig.holdCall('mmdebstrap');
    const profile = await rig.profile(STOCK_ALONE);
    const run = rig.onTerminal(['run', '--profile', profile, '--boots', '1', '--accel', 'tcg'], { throughNpm: true });
    await run.until(hold);
    run.pressCtrlC();
    const ended = await run.ended;
    expect(ended.shown).toContain('Stopping (SIGINT)');
    expect(ended.shown).not.toContain('Killing what still runs');
    await saysHowToGoOn(rig, ended, 'through npm');
  });
});

/** A drydock whose output goes into pipes. */
function signalled(rig: Rig, args: readonly string[]): Run & Pick<Drydock, 'kill'> {
  const run = rig.drydock(...args);
  return {
    ...run,
    ended: run.ended.then(({ code, stdout, stderr }) => ({ code: code ?? -1, shown: stdout + stderr })),
  };
}

describe.concurrent('without a terminal', () => {
  test('SIGTERM stops a run in order when a build and when a boot is under way', async () => {
    await using rig = await createRig();
    const start = (args: readonly string[]) => signalled(rig, args);
    const send = (run: Pick<Drydock, 'kill'>): void => {
      run.kill('SIGTERM');
    };
    const after = (ended: End, phase: string): Promise<void> => saysHowToGoOn(rig, ended, phase);
    await interruptEverywhere(rig, start, send, after, FIRST_AND_LAST);
  });

  test('SIGTERM lets an installation of packages come to its end', async () => {
    await using rig = await createRig();
    await rm(path.join(rig.bin, 'spatch'));
    const fetches = rig.holdCall('apt-get', ({ args }) => args.includes('--download-only'));
    const installs = rig.holdCall(
      'apt-get',
      ({ args }) => args.includes('install') && !args.includes('--download-only'),
    );
    const updates = rig.holdCall('apt-get', ({ args }) => args.includes('update'));
    const run = rig.drydock('run', '--profile', await rig.profile(STOCK_ALONE), '--boots', '1', '--accel', 'tcg');
    (await run.until(updates)).exit(0);
    (await run.until(fetches)).exit(0);
    const install = await run.until(installs);
    run.kill('SIGTERM');
    await run.says('Stopping (SIGTERM)');
    install.exit(0);
    const { code, stderr } = await run.ended;
    expect(code).toBe(130);
    expect(stderr).toContain(`resume: npm run drydock -- resume ${await rig.runDirectory()}`);
    await nothingLeft(rig);
  });

  test('a second and a third signal end what the first is still waiting for', async () => {
    await using rig = await createRig();
    const hold = rig.holdCall('mmdebstrap');
    const run = rig.drydock('run', '--profile', await rig.profile(STOCK_ALONE), '--boots', '1', '--accel', 'tcg');
    const call = await run.until(hold);
    await call.ignoreTerm();
    run.kill('SIGTERM');
    await run.says('Stopping (SIGTERM)');
    await setTimeout(NEXT_PRESS_MS);
    run.kill('SIGTERM');
    await run.says('Killing what still runs');
    const { code } = await run.ended;
    expect(code).toBe(130);
    await call.gone;
    await nothingLeft(rig);
  });

  test('a signal that comes while drydock loads ends it with the same exit code, and nothing is made', async () => {
    await using rig = await createRig();
    const run = rig.drydock('run', '--profile', await rig.profile(STOCK_ALONE), '--boots', '1', '--accel', 'tcg');
    await run.listens();
    run.kill('SIGTERM');
    const { code, stderr } = await run.ended;
    expect(code, stderr).toBe(130);
    const runs = await readdir(rig.results).catch(() => []);
    // It may have got so far on a quick machine; then it says how to go on.
    if (runs.length > 0) expect(stderr).toContain('resume: npm run drydock -- resume');
    else expect(stderr).toContain('Interrupted before the run began');
  });

  // Its locks go stale by the clock, so this test mostly waits.
  test('SIGKILL in any phase leaves no process and no mount; the resumed run removes the rest and finishes', async () => {
    await using rig = await createRig();
    const start = (args: readonly string[]) => signalled(rig, args);
    const kill = (run: Pick<Drydock, 'kill'>): void => {
      run.kill('SIGKILL');
    };
    await interruptEverywhere(rig, start, kill, async ({ code }) => {
      expect(code).toBe(-1);
      await Promise.resolve();
    });
  });
});
