import { createConnection, type Socket } from 'node:net';
import { Fault } from '../fault.ts';
import type { LineSocket, Sockets } from '../host.ts';
import { onAbort } from '../abort.ts';
import { createLineSplitter } from '../../text/lines.ts';

/** `sun_path` of sockaddr_un holds 108 bytes with its terminating NUL (unix(7)); longer paths are cut without a word. */
const MAX_PATH_BYTES = 107;

/** @throws Fault `unavailable` when the kernel would cut the path */
export function requireSocketPath(path: string): void {
  if (Buffer.byteLength(path) <= MAX_PATH_BYTES) return;
  throw new Fault({
    kind: 'unavailable',
    headline: `The socket path ${path} is longer than the ${String(MAX_PATH_BYTES)} bytes Linux allows`,
    hint: 'Choose a shorter working directory.',
  });
}

function unreachable(path: string, cause: unknown): Fault {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new Fault(
    {
      kind: 'unavailable',
      headline: `Could not connect to the socket ${path}: ${why}`,
      hint: 'The program that should listen there has ended or has not started yet; its own log says why.',
    },
    { cause },
  );
}

function connected(path: string, signal: AbortSignal | undefined): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = createConnection({ path });
    const waiting = onAbort(signal, () => {
      socket.destroy();
      reject(new Fault({ kind: 'interrupted', headline: 'A connection was interrupted', hint: 'Resume the run.' }));
    });
    socket.once('connect', () => {
      waiting[Symbol.dispose]();
      socket.removeAllListeners('error');
      // A later error ends the stream of lines; it must not end drydock.
      socket.on('error', () => undefined);
      resolve(socket);
    });
    socket.once('error', (error) => {
      waiting[Symbol.dispose]();
      reject(unreachable(path, error));
    });
  });
}

/** Splits a byte stream into lines; what follows the last line end is not a line yet. */
async function* linesOf(socket: Socket): AsyncGenerator<string> {
  const whole: string[] = [];
  const lines = createLineSplitter((line) => whole.push(line.replace(/\r$/, '')));
  try {
    for await (const chunk of socket) {
      if (!(chunk instanceof Uint8Array)) continue;
      lines.push(chunk);
      yield* whole.splice(0);
    }
  } catch {
    // A reset or a socket we closed ourselves: both mean that no more lines come.
  }
}

/** Unix sockets: by the line (QMP), or as they are (Docker's daemon). */
export function createSockets(): Sockets {
  return {
    async connectUnix(path, signal) {
      requireSocketPath(path);
      const socket = await connected(path, signal);
      return {
        send(line) {
          if (socket.writable) socket.write(`${line}\n`);
        },
        lines: () => linesOf(socket),
        [Symbol.asyncDispose]() {
          socket.destroy();
          return Promise.resolve();
        },
      } satisfies LineSocket;
    },
    async openUnix(path, signal) {
      requireSocketPath(path);
      return connected(path, signal);
    },
  };
}
