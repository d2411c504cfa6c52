import { z } from 'zod';
import type { DockerClient, DockerContainer } from '../../host/net/docker-client.ts';
import { Fault } from '../../host/fault.ts';
import type { Argv, Clock, RunResult } from '../../host/host.ts';
import { createLineSplitter } from '../../text/lines.ts';
import { readTotals } from './container-totals.ts';
import type { DaemonCall, DaemonSurroundings } from './daemon-calls.ts';
import { execEnded } from './exec-end.ts';
import { createFrameReader } from './frames.ts';
import type { FrameStream } from './frames.ts';
import type { Container } from '../place.ts';

const inspectSchema = z.looseObject({
  State: z.looseObject({
    Pid: z.number(),
    Running: z.boolean(),
    ExitCode: z.number(),
    OOMKilled: z.boolean(),
  }),
  NetworkSettings: z.looseObject({
    Networks: z.record(z.string(), z.looseObject({ IPAddress: z.string() })).nullish(),
  }),
});
const waitSchema = z.looseObject({ StatusCode: z.number() });
const statusSchema = z.looseObject({ statusCode: z.number() });

/** Engine API: the container is not there (any more), or its removal is under way. */
const ALREADY_GOING = [404, 409];

/** What has been written to two streams, as text. */
function createTranscript() {
  const written: Record<FrameStream, Uint8Array[]> = { stdout: [], stderr: [] };
  const text = (stream: FrameStream): string => Buffer.concat(written[stream]).toString('utf8');
  return {
    add(stream: FrameStream, payload: Uint8Array): void {
      written[stream].push(payload);
    },
    texts: () => ({ stdout: text('stdout'), stderr: text('stderr') }),
  };
}

/** Settles when the daemon has sent all of a stream; rejects when the connection breaks. */
export function streamEnd(stream: NodeJS.ReadableStream): Promise<void> {
  return new Promise((resolve, reject) => {
    stream.once('end', resolve);
    stream.once('close', resolve);
    stream.once('error', reject);
  });
}

export interface ContainerParts {
  readonly docker: DockerClient;
  readonly call: DaemonCall;
  readonly clock: Clock;
  readonly surroundings: DaemonSurroundings;
}

/** A container that the daemon has made, by its name of ours. */
interface Attended extends ContainerParts {
  readonly raw: DockerContainer;
  readonly name: string;
}

function exec(
  { docker, call, clock, raw, name }: Attended,
  command: Argv,
  { onLine }: { readonly onLine?: (line: string) => void } = {},
): Promise<RunResult> {
  return call(`run \`${command.join(' ')}\` in container ${name}`, async () => {
    const startedSec = clock.monotonicSec();
    const transcript = createTranscript();
    const lines = { stdout: createLineSplitter(onLine), stderr: createLineSplitter(onLine) };
    const created = await raw.exec({ Cmd: [...command], AttachStdout: true, AttachStderr: true });
    const stream = await created.start({ hijack: true, stdin: false });
    const ended = streamEnd(stream);
    const read = createFrameReader((of, payload) => {
      transcript.add(of, payload);
      lines[of].push(payload);
    });
    stream.on('data', read);
    try {
      await ended;
      const exitCode = await execEnded(docker, raw.id, created);
      return { exitCode, ...transcript.texts(), durationMs: (clock.monotonicSec() - startedSec) * 1000 };
    } finally {
      lines.stdout.end();
      lines.stderr.end();
      stream.destroy();
    }
  });
}

function readLogs({ call, raw, name }: Attended): ReturnType<Container['logs']> {
  return call(`give the output of container ${name}`, async () => {
    const transcript = createTranscript();
    createFrameReader((of, payload) => {
      transcript.add(of, payload);
    })(await raw.logs({ stdout: true, stderr: true, follow: false }));
    return transcript.texts();
  });
}

function inspect({ call, surroundings, raw, name }: Attended): ReturnType<Container['inspect']> {
  return call(`describe container ${name}`, async () => {
    const answer: unknown = await raw.inspect();
    const { State: state, NetworkSettings: network } = inspectSchema.parse(answer);
    return {
      pid: state.Pid === 0 ? 0 : await surroundings.machinePid(state.Pid, raw.id),
      running: state.Running,
      exitCode: state.ExitCode,
      oomKilled: state.OOMKilled,
      ipAddress: network.Networks?.bridge?.IPAddress ?? '',
    };
  });
}

/** Never throws: from a disposal that would hide why the work before it failed. */
async function remove({ call, surroundings, raw, name }: Attended): Promise<void> {
  const removed = async (): Promise<void> => {
    try {
      await raw.remove({ force: true, v: true });
    } catch (error) {
      const answer = statusSchema.safeParse(error);
      if (!(answer.success && ALREADY_GOING.includes(answer.data.statusCode))) throw error;
    }
  };
  try {
    await call(`remove container ${name}`, removed, 'cleanup');
  } catch (error) {
    const why = error instanceof Fault ? error.failure.headline : String(error);
    surroundings.onTrouble(`Container ${name} may have stayed behind: ${why}`);
  }
}

/** Takes charge of a container that the daemon has made. Disposing of the result removes it. */
export function attendContainer(parts: ContainerParts, raw: DockerContainer, name: string): Container {
  const { call } = parts;
  const attended: Attended = { ...parts, raw, name };
  return {
    id: raw.id,
    name,
    start: () =>
      call(`start container ${name}`, async () => {
        await raw.start();
      }),
    wait: () =>
      call(`wait for container ${name}`, async () => {
        const answer: unknown = await raw.wait();
        return waitSchema.parse(answer).StatusCode;
      }),
    exec: (command, options) => exec(attended, command, options),
    logs: () => readLogs(attended),
    inspect: () => inspect(attended),
    stats: () =>
      call(`count what container ${name} uses`, async () =>
        readTotals(await raw.stats({ stream: false, 'one-shot': true })),
      ),
    [Symbol.asyncDispose]: () => remove(attended),
  };
}
