import type { Duplex } from 'node:stream';
import type { ClientChannel } from 'ssh2';
import { Fault } from '../fault.ts';
import type { Argv, LiveProcess } from '../host.ts';
import { createLastWords } from '../process/output-tail.ts';
import { createLineQueue } from '../process/line-queue.ts';
import { quoteCommand } from '../process/shell-quote.ts';
import { SshFault } from './ssh-fault.ts';
import { messageOf, RETRY_HINT } from './ssh-link.ts';
import type { Link } from './ssh-link.ts';

/**
 * Tells its process id and becomes the program. OpenSSH delivers no signals to programs of root ("session signalling
 * requires privilege separation", session.c), so the id is what SIGTERM is sent to later. A constant script.
 */
const ANNOUNCED = ['sh', '-c', 'echo "$$"; exec "$@"', 'drydock-live'] as const;

/** What ignores SIGTERM and the end of its input for so long is killed. */
const TERM_GRACE_MS = 10_000;

function lost(what: string, why: unknown): SshFault {
  return new SshFault('lost', `The SSH connection broke during ${what}: ${messageOf(why)}`, RETRY_HINT);
}

/** A connection to a Unix socket of the guest; see `SshSession.openUnixSocket`. */
export function openUnixSocket(link: Link, path: string): Promise<Duplex> {
  const what = `a connection to ${path}`;
  const opened = new Promise<Duplex>((resolve, reject) => {
    try {
      link.client.openssh_forwardOutStreamLocal(path, (error, channel) => {
        if (error === undefined) {
          // What becomes of it later is for its user; a stream without a listener must not end drydock.
          channel.on('error', () => undefined);
          resolve(channel);
          return;
        }
        // Only an answer of sshd has a reason (RFC 4254, 5.1); without one the link broke before there was an answer.
        if (!('reason' in error)) {
          reject(lost(what, error));
          return;
        }
        reject(
          new Fault(
            {
              kind: 'unavailable',
              headline: `The guest did not connect drydock to ${path}: ${messageOf(error)}`,
              hint: 'The program that should listen there has ended or has not started yet; its journal in the guest says why.',
            },
            { cause: error },
          ),
        );
      });
    } catch (error) {
      reject(lost(what, error));
    }
  });
  return Promise.race([opened, link.broken(what)]);
}

/** Runs a command over the same link, to its end. */
type RunCommand = (command: Argv) => Promise<unknown>;

interface Attended {
  readonly lines: AsyncIterable<string>;
  readonly channel: ClientChannel;
  /** From now on its end is what was wanted, however it ends. */
  readonly expectEnd: () => void;
  /** Settles when nothing is left of it here; rejects when that is because the link broke. */
  readonly gone: Promise<void>;
  readonly isGone: () => boolean;
}

function attend(what: string, command: Argv, channel: ClientChannel): Attended {
  const queue = createLineQueue();
  const said = createLastWords();
  let how: string | undefined;
  let expected = false;
  let isGone = false;
  channel.on('data', (chunk: Buffer) => {
    queue.push(chunk);
  });
  channel.stderr.on('data', (chunk: Buffer) => {
    said.add(chunk);
  });
  channel.on('error', () => undefined);
  channel.on('exit', (code: number | null, signal?: string) => {
    how = code === null ? `signal ${signal ?? 'unknown'}` : `exit code ${String(code)}`;
  });
  const gone = new Promise<void>((resolve, reject) => {
    channel.once('close', () => {
      isGone = true;
      // A broken link closes its channels too, and may do so before it says that it is broken.
      if (how === undefined) {
        const fault = lost(what, 'it ended without a status');
        queue.close(fault);
        reject(fault);
      } else if (expected || how === 'exit code 0') queue.close();
      else {
        queue.close(
          new Fault({
            kind: 'command-failed',
            headline: `${command[0]} in the guest ended with ${how} while drydock was reading it`,
            hint: 'The last lines it printed are below.',
            detail: [`guest$ ${command.join(' ')}`, ...said.lines()],
          }),
        );
      }
      resolve();
    });
  });
  // The reader gets the error, too; there may be no waiter for the end.
  gone.catch(() => undefined);
  return {
    lines: queue.lines,
    channel,
    expectEnd: () => {
      expected = true;
    },
    gone,
    isGone: () => isGone,
  };
}

/** A long-running program in the guest; see `SshSession.start`. */
export async function startProgram(link: Link, command: Argv, run: RunCommand): Promise<LiveProcess> {
  const what = `\`${command.join(' ')}\``;
  const opened = new Promise<Attended>((resolve, reject) => {
    try {
      link.client.exec(quoteCommand([...ANNOUNCED, ...command]), (error, channel) => {
        // Attended now, not a moment later: its first words may stand in the packet that is being read.
        if (error === undefined) resolve(attend(what, command, channel));
        else reject(lost(what, error));
      });
    } catch (error) {
      reject(lost(what, error));
    }
  });
  const { lines, channel, expectEnd, gone, isGone } = await Promise.race([opened, link.broken(what)]);
  const first = await lines[Symbol.asyncIterator]().next();
  const pid = first.done === true ? '' : first.value;
  if (!/^\d+$/.test(pid)) {
    channel.close();
    throw new Fault({
      kind: 'unavailable',
      headline: `The guest's shell did not begin with a process id when it was asked for ${what}`,
      hint: 'A shell start-up file of the guest prints text. It must not do so for commands.',
      detail: [pid],
    });
  }
  const kill = (signal: string): Promise<unknown> =>
    run(['sh', '-c', 'kill -s "$1" "$2" 2>/dev/null || true', 'drydock-kill', signal, pid]);
  const end = async (): Promise<void> => {
    expectEnd();
    channel.end();
    const force = setTimeout(() => {
      // A link that is broken by now is reported below.
      kill('KILL').catch(() => undefined);
    }, TERM_GRACE_MS);
    try {
      // By number only while it runs: afterwards the number may be another's.
      if (!isGone()) await kill('TERM');
      await Promise.race([gone, link.broken(what)]);
    } finally {
      clearTimeout(force);
    }
  };
  return {
    lines,
    write(line) {
      if (channel.writable) channel.write(`${line}\n`);
    },
    end,
    async [Symbol.asyncDispose]() {
      await end().catch(() => undefined);
    },
  };
}
