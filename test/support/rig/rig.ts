import { spawn } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import type { KeyPair } from '../../../src/host/host.ts';
import { createSsh } from '../../../src/host/ssh/ssh.ts';
import { bootEssentials } from '../../../src/kernel/config/boot-essentials.ts';
import { openControl } from './control.ts';
import type { FakeCall, Hold } from './control.ts';
import { createFakeQemu } from './fake-qemu.ts';
import type { FakeBoot } from './fake-qemu.ts';
import { useMadeImage } from './made-image.ts';
import { fakePrograms, makeGuestTar, PLAYED, SPOKEN } from './programs.ts';
import { startOnTerminal } from './terminal.ts';
import type { TerminalCommand } from './terminal.ts';
import { drydockMain, REPOSITORY } from '../drydock-main.ts';
import { catches } from '../processes.ts';
import type { Ended as EndedByItself } from '../drydock-main.ts';
import { expectNoWarnings } from '../node-warnings.ts';

const STUB = fileURLToPath(new URL('stub.pl', import.meta.url));
/** The only real programs on the rig's PATH. */
const REAL = ['sh', 'cat', 'find', 'install', 'ln', 'mkdir', 'rm', 'tar', 'cp', 'diff', 'unshare', 'mount', 'env'];

/** How a command of drydock ended, or was ended. */
export interface Ended extends EndedByItself {
  readonly signal: string | null;
}

/** A running drydock, the real command line in a process of its own. */
export interface Drydock {
  readonly ended: Promise<Ended>;
  /** What a hold has stopped; fails when drydock ends without getting there. */
  until<T>(hold: Hold<T>): Promise<T>;
  kill(signal: NodeJS.Signals): void;
  /** Settles when it has said these words on stderr. */
  says(words: string): Promise<void>;
  /** Settles when it has its listeners for signals, long before it does anything else. */
  listens(): Promise<void>;
}

const journalEntry = z.looseObject({ type: z.string(), id: z.string().optional(), cached: z.boolean().optional() });
export type JournalEntry = z.infer<typeof journalEntry>;
const finishedBoot = z.looseObject({
  type: z.literal('boot-finished'),
  summary: z.looseObject({ bootId: z.string() }),
});

/** A machine of fakes around the real drydock: its own PATH, cache, results and kernel source. */
export interface Rig extends AsyncDisposable {
  readonly folder: string;
  readonly cache: string;
  readonly results: string;
  readonly bin: string;
  readonly calls: readonly FakeCall[];
  readonly boots: readonly FakeBoot[];
  /** A profile file; unless told otherwise a stock arm against a kernel built from the rig's own source. */
  profile(arms?: Readonly<Record<string, unknown>>): Promise<string>;
  /** The kernel of the profile's candidate, to be varied. */
  readonly kernel: Readonly<Record<string, unknown>>;
  drydock(...args: readonly string[]): Drydock;
  /** The same command on a real pseudo-terminal, in a shell's foreground. */
  onTerminal(args: readonly string[], options?: { readonly throughNpm?: boolean }): TerminalCommand;
  /** Stops the next call of a fake program that matches, before it does anything. */
  holdCall(program: string, matches?: (call: FakeCall) => boolean): Hold<FakeCall>;
  /** Stops the next matching boot when its kernel is up, before the guest is ready. */
  holdBoot(matches?: (boot: FakeBoot) => boolean): Hold<FakeBoot>;
  /** Calls of one program, without those that only asked for its version. */
  callsOf(program: string): readonly FakeCall[];
  /** The one run in the results folder. */
  runDirectory(): Promise<string>;
  journal(): Promise<readonly JournalEntry[]>;
  /** The measured boots that count: without those that drydock repeated because it did not run on a busy machine. */
  countedBoots(): Promise<readonly FakeBoot[]>;
  /** Lock files anywhere in the cache and the results. */
  locks(): Promise<readonly string[]>;
}

async function makeBin(bin: string, control: string): Promise<void> {
  await mkdir(bin);
  const script = async (name: string, body: string): Promise<void> => {
    await writeFile(path.join(bin, name), `#!/bin/sh\n${body}\n`);
    await chmod(path.join(bin, name), 0o755);
  };
  for (const name of PLAYED) await script(name, `exec /usr/bin/perl '${STUB}' '${control}' ${name} "$@"`);
  for (const name of SPOKEN) await script(name, `echo '${name} 1.2.3'`);
  for (const name of REAL) await symlink(path.join('/usr/bin', name), path.join(bin, name));
}

/** npm's own program: the one that runs these tests, or the one beside node. */
function npm(): readonly string[] {
  return [process.env.npm_execpath ?? path.join(path.dirname(process.execPath), 'npm')];
}

async function makeSource(source: string): Promise<void> {
  await mkdir(source);
  await writeFile(path.join(source, 'Kconfig'), 'config NET\n\tbool "Networking"\n');
  await writeFile(path.join(source, 'Makefile'), '# the fake make never reads this\n');
}

function startDrydock(args: readonly string[], environment: Readonly<Record<string, string>>): Drydock {
  const child = spawn(process.execPath, [...drydockMain(), ...args], {
    cwd: REPOSITORY,
    env: { ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
  const watchers = new Set<() => void>();
  child.stderr.on('data', (chunk: Buffer) => {
    err.push(chunk);
    for (const look of watchers) look();
  });
  const ended = new Promise<Ended>((resolve) => {
    child.once('close', (code, signal) => {
      const text = (chunks: readonly Buffer[]): string => Buffer.concat(chunks).toString('utf8');
      resolve({ code, signal, stdout: text(out), stderr: text(err) });
    });
  });
  const tooSoon = async (): Promise<never> => {
    const { code, stdout, stderr } = await ended;
    throw new Error(`drydock ended too soon, exit code ${String(code)}\n${stdout}${stderr}`);
  };
  return {
    ended,
    until: (hold) => Promise.race([hold.reached, tooSoon()]),
    kill: (signal) => {
      child.kill(signal);
    },
    says(words) {
      const said = new Promise<void>((resolve) => {
        const look = (): void => {
          if (!Buffer.concat(err).toString('utf8').includes(words)) return;
          watchers.delete(look);
          resolve();
        };
        watchers.add(look);
        look();
      });
      return Promise.race([said, tooSoon()]);
    },
    // Node has handlers of its own for SIGINT and SIGTERM from its start.
    listens: () => Promise.race([catches(child.pid ?? 0, 'SIGHUP'), tooSoon()]),
  };
}

/**
 * Sets up a rig; disposing of it ends what still runs, removes everything, and throws when Node printed a warning.
 *
 * @param options.hasImage the guest image is in the cache (made-image.ts); by default a run starts from nothing
 * @param options.hostKey of the guest, where it is not made for this rig
 */
export async function createRig(
  options: { readonly hasImage?: boolean; readonly hostKey?: KeyPair } = {},
): Promise<Rig> {
  const folder = await mkdtemp(path.join(tmpdir(), 'drydock-rig-'));
  const at = (name: string): string => path.join(folder, name);
  const { privateKey, publicKey } =
    options.hasImage === true ? await useMadeImage(at('cache')) : (options.hostKey ?? createSsh().generateKey('rig'));
  const qemu = createFakeQemu({ privateKey, publicKey });
  const control = await openControl(at('control'), fakePrograms(await makeGuestTar(folder, publicKey), qemu.run));
  await makeBin(at('bin'), at('control'));
  await makeSource(at('source'));
  const environment = { PATH: at('bin'), HOME: at('home'), DRYDOCK_CACHE: at('cache') };
  const running: Drydock[] = [];
  const onTerminals: TerminalCommand[] = [];

  const kernel = {
    source: { directory: at('source') },
    symbols: Object.fromEntries(bootEssentials(new Map()).map(({ symbol }) => [symbol, 'y'])),
  };
  const runDirectory = async (): Promise<string> => {
    const runs = await readdir(at('results'));
    const [only = ''] = runs;
    if (runs.length !== 1) throw new Error(`expected one run, found ${runs.join(', ')}`);
    return path.join(at('results'), only);
  };

  const journal = async (): Promise<readonly JournalEntry[]> => {
    const lines = (await readFile(path.join(await runDirectory(), 'journal.jsonl'), 'utf8')).trimEnd().split('\n');
    return lines.map((line) => journalEntry.parse(JSON.parse(line)));
  };

  return {
    folder,
    cache: at('cache'),
    results: at('results'),
    bin: at('bin'),
    calls: control.calls,
    boots: qemu.boots,
    kernel,
    async profile(arms) {
      const profile = {
        name: 'rig',
        description: 'A run whose every program is a fake',
        // What auto takes depends on the machine that runs the tests.
        guest: 'debian-12-minimal',
        cmdline: ['console=ttyS0', 'printk.time=1', 'root=/dev/vda'],
        arms: arms ?? {
          stock: { role: 'baseline', kernel: 'stock', initrd: 'stock' },
          small: { role: 'candidate', kernel, initrd: 'busybox' },
        },
      };
      // YAML reads JSON.
      await writeFile(at('rig.yaml'), JSON.stringify(profile, null, 2));
      return at('rig.yaml');
    },
    drydock(...args) {
      const started = startDrydock([...args, '--results-dir', at('results')], environment);
      running.push(started);
      return started;
    },
    onTerminal(args, { throughNpm = false } = {}) {
      const start = throughNpm ? [...npm(), 'run', '--silent', 'drydock', '--'] : drydockMain();
      const started = startOnTerminal([process.execPath, ...start, ...args, '--results-dir', at('results')], {
        cwd: REPOSITORY,
        // npm looks for node; the rig's programs come first.
        environment: { ...environment, PATH: `${at('bin')}:${path.dirname(process.execPath)}` },
        codeFile: at(`exit-code-${String(onTerminals.length)}`),
      });
      onTerminals.push(started);
      return started;
    },
    holdCall: (program, matches = () => true) =>
      control.gate.hold((call) => call.program === program && !call.args.includes('--version') && matches(call)),
    holdBoot: (matches = () => true) => qemu.gate.hold(matches),
    callsOf: (program) =>
      control.calls.filter((call) => call.program === program && !/^(--version|-V)$/.test(call.args[0] ?? '')),
    runDirectory,
    journal,
    async countedBoots() {
      const finished = (await journal()).flatMap((entry) => finishedBoot.safeParse(entry).data?.summary.bootId ?? []);
      return qemu.boots.filter(({ measured, bootId }) => measured !== undefined && finished.includes(bootId));
    },
    async locks() {
      const files = await readdir(folder, { recursive: true });
      return files.filter((file) => /\.(lock|holder)$/.test(file));
    },
    async [Symbol.asyncDispose]() {
      for (const one of running) one.kill('SIGKILL');
      for (const one of onTerminals) one.close();
      const said = await Promise.all(running.map((one) => one.ended));
      const shown = await Promise.all(onTerminals.map((one) => one.ended));
      await control[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
      for (const words of [...said.map(({ stderr }) => stderr), ...shown.map((one) => one.shown)]) {
        expectNoWarnings(words, 'drydock');
      }
    },
  };
}
