import { mkdtemp, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { cacheRoot, folders } from '../../src/cli/locations.ts';
import { startMachine } from '../../src/guest/machine/machine.ts';
import type { Host } from '../../src/host/host.ts';
import { createHost } from '../../src/host/node-host.ts';
import { buildInitrd } from '../../src/initrd/busybox-initrd.ts';
import { configureKernel } from '../../src/kernel/config/configure.ts';
import { builtFile } from '../../src/kernel/build/make-output.ts';
import { prepareRun } from '../../src/pipeline/plan/prepare.ts';
import { build } from '../../src/stages/kernel/build.ts';
import type { GuestBuildInput } from '../../src/stages/kernel/build.ts';
import { kernelTree } from '../../src/stages/shared/kernel-tree.ts';
import type { StageContext } from '../../src/stages/stage.ts';
import { openStore } from '../../src/store/store.ts';
import { cuttableSsh } from '../support/cut-ssh.ts';
import type { CuttableHost } from '../support/cut-ssh.ts';

const real = createHost();
const store = openStore(real, cacheRoot(undefined));

/** What a kernel needs to unpack an initrd and say so on the serial port; its image is packed in the way that costs least. */
const TO_A_SERIAL_LINE = [
  ...['64BIT', 'PRINTK', 'TTY', 'SERIAL_8250', 'SERIAL_8250_CONSOLE', 'BLK_DEV_INITRD', 'BINFMT_ELF', 'BINFMT_SCRIPT'],
  'KERNEL_GZIP',
];
const FRAGMENT = { name: 'serial.config', text: TO_A_SERIAL_LINE.map((symbol) => `CONFIG_${symbol}=y\n`).join('') };
const LOCAL_VERSION = '-built-in-guest';

const PROFILE = `
name: tiny
description: A kernel that says a word on the serial port
build: guest
arms:
  tiny:
    role: candidate
    kernel: { source: { package: linux-source-6.1 } }
    initrd: busybox
`;

/** Objects after which the connection is cut. */
const CUT_AFTER = 60;
/** Processor seconds that QEMU works before the connection is mended. */
const CUT_CPU_SEC = 60;
const TICKS_PER_SEC = 100;

let scratch: string;
let input: GuestBuildInput;
let busyboxPath: string;

function context(host: Host, progress: StageContext['progress'] = () => undefined): StageContext {
  return {
    host,
    store,
    signal: new AbortController().signal,
    workDir: path.join(scratch, 'work'),
    logPath: path.join(scratch, 'build.log'),
    folders,
    progress,
    finding: () => undefined,
  };
}

/** The guest, the source and the configuration, each as a run makes it or takes it from the cache. */
beforeAll(async () => {
  // On the cache's file system: what is built is moved into it.
  await real.files.makeDirectory(store.workDir());
  scratch = await mkdtemp(path.join(store.workDir(), 'guest-build-test-'));
  const { plan } = await prepareRun({
    host: real,
    folders,
    request: {
      profilePath: 'tiny.yaml',
      profileText: PROFILE,
      guest: 'debian-12-minimal',
      accelerator: 'tcg',
      boots: 1,
      install: true,
      refresh: '',
    },
  });
  const runtime = { ...context(real), runDirectory: scratch, emit: () => undefined };
  const wanted = ['preflight', 'image', 'accelerator', 'image:toolchain', 'source:tiny'];
  const steps = plan.steps.filter(({ id }) => wanted.includes(id));
  expect(steps.map(({ id }) => id)).toEqual(wanted);
  for (const step of steps) await step.run(runtime);
  const tree = plan.arms[0]?.tree();
  const guest = plan.toolchain?.output();
  if (tree === undefined || guest === undefined) throw new Error('The plan builds nothing in the guest');
  busyboxPath = await store.use(plan.preflight.output().busybox);

  const asked = { fragments: [FRAGMENT], symbols: {}, localVersion: LOCAL_VERSION };
  const configured = await configureKernel(real, {
    treeDir: await kernelTree(tree, context(real)),
    buildDir: path.join(scratch, 'configure'),
    base: 'tinyconfig',
    ...asked,
  });
  expect(configured.rejections).toEqual([]);
  input = {
    ...tree,
    compiler: {},
    config: await store.put(configured.configText),
    proveRtc: false,
    makeVariables: [],
    asked,
    builder: {
      disk: guest.disk,
      kernel: guest.kernel,
      initrd: guest.initrd,
      hostKey: guest.hostKey,
      cmdline: 'console=ttyS0 printk.time=1 root=/dev/vda',
      accelerator: 'tcg',
      machine: { cpus: 2, memoryMb: 2048 },
      qemu: '',
    },
  };
});

afterAll(async () => {
  await rm(scratch, { recursive: true, force: true });
});

/** Processor seconds of every thread of a process group's programs so far (proc(5), fields 14 and 15). */
async function cpuSecOf(pid: number): Promise<number> {
  const children = (await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')).trim().split(' ');
  const stats = await Promise.all(children.map((child) => readFile(`/proc/${child}/stat`, 'utf8')));
  const ticks = stats.flatMap((stat) =>
    stat
      .slice(stat.lastIndexOf(')') + 2)
      .split(' ')
      .slice(11, 13)
      .map(Number),
  );
  return ticks.reduce((sum, one) => sum + one, 0) / TICKS_PER_SEC;
}

/** Mends the connection when the guest has worked for a while without it. */
async function mendLater(cuttable: CuttableHost, pid: number): Promise<void> {
  const from = await cpuSecOf(pid);
  while ((await cpuSecOf(pid)) - from < CUT_CPU_SEC) await setTimeout(200);
  cuttable.repair();
}

test('a kernel is built in the guest, goes on without the connection, compiles nothing twice, and boots', async () => {
  await using cuttable = cuttableSsh(real);
  let qemuPid = 0;
  const host: Host = {
    ...cuttable.host,
    processes: {
      ...real.processes,
      start: (command, options) => {
        const child = real.processes.start(command, options);
        qemuPid = child.pid;
        return child;
      },
    },
  };
  const objectsAtSec: number[] = [];
  let mended: Promise<void> | undefined;
  const built = await build.run(
    input,
    context(host, ({ message }) => {
      const done = /^(\d+) of about /.exec(message)?.[1];
      if (done === undefined) return;
      if (Number(done) > objectsAtSec.length) objectsAtSec.push(real.clock.monotonicSec());
      if (objectsAtSec.length < CUT_AFTER || mended !== undefined) return;
      cuttable.cut();
      mended = mendLater(cuttable, qemuPid);
    }),
  );
  await mended;

  // The first connection, and the one after the cut.
  expect(cuttable.sessionsAtSec).toHaveLength(2);
  const [, againAtSec = 0] = cuttable.sessionsAtSec;
  const after = objectsAtSec.filter((atSec) => atSec > againAtSec);
  const [first = 0] = after;
  // An object takes a second there, or more: so many at once were made while nobody was connected.
  expect(after.filter((atSec) => atSec < first + 1).length).toBeGreaterThan(3);

  const log = await readFile(path.join(scratch, 'build.log'), 'utf8');
  const made = log.split('\n').flatMap((line) => builtFile(line) ?? []);
  expect(made).toHaveLength(objectsAtSec.length);
  expect(made.length).toBeGreaterThan(200);
  const twice = made.filter((file, index) => made.indexOf(file) !== index);
  expect(twice).toEqual([]);

  expect(built.inGuest?.compiler).toMatch(/^gcc \(Debian /);
  expect(built.release).toMatch(new RegExp(`^6\\.1\\..*${LOCAL_VERSION}$`));
  const initrdPath = path.join(scratch, 'initrd');
  await buildInitrd(real, { busyboxPath, outputPath: initrdPath, compression: 'none', probe: true });
  await using machine = await startMachine(
    real,
    {
      accelerator: 'tcg',
      cpus: 1,
      memoryMb: 256,
      kernelPath: await store.use(built.kernel),
      initrdPath,
      cmdline: 'console=ttyS0 rdinit=/init',
    },
    { directory: path.join(scratch, 'boot') },
  );
  await machine.waitFor(/drydock: probe ok/);
  const banner = machine.console.lines.find(({ text }) => text.includes('Linux version'));
  expect(banner?.text).toContain(`Linux version ${built.release} (drydock@drydock) (${built.inGuest?.compiler ?? ''}`);
});
