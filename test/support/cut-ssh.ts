import { createConnection, createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import type { Host, SshSession } from '../../src/host/host.ts';

/** A host whose SSH connections lead through a proxy of ours, which can cut them and keep them out. */
export interface CuttableHost extends AsyncDisposable {
  readonly host: Host;
  /** Cuts every connection without a farewell, as a network that fails does, and lets none in until `repair`. */
  cut(): void;
  repair(): void;
  /** Host monotonic seconds at which each session was made. */
  readonly sessionsAtSec: readonly number[];
}

/** TCP, cut for real: neither end is told anything but that its socket is gone. */
export function cuttableSsh(real: Host): CuttableHost {
  const sockets = new Set<Socket>();
  const proxies = new Map<number, Promise<Server>>();
  const sessionsAtSec: number[] = [];
  let isCut = false;
  const keep = (socket: Socket): void => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
  };
  const listen = (port: number): Promise<Server> =>
    new Promise((resolve) => {
      const server = createServer((near) => {
        keep(near);
        if (isCut) {
          near.resetAndDestroy();
          return;
        }
        const far = createConnection({ host: '127.0.0.1', port });
        keep(far);
        near.on('close', () => far.destroy());
        far.on('close', () => near.destroy());
        near.pipe(far).pipe(near);
      });
      server.listen(0, '127.0.0.1', () => {
        resolve(server);
      });
    });
  const portOf = (server: Server): number => {
    const address: AddressInfo | string | null = server.address();
    if (address === null || typeof address === 'string') throw new Error('The proxy has no port');
    return address.port;
  };
  const connect: Host['ssh']['connect'] = async (target, options): Promise<SshSession> => {
    const proxy = proxies.get(target.port) ?? listen(target.port);
    proxies.set(target.port, proxy);
    const session = await real.ssh.connect({ ...target, port: portOf(await proxy) }, options);
    sessionsAtSec.push(real.clock.monotonicSec());
    return session;
  };
  return {
    host: { ...real, ssh: { ...real.ssh, connect } },
    sessionsAtSec,
    cut() {
      isCut = true;
      for (const socket of sockets) socket.resetAndDestroy();
    },
    repair() {
      isCut = false;
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      for (const proxy of proxies.values()) (await proxy).close();
    },
  };
}
