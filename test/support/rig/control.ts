import { once } from 'node:events';
import { createServer } from 'node:net';
import type { Socket } from 'node:net';
import { createInterface } from 'node:readline';
import type { Interface } from 'node:readline';

/** One call of a fake program: a real process, which does nothing but what the test tells it. */
export interface FakeCall {
  readonly program: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly pid: number;
  /** Settles when the process is gone, whoever ended it. */
  readonly gone: Promise<void>;
  write(text: string): void;
  writeError(text: string): void;
  exit(code: number): void;
  /** Settles when the process ignores SIGTERM: only SIGKILL ends it then. */
  ignoreTerm(): Promise<void>;
}

/** What a fake program does; the number is its exit code, and without one it decides itself when to exit. */
export type FakeProgram = (call: FakeCall) => Promise<number | undefined>;

/** A call that was stopped before its program did anything. */
export interface Hold<T> {
  /** Settles when something has arrived here. */
  readonly reached: Promise<T>;
  release(): void;
}

/** A place where the first matching arrival waits until the test lets it go. */
export interface Gate<T> {
  hold(matches: (arrival: T) => boolean): Hold<T>;
  /** Waits while a hold wants this arrival. */
  pass(arrival: T): Promise<void>;
}

export function createGate<T>(): Gate<T> {
  const holds: { matches: (arrival: T) => boolean; arrive: (arrival: T) => void; released: Promise<void> }[] = [];
  return {
    hold(matches) {
      let arrive: (arrival: T) => void = () => undefined;
      let release: () => void = () => undefined;
      const reached = new Promise<T>((resolve) => {
        arrive = resolve;
      });
      const released = new Promise<void>((resolve) => {
        release = resolve;
      });
      holds.push({ matches, arrive, released });
      return { reached, release };
    },
    async pass(arrival) {
      const index = holds.findIndex(({ matches }) => matches(arrival));
      if (index < 0) return;
      const [hold] = holds.splice(index, 1);
      hold?.arrive(arrival);
      await hold?.released;
    },
  };
}

/** The test's end of every fake program. */
export interface Control extends AsyncDisposable {
  readonly calls: readonly FakeCall[];
  readonly gate: Gate<FakeCall>;
}

/** A text as one word of a line (stub.pl). */
const wordOf = (text: string): string => Buffer.from(text, 'utf8').toString('hex') || '-';
const textOf = (word: string): string => (word === '-' ? '' : Buffer.from(word, 'hex').toString('utf8'));

/** What a fake program says of itself first (stub.pl). */
function readHello(line: string): Pick<FakeCall, 'program' | 'args' | 'cwd' | 'environment' | 'pid'> {
  const [program = '', cwd = '', pid, count, ...rest] = line.split(' ');
  const args = rest.slice(0, Number(count)).map(textOf);
  const pairs = rest.slice(Number(count)).map((word): [string, string] => {
    const [name = '', ...value] = textOf(word).split('=');
    return [name, value.join('=')];
  });
  return { program: textOf(program), cwd: textOf(cwd), pid: Number(pid), args, environment: Object.fromEntries(pairs) };
}

function greet(socket: Socket, lines: Interface, line: string): FakeCall {
  const send = (order: string): void => {
    if (socket.writable) socket.write(`${order}\n`);
  };
  return {
    ...readHello(line),
    gone: new Promise((resolve) => {
      socket.once('close', () => {
        resolve();
      });
    }),
    write: (text) => {
      send(`stdout ${wordOf(text)}`);
    },
    writeError: (text) => {
      send(`stderr ${wordOf(text)}`);
    },
    exit: (code) => {
      send(`exit ${String(code)}`);
    },
    async ignoreTerm() {
      const said = once(lines, 'line');
      send('ignore-term');
      await said;
    },
  };
}

/** Listens for fake programs on the Unix socket `path` and lets `program` play each of them. */
export async function openControl(path: string, program: FakeProgram): Promise<Control> {
  const calls: FakeCall[] = [];
  const sockets = new Set<Socket>();
  const gate = createGate<FakeCall>();
  const play = async (call: FakeCall): Promise<void> => {
    try {
      await gate.pass(call);
      const code = await program(call);
      if (code !== undefined) call.exit(code);
    } catch (error) {
      call.writeError(`fake ${call.program}: ${String(error)}\n`);
      call.exit(97);
    }
  };
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.once('close', () => sockets.delete(socket));
    // readline hands the socket's errors on: a fake that is killed resets its connection.
    const lines = createInterface({ input: socket }).on('error', () => undefined);
    lines.once('line', (line) => {
      const call = greet(socket, lines, line);
      calls.push(call);
      void play(call);
    });
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  return {
    calls,
    gate,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
