import { constants } from 'node:fs';
import { open, realpath } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import path from 'node:path';
import type { Duplex } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { namingCause } from '../files.ts';
import type { FileServer } from '../host.ts';
import { openDoor } from './listen.ts';
import type { Door } from './listen.ts';

interface Range {
  readonly from: number;
  /** Inclusive. */
  readonly to: number;
}

/**
 * The part of a file that a request asks for (RFC 9110, 14.1.2). Several ranges at once, and what is not understood, mean
 * the whole file, as the RFC allows.
 *
 * @returns `undefined`: the whole file; `unsatisfiable`: no byte of it lies there
 */
function rangeOf(header: string | undefined, sizeBytes: number): Range | 'unsatisfiable' | undefined {
  const found = /^bytes=(\d*)-(\d*)$/.exec(header ?? '');
  const [, first = '', last = ''] = found ?? [];
  if (first === '' && last === '') return undefined;
  if (first === '') {
    const tail = Number(last);
    return tail === 0 || sizeBytes === 0 ? 'unsatisfiable' : { from: Math.max(0, sizeBytes - tail), to: sizeBytes - 1 };
  }
  const from = Number(first);
  if (last !== '' && Number(last) < from) return undefined;
  if (from >= sizeBytes) return 'unsatisfiable';
  return { from, to: last === '' ? sizeBytes - 1 : Math.min(Number(last), sizeBytes - 1) };
}

/** The path below the folder that a request names, or `undefined` when it names none: `..`, NUL, bad escapes, a whole URL. */
function relativePath(target: string): string | undefined {
  const [encoded = ''] = target.split('?', 1);
  if (!encoded.startsWith('/')) return undefined;
  try {
    const decoded = decodeURIComponent(encoded);
    const isOutside = decoded.includes('\0') || decoded.split(/[/\\]/).includes('..');
    return isOutside ? undefined : decoded.slice(1);
  } catch {
    return undefined;
  }
}

function isSystemError(error: unknown): boolean {
  return error instanceof Error && 'code' in error && 'syscall' in error;
}

/** A regular file of the folder, open for reading; symbolic links count by where they lead. */
async function openInside(root: string, relative: string): Promise<FileHandle | undefined> {
  try {
    const file = await realpath(path.join(root, relative));
    if (!file.startsWith(root.endsWith(path.sep) ? root : root + path.sep)) return undefined;
    // A FIFO would wait for its writer.
    return await open(file, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    if (isSystemError(error)) return undefined;
    throw error;
  }
}

/** HTTP dates have whole seconds. */
function wholeSeconds(ms: number): number {
  return Math.floor(ms / 1000) * 1000;
}

function refuse(response: ServerResponse, status: number, why: string, headers: Record<string, string> = {}): void {
  const body = Buffer.from(`${why}\n`);
  const own = { 'content-type': 'text/plain; charset=utf-8', 'content-length': body.length };
  response.writeHead(status, { ...own, ...headers }).end(response.req.method === 'HEAD' ? undefined : body);
}

/** Answers one request from an open file. `onBytes` gets the number of bytes sent. */
async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  file: FileHandle,
  onBytes: (count: number) => void,
): Promise<void> {
  const facts = await file.stat();
  if (!facts.isFile()) {
    refuse(response, 404, `not a file: ${request.url ?? ''}`);
    return;
  }
  const modifiedMs = wholeSeconds(facts.mtimeMs);
  const always = { 'last-modified': new Date(modifiedMs).toUTCString(), 'accept-ranges': 'bytes' };
  const { range, 'if-range': ifRange, 'if-modified-since': since } = request.headers;
  if (since !== undefined && Date.parse(since) >= modifiedMs) {
    response.writeHead(304, always).end();
    return;
  }
  // A part of what the client has an old version of would be no part of it.
  const isSameFile = typeof ifRange !== 'string' || Date.parse(ifRange) === modifiedMs;
  const part = isSameFile && request.method === 'GET' ? rangeOf(range, facts.size) : undefined;
  const whole = String(facts.size);
  if (part === 'unsatisfiable') {
    refuse(response, 416, `${request.url ?? ''} has ${whole} bytes`, { 'content-range': `bytes */${whole}` });
    return;
  }
  const { from, to } = part ?? { from: 0, to: facts.size - 1 };
  response.writeHead(part === undefined ? 200 : 206, {
    ...always,
    'content-type': 'application/octet-stream',
    'content-length': to - from + 1,
    ...(part === undefined ? {} : { 'content-range': `bytes ${String(from)}-${String(to)}/${whole}` }),
  });
  if (request.method === 'HEAD' || to < from) {
    response.end();
    return;
  }
  const content = file.createReadStream({ start: from, end: to, autoClose: false, highWaterMark: 1 << 18 });
  content.on('data', (chunk) => {
    onBytes(chunk.length);
  });
  await pipeline(content, response);
}

/**
 * Serves the regular files below `folder`, read-only, over HTTP/1.1: GET and HEAD, Range, If-Modified-Since, keep-alive
 * and pipelining. It does not listen before `listen` is called. Connections live as long as their clients want: a package manager may be
 * busy unpacking for minutes between two requests.
 *
 * @throws Fault when the folder cannot be read
 */
export async function serveFolder(folder: string): Promise<FileServer> {
  const root = await namingCause(folder, () => realpath(folder));
  const doors: Door[] = [];
  const connections = new Set<Duplex>();
  let requests = 0;
  let bytesSent = 0;

  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    requests += 1;
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      refuse(response, 405, 'this server is read-only', { allow: 'GET, HEAD' });
      return;
    }
    const relative = relativePath(request.url ?? '');
    if (relative === undefined) {
      refuse(response, 400, `not a path below this server's folder: ${request.url ?? ''}`);
      return;
    }
    const file = await openInside(root, relative);
    if (file === undefined) {
      refuse(response, 404, `no such file: ${request.url ?? ''}`);
      return;
    }
    try {
      await answer(request, response, file, (count) => {
        bytesSent += count;
      });
    } finally {
      await file.close();
    }
  };

  const http = createServer({ keepAliveTimeout: 0, requestTimeout: 0, headersTimeout: 0 }, (request, response) => {
    serve(request, response).catch(() => {
      // The client left, or the disk failed in the middle of a body: a cut connection says so, a short body would not.
      response.destroy();
    });
  });
  const accept: FileServer['accept'] = (connection) => {
    connections.add(connection);
    connection.once('close', () => connections.delete(connection));
    // A client that vanishes is its own affair.
    connection.on('error', () => undefined);
    http.emit('connection', connection);
  };

  return {
    get traffic() {
      return { requests, bytesSent };
    },
    accept,
    async listen(at) {
      const door = await openDoor(at, accept);
      doors.push(door);
      return door.port;
    },
    async [Symbol.asyncDispose]() {
      const closed = doors.map((door) => door.close());
      // node:http knows only the connections that it has accepted itself.
      for (const connection of connections) connection.destroy();
      await Promise.all(closed);
    },
  };
}
