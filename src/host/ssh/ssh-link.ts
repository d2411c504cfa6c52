import { createConnection } from 'node:net';
import type { Socket } from 'node:net';
import ssh2 from 'ssh2';
import type { Client, ConnectConfig } from 'ssh2';
import { Fault } from '../fault.ts';
import type { SshTarget } from '../host.ts';
import { onAbort } from '../abort.ts';
import { SshFault } from './ssh-fault.ts';

/** Twelve unanswered probes, one every 5 s: a starved TCG guest may be slow, a minute of nothing is a dead link. */
const KEEPALIVE_INTERVAL_MS = 5_000;
const KEEPALIVE_COUNT = 12;
/** From the server's first word to a session: key exchange on an overloaded TCG guest takes seconds. */
const HANDSHAKE_MS = 60_000;

export const RETRY_HINT = 'The guest or its sshd went away; the console log says what it printed last.';

/** Only what a pinned ed25519 key needs: a guest that offers less is not the guest the image made. */
const ALGORITHMS: NonNullable<ConnectConfig['algorithms']> = {
  serverHostKey: ['ssh-ed25519'],
  kex: ['curve25519-sha256', 'curve25519-sha256@libssh.org'],
  cipher: ['aes128-gcm@openssh.com', 'aes256-gcm@openssh.com', 'chacha20-poly1305@openssh.com', 'aes128-ctr'],
  compress: ['none'],
};

/** What an error says, whatever was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function levelOf(error: unknown): string | undefined {
  return error instanceof Error && 'level' in error && typeof error.level === 'string' ? error.level : undefined;
}

/** The fault of a wait that the user ended. */
export function interrupted(what: string): Fault {
  return new Fault({ kind: 'interrupted', headline: `${what} was interrupted`, hint: 'Resume the run.' });
}

function connectFault(target: SshTarget, error: unknown, hostKeyRefused: boolean): SshFault {
  const where = `${target.host}:${String(target.port)}`;
  const options = { cause: error };
  const why = messageOf(error);
  if (hostKeyRefused || /no matching host key format/i.test(why)) {
    return new SshFault(
      'host-key',
      `The guest at ${where} is not the one expected: its host key differs from the image's`,
      'Something else listens on that port, or the image was changed after its key was recorded; build the image again.',
      options,
    );
  }
  if (levelOf(error) === 'client-authentication') {
    return new SshFault(
      'user-key',
      `The guest at ${where} refused this run's key for ${target.username}`,
      "The run's public key did not reach the guest; see the guest's sshd log and its authorized keys.",
      options,
    );
  }
  if (/no matching|unsupported/i.test(why)) {
    return new SshFault(
      'protocol',
      `The guest at ${where} and drydock have no common SSH protocol: ${why}`,
      RETRY_HINT,
      {
        cause: error,
      },
    );
  }
  return new SshFault('unreachable', `No SSH connection to the guest at ${where}: ${why}`, RETRY_HINT, options);
}

/** The live connection and why it ended, shared by everything that runs over it. */
export interface Link {
  readonly client: Client;
  readonly closed: Promise<void>;
  /** Settles with the fault to report when the link breaks under `what`. */
  broken(what: string): Promise<never>;
}

/**
 * A socket on which the server has begun to speak. QEMU's user network accepts connections for a guest that has no
 * network yet and then says nothing, so an accepted connection proves nothing, and one that stays mute is given up soon.
 */
function speakingSocket(target: SshTarget, muteMs: number, signal: AbortSignal | undefined): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = createConnection({ host: target.host, port: target.port });
    const settle = (): void => {
      socket.removeAllListeners();
      socket.setTimeout(0);
      waiting[Symbol.dispose]();
    };
    const fail = (error: Error): void => {
      settle();
      socket.on('error', () => undefined);
      socket.destroy();
      reject(error);
    };
    const waiting = onAbort(signal, () => {
      fail(interrupted('The SSH connection'));
    });
    const unreachable = (why: string): void => {
      fail(connectFault(target, new Error(why), false));
    };
    socket.setTimeout(muteMs, () => {
      unreachable(`nothing was heard for ${String(muteMs / 1000)} s`);
    });
    socket.on('error', (error) => {
      fail(connectFault(target, error, false));
    });
    socket.on('close', () => {
      unreachable('the connection was closed');
    });
    // Bytes are there but not taken: they are for ssh2.
    socket.once('readable', () => {
      if (socket.readableLength === 0) return;
      settle();
      resolve(socket);
    });
  });
}

/**
 * One attempt at a connection.
 *
 * @param muteMs how long the server may take to say its first word
 * @throws SshFault, or a Fault of kind `interrupted`
 */
export async function openLink(target: SshTarget, muteMs: number, signal: AbortSignal | undefined): Promise<Link> {
  if (signal?.aborted === true) throw interrupted('The SSH connection');
  const socket = await speakingSocket(target, muteMs, signal);
  return new Promise((resolve, reject) => {
    const client = new ssh2.Client();
    const pinned =
      typeof target.hostKey === 'string'
        ? Buffer.from(target.hostKey.trim().split(/\s+/)[1] ?? '', 'base64')
        : undefined;
    let hostKeyRefused = false;
    let lastError: unknown;
    const waiting = onAbort(signal, () => {
      reject(interrupted('The SSH connection'));
      socket.destroy();
    });
    const closed = new Promise<void>((settled) => {
      client.once('close', () => {
        waiting[Symbol.dispose]();
        settled();
        reject(connectFault(target, lastError ?? new Error('the connection was closed'), hostKeyRefused));
      });
    });
    client.on('error', (error) => {
      lastError ??= error;
      socket.destroy();
      reject(connectFault(target, error, hostKeyRefused));
    });
    client.once('connect', () => {
      // Many small packets with an answer each: Nagle's algorithm would cost 40 to 90 ms a command.
      client.setNoDelay(true);
    });
    client.once('ready', () => {
      waiting[Symbol.dispose]();
      resolve({
        client,
        closed,
        broken: async (what) => {
          await closed;
          const why = lastError === undefined ? '' : `: ${messageOf(lastError)}`;
          throw new SshFault('lost', `The SSH connection broke during ${what}${why}`, RETRY_HINT, { cause: lastError });
        },
      });
    });
    client.connect({
      sock: socket,
      username: target.username,
      privateKey: target.privateKey,
      algorithms: ALGORITHMS,
      authHandler: ['publickey'],
      readyTimeout: HANDSHAKE_MS,
      keepaliveInterval: KEEPALIVE_INTERVAL_MS,
      keepaliveCountMax: KEEPALIVE_COUNT,
      hostVerifier: (key: Buffer): boolean => {
        hostKeyRefused = pinned !== undefined && !key.equals(pinned);
        return !hostKeyRefused;
      },
    });
  });
}
