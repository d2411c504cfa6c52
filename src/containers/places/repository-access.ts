import type { Guest } from '../../guest/ssh/guest.ts';
import { Fault } from '../../host/fault.ts';
import type { FileServer } from '../../host/host.ts';
import { filledLines } from '../../text/lines.ts';

/** A file server as the containers of a guest reach it. Disposing of it closes the port in the guest. */
export interface RepositoryAccess extends AsyncDisposable {
  /** `http://172.17.0.1:40213` */
  readonly url: string;
}

/**
 * Lets the containers of a guest reach `server` on their bridge's own address, through the guest's SSH connection and nothing
 * else: the guest's network stays shut (docs/adr/0009).
 *
 * @param bridgeAddress the guest's IPv4 address on docker0
 * @throws Fault `unavailable` when the guest's sshd listens on loopback only, where no container reaches it
 */
export async function openRepositoryAccess(
  guest: Pick<Guest, 'forwardIn' | 'run'>,
  bridgeAddress: string,
  server: FileServer,
): Promise<RepositoryAccess> {
  const forward = await guest.forwardIn(bridgeAddress, 0, (connection) => {
    server.accept(connection);
  });
  const port = String(forward.port);
  const dispose = async (): Promise<void> => {
    await forward[Symbol.asyncDispose]();
  };
  try {
    // Without GatewayPorts sshd listens on loopback and reports success.
    const { stdout } = await guest.run(['ss', '-Hltn', 'sport', '=', `:${port}`]);
    if (!stdout.split(/\s+/).includes(`${bridgeAddress}:${port}`)) {
      throw new Fault({
        kind: 'unavailable',
        headline: `The guest's sshd does not listen on ${bridgeAddress} for containers`,
        hint: 'Its configuration needs `GatewayPorts clientspecified`: build the guest image again with --refresh-image.',
        detail: filledLines(stdout),
      });
    }
  } catch (error) {
    await dispose();
    throw error;
  }
  return { url: `http://${bridgeAddress}:${port}`, [Symbol.asyncDispose]: dispose };
}
