import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { startMachine } from '../../src/guest/machine/machine.ts';
import type { Machine } from '../../src/guest/machine/machine.ts';
import { openJobRunner } from '../../src/guest/ssh/job-runner.ts';
import { createHost } from '../../src/host/node-host.ts';
import { buildKernelInGuest } from '../../src/kernel/build/build-in-guest.ts';
import type { BuildMachine, GuestBuildOptions } from '../../src/kernel/build/build-in-guest.ts';
import { buildKernel } from '../../src/kernel/build/build.ts';
import { startFakeGuest } from '../support/ssh-server.ts';
import type { FakeGuest } from '../support/ssh-server.ts';
import { tinyGuest } from '../support/tiny-guest.ts';

// The real make on a tree whose Makefile answers as a kernel's would, through a real SSH connection to this machine.
const TREE = fileURLToPath(new URL('../fixtures/kernel/tree', import.meta.url));

const host = createHost();
const hostKey = host.ssh.generateKey('host');
const runKey = host.ssh.generateKey('run');

describe('a kernel that is built in a guest', () => {
  let scratch: string;
  let peer: FakeGuest;

  beforeEach(async () => {
    scratch = await mkdtemp(path.join(tmpdir(), 'drydock-guest-build-'));
    peer = await startFakeGuest({ hostKey, authorizedKey: runKey.publicKey });
  });
  afterEach(async () => {
    await peer[Symbol.asyncDispose]();
    await rm(scratch, { recursive: true, force: true });
  });

  const at = (name: string): string => path.join(scratch, name);

  async function startTiny(): Promise<Machine> {
    await writeFile(at('tiny'), tinyGuest(['halt']));
    const spec = { accelerator: 'tcg', cpus: 1, memoryMb: 64, kernelPath: at('tiny'), cmdline: '' } as const;
    return { ...(await startMachine(host, spec, { directory: scratch })), sshPort: peer.port };
  }

  const runnerIn = (machine: Machine) =>
    openJobRunner(host, machine, {
      privateKey: runKey.privateKey,
      hostKey: hostKey.publicKey,
      folder: at('guest'),
      silentSec: 600,
    });

  const options = (configText: string, change: Partial<GuestBuildOptions> = {}): GuestBuildOptions => ({
    treeDir: TREE,
    buildDir: at('here'),
    folder: at('guest'),
    configText,
    verify: () => Promise.resolve(),
    jobs: 2,
    makeVariables: [],
    proveRtc: false,
    logPath: at('log'),
    ...change,
  });

  test('comes back as one that was built here, with modules of the same bytes', async () => {
    await using machine = await startTiny();
    await using runner = await runnerIn(machine);
    const configText = 'CONFIG_NET=y\nCONFIG_MODULES=y\n';
    const progress: (readonly [string, number | undefined])[] = [];
    const built = await buildKernelInGuest(
      host,
      runner,
      options(configText, { onProgress: (message, fraction) => progress.push([message, fraction]) }),
    );
    const here = await buildKernel(host, {
      treeDir: TREE,
      buildDir: at('host-build'),
      configText,
      jobs: 2,
      logPath: at('host-log'),
    });

    expect(built.release).toBe(here.release);
    expect(built.objects).toBe(here.objects);
    for (const file of ['bzImagePath', 'systemMapPath', 'configPath', 'modulesTarPath'] as const) {
      expect(path.relative(at('here'), built[file])).toBe(path.relative(at('host-build'), here[file]));
      expect(await readFile(built[file], 'utf8'), file).toBe(await readFile(here[file], 'utf8'));
    }
    expect(built.compiler).toMatch(/^gcc .*\d/);
    expect([built.builtIn, built.modules]).toEqual([2, 0]);
    expect(progress.map(([message]) => message)).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^sending the source, \d+ MiB$/),
        expect.stringMatching(/^\d+ of about \d+: CC +init\/main\.o$/),
      ]),
    );
    const fractions = progress.flatMap(([message, fraction]) =>
      message.includes(' of about ') ? [fraction ?? -1] : [],
    );
    expect(fractions).toEqual([...fractions].sort((one, other) => one - other));
    expect(await readFile(at('log'), 'utf8')).toContain('  LD      vmlinux\n');
  });

  test('is configured with the compiler there, and judged again before it is built', async () => {
    await using machine = await startTiny();
    await using runner = await runnerIn(machine);
    const seen: string[] = [];
    const verify = (configText: string): Promise<void> => {
      seen.push(configText);
      return Promise.reject(new Error('not as asked'));
    };
    const building = buildKernelInGuest(host, runner, options('CONFIG_VETH=y\nCONFIG_PCI=y\n', { verify }));
    await expect(building).rejects.toThrow('not as asked');
    // VETH needs NET, so what stands there is not what was sent.
    expect(seen).toEqual(['CONFIG_PCI=y\n']);
    expect(await readFile(at('log'), 'utf8')).not.toContain('init/main.o');
  });

  test('that fails shows the first compiler error and where the rest is', async () => {
    await using machine = await startTiny();
    await using runner = await runnerIn(machine);
    await expect(buildKernelInGuest(host, runner, options('CONFIG_BROKEN=y\n'))).rejects.toMatchObject({
      failure: {
        kind: 'build-failed',
        headline: "The kernel did not build: init/main.c:7:3: error: 'broken' undeclared (first use in this function)",
        logPath: at('log'),
      },
    });
  });

  test('is built once though the connection is cut while make is at work', async () => {
    await using machine = await startTiny();
    await using runner = await runnerIn(machine);
    const tree = at('tree');
    await cp(TREE, tree, { recursive: true });
    // Every step says a line, then waits for the fifo, so that the connection is cut while make is at work.
    await host.processes.run(['mkfifo', at('go')]);
    const makefile = await readFile(path.join(tree, 'Makefile'), 'utf8');
    const waiting = makefile.replace(
      '\t@echo "  LD      vmlinux"',
      `\t@cat ${at('go')} > /dev/null\n\t@echo "  LD      vmlinux"`,
    );
    expect(waiting).not.toBe(makefile);
    await writeFile(path.join(tree, 'Makefile'), waiting);
    let cuts = 0;
    const cutting: BuildMachine = {
      ...runner,
      attend: (name, command, onLine) =>
        runner.attend(name, command, (line) => {
          onLine(line);
          if (!line.includes('entry_64.o')) return;
          cuts += 1;
          peer.cut();
          void writeFile(at('go'), 'go\n');
        }),
    };
    const built = await buildKernelInGuest(host, cutting, options('CONFIG_NET=y\n', { treeDir: tree }));
    expect(cuts).toBe(1);
    expect(built.objects).toBe(3);
    const steps = (await readFile(at('log'), 'utf8')).split('\n').filter((line) => /^ {2}(CC|AS|LD) /.test(line));
    expect(steps).toEqual(['  CC      init/main.o', '  AS      arch/x86/entry/entry_64.o', '  LD      vmlinux']);
  });
});
