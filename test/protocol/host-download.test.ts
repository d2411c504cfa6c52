import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createDownloads } from '../../src/host/net/download.ts';
import { createFiles } from '../../src/host/files.ts';

const CONTENT = randomBytes(3_000_000);
const SHA256 = createHash('sha256').update(CONTENT).digest('hex');
const downloads = createDownloads(createFiles());

type Reply = (request: IncomingMessage, response: ServerResponse) => void;

let folder: string;
let target: string;
let server: Server | undefined;
/** `Range` of every request, in order. */
let ranges: (string | undefined)[];

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'drydock-download-'));
  target = path.join(folder, 'sub/file');
  ranges = [];
});

afterEach(async () => {
  server?.closeAllConnections();
  await new Promise((resolve) => (server === undefined ? resolve(undefined) : server.close(resolve)));
  server = undefined;
  await rm(folder, { recursive: true, force: true });
});

/** A server that answers one request after the other as told; the last answer repeats. */
async function serve(...replies: readonly [Reply, ...Reply[]]): Promise<string> {
  const listening = createServer((request, response) => {
    const reply = replies[Math.min(ranges.length, replies.length - 1)] ?? replies[0];
    ranges.push(request.headers.range);
    reply(request, response);
  });
  server = listening;
  await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve));
  const address = listening.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return `http://127.0.0.1:${String(address.port)}/file`;
}

function offsetOf(request: IncomingMessage): number {
  return Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
}

const whole: Reply = (request, response) => {
  const from = offsetOf(request);
  if (from >= CONTENT.length) {
    response.writeHead(416).end();
    return;
  }
  const body = CONTENT.subarray(from);
  response.writeHead(from === 0 ? 200 : 206, { 'content-length': body.length }).end(body);
};

const cutAfterAMegabyte: Reply = (request, response) => {
  const from = offsetOf(request);
  response.writeHead(from === 0 ? 200 : 206, { 'content-length': CONTENT.length - from });
  response.write(CONTENT.subarray(from, from + 1_000_000), () => {
    response.destroy();
  });
};

const withoutRange: Reply = (_request, response) => {
  response.writeHead(200, { 'content-length': CONTENT.length }).end(CONTENT);
};

function status(code: number): Reply {
  return (_request, response) => {
    response.writeHead(code).end();
  };
}

async function begun(bytes: Uint8Array): Promise<void> {
  await createFiles().writeAtomic(`${target}.part`, bytes);
}

async function expectWhole(): Promise<void> {
  expect((await readFile(target)).equals(CONTENT)).toBe(true);
  await expect(stat(`${target}.part`)).rejects.toMatchObject({ code: 'ENOENT' });
}

test('a cut connection goes on where it was cut', async () => {
  const url = await serve(cutAfterAMegabyte, whole);
  const seen: number[] = [];
  await downloads.fetch(url, target, { sha256: SHA256, onProgress: (done) => seen.push(done) });
  await expectWhole();
  expect(ranges[0]).toBeUndefined();
  expect(ranges[1]).toMatch(/^bytes=[1-9]\d*-$/);
  expect(seen).toEqual([...seen].sort((one, other) => one - other));
  expect(seen.at(-1)).toBe(CONTENT.length);
});

test('what an earlier run has fetched is not fetched again', async () => {
  await begun(CONTENT.subarray(0, 2_000_000));
  await downloads.fetch(await serve(whole), target, { sha256: SHA256 });
  await expectWhole();
  expect(ranges).toEqual(['bytes=2000000-']);
});

test('a part that was whole already only gets its name', async () => {
  await begun(CONTENT);
  await downloads.fetch(await serve(whole), target, { sha256: SHA256 });
  await expectWhole();
  expect(ranges).toEqual([`bytes=${String(CONTENT.length)}-`]);
});

test('a torn part is thrown away and the file fetched in one piece', async () => {
  await begun(randomBytes(CONTENT.length + 5));
  await downloads.fetch(await serve(whole), target, { sha256: SHA256 });
  await expectWhole();
  expect(ranges).toEqual([`bytes=${String(CONTENT.length + 5)}-`, undefined]);
});

test('a server without ranges starts over, and the file is right', async () => {
  await begun(CONTENT.subarray(0, 2_000_000));
  await downloads.fetch(await serve(withoutRange), target, { sha256: SHA256 });
  await expectWhole();
});

test('a server that likes to compress is asked not to', async () => {
  const eager: Reply = (request, response) => {
    const accepts = String(request.headers['accept-encoding']).includes('gzip');
    if (!accepts) whole(request, response);
    else response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(CONTENT));
  };
  const totals: (number | undefined)[] = [];
  const onProgress = (_done: number, total: number | undefined) => totals.push(total);
  await downloads.fetch(await serve(eager), target, { sha256: SHA256, onProgress });
  await expectWhole();
  expect(totals.at(-1)).toBe(CONTENT.length);
});

test('a server in trouble is asked again', async () => {
  await downloads.fetch(await serve(status(503), whole), target, { sha256: SHA256 });
  await expectWhole();
  expect(ranges).toHaveLength(2);
});

test('a file that is not there is asked for once', async () => {
  const url = await serve(status(404));
  await expect(downloads.fetch(url, target, { sha256: SHA256 })).rejects.toMatchObject({
    failure: { kind: 'download-failed', headline: `Could not download ${url}: the server answered 404 Not Found` },
  });
  expect(ranges).toHaveLength(1);
});

test('another file than was asked for leaves nothing behind', async () => {
  const asked = 'b'.repeat(64);
  await expect(downloads.fetch(await serve(whole), target, { sha256: asked })).rejects.toMatchObject({
    failure: { kind: 'digest-mismatch', detail: [`asked for sha256 ${asked}`, `got       sha256 ${SHA256}`] },
  });
  await expect(stat(target)).rejects.toMatchObject({ code: 'ENOENT' });
  await expect(stat(`${target}.part`)).rejects.toMatchObject({ code: 'ENOENT' });
  expect(ranges).toHaveLength(1);
});

test('a full disk is not the server’s fault, and trying again is no use', async () => {
  await writeFile(path.join(folder, 'sub'), '').catch(() => undefined);
  target = path.join(folder, 'full');
  await symlink('/dev/full', `${target}.part`);
  await expect(downloads.fetch(await serve(whole), target, { sha256: SHA256 })).rejects.toMatchObject({
    failure: { kind: 'disk-full' },
  });
  expect(ranges).toHaveLength(1);
});

test('an abort ends it at once and keeps what has arrived', async () => {
  const stop = new AbortController();
  const halting: Reply = (_request, response) => {
    response.writeHead(200, { 'content-length': CONTENT.length });
    response.write(CONTENT.subarray(0, 1_000_000));
  };
  const url = await serve(halting);
  const onProgress = (done: number): void => {
    if (done === 1_000_000) stop.abort();
  };
  await expect(downloads.fetch(url, target, { sha256: SHA256, signal: stop.signal, onProgress })).rejects.toMatchObject(
    { failure: { kind: 'interrupted' } },
  );
  const kept = await readFile(`${target}.part`);
  expect(kept.equals(CONTENT.subarray(0, kept.length))).toBe(true);
});
