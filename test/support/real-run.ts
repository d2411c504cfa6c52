import { spawn } from 'node:child_process';
import { mkdtemp, readdir, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { expect } from 'vitest';
import { createFiles } from '../../src/host/files.ts';
import { drydockMain, REPOSITORY } from './drydock-main.ts';
import { startOnTerminal } from './rig/terminal.ts';

/** An instant of a real run at which a test interrupts it. */
export interface Phase {
  readonly name: string;
  isReached(run: { readonly cache: string; readonly results: string }): Promise<boolean>;
}

async function firstFolder(folder: string, prefix: string): Promise<string | undefined> {
  const names = await readdir(folder).catch(() => []);
  const found = names.find((name) => name.startsWith(prefix));
  return found === undefined ? undefined : path.join(folder, found);
}

/** mmdebstrap's own words, in the image stage's log since it began anew. */
const logged = (words: string): Phase => ({
  name: words,
  async isReached({ results }) {
    const run = await firstFolder(results, '2');
    const log = run === undefined ? '' : await readFile(path.join(run, 'logs/image.log'), 'utf8').catch(() => '');
    return log.slice(log.lastIndexOf('automatically chosen')).includes(words);
  },
});

/** A file that the image stage makes in its scratch folder. */
const made = (file: string): Phase => ({
  name: file,
  async isReached({ cache }) {
    const scratch = await firstFolder(path.join(cache, 'work'), 'image-');
    return scratch !== undefined && (await readdir(scratch)).includes(file);
  },
});

/** Every phase of an image build that takes long enough to be caught, and a boot of the finished image. */
export const PHASES: readonly Phase[] = [
  logged('downloading packages'),
  logged('extracting archives'),
  logged('installing essential packages'),
  logged('installing remaining packages'),
  logged('creating tarball'),
  made('root'),
  made('disk.img'),
  made('disk.qcow2'),
  {
    name: 'a boot',
    async isReached({ results }) {
      const run = await firstFolder(results, '2');
      const boot = run === undefined ? undefined : await firstFolder(path.join(run, 'boots'), 'boot-');
      return boot !== undefined && (await readFile(path.join(boot, 'console.log'), 'utf8').catch(() => '')) !== '';
    },
  },
];

/** How a run is interrupted. */
export type Way = 'SIGKILL' | 'SIGTERM' | 'SIGHUP' | 'Ctrl-C twice';

/** A real drydock with a cache and a results folder of its own, which is interrupted and resumed. */
export interface RealRun extends AsyncDisposable {
  /** Starts or resumes the run, interrupts it in a phase, and checks what it leaves. */
  interrupt(phase: Phase, way: Way): Promise<void>;
  /** Resumes it to its end. */
  finish(): Promise<void>;
}

const hostMounts = (): Promise<string> => readFile('/proc/self/mountinfo', 'utf8');
const EXIT_CODES: Readonly<Record<Way, number>> = { SIGKILL: 137, SIGTERM: 130, SIGHUP: 130, 'Ctrl-C twice': 130 };
/** A person's second press; a signal that comes sooner is npm's copy of the first. */
const NEXT_PRESS_MS = 350;

export async function createRealRun(): Promise<RealRun> {
  const folder = await mkdtemp(path.join(tmpdir(), 'drydock-interrupted-'));
  const [cache, results] = [path.join(folder, 'cache'), path.join(folder, 'results')];
  const environment = { PATH: process.env.PATH ?? '', HOME: process.env.HOME ?? '/root', DRYDOCK_CACHE: cache };
  let terminals = 0;

  const command = async (): Promise<readonly string[]> => {
    const run = await firstFolder(results, '2');
    const asked = run === undefined ? ['run', '--profile', 'smoke', '--boots', '1', '--accel', 'tcg'] : ['resume', run];
    return [process.execPath, ...drydockMain(), ...asked, '--results-dir', results];
  };

  const onTerminal = async () => {
    terminals += 1;
    const codeFile = path.join(folder, `exit-code-${String(terminals)}`);
    return startOnTerminal(await command(), { cwd: REPOSITORY, environment, codeFile });
  };

  const inPipes = async () => {
    const [program = '', ...args] = await command();
    const child = spawn(program, args, { cwd: REPOSITORY, env: environment, stdio: ['ignore', 'pipe', 'pipe'] });
    let shown = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        shown += text;
      });
    }
    const ended = new Promise<{ code: number; shown: string }>((resolve) => {
      child.once('close', (code) => {
        resolve({ code: code ?? 137, shown });
      });
    });
    return { ended, kill: (signal: NodeJS.Signals) => child.kill(signal) };
  };

  /** Nobody tells of a phase, so this has to look. */
  const reach = async (phase: Phase, ended: Promise<{ readonly shown: string }>): Promise<void> => {
    const over = new AbortController();
    const tooSoon = ended.then(({ shown }) => {
      if (!over.signal.aborted) throw new Error(`the run ended before ${phase.name}:\n${shown}`);
    });
    tooSoon.catch(() => undefined);
    while (!(await phase.isReached({ cache, results }))) await Promise.race([setTimeout(20), tooSoon]);
    over.abort();
  };

  const locks = async (): Promise<readonly string[]> =>
    (await readdir(folder, { recursive: true })).filter((file) => /\.(lock|holder)$/.test(file));
  const scratch = async (): Promise<readonly string[]> =>
    (await readdir(path.join(cache, 'work'))).filter((name) => name !== 'trees');

  return {
    async interrupt(phase, way) {
      const before = await hostMounts();
      let end: { readonly code: number; readonly shown: string };
      if (way === 'Ctrl-C twice') {
        const run = await onTerminal();
        await reach(phase, run.ended);
        run.pressCtrlC();
        // What ends at once needs no second press.
        await Promise.race([run.shows('Press Ctrl-C again').then(() => setTimeout(NEXT_PRESS_MS)), run.ended]);
        run.pressCtrlC();
        end = await run.ended;
      } else {
        const run = await inPipes();
        await reach(phase, run.ended);
        run.kill(way);
        end = await run.ended;
      }
      const what = `${way} in ${phase.name}: ${end.shown}`;
      expect(end.code, what).toBe(EXIT_CODES[way]);
      expect(await hostMounts(), what).toBe(before);
      if (way === 'SIGKILL') return;
      expect(end.shown, what).toContain(
        `resume: npm run drydock -- resume ${(await firstFolder(results, '2')) ?? '-'}`,
      );
      expect(await locks(), what).toEqual([]);
      expect(await scratch(), what).toEqual([]);
    },
    async finish() {
      const before = await hostMounts();
      const { code, shown } = await (await inPipes()).ended;
      expect(code, shown).toBe(0);
      expect(await hostMounts()).toBe(before);
      expect(await locks()).toEqual([]);
      expect(await scratch()).toEqual([]);
    },
    async [Symbol.asyncDispose]() {
      // Refuses a folder with a mount below it: a test that finds one must not delete what is mounted there.
      await createFiles().remove(folder);
    },
  };
}
