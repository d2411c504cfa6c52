import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { startMachine } from '../../src/guest/machine/machine.ts';
import type { Machine } from '../../src/guest/machine/machine.ts';
import { connectGuest, proveReboot } from '../../src/guest/ssh/guest.ts';
import { createHost } from '../../src/host/node-host.ts';
import { faultOf } from '../support/faults.ts';
import { startFakeGuest } from '../support/ssh-server.ts';
import type { FakeGuest } from '../support/ssh-server.ts';
import { tinyGuest } from '../support/tiny-guest.ts';
import type { TinyStep } from '../support/tiny-guest.ts';

const host = createHost();
const hostKey = host.ssh.generateKey('host');
const runKey = host.ssh.generateKey('run');
const keys = { privateKey: runKey.privateKey, hostKey: hostKey.publicKey };

/** A real machine whose sshd is a fake one on loopback: what the console says and what SSH does are set apart. */
async function startTiny(directory: string, steps: readonly TinyStep[], sshPort: number): Promise<Machine> {
  const kernelPath = path.join(directory, 'tiny');
  await writeFile(kernelPath, tinyGuest(steps));
  const spec = { accelerator: 'tcg', cpus: 1, memoryMb: 64, kernelPath, cmdline: '' } as const;
  const machine = await startMachine(host, spec, { directory });
  return { ...machine, sshPort };
}

describe('a guest behind SSH', () => {
  let directory: string;
  let peer: FakeGuest;

  beforeEach(async () => {
    directory = await mkdtemp(path.join(tmpdir(), 'drydock-guest-'));
    peer = await startFakeGuest({ hostKey, authorizedKey: runKey.publicKey });
  });
  afterEach(async () => {
    await peer[Symbol.asyncDispose]();
    await rm(directory, { recursive: true });
  });

  test('says which boot of which kernel it is', async () => {
    await using machine = await startTiny(directory, ['halt'], peer.port);
    await using guest = await connectGuest(host, machine, keys);
    const { bootId, release } = await guest.identity();
    expect(bootId).toMatch(/^[0-9a-f-]{36}$/);
    expect(release).toBe(host.system.kernel);
  });

  test('is tried again until its sshd answers', async () => {
    const { port } = peer;
    await peer[Symbol.asyncDispose]();
    await using machine = await startTiny(directory, ['halt'], port);
    const reasons: string[] = [];
    let revived: Promise<FakeGuest> | undefined;
    const guest = await connectGuest(host, machine, {
      ...keys,
      onAttempt: (_attempt, why) => {
        reasons.push(why);
        revived ??= startFakeGuest({ hostKey, authorizedKey: runKey.publicKey, port });
      },
    });
    await guest[Symbol.asyncDispose]();
    peer = (await revived) ?? peer;
    expect(reasons[0]).toContain('ECONNREFUSED');
  });

  test('that panics while drydock tries to reach it is reported as the panic', async () => {
    const panic = '[ 1.0] Kernel panic - not syncing: Attempted to kill init! exitcode=0x00000009\n';
    await using mute = await startFakeGuest({ hostKey, authorizedKey: runKey.publicKey, mute: true });
    await using machine = await startTiny(directory, [{ print: panic }, 'halt'], mute.port);
    expect((await faultOf(connectGuest(host, machine, keys))).failure.kind).toBe('kernel-panic');
  });

  test('that ends while a command runs is reported by what ended it', async () => {
    await using machine = await startTiny(
      directory,
      ['enable-power-button', { print: 'up\n' }, 'await-power-button', 'power-off'],
      peer.port,
    );
    await using guest = await connectGuest(host, machine, keys);
    await machine.waitFor(/up/);
    const running = faultOf(guest.run(['sh', '-c', 'echo marker; exec sleep 1000']));
    await peer.started('marker');
    await machine.powerDown();
    expect((await running).failure).toMatchObject({ kind: 'not-ready' });
  });

  test('that ends while a program is read is reported by what ended it', async () => {
    await using machine = await startTiny(
      directory,
      ['enable-power-button', { print: 'up\n' }, 'await-power-button', 'power-off'],
      peer.port,
    );
    await using guest = await connectGuest(host, machine, keys);
    await machine.waitFor(/up/);
    const live = await guest.start(['sh', '-c', 'echo first; exec sleep 1000']);
    const lines = live.lines[Symbol.asyncIterator]();
    expect((await lines.next()).value).toBe('first');
    const reading = faultOf(lines.next());
    await machine.powerDown();
    expect((await reading).failure).toMatchObject({ kind: 'not-ready' });
    expect((await faultOf(guest.openUnixSocket('/var/run/docker.sock'))).failure).toMatchObject({ kind: 'not-ready' });
  });

  test('with another host key is not tried a second time', async () => {
    await using machine = await startTiny(directory, ['halt'], peer.port);
    const attempts: number[] = [];
    const stranger = host.ssh.generateKey('stranger').publicKey;
    const fault = await faultOf(
      connectGuest(host, machine, { ...keys, hostKey: stranger, onAttempt: (attempt) => attempts.push(attempt) }),
    );
    expect(fault.failure.headline).toContain("host key differs from the image's");
    expect(attempts).toEqual([1]);
  });

  test('that refuses the key of the run is given a few chances, then named', async () => {
    await using machine = await startTiny(directory, ['halt'], peer.port);
    const other = host.ssh.generateKey('other').privateKey;
    const fault = await faultOf(connectGuest(host, machine, { ...keys, privateKey: other }));
    expect(fault).toMatchObject({ trouble: 'user-key' });
  });

  test('is no longer waited for when the run is aborted', async () => {
    await using mute = await startFakeGuest({ hostKey, authorizedKey: runKey.publicKey, mute: true });
    await using machine = await startTiny(directory, ['halt'], mute.port);
    const abort = new AbortController();
    const connecting = faultOf(connectGuest(host, machine, { ...keys, signal: abort.signal }));
    abort.abort();
    expect((await connecting).failure.kind).toBe('interrupted');
  });
});

describe('the proof of a reboot', () => {
  const before = { bootId: 'aaaa', release: '6.1.0-49-amd64' };

  test('holds for another boot of the kernel that was installed', () => {
    const after = { bootId: 'bbbb', release: '6.1.176-drydock' };
    expect(proveReboot(before, after, '6.1.176-drydock')).toEqual({
      bootIdBefore: 'aaaa',
      bootIdAfter: 'bbbb',
      unameRelease: '6.1.176-drydock',
    });
  });

  test('fails for the boot from before, whatever it runs', () => {
    const same = { bootId: 'aaaa', release: '6.1.176-drydock' };
    expect(() => proveReboot(before, same, '6.1.176-drydock')).toThrow('did not reboot');
  });

  test('fails for another kernel than the one installed', () => {
    const after = { bootId: 'bbbb', release: '6.1.0-49-amd64' };
    expect(() => proveReboot(before, after, '6.1.176-drydock')).toThrow('where 6.1.176-drydock was installed');
  });
});
