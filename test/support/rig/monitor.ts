import { createServer } from 'node:net';
import type { Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { z } from 'zod';

/** QEMU's QMP socket, as far as drydock asks. */
export interface Monitor extends AsyncDisposable {
  event(name: string, data?: Readonly<Record<string, string | boolean>>): void;
  /** Settles once drydock has let the guest run: it waits until then, as under `-S`. */
  readonly resumed: Promise<void>;
}

export interface MonitorFacts {
  readonly path: string;
  /** Whose processor time counts as QEMU's. */
  readonly pid: number;
  /** Port that is forwarded to the guest's sshd, if there is one. */
  readonly sshPort: number | undefined;
}

const GREETING = { QMP: { version: { qemu: { major: 7, minor: 2, micro: 22 }, package: '' }, capabilities: [] } };

const commandSchema = z.looseObject({
  execute: z.string(),
  id: z.number(),
  arguments: z.looseObject({ 'command-line': z.string().optional() }).optional(),
});

function reply(facts: MonitorFacts, command: z.infer<typeof commandSchema>, isRunning: boolean): unknown {
  switch (command.execute) {
    case 'human-monitor-command':
      return command.arguments?.['command-line'] === 'info usernet' && facts.sshPort !== undefined
        ? `  TCP[HOST_FORWARD]  12       127.0.0.1 ${String(facts.sshPort)}       10.0.2.15    22     0     0\r\n`
        : '';
    case 'query-blockstats':
      return [{ stats: { rd_operations: 1, wr_operations: 1 } }];
    case 'query-cpus-fast':
      return [{ 'cpu-index': 0, 'thread-id': facts.pid }];
    case 'query-status':
      return { status: isRunning ? 'running' : 'prelaunch', running: isRunning };
    default:
      return {};
  }
}

export async function startMonitor(facts: MonitorFacts): Promise<Monitor> {
  const sockets = new Set<Socket>();
  let isRunning = false;
  let resume: () => void = () => undefined;
  const resumed = new Promise<void>((resolve) => {
    resume = resolve;
  });
  const event: Monitor['event'] = (name, data = {}) => {
    for (const socket of sockets) socket.write(`${JSON.stringify({ event: name, data })}\r\n`);
  };
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.once('close', () => sockets.delete(socket));
    socket.write(`${JSON.stringify(GREETING)}\r\n`);
    const lines = createInterface({ input: socket }).on('error', () => undefined);
    lines.on('line', (line) => {
      const command = commandSchema.parse(JSON.parse(line));
      const begins = command.execute === 'cont' && !isRunning;
      isRunning ||= begins;
      // QEMU tells first and answers then.
      if (begins) event('RESUME');
      socket.write(`${JSON.stringify({ return: reply(facts, command, isRunning), id: command.id })}\r\n`);
      if (begins) resume();
    });
  });
  await new Promise<void>((resolve) => server.listen(facts.path, resolve));
  return {
    event,
    resumed,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
