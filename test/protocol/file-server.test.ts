import { once } from 'node:events';
import { mkdir, mkdtemp, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { Agent, request } from 'node:http';
import type { IncomingHttpHeaders, RequestOptions } from 'node:http';
import { connect } from 'node:net';
import type { NetConnectOpts, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { buffer } from 'node:stream/consumers';
import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { serveFolder } from '../../src/host/net/file-server.ts';
import type { FileServer } from '../../src/host/host.ts';
import { createSockets } from '../../src/host/net/socket.ts';

const CONTENT = randomBytes(1_000_000);
const MODIFIED = new Date('2026-03-04T05:06:07Z');

let parent: string;
let server: FileServer;
let port: number;

beforeEach(async () => {
  parent = await mkdtemp(path.join(tmpdir(), 'drydock-serve-'));
  const folder = path.join(parent, 'served');
  await mkdir(path.join(folder, 'pool'), { recursive: true });
  await writeFile(path.join(parent, 'secret'), 'secret');
  await writeFile(path.join(folder, 'pool/data'), CONTENT);
  await writeFile(path.join(folder, 'g++_1~2+b1.deb'), 'plus');
  await writeFile(path.join(folder, 'empty'), '');
  await utimes(path.join(folder, 'pool/data'), MODIFIED, MODIFIED);
  await symlink('pool/data', path.join(folder, 'inside'));
  await symlink('../secret', path.join(folder, 'outside'));
  await symlink('..', path.join(folder, 'up'));
  server = await serveFolder(folder);
  port = (await server.listen({ address: '127.0.0.1' })) ?? 0;
});

afterEach(async () => {
  await server[Symbol.asyncDispose]();
  await rm(parent, { recursive: true, force: true });
});

interface Answer {
  readonly status: number | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

async function ask(target: string, options: RequestOptions = {}): Promise<Answer> {
  const sent = request({ host: '127.0.0.1', port, path: target, agent: false, ...options });
  sent.end();
  const answered = await new Promise<Answer>((resolve, reject) => {
    sent.once('error', reject);
    sent.once('response', (response) => {
      buffer(response).then((body) => {
        resolve({ status: response.statusCode, headers: response.headers, body });
      }, reject);
    });
  });
  return answered;
}

/** Sends bytes as they are and reads until the server has closed its side. */
async function exchange(text: string, at: NetConnectOpts = { host: '127.0.0.1', port }): Promise<string> {
  const socket = connect(at);
  socket.write(text);
  return (await buffer(socket)).toString('latin1');
}

describe('a file of the folder', () => {
  test('comes whole, with its time', async () => {
    const { status, headers, body } = await ask('/pool/data');
    expect(status).toBe(200);
    expect(headers['last-modified']).toBe(MODIFIED.toUTCString());
    expect(body.equals(CONTENT)).toBe(true);
  });

  test('has its length told by HEAD, without a body', async () => {
    const { status, headers, body } = await ask('/pool/data', { method: 'HEAD' });
    expect([status, headers['content-length'], body.length]).toEqual([200, '1000000', 0]);
  });

  test('may be empty', async () => {
    const { status, body } = await ask('/empty');
    expect([status, body.length]).toEqual([200, 0]);
  });

  test('is found by an escaped name, and by a plus that is no space', async () => {
    for (const target of ['/g++_1~2+b1.deb', '/g%2b%2b_1%7e2%2Bb1.deb', '/g++_1~2+b1.deb?x=1'])
      expect((await ask(target)).body.toString()).toBe('plus');
  });

  test('is found through a link that stays inside', async () => {
    expect((await ask('/inside')).body.length).toBe(CONTENT.length);
  });

  test('does not come again when the client has it', async () => {
    const since = (ms: number) => ({
      headers: { 'if-modified-since': new Date(MODIFIED.getTime() + ms).toUTCString() },
    });
    expect((await ask('/pool/data', since(0))).status).toBe(304);
    expect((await ask('/pool/data', since(-1000))).status).toBe(200);
  });
});

describe('a part of a file', () => {
  test.each([
    ['bytes=0-0', 0, 0],
    ['bytes=999999-', 999_999, 999_999],
    ['bytes=-10', 999_990, 999_999],
    ['bytes=500000-2000000', 500_000, 999_999],
    ['bytes=-2000000', 0, 999_999],
  ])('%s has the bytes %i to %i', async (range, from, to) => {
    const { status, headers, body } = await ask('/pool/data', { headers: { range } });
    expect(status).toBe(206);
    expect(headers['content-range']).toBe(`bytes ${String(from)}-${String(to)}/1000000`);
    expect(body.equals(CONTENT.subarray(from, to + 1))).toBe(true);
  });

  test.each(['bytes=1000000-', 'bytes=-0'])('that does not exist (%s) is refused with the size', async (range) => {
    const { status, headers } = await ask('/pool/data', { headers: { range } });
    expect([status, headers['content-range']]).toEqual([416, 'bytes */1000000']);
  });

  test.each(['bytes=5-2', 'bytes=0-1,5-6', 'lines=1-2', 'bytes=-'])(
    'that nobody understands (%s) is the whole file',
    async (range) => {
      expect((await ask('/pool/data', { headers: { range } })).status).toBe(200);
    },
  );

  test('of a file that has changed meanwhile is the whole file', async () => {
    const resume = (ifRange: string) => ask('/pool/data', { headers: { range: 'bytes=10-', 'if-range': ifRange } });
    expect((await resume(MODIFIED.toUTCString())).status).toBe(206);
    expect((await resume(new Date(0).toUTCString())).status).toBe(200);
  });
});

describe('nothing else is served:', () => {
  test.each([
    '/../secret',
    '/%2e%2e/secret',
    '/pool/..%2f..%2fsecret',
    '/pool/%2E%2E/%2e%2e/secret',
    '/..%5csecret',
    '/outside',
    '/up/secret',
    '//etc/passwd',
    '/pool',
    '/',
    '/absent',
    '/pool/data/x',
    '/%00',
    '/%zz',
    'http://127.0.0.1/pool/data',
  ])('%s', async (target) => {
    const { status, body } = await ask(target);
    expect([400, 404]).toContain(status);
    expect(body.toString()).toMatch(/^no such file: |^not a /);
    expect(server.traffic.bytesSent).toBe(0);
  });

  test('nor written', async () => {
    const { status, headers } = await ask('/pool/data', { method: 'PUT' });
    expect([status, headers.allow]).toEqual([405, 'GET, HEAD']);
  });
});

describe('a connection', () => {
  test('carries pipelined requests, answered in order', async () => {
    const get = (target: string, more = '') => `GET ${target} HTTP/1.1\r\nHost: x\r\n${more}\r\n`;
    const answers = await exchange(
      get('/pool/data') + get('/absent') + get('/g++_1~2+b1.deb') + get('/inside', 'Connection: close\r\n'),
    );
    const statuses = [...answers.matchAll(/HTTP\/1\.1 (\d+)/g)].map((match) => match[1]);
    expect(statuses).toEqual(['200', '404', '200', '200']);
    expect(answers.length).toBeGreaterThan(2 * CONTENT.length);
    expect(server.traffic).toEqual({ requests: 4, bytesSent: 2 * CONTENT.length + 4 });
  });

  test('is used again for the next request', async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const sockets = new Set<Socket>();
    agent.on('free', (socket: Socket) => sockets.add(socket));
    for (let round = 0; round < 20; round += 1) expect((await ask('/pool/data', { agent })).status).toBe(200);
    agent.destroy();
    expect(sockets.size).toBe(1);
  });

  test('promises no end of its own', async () => {
    const agent = new Agent({ keepAlive: true });
    const { headers } = await ask('/empty', { agent });
    agent.destroy();
    expect(headers.connection).toBe('keep-alive');
    expect(headers['keep-alive']).toBeUndefined();
  });

  test('that its client drops in the middle of a file leaves the others alone', async () => {
    const socket = connect({ host: '127.0.0.1', port });
    socket.write('GET /pool/data HTTP/1.1\r\nHost: x\r\n\r\n');
    await once(socket, 'data');
    socket.resetAndDestroy();
    await once(socket, 'close');
    expect((await ask('/pool/data')).body.equals(CONTENT)).toBe(true);
  });

  test('is cut when the server goes', async () => {
    const socket = connect({ host: '127.0.0.1', port });
    socket.write('GET /empty HTTP/1.1\r\nHost: x\r\n\r\n');
    await once(socket, 'data');
    const closed = once(socket, 'close');
    socket.resume();
    await server[Symbol.asyncDispose]();
    await closed;
    await expect(ask('/empty')).rejects.toThrow('ECONNREFUSED');
  });
});

describe('the server', () => {
  test('is reached through a Unix socket, too, and counts both', async () => {
    const socketPath = path.join(parent, 's');
    expect(await server.listen({ socketPath })).toBeUndefined();
    const answer = await exchange('GET /empty HTTP/1.0\r\n\r\n', { path: socketPath });
    expect(answer).toMatch(/^HTTP\/1\.1 200 /);
    await ask('/empty');
    expect(server.traffic.requests).toBe(2);
  });

  test('listens on the one address it was told', async () => {
    await expect(ask('/empty', { host: '127.0.0.2' })).rejects.toThrow('ECONNREFUSED');
  });

  test.each(['0.0.0.0', '::', 'localhost', ''])('refuses %j as an address', async (address) => {
    await expect(server.listen({ address })).rejects.toThrow('one IPv4 address');
  });

  test('names an address that this machine does not have', async () => {
    await expect(server.listen({ address: '192.0.2.1' })).rejects.toThrow('Could not listen on 192.0.2.1');
  });

  test('names a socket path that the kernel would cut', async () => {
    const socketPath = `/${'x'.repeat(108)}`;
    await expect(server.listen({ socketPath })).rejects.toThrow('longer than the 107 bytes');
    await expect(createSockets().connectUnix(socketPath)).rejects.toThrow('longer than the 107 bytes');
  });

  test('needs a folder that exists', async () => {
    await expect(serveFolder(path.join(parent, 'none'))).rejects.toThrow();
  });
});
