import type { Duplex } from 'node:stream';
import type { TcpConnectionDetails } from 'ssh2';
import type { RemoteForward } from '../host.ts';
import { SshFault } from './ssh-fault.ts';
import { messageOf, RETRY_HINT } from './ssh-link.ts';
import type { Link } from './ssh-link.ts';

function refused(where: string, why: unknown): SshFault {
  return new SshFault(
    'lost',
    `sshd in the guest does not listen on ${where} for drydock: ${messageOf(why)}`,
    RETRY_HINT,
  );
}

/** Asks sshd for a listening port whose connections come here over the link (RFC 4254, 7.1 and 7.2). */
export async function forwardIn(
  link: Link,
  address: string,
  port: number,
  onConnection: (connection: Duplex) => void,
): Promise<RemoteForward> {
  const { client } = link;
  const where = `${address}:${String(port)}`;
  const asked = new Promise<number>((resolve, reject) => {
    try {
      client.forwardIn(address, port, (error, bound) => {
        if (error === undefined) resolve(bound);
        else reject(refused(where, error));
      });
    } catch (error) {
      reject(refused(where, error));
    }
  });
  const bound = await Promise.race([asked, link.broken(`the request to listen on ${where}`)]);
  const open = new Set<Duplex>();
  type Listener = (details: TcpConnectionDetails, accept: () => Duplex, reject: () => void) => void;
  const onTcp: Listener = (details, accept) => {
    if (details.destPort !== bound) return;
    const connection = accept();
    open.add(connection);
    connection.once('close', () => open.delete(connection));
    onConnection(connection);
  };
  client.on('tcp connection', onTcp);
  return {
    port: bound,
    async [Symbol.asyncDispose]() {
      const closed = new Promise<void>((resolve) => {
        try {
          client.unforwardIn(address, bound, () => {
            resolve();
          });
        } catch {
          // A link that is gone forwards nothing any more.
          resolve();
        }
      });
      await Promise.race([closed, link.closed]);
      client.off('tcp connection', onTcp);
      for (const connection of open) connection.destroy();
    },
  };
}
