import { Agent } from 'node:http';
import { PassThrough } from 'node:stream';
import type { Duplex } from 'node:stream';

/**
 * An HTTP agent whose connections are streams from `open`: a Unix socket of this machine, or one of a guest through SSH.
 * Every request has a connection of its own, so that no request meets one which the peer has just closed.
 */
export function createStreamAgent(open: () => Promise<Duplex>): Agent {
  const agent = new Agent({ keepAlive: false });
  agent.createConnection = (_options, onConnected) => {
    open().then(
      (stream) => onConnected?.(null, stream),
      // The stream is not looked at beside an error; the types want one all the same.
      (error: unknown) => onConnected?.(error instanceof Error ? error : new Error(String(error)), new PassThrough()),
    );
    return undefined;
  };
  return agent;
}
