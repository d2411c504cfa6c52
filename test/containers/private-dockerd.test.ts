import { spawn } from 'node:child_process';
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createEngine } from '../../src/containers/engine/engine.ts';
import { openHostPlace } from '../../src/containers/places/host-place.ts';
import { startPrivateDockerd } from '../../src/containers/places/private-dockerd.ts';
import { Fault } from '../../src/host/fault.ts';
import { createHost } from '../../src/host/node-host.ts';
import { busyboxImage } from '../support/busybox-image.ts';
import { whyNoDockerd } from '../support/dockerd.ts';
import { processGone } from '../support/processes.ts';

const host = createHost();
const skip = (await whyNoDockerd(host)) !== undefined;
const SOURCE = fileURLToPath(new URL('../../src/', import.meta.url));
const TAG = 'drydock/busybox:test';

/** Everything that a private dockerd for `folder` could leave on this machine. */
async function traces(folder: string): Promise<string[]> {
  const found: string[] = [];
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const command = await readFile(`/proc/${name}/cmdline`, 'utf8').catch(() => '');
    if (command.includes(`${folder}/data`)) found.push(`process ${command}`);
  }
  const links = await host.processes.run(['ip', '-details', 'link', 'show']);
  if (links.stdout.includes(folder)) found.push(`bridge of ${folder}`);
  if ((await readFile('/proc/mounts', 'utf8')).includes(folder)) found.push(`mount below ${folder}`);
  if ((await host.files.stat(folder)) !== undefined) found.push(`folder ${folder}`);
  return found;
}

async function controlGroupsOf(containerId: string): Promise<readonly string[]> {
  const command = ['find', '/sys/fs/cgroup', '-maxdepth', '3', '-name', containerId] as const;
  const { stdout } = await host.processes.run(command, { okExitCodes: [0, 1] });
  return stdout.split('\n').filter((line) => line !== '');
}

async function firstLine(stream: Readable): Promise<string> {
  for await (const line of createInterface({ input: stream })) return line;
  throw new Error('It ended without a line');
}

async function packetFilter(): Promise<string> {
  const rules = await host.processes.run(['iptables-save'], { okExitCodes: [0, 1, 3] });
  const forward = await readFile('/proc/sys/net/ipv4/ip_forward', 'utf8');
  return `${rules.stdout.replace(/^#.*$/gm, '').replace(/\[\d+:\d+\]/g, '')}${forward}`;
}

describe.skipIf(skip)('a private dockerd', () => {
  let scratch: string;
  let folder: string;
  let logPath: string;

  beforeEach(async () => {
    scratch = await mkdtemp(path.join(tmpdir(), 'drydock-dockerd-test-'));
    folder = path.join(scratch, 'dockerd');
    logPath = path.join(scratch, 'dockerd.log');
  });
  afterEach(async () => {
    await rm(scratch, { recursive: true });
  });

  test('leaves nothing behind, and the packet filter as it was', async () => {
    const filterBefore = await packetFilter();
    const dockerd = await startPrivateDockerd(host, { folder, logPath });
    const engine = createEngine(() => host.sockets.openUnix(dockerd.socketPath), host, dockerd);
    expect(await engine.bridgeAddress()).toBe(dockerd.bridgeAddress);
    await engine.importImage(await busyboxImage(scratch), TAG);
    // Not disposed of: the end of the daemon has to see to it.
    const container = await engine.create({
      ...{ name: 'stays', image: TAG, command: ['sh', '-c', 'trap "" TERM; while :; do sleep 1000; done'] },
      network: 'bridge',
      volumes: ['/data'],
    });
    await container.start();
    const { pid } = await container.inspect();
    expect((await traces(folder)).length).toBeGreaterThan(0);
    expect((await controlGroupsOf(container.id)).length).toBeGreaterThan(0);
    expect(await packetFilter()).toBe(filterBefore);
    await dockerd[Symbol.asyncDispose]();
    await processGone(pid);
    expect(await traces(folder)).toEqual([]);
    expect(await controlGroupsOf(container.id)).toEqual([]);
    expect(await packetFilter()).toBe(filterBefore);
    expect(await readFile(logPath, 'utf8')).toContain('API listen on');
  });

  test('dies with a drydock that is killed, and the next start removes what is left', async () => {
    const tar = await busyboxImage(scratch);
    const program = `
      import { createEngine } from ${JSON.stringify(`${SOURCE}containers/engine/engine.ts`)};
      import { startPrivateDockerd } from ${JSON.stringify(`${SOURCE}containers/places/private-dockerd.ts`)};
      import { createHost } from ${JSON.stringify(`${SOURCE}host/node-host.ts`)};
      const host = createHost();
      const [folder, logPath, tar] = process.argv.slice(-3);
      const dockerd = await startPrivateDockerd(host, { folder, logPath });
      const engine = createEngine(() => host.sockets.openUnix(dockerd.socketPath), host, dockerd);
      await engine.importImage(tar, '${TAG}');
      const container = await engine.create({ name: 'orphan', image: '${TAG}', command: ['sleep', '1000'], network: 'bridge' });
      await container.start();
      console.log((await container.inspect()).pid);
    `;
    const child = spawn(
      process.execPath,
      ['--import', 'tsx', '--input-type=module', '-e', program, '--', folder, logPath, tar],
      { cwd: path.dirname(SOURCE), stdio: ['ignore', 'pipe', 'inherit'] },
    );
    const pid = Number(await firstLine(child.stdout));
    expect(await readFile(`/proc/${pid}/cmdline`, 'utf8')).toBe('sleep\0' + '1000\0');
    child.kill('SIGKILL');
    // The container's process is of the namespace that dies with the guard.
    await processGone(pid);
    expect((await traces(folder)).filter((one) => !one.startsWith('process'))).toEqual([
      `bridge of ${folder}`,
      `folder ${folder}`,
    ]);
    const waited: string[] = [];
    const next = await startPrivateDockerd(host, { folder, logPath, onWait: (holder) => waited.push(holder) });
    const links = (await host.processes.run(['ip', '-details', 'link', 'show'])).stdout;
    expect(links.split(folder).length - 1).toBe(1);
    const engine = createEngine(() => host.sockets.openUnix(next.socketPath), host, next);
    expect(await engine.hasImage(TAG)).toBe(false);
    await next[Symbol.asyncDispose]();
    expect(await traces(folder)).toEqual([]);
  });

  test('started at the same moment as another has a bridge and a network of its own', async () => {
    const folders = ['one', 'two'].map((name) => path.join(scratch, name));
    const both = await Promise.all(folders.map((one) => startPrivateDockerd(host, { folder: one, logPath })));
    expect(new Set(both.map((dockerd) => dockerd.bridgeAddress)).size).toBe(2);
    await Promise.all(both.map((dockerd) => dockerd[Symbol.asyncDispose]()));
    for (const one of folders) expect(await traces(one)).toEqual([]);
  });

  test('that cannot start says why in its headline, and leaves nothing', async () => {
    const work = startPrivateDockerd(host, { folder: '/proc/drydock-dockerd', logPath });
    await expect(work).rejects.toBeInstanceOf(Error);
    const unprivileged = { ...host, system: { ...host.system, isRoot: false } };
    await expect(startPrivateDockerd(unprivileged, { folder, logPath })).rejects.toMatchObject({
      failure: { kind: 'unavailable', headline: 'drydock does not run as root here, which a private dockerd needs' },
    });
    const bare = { ...host, processes: { ...host.processes, which: () => Promise.resolve(undefined) } };
    await expect(openHostPlace(bare, { folder, logPath, systemSocket: '/nowhere' })).rejects.toMatchObject({
      failure: { kind: 'missing-tool', headline: 'dockerd is not installed, so no private dockerd can be started' },
    });
    await expect(startPrivateDockerd(host, { folder: '/run/x/dockerd', logPath })).rejects.toBeInstanceOf(Fault);
    expect(await traces(folder)).toEqual([]);
  });

  test('on a file system that overlay2 does not work on says so', async () => {
    // Overlayfs refuses another overlayfs as its upper layer.
    const layers = ['lower', 'upper', 'work', 'merged'].map((name) => path.join(scratch, name));
    for (const layer of layers) await host.files.makeDirectory(layer);
    const [lower, upper, work, merged] = layers;
    const backing = path.join(scratch, 'backing');
    await host.files.makeDirectory(backing);
    if (merged === undefined) throw new Error('four layers');
    await host.processes.run([
      ...(['mount', '-t', 'overlay', '-o', `lowerdir=${lower},upperdir=${upper},workdir=${work}`] as const),
      ...['overlay', merged],
    ]);
    try {
      const onOverlay = path.join(merged, 'dockerd');
      const starting = startPrivateDockerd(host, { folder: onOverlay, logPath });
      await expect(starting).rejects.toMatchObject({ failure: { kind: 'unavailable' } });
      await expect(starting).rejects.toThrow('does not carry overlay2');
      expect(await traces(onOverlay)).toEqual([]);
    } finally {
      await host.processes.run(['umount', merged]);
    }
  });

  test('that is interrupted while it starts leaves nothing', async () => {
    const abort = new AbortController();
    const starting = startPrivateDockerd(host, { folder, logPath, signal: abort.signal });
    abort.abort();
    await expect(starting).rejects.toMatchObject({ failure: { kind: 'interrupted' } });
    expect(await traces(folder)).toEqual([]);
  });
});
