import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, rmdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { compileSampler } from '../../src/containers/sampler/sampler-program.ts';
import { startSampler } from '../../src/containers/sampler/sampler.ts';
import { createHost } from '../../src/host/node-host.ts';
import { createLocalPlace } from '../support/local-place.ts';
import { CGROUP_V1, CGROUP_V2, MACHINE_FILES, writeRecordedMachine } from '../support/recorded-machine.ts';
import type { RecordedFiles } from '../support/recorded-machine.ts';

/** The real sampler, compiled here: on recorded machines, and on this one. */
const host = createHost();
let folder: string;
let program: string;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'drydock-sampler-'));
  program = await compileSampler(host, { workDir: folder });
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

/** A sampler that runs until its input ends: its lines as they come, one by one. */
function run(...args: string[]) {
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async (): Promise<string> => String((await lines.next()).value);
  return {
    child,
    exited,
    say: (command: string): void => void child.stdin.write(`${command}\n`),
    next,
    /** The next line that matches. */
    until: async (pattern: RegExp): Promise<string> => {
      for (;;) {
        const line = await next();
        if (pattern.test(line)) return line;
        if (line === 'undefined') throw new Error(`The sampler ended before it said ${String(pattern)}`);
      }
    },
    rest: async (): Promise<string[]> => {
      const all: string[] = [];
      for (let one = await lines.next(); one.done !== true; one = await lines.next()) all.push(one.value);
      return all;
    },
  };
}

async function recorded(...parts: RecordedFiles[]): Promise<string> {
  const root = await mkdtemp(path.join(folder, 'root-'));
  for (const files of parts) await writeRecordedMachine(root, files);
  return root;
}

async function onRecorded(root: string) {
  const sampler = run('--root', root, '--interval-ms', '20');
  const head = await sampler.next();
  return { ...sampler, head, first: await sampler.next() };
}

/** A line without what differs from run to run. */
function figuresOf(line: string): string {
  return line.replaceAll(/ (?:at|own)=[\d,]+/g, '');
}

describe('the sampler on a recorded machine', () => {
  test('reads what is whole and has a device, and nothing twice', async () => {
    const sampler = await onRecorded(await recorded(MACHINE_FILES));
    expect(sampler.head).toMatch(/^drydock-sampler 1 interval=20000 cpus=2 pid=\d+$/);
    expect(figuresOf(sampler.first)).toBe(
      'tick | machine cpu=3700000 mem=2097152 disk=1024,1536 net=1000,2000 load=0.42 .',
    );
    sampler.child.stdin.end();
    await sampler.exited;
  });

  test('says that a counter is missing rather than 0', async () => {
    const sampler = await onRecorded(await recorded({ 'proc/self/mountinfo': '', 'proc/7/stat': '7 (a) S 1\n' }));
    expect(figuresOf(sampler.first)).toBe('tick | machine cpu=- mem=- disk=-,- net=-,- load=- .');
    sampler.say('watch bare 7');
    expect(figuresOf(await sampler.until(/^watched/))).toBe(
      'watched bare pid=7 from=-,-,- cpu=- mem=- disk=-,- net=-,- .',
    );
    sampler.child.stdin.end();
    await sampler.exited;
  });

  test.each([
    { name: 'v2 under systemd', files: CGROUP_V2, from: '2,2,2' },
    { name: 'v1 beside v2 under cgroupfs', files: CGROUP_V1, from: '1,1,1' },
  ])("reads a container's cgroup $name", async ({ files, from }) => {
    const root = await recorded(MACHINE_FILES, files);
    const sampler = await onRecorded(root);
    sampler.say('watch fedora 500');
    const figures = 'cpu=1234567 mem=4300000 disk=111,222 net=333,444';
    expect(figuresOf(await sampler.until(/^watched/))).toBe(`watched fedora pid=500 from=${from} ${figures} .`);
    expect(figuresOf(await sampler.next())).toContain(` | container fedora ${figures} .`);
    await rm(path.join(root, 'proc/500'), { recursive: true });
    await sampler.until(/ \| gone fedora \.$/);
    expect(await sampler.next()).not.toContain('fedora');
    sampler.child.stdin.end();
    await sampler.exited;
  });

  test('takes an empty io.stat for a container that has moved nothing, and reads on when counters change', async () => {
    const io = Object.keys(CGROUP_V2).find((name) => name.endsWith('io.stat')) ?? '';
    const root = await recorded(MACHINE_FILES, { ...CGROUP_V2, [io]: '' });
    const sampler = await onRecorded(root);
    sampler.say('watch a 500');
    expect(await sampler.until(/^watched/)).toContain(' disk=0,0 ');
    await writeFile(path.join(root, io), '8:0 rbytes=4096 wbytes=0 rios=1 wios=0 dbytes=0 dios=0\n');
    await sampler.until(/container a .* disk=4096,0 /);
    sampler.child.stdin.end();
    await sampler.exited;
  });

  test("does not take the machine's network or its root cgroup for a container's", async () => {
    const own = { 'proc/500/ns/net': { linkTo: 'net:[4026531840]' }, 'proc/500/cgroup': '0::/\n' };
    const root = await recorded(MACHINE_FILES, { ...CGROUP_V2, ...own, 'sys/fs/cgroup/cpu.stat': 'usage_usec 5\n' });
    const sampler = await onRecorded(root);
    sampler.say('watch a 500');
    expect(figuresOf(await sampler.until(/^watched/))).toBe(
      'watched a pid=500 from=-,-,- cpu=- mem=- disk=-,- net=-,- .',
    );
    sampler.child.stdin.end();
    await sampler.exited;
  });

  test('finds a cgroup below a mount that holds a part of the hierarchy', async () => {
    const mountinfo = '30 23 0:26 /system.slice /sys/fs/cgroup/system.slice rw - cgroup2 cgroup2 rw\n';
    const root = await recorded(MACHINE_FILES, { ...CGROUP_V2, 'proc/self/mountinfo': mountinfo });
    const sampler = await onRecorded(root);
    sampler.say('watch a 500');
    expect(await sampler.until(/^watched/)).toContain(' from=2,2,2 ');
    sampler.child.stdin.end();
    await sampler.exited;
  });

  test('refuses what it cannot do, by name, and goes on', async () => {
    const sampler = await onRecorded(await recorded(MACHINE_FILES, CGROUP_V2));
    const long = 'x'.repeat(400);
    for (const command of ['watch a 501', 'watch a/b 500', 'watch a', 'watch a 5x', 'drop', 'hello', long])
      sampler.say(command);
    expect(await sampler.until(/^refused/)).toBe('refused a why=process');
    for (let i = 0; i < 6; i += 1) expect(await sampler.until(/^refused/)).toBe('refused ? why=command');
    for (let i = 0; i < 129; i += 1) sampler.say(`watch c${String(i)} 500`);
    expect(await sampler.until(/^refused/)).toBe('refused c128 why=full');
    for (let i = 0; i < 128; i += 1) sampler.say(`drop c${String(i)}`);
    sampler.say('watch b 500');
    await sampler.until(/^watched b /);
    expect(figuresOf(await sampler.next())).toMatch(/load=0\.42 \| container b [^|]+ \.$/);
    sampler.child.stdin.end();
    await sampler.exited;
  });
});

describe('the sampler', () => {
  test('is compiled to the same bytes in any folder, small and without a library', async () => {
    const workDir = path.join(folder, 'another-folder-of-another-length');
    await mkdir(workDir);
    const again = await readFile(await compileSampler(host, { workDir }));
    expect(again.equals(await readFile(program))).toBe(true);
    expect(again.length).toBeLessThan(32 * 1024);
  });

  test.each([
    { how: 'a closed input', why: 'stdin' },
    { how: 'SIGTERM', why: 'term' },
  ])('ends at $how with a last record', async ({ why }) => {
    const sampler = run();
    await sampler.until(/^tick/);
    if (why === 'term') sampler.child.kill('SIGTERM');
    else sampler.child.stdin.end();
    const rest = await sampler.rest();
    expect(rest.at(-2)).toMatch(/^tick /);
    expect(rest.at(-1)).toBe(`end ${why}`);
    expect(await sampler.exited).toEqual([0, null]);
  });

  test.each([[['1']], [['--interval-ms']], [['--interval-ms', '5']], [['--interval-ms', '1x0']], [['--what', '5']]])(
    'refuses %j',
    async (args) => {
      const { exitCode } = await host.processes.run([program, ...args], { okExitCodes: [2] });
      expect(exitCode).toBe(2);
    },
  );

  test('ends when nobody takes its output any more', async () => {
    const sampler = run('--interval-ms', '10');
    await sampler.next();
    sampler.child.stdout.destroy();
    expect((await sampler.exited)[0]).not.toBe(0);
  });
});

/** A cgroup v1 or v2 folder that can be made here, with the program's name for where its processor time comes from. */
const HIERARCHIES = [
  { folder: '/sys/fs/cgroup/cpuacct', from: '1' },
  { folder: '/sys/fs/cgroup/cpu,cpuacct', from: '1' },
  { folder: '/sys/fs/cgroup/unified', from: '2' },
  { folder: '/sys/fs/cgroup', from: '2' },
] as const;

async function makeCgroup(name: string): Promise<{ readonly path: string; readonly from: string } | undefined> {
  for (const { folder: parent, from } of HIERARCHIES) {
    const made = path.join(parent, name);
    if (
      await mkdir(made).then(
        () => true,
        () => false,
      )
    )
      return { path: made, from };
  }
  return undefined;
}

describe('a sampler that was started at a place', () => {
  test('watches this machine, and tells what looking cost', async () => {
    const place = createLocalPlace(await mkdtemp(path.join(folder, 'scratch-')));
    const fromSec = host.clock.monotonicSec();
    await using sampler = await startSampler(place, program, host.clock);
    await place.seen(/^tick/, 4);
    const toSec = host.clock.monotonicSec();
    const [machine] = sampler.between(fromSec, toSec);
    expect(machine?.subject).toBe('machine');
    expect(machine?.points.length).toBeGreaterThanOrEqual(2);
    for (const { atSec, cpus, load, memoryBytes } of machine?.points ?? []) {
      expect(atSec).toBeGreaterThan(0);
      expect(atSec).toBeLessThanOrEqual(toSec - fromSec);
      expect(cpus).toBeGreaterThanOrEqual(0);
      expect(load).toBeGreaterThanOrEqual(0);
      expect(memoryBytes).toBeGreaterThan(0);
    }
    const cost = sampler.cost(fromSec, toSec);
    expect(cost?.cpuSecPerSample).toBeGreaterThan(0);
    // A hundredth of a processor would be felt; what is measured is some two ten-thousandths.
    expect(cost?.cpuShare).toBeLessThan(0.01);
    process.stdout.write(`the sampler's own cost here: ${JSON.stringify(cost)}\n`);
  });

  test('counts what a busy process in a cgroup used, to the reading', async ({ skip }) => {
    const cgroup = await makeCgroup(`drydock-test-${String(process.pid)}`);
    if (cgroup === undefined) {
      process.stdout.write('no cgroup can be made here: not root, or none is mounted\n');
      skip();
      return;
    }
    const busy = spawn('sh', ['-c', 'read -r _; while :; do :; done'], { stdio: ['pipe', 'ignore', 'ignore'] });
    const ended = once(busy, 'exit');
    try {
      await writeFile(path.join(cgroup.path, 'cgroup.procs'), String(busy.pid));
      const place = createLocalPlace(await mkdtemp(path.join(folder, 'scratch-')));
      await using sampler = await startSampler(place, program, host.clock);
      const fromSec = host.clock.monotonicSec();
      await sampler.watch('fedora', { id: 'any', pid: busy.pid ?? 0 });
      const before = cgroup.from === '1' ? 'cpuacct.usage' : 'cpu.stat';
      busy.stdin.write('\n');
      await place.seen(/container fedora/, 4);
      const now = await readFile(path.join(cgroup.path, before), 'utf8');
      const usedSec = cgroup.from === '1' ? Number(now) / 1e9 : Number(/usage_usec (\d+)/.exec(now)?.[1]) / 1e6;
      const toSec = host.clock.monotonicSec();
      const fedora = sampler.between(fromSec, toSec).find(({ subject }) => subject === 'fedora');
      const last = sampler.readings('fedora', fromSec, toSec).at(-1);
      expect(fedora?.points.length).toBeGreaterThanOrEqual(2);
      // The file was read after the last tick, and nothing of the process ran before the first reading.
      expect(last?.cpuSec).toBeGreaterThan(0.05);
      expect(last?.cpuSec).toBeLessThanOrEqual(usedSec);
      for (const { cpus } of fedora?.points ?? []) expect(cpus).toBeLessThan(1.05);
      expect(Math.max(...(fedora?.points.map(({ cpus }) => cpus ?? 0) ?? []))).toBeGreaterThan(0.02);

      const gone = place.seen(/gone fedora/, 1);
      busy.kill('SIGKILL');
      await ended;
      await gone;
      expect(sampler.warnings(fromSec, toSec)).toEqual([]);
    } finally {
      busy.kill('SIGKILL');
      await ended;
      await rmdir(cgroup.path);
    }
  });

  test('says that a container has ended, or cannot be watched under such a name', async () => {
    const place = createLocalPlace(await mkdtemp(path.join(folder, 'scratch-')));
    await using sampler = await startSampler(place, program, host.clock);
    await expect(sampler.watch('ubuntu', { id: 'any', pid: 2 ** 22 + 1 })).rejects.toThrow(
      /cannot watch ubuntu: its main process/,
    );
    for (const name of ['machine', 'a b', '', 'x'.repeat(32)]) {
      await expect(sampler.watch(name, { id: 'any', pid: 1 })).rejects.toMatchObject({ failure: { kind: 'internal' } });
    }
  });

  test('keeps what it has seen when the program dies, says so, and watches nothing more', async () => {
    const place = createLocalPlace(await mkdtemp(path.join(folder, 'scratch-')));
    await using sampler = await startSampler(place, program, host.clock);
    const fromSec = host.clock.monotonicSec();
    await place.seen(/^tick/, 2);
    // A process that is killed answers nothing more, so the question ends with its output.
    place.kill();
    await expect(sampler.watch('ubuntu', { id: 'any', pid: 1 })).rejects.toThrow(/ended before its time/);
    const toSec = host.clock.monotonicSec();
    expect(sampler.between(fromSec, toSec)[0]?.points).not.toHaveLength(0);
    expect(sampler.warnings(fromSec, toSec)).toEqual([expect.stringContaining('was not seen')]);
  });

  test('is refused when the program does not run', async () => {
    const place = createLocalPlace(await mkdtemp(path.join(folder, 'scratch-')));
    await expect(startSampler(place, '/bin/true', host.clock)).rejects.toThrow(/sampler on host has ended/);
  });
});
