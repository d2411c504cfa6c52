import { Readable } from 'node:stream';
import { z } from 'zod';
import type { DockerClient } from '../../host/net/docker-client.ts';
import { Fault } from '../../host/fault.ts';
import { createLineQueue } from '../../host/process/line-queue.ts';

const execSchema = z.looseObject({ Running: z.boolean(), ExitCode: z.number().nullish() });
const eventSchema = z.looseObject({
  Action: z.string(),
  Actor: z.looseObject({ Attributes: z.record(z.string(), z.string()) }),
});

/** All of the daemon's events are asked for again, as far as it remembers them (256, moby: daemon/events). */
const SINCE_EVER = 1;

interface Exec {
  readonly id: string;
  inspect(): Promise<unknown>;
}

/**
 * The exit code of a command in a container whose output has ended. The daemon closes the output a moment before it knows
 * the exit code, so an exec that still "runs" is waited for by the daemon's own event.
 *
 * @throws Fault `command-failed` when the container ended and the daemon never learnt the exit code
 */
export async function execEnded(docker: DockerClient, containerId: string, exec: Exec): Promise<number> {
  const exitCode = async (): Promise<number | undefined> => {
    const { Running: running, ExitCode: code } = execSchema.parse(await exec.inspect());
    return running ? undefined : (code ?? undefined);
  };
  const atOnce = await exitCode();
  if (atOnce !== undefined) return atOnce;
  const events = Readable.from(
    await docker.getEvents({
      since: SINCE_EVER,
      filters: { container: [containerId], event: ['exec_die', 'die', 'destroy'] },
    }),
  );
  const queue = createLineQueue();
  events.on('data', (chunk: Buffer) => {
    queue.push(chunk);
  });
  events.once('close', () => {
    queue.close();
  });
  events.once('error', (error) => {
    queue.close(error);
  });
  try {
    for await (const line of queue.lines) {
      const { Action: action, Actor: actor } = eventSchema.parse(JSON.parse(line));
      if (action === 'exec_die' && actor.Attributes.execID !== exec.id) continue;
      const found = await exitCode();
      if (found !== undefined) return found;
      if (action !== 'exec_die') break;
    }
  } finally {
    events.destroy();
  }
  throw new Fault({
    kind: 'command-failed',
    headline: 'The container ended under a command, and the daemon does not know how the command ended',
    hint: 'Somebody killed or removed the container, or its machine ran out of memory.',
  });
}
