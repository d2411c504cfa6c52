import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createEngine } from '../../src/containers/engine/engine.ts';
import { openHostPlace } from '../../src/containers/places/host-place.ts';
import type { HostPlace } from '../../src/containers/places/host-place.ts';
import type { ContainerSpec, Engine } from '../../src/containers/place.ts';
import { createHost } from '../../src/host/node-host.ts';
import { busyboxImage } from '../support/busybox-image.ts';
import { whyNoDockerd } from '../support/dockerd.ts';
import { faultOf } from '../support/faults.ts';

const host = createHost();
const skip = (await whyNoDockerd(host)) !== undefined;
const TAG = 'drydock/busybox:test';

describe.skipIf(skip)('a Docker daemon', () => {
  let folder: string;
  let place: HostPlace;
  let engine: Engine;
  const spec = (name: string, ...command: [string, ...string[]]): ContainerSpec => ({
    name,
    image: TAG,
    command,
    network: 'none',
  });

  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'drydock-engine-'));
    place = await openHostPlace(host, {
      folder: path.join(folder, 'dockerd'),
      logPath: path.join(folder, 'dockerd.log'),
      systemSocket: path.join(folder, 'no-system-dockerd.sock'),
    });
    engine = place.engine;
    await engine.importImage(await busyboxImage(folder), TAG);
  }, 300_000);
  afterAll(async () => {
    await place[Symbol.asyncDispose]();
    await rm(folder, { recursive: true });
  }, 300_000);

  test('says what it is, and its place where it stands', async () => {
    const facts = await engine.facts();
    expect(facts.version).toMatch(/^\d+\.\d+/);
    expect(facts).toMatchObject({ storageDriver: 'overlay2', cgroupDriver: 'cgroupfs' });
    expect(place.why).toContain('private dockerd');
    expect((await place.run(['ip', '-4', 'address', 'show'])).stdout).toContain(`inet ${place.bridgeAddress}/24`);
    expect(place.memoryBytes).toBe(host.system.totalMemoryBytes);
  });

  test('has the image that was imported until it is removed', async () => {
    expect(await engine.hasImage(TAG)).toBe(true);
    expect(await engine.hasImage('drydock/other:test')).toBe(false);
    await engine.importImage(path.join(folder, 'busybox.tar'), 'drydock/other:test');
    await engine.removeImage('drydock/other:test');
    expect(await engine.hasImage('drydock/other:test')).toBe(false);
    await engine.removeImage('drydock/other:test');
  });

  test('refuses a cut tar with its own words', async () => {
    const cut = path.join(folder, 'cut.tar');
    await host.files.copy(path.join(folder, 'busybox.tar'), cut);
    await truncate(cut, 300_000);
    const fault = await faultOf(engine.importImage(cut, 'drydock/cut:test'));
    expect(fault.failure.headline).toContain('import image drydock/cut:test');
    expect(fault.failure.detail?.join('\n')).toMatch(/unexpected EOF/i);
    expect(await engine.hasImage('drydock/cut:test')).toBe(false);
  });

  test('runs a container to its end and keeps what it wrote', async () => {
    await using container = await engine.create(spec('end', 'sh', '-c', 'echo out; echo err >&2; exit 3'));
    await container.start();
    expect(await container.wait()).toBe(3);
    expect(await container.logs()).toEqual({ stdout: 'out\n', stderr: 'err\n' });
    expect(await container.inspect()).toMatchObject({ running: false, exitCode: 3, pid: 0, oomKilled: false });
  });

  test('runs commands in a container, told by the line, exit codes as they are', async () => {
    await using container = await engine.create({ ...spec('exec', 'sleep', '1000'), env: { COLOUR: "it's blue" } });
    await container.start();
    const lines: string[] = [];
    const result = await container.exec(['sh', '-c', 'echo one; echo "$COLOUR" >&2; printf half; exit 7'], {
      onLine: (line) => lines.push(line),
    });
    expect(result).toMatchObject({ exitCode: 7, stdout: 'one\nhalf', stderr: "it's blue\n" });
    expect(result.durationMs).toBeGreaterThan(0);
    expect([...lines].sort()).toEqual(['half', "it's blue", 'one']);
    expect((await container.exec(['true'])).exitCode).toBe(0);
    expect((await container.exec(['no-such-program'])).exitCode).toBeGreaterThanOrEqual(126);
  });

  test('gives large output whole and in order', async () => {
    await using container = await engine.create(spec('large', 'sleep', '1000'));
    await container.start();
    const { stdout } = await container.exec(['sh', '-c', 'i=0; while [ $i -lt 20000 ]; do echo $i; i=$((i+1)); done']);
    expect(stdout.split('\n').slice(0, -1).map(Number)).toEqual(Array.from({ length: 20_000 }, (_, index) => index));
  });

  test("numbers a container's process as the machine does, and counts what it uses", async () => {
    await using container = await engine.create({
      ...spec('totals', 'sh', '-c', 'dd if=/dev/zero of=/tmp/x bs=1M count=8 conv=fsync; echo done; exec sleep 1000'),
      network: 'bridge',
    });
    await container.start();
    const { pid, ipAddress } = await container.inspect();
    expect(await host.files.readText(`/proc/${pid}/cgroup`)).toContain(container.id);
    expect(ipAddress.split('.').slice(0, 3)).toEqual(place.bridgeAddress.split('.').slice(0, 3));
    expect((await container.exec(['ping', '-c', '1', '-W', '20', place.bridgeAddress])).exitCode).toBe(0);
    const totals = await container.stats();
    expect(totals.cpuSec).toBeGreaterThan(0);
    expect(totals.memoryBytes).toBeGreaterThan(0);
    expect(totals.networkSendBytes).toBeGreaterThan(0);
    expect(totals.networkReceiveBytes).toBeGreaterThan(0);
  });

  test('keeps a volume apart from the image, and removes both with the container', async () => {
    const container = await engine.create({ ...spec('volume', 'sleep', '1000'), volumes: ['/data'] });
    await container.start();
    const { stdout } = await container.exec(['cat', '/proc/mounts']);
    expect(stdout).toMatch(/^\S+ \/data (?!overlay)/m);
    await container[Symbol.asyncDispose]();
    expect((await faultOf(container.inspect())).failure.headline).toContain('was gone');
    // A second time is no error.
    await container[Symbol.asyncDispose]();
  });

  test('times a container from nothing to its first byte, and leaves nothing of it', async () => {
    const timing = await engine.runToFirstOutput(spec('first', 'sh', '-c', 'sleep 1; echo hello; exit 4'));
    expect(timing.exitCode).toBe(4);
    expect(timing.firstOutputSec).toBeGreaterThan(1);
    const again = await engine.runToFirstOutput(spec('first', 'sh', '-c', 'echo now; sleep 3'));
    expect(again.firstOutputSec).toBeGreaterThan(0);
    expect((await faultOf(engine.runToFirstOutput(spec('first', 'true')))).failure.headline).toContain(
      'without a byte of output',
    );
  });

  test('tells a missing image, a taken name, a missing program and a killed container apart', async () => {
    const noImage = await faultOf(engine.create({ ...spec('x', 'true'), image: 'drydock/nowhere:1' }));
    expect(noImage.failure).toMatchObject({ kind: 'unavailable' });
    expect(noImage.failure.headline).toContain('has no image drydock/nowhere:1');
    expect(noImage.failure.detail?.join('\n')).toContain('No such image');

    await using container = await engine.create(spec('taken', 'sh', '-c', 'sleep 1000 & wait'));
    expect((await faultOf(engine.create(spec('taken', 'true')))).failure.headline).toContain('its name is taken');

    await using broken = await engine.create(spec('broken', 'no-such-program'));
    expect((await faultOf(broken.start())).failure).toMatchObject({ kind: 'command-failed' });

    await container.start();
    const running = container.exec(['sh', '-c', 'echo up; exec sleep 1000'], {
      onLine: () => {
        void container.inspect().then(({ pid }) => process.kill(pid, 'SIGKILL'));
      },
    });
    expect((await running).exitCode).toBe(137);
    expect(await container.wait()).toBe(137);
    expect(await container.inspect()).toMatchObject({ running: false, exitCode: 137 });
    expect((await faultOf(container.exec(['true']))).failure.headline).toContain('did not run');
  });

  test('that has no room for an image is a full disk', async () => {
    const mount = path.join(folder, 'small');
    await host.files.makeDirectory(mount);
    await host.processes.run(['mount', '-t', 'tmpfs', '-o', 'size=1M', 'small', mount]);
    try {
      await writeFile(path.join(folder, 'big.bin'), Buffer.alloc(3_000_000, 1));
      const tar = path.join(folder, 'big.tar');
      await host.processes.run(['tar', '--create', '--file', tar, '--directory', folder, 'big.bin']);
      const small = { folder: path.join(mount, 'dockerd'), logPath: path.join(folder, 'small.log') };
      const fault = await faultOf(
        (async () => {
          await using full = await openHostPlace(host, { ...small, systemSocket: path.join(folder, 'no.sock') });
          await full.engine.importImage(tar, 'drydock/big:1');
        })(),
      );
      expect(fault.failure.kind).toBe('disk-full');
    } finally {
      await host.processes.run(['umount', mount]);
    }
  });

  test('a program on the place is read and ended', async () => {
    await using live = await place.start(['sh', '-c', 'echo up; exec sleep 1000']);
    expect((await live.lines[Symbol.asyncIterator]().next()).value).toBe('up');
    await live.end();
    await place.upload(path.join(folder, 'busybox.tar'), path.join(place.scratch, 'copy'));
    expect((await host.files.list(place.scratch)).includes('copy')).toBe(true);
  });
});

describe('a daemon that is not there', () => {
  test('is an unavailable daemon, with its last words', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'drydock-gone-'));
    const file = path.join(folder, 'docker.sock');
    const nobody = createEngine(() => host.sockets.openUnix(file), host);
    expect((await faultOf(nobody.facts())).failure).toMatchObject({ kind: 'unavailable' });
    const listener = createServer((socket) => socket.destroy());
    await new Promise<void>((resolve) => listener.listen(file, resolve));
    const rude = createEngine(() => host.sockets.openUnix(file), host, {
      outputTail: () => Promise.resolve(['fatal: I die']),
    });
    const fault = await faultOf(rude.facts());
    expect(fault.failure.headline).toContain('went away while drydock asked it to describe itself');
    expect(fault.failure.detail).toContain('fatal: I die');
    await new Promise((resolve) => listener.close(resolve));
    await rm(folder, { recursive: true });
  });
});
