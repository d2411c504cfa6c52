import path from 'node:path';
import { z } from 'zod';
import { flattenOverlay } from '../../guest/machine/overlay.ts';
import { DOCKER_READY } from '../../guest/console/readiness.ts';
import type { Guest } from '../../guest/ssh/guest.ts';
import { Fault } from '../../host/fault.ts';
import { artifactSchema } from '../../model/artifact.ts';
import type { Artifact } from '../../model/artifact.ts';
import type { Stage } from '../stage.ts';
import { withStockGuest } from '../shared/stock-guest.ts';
import type { StockGuestInput } from '../shared/stock-guest.ts';

/** A container image that is to be in the guest's Docker. */
export type TaggedImage = {
  /** As `docker run` is given it: `drydock/tools:0123456789ab`. */
  readonly tag: string;
  /** Its root file system. */
  readonly tar: Artifact;
};

/** Its disk is the guest with every arm's kernel, and the probe image, installed. */
type WorkloadDiskInput = StockGuestInput & {
  readonly stock: { readonly release: string };
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

/** Serial number of the drive that an image's root file system comes on; virtio has room for twenty bytes. */
function driveSerial(index: number): string {
  return `drydock-image-${String(index)}`;
}

async function importImage(guest: Guest, tag: string, serial: string): Promise<ImportedImage> {
  await guest.run(['docker', 'import', `/dev/disk/by-id/virtio-${serial}`, tag]);
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
  fillsMachine: true,
  output: outputSchema,
  async run(input, context) {
    const { host, store, workDir } = context;
    const overlay = path.join(workDir, 'images.qcow2');
    // As drives, not through SSH: an emulated processor is slow at ciphers, and nothing has to wait on the guest's own disk.
    const drives = await Promise.all(
      input.images.map(async ({ tar }, index) => {
        return { kind: 'disk', path: await store.use(tar), serial: driveSerial(index) } as const;
      }),
    );
    const images = await withStockGuest(input, context, { overlay, until: DOCKER_READY, drives }, async (guest) => {
      const imported: ImportedImage[] = [];
      for (const [index, { tag, tar }] of input.images.entries()) {
        context.progress({ message: `docker import ${tag}, ${(tar.sizeBytes / 1024 ** 2).toFixed(0)} MiB` });
        imported.push(await importImage(guest, tag, driveSerial(index)));
      }
      await verifyImages(guest, imported);
      await guest.poweroff();
      return imported;
    });
    context.progress({ message: 'keeping the disk' });
    const disk = path.join(workDir, 'workloads.qcow2');
    await flattenOverlay(host, overlay, disk);
    return { disk: await store.adopt(disk), images };
  },
};
