import { z } from 'zod';
import { createDockerClient } from '../../host/net/docker-client.ts';
import { Fault } from '../../host/fault.ts';
import type { Files, Host } from '../../host/host.ts';
import { createLineSplitter } from '../../text/lines.ts';
import { attendContainer, streamEnd } from './container.ts';
import type { ContainerParts } from './container.ts';
import { createDaemonCall } from './daemon-calls.ts';
import type { DaemonSurroundings } from './daemon-calls.ts';
import { daemonRefusal } from './daemon-fault.ts';
import { createFrameReader } from './frames.ts';
import type { Container, ContainerSpec, Engine, EngineFacts, OpenDaemonSocket, StartTiming } from '../place.ts';

/** The label of every container of drydock: it shows where a leftover container comes from. */
const LABEL = 'drydock';

const infoSchema = z.looseObject({
  ServerVersion: z.string(),
  Driver: z.string(),
  CgroupDriver: z.enum(['systemd', 'cgroupfs']),
  CgroupVersion: z.enum(['1', '2']).default('1'),
});
const networkSchema = z.looseObject({
  IPAM: z.looseObject({ Config: z.array(z.looseObject({ Gateway: z.string().optional() })).nullish() }),
});
const progressSchema = z.looseObject({ error: z.string().optional() });
const statusSchema = z.looseObject({ statusCode: z.literal(404) });

/** An engine that also knows where its containers meet their machine. */
export interface DaemonEngine extends Engine {
  /** The machine's IPv4 address on Docker's default bridge. */
  bridgeAddress(): Promise<string>;
}

const NOTHING_AROUND: DaemonSurroundings = {
  during: (_what, work) => work(),
  outputTail: () => Promise.resolve([]),
  machinePid: (pid) => Promise.resolve(pid),
  onTrouble: () => undefined,
};

/** `drydock/tools:abc` → repository and tag, as `POST /images/create` takes them. */
function splitTag(tag: string): { repo: string; tag: string } {
  const colon = tag.lastIndexOf(':');
  if (colon <= tag.lastIndexOf('/')) return { repo: tag, tag: 'latest' };
  return { repo: tag.slice(0, colon), tag: tag.slice(colon + 1) };
}

function isAbsent(error: unknown): boolean {
  return statusSchema.safeParse(error).success;
}

function createContainer(parts: ContainerParts, spec: ContainerSpec): Promise<Container> {
  const name = `drydock-${spec.name}`;
  return parts.call(`create container ${name} from image ${spec.image}`, async () => {
    const made = await parts.docker.createContainer({
      name,
      Image: spec.image,
      Cmd: [...spec.command],
      Labels: { [LABEL]: '1' },
      Env: Object.entries(spec.env ?? {}).map(([key, value]) => `${key}=${value}`),
      Volumes: Object.fromEntries((spec.volumes ?? []).map((folder) => [folder, {}])),
      HostConfig: { NetworkMode: spec.network },
    });
    return attendContainer(parts, made, name);
  });
}

/** The errors in the progress that the daemon reports of an import. */
async function progressErrors(answer: NodeJS.ReadableStream): Promise<readonly string[]> {
  const errors: string[] = [];
  const progress = createLineSplitter((line) => {
    const { error } = progressSchema.parse(JSON.parse(line));
    if (error !== undefined) errors.push(error);
  });
  for await (const chunk of answer) progress.push(Buffer.from(chunk));
  progress.end();
  return errors;
}

function importImage({ docker, call }: ContainerParts, files: Files, tarPath: string, tag: string): Promise<void> {
  const what = `import image ${tag}`;
  return call(what, async () => {
    const tar = await files.openRead(tarPath);
    try {
      // The daemon says 200 before it has unpacked anything; what went wrong stands in its progress.
      const errors = await progressErrors(await docker.importImage(tar, splitTag(tag)));
      if (errors.length > 0) throw new Fault(daemonRefusal(what, errors.join('\n')));
    } finally {
      tar.destroy();
    }
  });
}

function hasImage({ docker, call }: ContainerParts, tag: string): Promise<boolean> {
  return call(`look for image ${tag}`, async () => {
    try {
      await docker.getImage(tag).inspect();
      return true;
    } catch (error) {
      if (isAbsent(error)) return false;
      throw error;
    }
  });
}

function removeImage({ docker, call }: ContainerParts, tag: string): Promise<void> {
  return call(`remove image ${tag}`, async () => {
    try {
      await docker.getImage(tag).remove({ force: true });
    } catch (error) {
      if (!isAbsent(error)) throw error;
    }
  });
}

/** Starts a container and gives the monotonic second of its first byte of output; `undefined` when it ends without one. */
function startToFirstOutput(
  { docker, call, clock }: ContainerParts,
  container: Container,
): Promise<number | undefined> {
  return call(`run container ${container.name} to its first output`, async () => {
    const output = await docker
      .getContainer(container.id)
      .attach({ stream: true, stdout: true, stderr: true, hijack: true });
    try {
      let firstOutputSec: number | undefined;
      await new Promise<void>((resolve, reject) => {
        // Registered before the start, so that no byte is missed.
        const read = createFrameReader(() => {
          firstOutputSec ??= clock.monotonicSec();
          resolve();
        });
        output.on('data', read);
        streamEnd(output).then(resolve, reject);
        container.start().catch(reject);
      });
      return firstOutputSec;
    } finally {
      output.end();
    }
  });
}

async function runToFirstOutput(parts: ContainerParts, spec: ContainerSpec): Promise<StartTiming> {
  const fromSec = parts.clock.monotonicSec();
  await using container = await createContainer(parts, spec);
  const firstSec = await startToFirstOutput(parts, container);
  const exitCode = await container.wait();
  if (firstSec !== undefined) return { firstOutputSec: firstSec - fromSec, exitCode };
  throw new Fault({
    kind: 'command-failed',
    headline: `Container ${container.name} ended with exit code ${exitCode} without a byte of output`,
    hint: 'Give it a command that prints something; its first byte is what is timed.',
    detail: [spec.command.join(' ')],
  });
}

function readFacts({ docker, call }: ContainerParts): Promise<EngineFacts> {
  return call('describe itself', async () => {
    const info = infoSchema.parse(await docker.info());
    return {
      version: info.ServerVersion,
      storageDriver: info.Driver,
      cgroupVersion: info.CgroupVersion,
      cgroupDriver: info.CgroupDriver,
    };
  });
}

function readBridgeAddress({ docker, call }: ContainerParts): Promise<string> {
  return call('describe its bridge', async () => {
    const { IPAM: addresses } = networkSchema.parse(await docker.getNetwork('bridge').inspect());
    const gateway = addresses.Config?.map((one) => one.Gateway).find((one) => one?.includes('.') === true);
    if (gateway !== undefined) return gateway;
    throw new Fault({
      kind: 'unavailable',
      headline: "The Docker daemon's default bridge has no IPv4 address",
      hint: "Containers reach this machine through Docker's default bridge. Start the daemon with a bridge.",
    });
  });
}

/**
 * A Docker daemon through dockerode, over connections from `open`.
 *
 * @param around what its place knows of the machine; every request runs under it
 */
export function createEngine(
  open: OpenDaemonSocket,
  { clock, files }: Pick<Host, 'clock' | 'files'>,
  around: Partial<DaemonSurroundings> = {},
): DaemonEngine {
  const surroundings = { ...NOTHING_AROUND, ...around };
  const parts = { docker: createDockerClient(open), call: createDaemonCall(surroundings), clock, surroundings };
  return {
    facts: () => readFacts(parts),
    bridgeAddress: () => readBridgeAddress(parts),
    importImage: (tarPath, tag) => importImage(parts, files, tarPath, tag),
    hasImage: (tag) => hasImage(parts, tag),
    removeImage: (tag) => removeImage(parts, tag),
    create: (spec) => createContainer(parts, spec),
    runToFirstOutput: (spec) => runToFirstOutput(parts, spec),
  };
}
