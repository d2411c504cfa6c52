import { stat } from 'node:fs/promises';
import os from 'node:os';
import ssh2 from 'ssh2';
import type { Client, ClientChannel, SFTPWrapper, TransferOptions as Ssh2TransferOptions } from 'ssh2';
import { Fault } from '../fault.ts';
import { isOkExit } from '../process/exit-code.ts';
import type { RunResult, Ssh, SshRunOptions, SshSession, TransferOptions } from '../host.ts';
import { quoteCommand } from '../process/shell-quote.ts';
import { onAbort } from '../abort.ts';
import { SshFault } from './ssh-fault.ts';
import { forwardIn } from './ssh-forward.ts';
import { interrupted, messageOf, openLink, RETRY_HINT } from './ssh-link.ts';
import type { Link } from './ssh-link.ts';
import { openUnixSocket, startProgram } from './ssh-stream.ts';
import { filledLines } from '../../text/lines.ts';

/** A server that has not said its first word by then is taken for absent. */
const MUTE_MS = 10_000;
const SAID_LINES = 25;

/** `SIGSEGV` → 139: how a shell counts a command that a signal ended. */
function signalExitCode(name: string): number {
  const numbers: Readonly<Record<string, number | undefined>> = os.constants.signals;
  return 128 + (numbers[name] ?? 0);
}

/** `work`, unless `signal` aborts first: then `act` is called and the wait ends as interrupted. */
function unlessAborted<T>(
  signal: AbortSignal | undefined,
  what: string,
  act: () => void,
  work: Promise<T>,
): Promise<T> {
  if (signal === undefined) return work;
  return new Promise((resolve, reject) => {
    const waiting = onAbort(signal, () => {
      act();
      reject(interrupted(what));
    });
    work.then(resolve, reject).finally(() => {
      waiting[Symbol.dispose]();
    });
  });
}

interface Ended {
  readonly exitCode: number | undefined;
  /** With its SIG, as ssh2 gives it. */
  readonly signalName: string | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

function collect(
  channel: ClientChannel,
  input: string | Uint8Array | undefined,
  onEnded: (ended: Ended) => void,
): void {
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  let exitCode: number | undefined;
  let signalName: string | undefined;
  channel.on('data', (chunk: Buffer) => stdout.push(chunk));
  channel.stderr.on('data', (chunk: Buffer) => stderr.push(chunk));
  channel.on('exit', (code: number | null, name?: string) => {
    exitCode = code ?? undefined;
    signalName = name;
  });
  channel.on('error', () => undefined);
  channel.once('close', () => {
    onEnded({
      exitCode,
      signalName,
      stdout: Buffer.concat(stdout).toString('utf8'),
      stderr: Buffer.concat(stderr).toString('utf8'),
    });
  });
  channel.end(input);
}

function commandFailed(command: readonly string[], ended: Ended, exitCode: number): Fault {
  const name = command[0] ?? 'The command';
  const full = ended.stderr.includes('No space left on device');
  const how = ended.signalName === undefined ? `exit code ${String(exitCode)}` : `signal ${ended.signalName}`;
  const said = filledLines(ended.stderr.trim() === '' ? ended.stdout : ended.stderr);
  return new Fault({
    kind: full ? 'disk-full' : 'command-failed',
    headline: full ? `${name} found no space left on the guest's disk` : `${name} in the guest ended with ${how}`,
    hint: full ? "Make the guest's disk bigger in its image definition." : 'The last lines it printed are below.',
    detail: [`guest$ ${command.join(' ')}`, ...said.slice(-SAID_LINES)],
  });
}

async function runCommand(link: Link, command: readonly string[], options: SshRunOptions): Promise<RunResult> {
  const what = `\`${command.join(' ')}\``;
  const startedMs = performance.now();
  const text = quoteCommand(command);
  let channel: ClientChannel | undefined;
  const work = new Promise<Ended>((resolve, reject) => {
    // An sshd that runs nothing for us and a link that is gone look the same from here, and mean the same.
    const refuse = (why: unknown): void => {
      reject(new SshFault('lost', `The SSH connection broke during ${what}: ${messageOf(why)}`, RETRY_HINT));
    };
    try {
      link.client.exec(text, (error, stream) => {
        if (error !== undefined) {
          refuse(error);
          return;
        }
        channel = stream;
        // Now, not a moment later: a short command's whole life may stand in the packet that is being read.
        collect(stream, options.input, resolve);
      });
    } catch (error) {
      refuse(error);
    }
  });
  const closeChannel = (): void => {
    channel?.close();
  };
  const ended = await unlessAborted(options.signal, what, closeChannel, Promise.race([work, link.broken(what)]));
  // A broken link closes its channels too, and may do so before it says that it is broken.
  if (ended.exitCode === undefined && ended.signalName === undefined) {
    throw new SshFault('lost', `The SSH connection broke during ${what}: it ended without a status`, RETRY_HINT);
  }
  const exitCode = ended.exitCode ?? signalExitCode(ended.signalName ?? '');
  if (!isOkExit(exitCode, options.okExitCodes)) throw commandFailed(command, ended, exitCode);
  return { exitCode, stdout: ended.stdout, stderr: ended.stderr, durationMs: performance.now() - startedMs };
}

function startSftp(client: Client): Promise<SFTPWrapper> {
  return new Promise((resolve, reject) => {
    // Throws on a connection that is gone, which rejects too.
    client.sftp((error, sftp) => {
      if (error === undefined) resolve(sftp);
      else reject(error);
    });
  });
}

/** ssh2 tells what has been transferred so far, the size of the piece, and the size of the whole. */
function stepping({ onProgress }: TransferOptions): Ssh2TransferOptions {
  if (onProgress === undefined) return {};
  const step = (doneBytes: number, _pieceBytes: number, totalBytes: number): void => {
    onProgress(doneBytes, totalBytes);
  };
  return { step };
}

type Transfer = (sftp: SFTPWrapper, done: (error?: Error | null) => void) => void;

async function transferred(link: Link, what: string, remotePath: string, transfer: Transfer): Promise<number> {
  const work = async (): Promise<number> => {
    const sftp = await startSftp(link.client);
    try {
      await new Promise<void>((resolve, reject) => {
        transfer(sftp, (error) => {
          if (error === undefined || error === null) resolve();
          else reject(error);
        });
      });
      return await new Promise<number>((resolve, reject) => {
        sftp.stat(remotePath, (error, stats) => {
          if (error === undefined) resolve(stats.size);
          else reject(error);
        });
      });
    } finally {
      sftp.end();
    }
  };
  try {
    return await Promise.race([work(), link.broken(what)]);
  } catch (error) {
    if (error instanceof Fault) throw error;
    throw new Fault(
      {
        kind: 'command-failed',
        headline: `${what} failed: ${messageOf(error)}`,
        hint: 'A bare "Failure" from the guest usually means its disk is full; otherwise check both paths.',
      },
      { cause: error },
    );
  }
}

function sizesDiffer(what: string, localBytes: number, remoteBytes: number): Fault {
  return new Fault({
    kind: 'command-failed',
    headline: `${what} arrived incomplete: ${String(localBytes)} bytes here, ${String(remoteBytes)} in the guest`,
    hint: "The guest's disk may be full; resume to try again.",
  });
}

function session(link: Link): SshSession {
  return {
    closed: link.closed,
    run: (command, options = {}) => runCommand(link, command, options),
    async upload(localPath, remotePath, options = {}) {
      const what = `the upload of ${localPath} to ${remotePath}`;
      const remoteBytes = await transferred(link, what, remotePath, (sftp, done) => {
        sftp.fastPut(localPath, remotePath, stepping(options), done);
      });
      const localBytes = (await stat(localPath)).size;
      if (localBytes !== remoteBytes) throw sizesDiffer(what, localBytes, remoteBytes);
    },
    async download(remotePath, localPath, options = {}) {
      const what = `the download of ${remotePath}`;
      const remoteBytes = await transferred(link, what, remotePath, (sftp, done) => {
        sftp.fastGet(remotePath, localPath, stepping(options), done);
      });
      const localBytes = (await stat(localPath)).size;
      if (localBytes !== remoteBytes) throw sizesDiffer(what, localBytes, remoteBytes);
    },
    forwardIn: (address, port, onConnection) => forwardIn(link, address, port, onConnection),
    openUnixSocket: (socketPath) => openUnixSocket(link, socketPath),
    start: (command) => startProgram(link, command, (other) => runCommand(link, other, {})),
    async [Symbol.asyncDispose]() {
      link.client.end();
      // end() asks politely and a dead peer never answers; the farewell is on its way either way.
      link.client.destroy();
      await link.closed;
    },
  };
}

/** SSH through ssh2: pinned host key, one key a run, keepalive on, every failure a `Fault`. */
export function createSsh(): Ssh {
  return {
    generateKey(comment) {
      // ssh2 1.17 drops leading zero bytes of the public key (lib/keygen.js, parseDERs), so one key in 256 is a byte short,
      // and nobody can read it.
      for (;;) {
        const pair = ssh2.utils.generateKeyPairSync('ed25519', { comment });
        if (!(ssh2.utils.parseKey(pair.private) instanceof Error)) {
          return { privateKey: pair.private, publicKey: pair.public };
        }
      }
    },
    async connect(target, options = {}) {
      return session(await openLink(target, options.readyTimeoutMs ?? MUTE_MS, options.signal));
    },
  };
}
