import { createServer, isIPv4 } from 'node:net';
import type { Socket } from 'node:net';
import { Fault } from '../fault.ts';
import type { ListenAddress } from '../host.ts';
import { requireSocketPath } from './socket.ts';

/** A listening socket. */
export interface Door {
  /** The port that the kernel picked; `undefined` for a Unix socket. */
  readonly port: number | undefined;
  /** Stops listening; settles when the last connection that came through it is closed, too. */
  close(): Promise<void>;
}

/** Never more of this machine than asked for: `0.0.0.0` would be every network it is on. */
function requireOneAddress(address: string): void {
  if (isIPv4(address) && address !== '0.0.0.0') return;
  throw new Fault({
    kind: 'internal',
    headline: `drydock listens on one IPv4 address at a time, and ${address} is none`,
    hint: 'Please report this.',
  });
}

/**
 * Listens on one address and hands every connection to `onConnection`.
 *
 * @throws Fault `unavailable` when the address cannot be had
 */
export async function openDoor(at: ListenAddress, onConnection: (socket: Socket) => void): Promise<Door> {
  if ('socketPath' in at) requireSocketPath(at.socketPath);
  else requireOneAddress(at.address);
  const server = createServer({ noDelay: true }, onConnection);
  await new Promise<void>((resolve, reject) => {
    const where = 'socketPath' in at ? at.socketPath : at.address;
    server.once('error', (cause) => {
      const headline = `Could not listen on ${where}: ${cause.message}`;
      const hint = 'Another program may have it, or the network it belongs to is gone.';
      reject(new Fault({ kind: 'unavailable', headline, hint }, { cause }));
    });
    server.listen('socketPath' in at ? { path: at.socketPath } : { host: at.address, port: 0 }, resolve);
  });
  const bound = server.address();
  return {
    port: bound === null || typeof bound === 'string' ? undefined : bound.port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
      }),
  };
}
