import path from 'node:path';
import { z } from 'zod';
import { startMachine } from '../guest/machine.ts';
import { createOverlay, flattenOverlay } from '../guest/overlay.ts';
import { DOCKER_READY } from '../guest/readiness.ts';
import { connectGuest } from '../guest/ssh.ts';
import type { Guest } from '../guest/ssh.ts';
import { putVerified, talkativeCmdline } from '../guest/unmeasured.ts';
import { Fault } from '../host/fault.ts';
import type { Artifact } from '../model/artifact.ts';
import type { Accelerator } from '../model/environment.ts';
import { artifactSchema } from './schemas.ts';
import type { Stage, StageContext } from './stage.ts';

/** A container image that is to be in the guest's Docker. */
export type TaggedImage = {
  /** As `docker run` is given it: `drydock/tools:0123456789ab`. */
  readonly tag: string;
  /** Its root file system. */
  readonly tar: Artifact;
};

type WorkloadDiskInput = {
  /** The guest with every arm's kernel, and the probe image, installed. */
  readonly disk: Artifact;
  readonly hostKey: string;
  readonly stock: { readonly kernel: Artifact; readonly initrd: Artifact; readonly release: string };
  readonly stockCmdline: string;
  readonly accelerator: Accelerator;
  readonly machine: { readonly cpus: number; readonly memoryMb: number };
  readonly qemu: string;
  readonly images: readonly TaggedImage[];
};

const outputSchema = z.strictObject({
  /** The guest with the images in its Docker, shut down in order; every session of every arm starts from it. */
  disk: artifactSchema,
  images: z.array(
    z.strictObject({
      tag: z.string(),
      /** Docker's own name for it. */
      id: z.string(),
      /** What it takes up in the guest, by Docker's count. */
      sizeBytes: z.number(),
    }),
  ),
});
export type WorkloadDisk = z.infer<typeof outputSchema>;
type ImportedImage = WorkloadDisk['images'][number];

const inspectSchema = z.looseObject({ Id: z.string().regex(/^sha256:[0-9a-f]{64}$/), Size: z.number().positive() });

/**
 * Where an image waits for its import. In memory where it takes up a quarter of that at most: what is written to the disk
 * and removed again stays in the disk's file.
 */
function waitingPlace(image: TaggedImage, memoryMb: number): string {
  return image.tar.sizeBytes <= (memoryMb * 1024 ** 2) / 4 ? '/dev/shm/image.tar' : '/root/image.tar';
}

async function importImage(
  guest: Guest,
  image: TaggedImage,
  memoryMb: number,
  context: StageContext,
): Promise<ImportedImage> {
  const { tag, tar } = image;
  context.progress({ message: `${tag}: ${(tar.sizeBytes / 1024 ** 2).toFixed(0)} MiB through SSH` });
  const remote = waitingPlace(image, memoryMb);
  await putVerified(guest, await context.store.use(tar), tar.sha256, remote);
  context.progress({ message: `${tag}: docker import` });
  await guest.run(['docker', 'import', remote, tag]);
  await guest.run(['rm', remote]);
  const { stdout } = await guest.run(['docker', 'image', 'inspect', '--format', '{{json .}}', tag]);
  const { Id: id, Size: sizeBytes } = inspectSchema.parse(JSON.parse(stdout));
  return { tag, id, sizeBytes };
}

/** `docker images` is what a workload meets: every tag must be there, and mean what was imported under it. */
async function verifyImages(guest: Guest, imported: readonly ImportedImage[]): Promise<void> {
  const format = '{{.Repository}}:{{.Tag}} {{.ID}}';
  const { stdout } = await guest.run(['docker', 'images', '--no-trunc', '--format', format]);
  const listed = new Set(stdout.split('\n'));
  const missing = imported.filter(({ tag, id }) => !listed.has(`${tag} ${id}`));
  if (missing.length === 0) return;
  throw new Fault({
    kind: 'not-ready',
    headline: `The guest's Docker has lost ${missing.map(({ tag }) => tag).join(' and ')} right after the import`,
    hint: '`journalctl -u docker` in the guest says why; the list below is what `docker images` shows.',
    detail: stdout.trim().split('\n'),
    consoleTail: guest.console.tail(25),
    logPath: guest.console.path,
  });
}

/**
 * Boots the installed guest on its stock kernel, puts every container image into its Docker, without a network, and shuts
 * it down in order. What comes out is the one disk from which all sessions of all arms start.
 */
export const workloadDisk: Stage<WorkloadDiskInput, WorkloadDisk> = {
  name: 'workload-disk',
  version: 1,
  cache: 'content',
  output: outputSchema,
  async run(input, context) {
    const { host, store, workDir, signal } = context;
    const key = host.ssh.generateKey('drydock');
    const keyFile = path.join(workDir, 'authorized_keys');
    await host.files.writeAtomic(keyFile, `${key.publicKey}\n`);
    const overlay = path.join(workDir, 'images.qcow2');
    await createOverlay(host, await store.use(input.disk), overlay);
    const imported: ImportedImage[] = [];
    {
      context.progress({ message: 'booting the stock kernel' });
      await using machine = await startMachine(
        host,
        {
          accelerator: input.accelerator,
          cpus: input.machine.cpus,
          memoryMb: input.machine.memoryMb,
          kernelPath: await store.use(input.stock.kernel),
          initrdPath: await store.use(input.stock.initrd),
          cmdline: talkativeCmdline(input.stockCmdline),
          disk: { path: overlay, format: 'qcow2' },
          ssh: { authorizedKeysPath: keyFile },
        },
        {
          directory: path.join(path.dirname(context.logPath), 'workload-disk'),
          signal,
          onLine: (line) => {
            context.progress({ message: line.text.slice(0, 100) });
          },
        },
      );
      await machine.waitFor(DOCKER_READY);
      await using guest = await connectGuest(host, machine, {
        privateKey: key.privateKey,
        hostKey: input.hostKey,
        signal,
      });
      for (const image of input.images) {
        imported.push(await importImage(guest, image, input.machine.memoryMb, context));
      }
      await verifyImages(guest, imported);
      await guest.poweroff();
    }
    context.progress({ message: 'keeping the disk' });
    const disk = path.join(workDir, 'workloads.qcow2');
    await flattenOverlay(host, overlay, disk);
    return { disk: await store.adopt(disk), images: imported };
  },
};
