import ssh2 from 'ssh2';
import type { Client, ConnectConfig } from 'ssh2';
import { Fault } from './fault.ts';
import type { SshTarget } from './host.ts';
import { SshFault } from './ssh-fault.ts';

/** Twelve unanswered probes, one every 5 s: a starved TCG guest may be slow, a minute of nothing is a dead link. */
const KEEPALIVE_INTERVAL_MS = 5_000;
const KEEPALIVE_COUNT = 12;

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

/** One attempt at a connection; throws an `SshFault`, or a `Fault` of kind `interrupted`. */
export function openLink(target: SshTarget, readyTimeoutMs: number, signal: AbortSignal | undefined): Promise<Link> {
  return new Promise((resolve, reject) => {
    const client = new ssh2.Client();
    const pinned = Buffer.from(target.hostKey.trim().split(/\s+/)[1] ?? '', 'base64');
    let hostKeyRefused = false;
    let lastError: unknown;
    const onAbort = (): void => {
      client.destroy();
      reject(interrupted('The SSH connection'));
    };
    const closed = new Promise<void>((settled) => {
      client.once('close', () => {
        signal?.removeEventListener('abort', onAbort);
        settled();
        reject(connectFault(target, lastError ?? new Error('the connection was closed'), hostKeyRefused));
      });
    });
    client.on('error', (error) => {
      lastError ??= error;
      client.destroy();
      reject(connectFault(target, error, hostKeyRefused));
    });
    client.once('ready', () => {
      signal?.removeEventListener('abort', onAbort);
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
    if (signal?.aborted === true) {
      reject(interrupted('The SSH connection'));
      return;
    }
    signal?.addEventListener('abort', onAbort, { once: true });
    client.connect({
      host: target.host,
      port: target.port,
      username: target.username,
      privateKey: target.privateKey,
      algorithms: ALGORITHMS,
      authHandler: ['publickey'],
      readyTimeout: readyTimeoutMs,
      keepaliveInterval: KEEPALIVE_INTERVAL_MS,
      keepaliveCountMax: KEEPALIVE_COUNT,
      hostVerifier: (key: Buffer): boolean => {
        hostKeyRefused = !key.equals(pinned);
        return !hostKeyRefused;
      },
    });
  });
}
