import type { Duplex } from 'node:stream';
import Docker from 'dockerode';
import { createStreamAgent } from './stream-agent.ts';

export type DockerClient = Docker;
export type DockerContainer = Docker.Container;

/**
 * dockerode over connections that the caller opens. Where the daemon is, is the caller's alone to say: DOCKER_HOST and its
 * like, which dockerode reads, are overruled.
 */
export function createDockerClient(open: () => Promise<Duplex>): DockerClient {
  const options = {
    agent: createStreamAgent(open),
    protocol: 'http' as const,
    host: undefined,
    timeout: undefined,
    // The agent's business, not this one's; but without one dockerode would look for a socket of its own.
    socketPath: '/var/run/docker.sock',
  };
  return new Docker(options);
}
