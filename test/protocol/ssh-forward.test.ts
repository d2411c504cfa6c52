import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { serveFolder } from '../../src/host/net/file-server.ts';
import type { FileServer, RemoteForward, SshSession } from '../../src/host/host.ts';
import { SshFault } from '../../src/host/ssh/ssh-fault.ts';
import { createSsh } from '../../src/host/ssh/ssh.ts';
import { startFakeGuest } from '../support/ssh-server.ts';
import type { FakeGuest } from '../support/ssh-server.ts';

const CONTENT = randomBytes(5_000_000);
const ssh = createSsh();
const hostKey = ssh.generateKey('host');
const runKey = ssh.generateKey('run');

let folder: string;
let guest: FakeGuest;
let session: SshSession;
let server: FileServer;
let forward: RemoteForward;

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'drydock-forward-'));
  await writeFile(path.join(folder, 'data'), CONTENT);
  await writeFile(path.join(folder, 'small'), 'small');
  server = await serveFolder(folder);
  guest = await startFakeGuest({ hostKey, authorizedKey: runKey.publicKey });
  session = await ssh.connect({
    host: '127.0.0.1',
    port: guest.port,
    username: guest.username,
    privateKey: runKey.privateKey,
    hostKey: hostKey.publicKey,
  });
  forward = await session.forwardIn('127.0.0.1', 0, server.accept);
});

afterEach(async () => {
  await forward[Symbol.asyncDispose]();
  await session[Symbol.asyncDispose]();
  await guest[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

function get(file: string, port = forward.port): Promise<Response> {
  return fetch(`http://127.0.0.1:${String(port)}/${file}`);
}

test('a port of the guest leads to the file server here, as many connections at once as there are', async () => {
  const bodies = await Promise.all(Array.from({ length: 8 }, async () => (await get('data')).arrayBuffer()));
  for (const body of bodies) expect(CONTENT.equals(Buffer.from(body))).toBe(true);
  expect(server.traffic).toEqual({ requests: 8, bytesSent: 8 * CONTENT.length });
});

test('a download that its client drops leaves the next connection in step', async () => {
  const socket = connect({ host: '127.0.0.1', port: forward.port });
  socket.write('GET /data HTTP/1.1\r\nHost: x\r\n\r\n');
  await once(socket, 'data');
  socket.resetAndDestroy();
  await once(socket, 'close');
  expect(await (await get('small')).text()).toBe('small');
});

test('two ports lead to where each was meant to', async () => {
  await using other = await session.forwardIn('127.0.0.1', 0, (connection) =>
    connection.end('HTTP/1.0 200 OK\r\n\r\nother'),
  );
  expect(await (await get('x', other.port)).text()).toBe('other');
  expect(await (await get('small')).text()).toBe('small');
});

test('the port is closed when it is no longer wanted', async () => {
  await forward[Symbol.asyncDispose]();
  await expect(get('small')).rejects.toThrow();
});

test('an address that sshd cannot have is a fault that names it', async () => {
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  const address = taken.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const error: unknown = await session.forwardIn('127.0.0.1', port, server.accept).catch((reason: unknown) => reason);
  taken.close();
  expect(error).toBeInstanceOf(SshFault);
  expect(String(error)).toContain(`127.0.0.1:${String(port)}`);
});

test('a link that breaks under it ends the connections and can still be disposed of', async () => {
  const socket = connect({ host: '127.0.0.1', port: forward.port });
  const closed = once(socket, 'close');
  await once(socket, 'connect');
  guest.cut();
  await session.closed;
  await closed;
});
