import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { guestPlace } from '../../src/containers/places/guest-place.ts';
import { startPrivateDockerd } from '../../src/containers/places/private-dockerd.ts';
import type { PrivateDockerd } from '../../src/containers/places/private-dockerd.ts';
import { startMachine } from '../../src/guest/machine/machine.ts';
import type { Machine } from '../../src/guest/machine/machine.ts';
import { connectGuest } from '../../src/guest/ssh/guest.ts';
import { createHost } from '../../src/host/node-host.ts';
import { busyboxImage } from '../support/busybox-image.ts';
import { whyNoDockerd } from '../support/dockerd.ts';
import { faultOf } from '../support/faults.ts';
import { startFakeGuest } from '../support/ssh-server.ts';
import type { FakeGuest } from '../support/ssh-server.ts';
import { tinyGuest } from '../support/tiny-guest.ts';
import type { TinyStep } from '../support/tiny-guest.ts';

const host = createHost();
const skip = (await whyNoDockerd(host)) !== undefined;
const hostKey = host.ssh.generateKey('host');
const runKey = host.ssh.generateKey('run');
const keys = { privateKey: runKey.privateKey, hostKey: hostKey.publicKey };
const TAG = 'drydock/busybox:test';

/** A real machine whose sshd is a fake one on loopback, behind which a real dockerd listens on a Unix socket. */
describe.skipIf(skip)('a guest as a place', () => {
  let folder: string;
  let peer: FakeGuest;
  let dockerd: PrivateDockerd;
  const startTiny = async (steps: readonly TinyStep[]): Promise<Machine> => {
    const kernelPath = path.join(folder, 'tiny');
    await writeFile(kernelPath, tinyGuest(steps));
    const spec = { accelerator: 'tcg', cpus: 1, memoryMb: 64, kernelPath, cmdline: '' } as const;
    const machine = await startMachine(host, spec, { directory: folder });
    return { ...machine, sshPort: peer.port };
  };

  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'drydock-guest-place-'));
    peer = await startFakeGuest({ hostKey, authorizedKey: runKey.publicKey });
    dockerd = await startPrivateDockerd(host, {
      folder: path.join(folder, 'dockerd'),
      logPath: path.join(folder, 'dockerd.log'),
    });
  }, 300_000);
  afterAll(async () => {
    await dockerd[Symbol.asyncDispose]();
    await peer[Symbol.asyncDispose]();
    await rm(folder, { recursive: true });
  }, 300_000);

  test('runs containers through SSH as through a socket', async () => {
    await using machine = await startTiny(['halt']);
    await using guest = await connectGuest(host, machine, keys);
    const options = { name: 'stock', daemonSocket: dockerd.socketPath, repositoryUrl: 'http://10.0.2.100:80' };
    const place = await guestPlace(guest, host, options);
    expect(place).toMatchObject({
      ...{ name: 'stock', kind: 'vm', bridgeAddress: dockerd.bridgeAddress, cpus: host.system.cpuCount },
      ...{ repositoryUrl: 'http://10.0.2.100:80', memoryBytes: host.system.totalMemoryBytes },
    });
    const { engine } = place;
    await engine.importImage(await busyboxImage(folder), TAG);
    expect(await engine.hasImage(TAG)).toBe(true);
    await using container = await engine.create({
      ...{ name: 'ssh', image: TAG, command: ['sleep', '1000'], network: 'none' },
    });
    await container.start();
    const large = await container.exec(['sh', '-c', 'dd if=/dev/zero bs=1000 count=3000 2>/dev/null; exit 9']);
    expect(large.stdout.length).toBe(3_000_000);
    expect(large.exitCode).toBe(9);
    const timing = await engine.runToFirstOutput({
      ...{ name: 'first', image: TAG, command: ['echo', 'hello'], network: 'none' },
    });
    expect(timing.exitCode).toBe(0);
    expect(timing.firstOutputSec).toBeGreaterThan(0);
    await using live = await place.start(['sh', '-c', 'while read -r x; do echo "got $x"; done']);
    live.write('one');
    expect((await live.lines[Symbol.asyncIterator]().next()).value).toBe('got one');
    await place.run(['rm', '-r', place.scratch]);
  });

  test('that ends under a request to its daemon is reported by what ended it', async () => {
    await using machine = await startTiny([
      'enable-power-button',
      { print: 'up\n' },
      'await-power-button',
      'power-off',
    ]);
    await using guest = await connectGuest(host, machine, keys);
    await machine.waitFor(/up/);
    const place = await guestPlace(guest, host, { name: 'stock', daemonSocket: dockerd.socketPath });
    await place.run(['rm', '-r', place.scratch]);
    await using container = await place.engine.create({
      ...{ name: 'crash', image: TAG, command: ['sleep', '1000'], network: 'none' },
    });
    await container.start();
    const waiting = faultOf(container.wait());
    await machine.powerDown();
    expect((await waiting).failure).toMatchObject({ kind: 'not-ready' });
  });

  test('whose link breaks is told as the broken link, though the daemon seems to have gone', async () => {
    await using machine = await startTiny(['halt']);
    await using guest = await connectGuest(host, machine, keys);
    const troubles: string[] = [];
    const options = {
      name: 'stock',
      daemonSocket: dockerd.socketPath,
      onTrouble: (said: string) => troubles.push(said),
    };
    const place = await guestPlace(guest, host, options);
    await place.run(['rm', '-r', place.scratch]);
    const container = await place.engine.create({
      ...{ name: 'cut', image: TAG, command: ['sleep', '1000'], network: 'none' },
    });
    await container.start();
    // In the middle of an answer, and before a connection is there.
    const running = container.exec(['sh', '-c', 'echo up; exec sleep 1000'], {
      onLine: () => {
        peer.cut();
      },
    });
    expect((await faultOf(running)).failure).toMatchObject({ kind: 'no-ssh' });
    expect((await faultOf(container.wait())).failure).toMatchObject({ kind: 'no-ssh' });
    await container[Symbol.asyncDispose]();
    expect(troubles.join()).toContain('drydock-cut may have stayed behind');
  });
});
