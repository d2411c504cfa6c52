import { getEventListeners } from 'node:events';
import { mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parseStamps } from '../../src/bootlog/timeline/console-stamps.ts';
import { startMachine } from '../../src/guest/machine/machine.ts';
import type { Machine, StartOptions } from '../../src/guest/machine/machine.ts';
import type { MachineSpec } from '../../src/guest/machine/qemu-args.ts';
import { DOCKER_READY } from '../../src/guest/console/readiness.ts';
import { createHost } from '../../src/host/node-host.ts';
import { SshFault } from '../../src/host/ssh/ssh-fault.ts';
import { faultOf } from '../support/faults.ts';
import { collectGarbage } from '../support/garbage.ts';
import { groupGone, groupMembers } from '../support/processes.ts';
import { tinyGuest } from '../support/tiny-guest.ts';
import type { TinyStep } from '../support/tiny-guest.ts';

const host = createHost();
const NEVER = /this is never printed/;
const PANIC =
  '[    1.5] Kernel panic - not syncing: VFS: Unable to mount root fs on unknown-block(0,0)\n' +
  '[    1.6] CPU: 0 PID: 1 Comm: swapper/0 Not tainted\n' +
  '[    1.7] ---[ end Kernel panic - not syncing: VFS: Unable to mount root fs on unknown-block(0,0) ]---\n';

describe('a machine', () => {
  let directory: string;
  const start = async (
    steps: readonly TinyStep[],
    options: Partial<StartOptions> = {},
    spec: Partial<MachineSpec> = {},
  ): Promise<Machine> => {
    const kernelPath = path.join(directory, 'tiny');
    await writeFile(kernelPath, tinyGuest(steps));
    const base: MachineSpec = { accelerator: 'tcg', cpus: 1, memoryMb: 64, kernelPath, cmdline: '' };
    return startMachine(host, { ...base, ...spec }, { directory, ...options });
  };

  beforeEach(async () => {
    directory = await mkdtemp(path.join(tmpdir(), 'drydock-machine-'));
  });
  afterEach(async () => {
    await rm(directory, { recursive: true });
  });

  test('hands over console lines with the time of their arrival, and keeps them in console.log', async () => {
    const seen: string[] = [];
    await using machine = await start([{ print: 'hello\nworld\n.' }, 'halt'], {
      onLine: (line) => seen.push(line.text),
    });
    const line = await machine.waitFor(/world/);
    expect(line.atSec).toBeGreaterThan(machine.runningAtSec);
    // A line that is still arriving matches, too: killed now, the guest might not have ended it. The full stop is the last
    // byte there is; the console's end ends its line.
    await machine.waitFor(/^\.$/);
    await machine.kill();
    expect(seen).toEqual(['hello', 'world', '.']);
    expect(await readFile(machine.console.path, 'utf8')).toBe('hello\nworld\n.');
    const [first] = parseStamps(await readFile(path.join(directory, 'console.stamps'), 'utf8'));
    expect(first?.offset).toBe(0);
    expect(first?.atSec).toBeCloseTo((machine.console.firstByteAtSec ?? 0) - machine.startedAtSec, 5);
  });

  test('leaves no process behind when it is disposed of', async () => {
    let group = 0;
    {
      await using machine = await start(['spin']);
      group = machine.pid;
      expect(await groupMembers(group)).not.toEqual([]);
    }
    await groupGone(group);
  });

  test('ends as at a reboot when its reset button is pressed, and once more does no harm', async () => {
    await using machine = await start([{ print: 'up\n' }, 'spin']);
    await machine.waitFor(/up/);
    await machine.reset();
    expect(await machine.exited).toMatchObject({ exitCode: 0, signal: null, reason: 'host-qmp-system-reset' });
    await machine.reset();
  });

  test('lets no guest run before its monitor watches: one that resets at once was seen to', async () => {
    await using machine = await start(['reset']);
    expect(await machine.expectExit('the guest to reboot')).toMatchObject({ exitCode: 0, reason: 'guest-reset' });
    const atSec = (wanted: string): number => machine.events.find(({ name }) => name === wanted)?.atSec ?? Number.NaN;
    expect(atSec('RESUME')).toBeCloseTo(machine.runningAtSec - machine.startedAtSec, 6);
    expect(atSec('RESUME')).toBeGreaterThan(0);
    expect(atSec('SHUTDOWN')).toBeGreaterThan(atSec('RESUME'));
  });

  test('keeps its monitor beside its logs, in place of one that a killed run left, and takes it away', async () => {
    const socket = path.join(directory, 'qmp.sock');
    // A socket that nobody listens on any more: what is left when a QEMU is killed.
    const late = createServer();
    await new Promise<void>((resolve) => late.listen(`${socket}.late`, resolve));
    await rename(`${socket}.late`, socket);
    await new Promise((resolve) => late.close(resolve));
    await expect(host.sockets.connectUnix(socket)).rejects.toThrow('ECONNREFUSED');
    {
      await using machine = await start(['halt']);
      expect(machine.events.map(({ name }) => name)).toContain('RESUME');
      expect((await stat(socket)).isSocket()).toBe(true);
    }
    expect(await readdir(directory)).toEqual(['tiny']);
  });

  test('whose logs lie too deep for a socket’s path starts none the less', async () => {
    const deep = path.join(directory, 'é'.repeat(50));
    await using machine = await start([{ print: 'up\n' }, 'halt'], { directory: deep });
    await machine.waitFor(/up/);
    await machine.kill();
    expect((await readdir(deep)).sort()).toEqual(['console.log', 'console.stamps']);
  });

  test('knows the port that leads to the guest, and two guests have two', async () => {
    const key = path.join(directory, 'key.pub');
    await writeFile(key, 'ssh-ed25519 AAAA test\n');
    const ssh = { authorizedKeysPath: key };
    await using one = await start(['halt'], {}, { ssh });
    await using two = await start(['halt'], { directory: path.join(directory, 'two') }, { ssh });
    expect(one.sshPort).toBeGreaterThan(1023);
    expect(two.sshPort).toBeGreaterThan(1023);
    expect(one.sshPort).not.toBe(two.sshPort);
  });

  test('powers down in order a guest that heeds its power button', async () => {
    await using machine = await start([
      'enable-power-button',
      { print: 'up\n' },
      'await-power-button',
      { print: 'bye\n' },
      'power-off',
    ]);
    await machine.waitFor(/up/);
    expect(await machine.powerDown()).toBe('clean');
    expect(await machine.exited).toMatchObject({ exitCode: 0, reason: 'guest-shutdown' });
    expect(machine.console.lines.map((line) => line.text)).toEqual(['up', 'bye']);
    expect(machine.hasExited).toBe(true);
    // QEMU's own stamps, mapped onto the clock that saw its start and its monitor.
    const names = machine.events.map(({ name }) => name);
    expect(names.slice(0, 4)).toEqual(['qemu-started', 'monitor-connected', 'RESUME', 'first-console-byte']);
    expect(names.indexOf('SHUTDOWN')).toBeGreaterThan(names.indexOf('POWERDOWN'));
    const atSec = (wanted: string): number => machine.events.find(({ name }) => name === wanted)?.atSec ?? Number.NaN;
    expect(atSec('SHUTDOWN')).toBeGreaterThan(atSec('first-console-byte'));
    expect(atSec('SHUTDOWN')).toBeLessThan(host.clock.monotonicSec() - machine.startedAtSec);
  });

  test('reports a reboot that was expected with its reason', async () => {
    await using machine = await start([{ print: 'rebooting\n' }, 'reset']);
    expect(await machine.expectExit('the guest to reboot')).toMatchObject({ exitCode: 0, reason: 'guest-reset' });
  });

  test('takes a reset that nobody expected for the kernel’s fault', async () => {
    await using machine = await start([{ print: 'booting\n' }, 'reset']);
    const fault = await faultOf(machine.waitFor(NEVER));
    expect(fault.failure).toMatchObject({ kind: 'kernel-panic', consoleTail: ['booting'] });
  });

  test('takes a guest that powers off too early for not ready', async () => {
    await using machine = await start([{ print: 'booting\n' }, 'power-off']);
    expect((await faultOf(machine.waitFor(NEVER))).failure.kind).toBe('not-ready');
  });

  test('reports a panic with its whole trace, although the guest resets right after it', async () => {
    await using machine = await start([{ print: PANIC }, 'reset']);
    const { failure } = await faultOf(machine.waitFor(NEVER));
    expect(failure.kind).toBe('missing-root');
    expect(failure.consoleTail?.at(-1)).toContain('---[ end Kernel panic');
    expect(failure.logPath).toBe(path.join(directory, 'console.log'));
    expect(failure.hint).toContain('root=');
  });

  test('reports a panic of a guest that should have rebooted as the panic', async () => {
    await using machine = await start([{ print: PANIC }, 'halt']);
    expect((await faultOf(machine.expectExit('the guest to reboot'))).failure.kind).toBe('missing-root');
  });

  test('never lets a broken SSH link hide a panic', async () => {
    await using machine = await start([{ print: PANIC }, 'halt']);
    const work = machine.during('a command', async () => {
      await machine.console.waitFor(/Kernel panic/);
      throw new SshFault('lost', 'The SSH connection broke', 'See the console.');
    });
    expect((await faultOf(work)).failure.kind).toBe('missing-root');
  });

  test('leaves nothing on the run’s signal of all that was waited for at once', async () => {
    const { signal } = new AbortController();
    await using machine = await start(['spin'], { signal });
    const before = getEventListeners(signal, 'abort').length;
    const ends: (() => void)[] = [];
    const waits = Array.from({ length: 20 }, () =>
      machine.during('a command', () => new Promise<void>((resolve) => ends.push(resolve)), { watchSilence: false }),
    );
    // What holds a listener's remover weakly loses it here.
    collectGarbage();
    await setImmediate();
    for (const end of ends) end();
    await Promise.all(waits);
    expect(getEventListeners(signal, 'abort')).toHaveLength(before);
  });

  test('reports a broken SSH link as such when the guest has nothing to say', async () => {
    await using machine = await start(['spin']);
    const work = machine.during('a command', () =>
      Promise.reject(new SshFault('lost', 'The SSH connection broke', 'See the console.')),
    );
    expect((await faultOf(work)).failure.kind).toBe('no-ssh');
  });

  test('passes on the guest’s own word that it is not ready', async () => {
    await using machine = await start([{ print: '[   30.0] drydock: failed: docker run: no veth\n' }, 'halt']);
    const { failure } = await faultOf(machine.waitFor(DOCKER_READY));
    expect(failure.kind).toBe('not-ready');
    expect(failure.headline).toContain('docker run: no veth');
  });

  test('calls a guest whose processor spins in silence hung, and says where it spins', async () => {
    // On a busy machine QEMU may not get a processor for a second or two; the smaller limit must be well above that.
    await using machine = await start([{ print: 'up\n' }, 'spin'], { silenceMs: 12_000 });
    await machine.waitFor(/up/);
    const { failure } = await faultOf(machine.waitFor(DOCKER_READY));
    expect(failure.kind).toBe('hang');
    expect(failure.headline).toContain('Docker to run a container');
    expect(failure.headline).not.toContain('neither its disk nor its processors');
    expect(failure.hint).toBe(DOCKER_READY.hint);
    expect(failure.detail?.join('\n')).toMatch(/processor 0 runs at 0*10[0-9a-f]{4}/);
  });

  test('calls a guest whose processor has stopped still, in half the time', async () => {
    await using machine = await start([{ print: 'up\n' }, 'halt'], { silenceMs: 12_000 });
    await machine.waitFor(/up/);
    const { failure } = await faultOf(machine.waitFor(NEVER));
    expect(failure.kind).toBe('hang');
    expect(failure.headline).toContain('neither its disk nor its processors moved');
  });

  test('calls a machine whose QEMU itself has stopped hung, though its monitor cannot be asked', async () => {
    await using machine = await start([{ print: 'up\n' }, 'spin'], { silenceMs: 12_000 });
    await machine.waitFor(/up/);
    process.kill(-machine.pid, 'SIGSTOP');
    const { failure } = await faultOf(machine.waitFor(NEVER));
    expect(failure.kind).toBe('hang');
    expect(failure.detail).toContain('QEMU does not answer on its monitor');
  });

  test('is not deceived by a guest that says the same for ever', async () => {
    await using machine = await start([{ repeat: 'Starting docker.service...\n' }], { silenceMs: 12_000 });
    expect((await faultOf(machine.waitFor(NEVER))).failure.kind).toBe('hang');
  });

  test('reports the death of QEMU with the signal that ended it', async () => {
    await using machine = await start([{ print: 'up\n' }, 'spin']);
    await machine.waitFor(/up/);
    const waiting = faultOf(machine.waitFor(NEVER));
    process.kill(-machine.pid, 'SIGKILL');
    const { failure } = await waiting;
    expect(failure.kind).toBe('qemu-died');
    expect(failure.headline).toMatch(/SIGKILL|signal 9/);
  });

  test('ends a wait when the run is aborted', async () => {
    const abort = new AbortController();
    await using machine = await start(['spin'], { signal: abort.signal });
    const waiting = faultOf(machine.waitFor(NEVER));
    abort.abort();
    expect((await waiting).failure.kind).toBe('interrupted');
    expect((await faultOf(machine.waitFor(NEVER))).failure.kind).toBe('interrupted');
  });

  test('that QEMU refuses is reported in QEMU’s own words', async () => {
    const { failure } = await faultOf(start(['halt'], {}, { kernelPath: path.join(directory, 'absent') }));
    expect(failure.kind).toBe('qemu-died');
    expect(failure.detail?.join('\n')).toContain('absent');
    expect(await readFile(path.join(directory, 'qemu.log'), 'utf8')).toContain('absent');
  });

  test('is not started at all for a run that was aborted before', async () => {
    expect((await faultOf(start(['halt'], { signal: AbortSignal.abort() }))).failure.kind).toBe('interrupted');
  });
});
