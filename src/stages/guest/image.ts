import path from 'node:path';
import { z } from 'zod';
import { adoptDisk } from '../../images/given-disk/image.ts';
import { buildCentosImage } from '../../images/centos/image.ts';
import { buildDebianImage } from '../../images/debian.ts';
import type { DebianImage } from '../../images/debian.ts';
import type { InstalledImage } from '../../images/guest-export.ts';
import { artifactSchema } from '../../model/artifact.ts';
import type { Artifact } from '../../model/artifact.ts';
import type { Json } from '../../model/json.ts';
import { guestSchema, isInstalled } from '../../profile/guest-schema.ts';
import type { InstalledGuest, BootstrappedGuest, GuestDefinition } from '../../profile/guest-schema.ts';
import type { Store } from '../../store/store.ts';
import type { Stage, StageContext } from '../stage.ts';

const outputSchema = z.strictObject({
  disk: artifactSchema,
  kernel: artifactSchema,
  initrd: artifactSchema,
  config: artifactSchema,
  modules: artifactSchema,
  moduleOrder: z.array(z.string()),
  release: z.string(),
  kernelVersion: z.string(),
  hostKey: z.string(),
  packages: z.record(z.string(), z.string()),
});
/** A guest image in the store. */
export type Image = z.infer<typeof outputSchema>;

type DebianImageInput = {
  readonly definition: Json;
  /** Digest of every guest-side file that goes in. */
  readonly files: Readonly<Record<string, string>>;
  readonly tools: Readonly<Record<string, string>>;
  /** Raised by --refresh-image, so that newer packages are taken. */
  readonly refresh: string;
};
/** An installer makes the image: which one, and what answers its questions is among the files. */
type CentosImageInput = DebianImageInput & { readonly iso: Artifact; readonly busybox: Artifact };
/** A system that is installed on a disk already. */
type AdoptedImageInput = DebianImageInput & {
  readonly busybox: Artifact;
  readonly disk: { readonly path: string; readonly sha256: string };
  /** File of a private key that the system lets in as root; null: cloud-init gets one. */
  readonly keyPath: string | null;
};
type ImageInput = DebianImageInput | CentosImageInput | AdoptedImageInput;

/** Progress marks in mmdebstrap's output, as fractions of the time that a build takes. */
const MILESTONES: readonly (readonly [RegExp, number])[] = [
  [/downloading packages/, 0.1],
  [/extracting archives/, 0.25],
  [/installing essential packages/, 0.3],
  [/installing remaining packages/, 0.5],
  [/creating tarball/, 0.85],
];

async function debianImage(definition: BootstrappedGuest, context: StageContext): Promise<Image> {
  const { store } = context;
  const built = await buildDebianImage(context.host, {
    definition,
    definitionFolder: context.folders.guests,
    workDir: context.workDir,
    logPath: context.logPath,
    signal: context.signal,
    onLine: (line) => {
      const mark = MILESTONES.find(([pattern]) => pattern.test(line));
      context.progress({ message: line.slice(0, 100), ...(mark === undefined ? {} : { fraction: mark[1] }) });
    },
  });
  return keep(built, store);
}

async function centosImage(definition: InstalledGuest, input: CentosImageInput, context: StageContext): Promise<Image> {
  const { host, store, workDir, logPath, signal, folders } = context;
  const built = await buildCentosImage(host, {
    definition,
    definitionFolder: folders.guests,
    isoPath: await store.use(input.iso),
    busyboxPath: await store.use(input.busybox),
    workDir,
    logPath,
    signal,
    onProgress: (message, fraction) => {
      context.progress({ message, ...(fraction === undefined ? {} : { fraction }) });
    },
    onFinding: (finding) => {
      context.finding(finding);
    },
  });
  return keep(built, store);
}

async function adoptedImage(
  definition: GuestDefinition,
  input: AdoptedImageInput,
  context: StageContext,
): Promise<Image> {
  const { host, store, workDir, logPath, signal, folders } = context;
  const built = await adoptDisk(host, {
    definition,
    definitionFolder: folders.guests,
    diskPath: input.disk.path,
    ...(input.keyPath === null ? {} : { rootKey: await host.files.readText(input.keyPath) }),
    busyboxPath: await store.use(input.busybox),
    workDir,
    logPath,
    signal,
    onProgress: (message) => {
      context.progress({ message });
    },
    onFinding: (finding) => {
      context.finding(finding);
    },
  });
  return keep(built, store);
}

async function keep(built: DebianImage | InstalledImage, store: Store): Promise<Image> {
  return {
    disk: await store.adopt(built.diskPath),
    kernel: await store.adopt(built.kernelPath),
    initrd: await store.adopt(built.initrdPath),
    config: await store.adopt(built.configPath),
    modules: await store.adopt(built.modulesTarPath),
    moduleOrder: [...built.moduleOrder],
    release: built.release,
    kernelVersion: built.kernelVersion,
    hostKey: built.hostKey,
    packages: { ...built.packages },
  };
}

/** Builds the guest image, or restores it. */
export const image: Stage<ImageInput, Image> = {
  name: 'image',
  version: 2,
  cache: 'content',
  output: outputSchema,
  async run(input, context) {
    const definition = guestSchema.parse(input.definition);
    if ('disk' in input) return adoptedImage(definition, input, context);
    if (!isInstalled(definition)) return debianImage(definition, context);
    if (!('iso' in input)) throw new Error(`${definition.name} was planned without its installer`);
    return centosImage(definition, input, context);
  },
};

async function digests(
  sha256: (file: string) => Promise<string>,
  folder: string,
  files: readonly string[],
): Promise<Record<string, string>> {
  const entries = files.map(async (file): Promise<[string, string]> => [
    file,
    await sha256(path.resolve(folder, file)),
  ]);
  return Object.fromEntries(await Promise.all(entries));
}

/** Input of the image stage for a definition of Debian packages. */
export async function debianImageInput(
  sha256: (file: string) => Promise<string>,
  definition: BootstrappedGuest,
  folder: string,
  tools: Readonly<Record<string, string>>,
  refresh: string,
): Promise<ImageInput> {
  const files = definition.files.map(({ from }) => from);
  // What makes an installed disk this guest has no part in an image that is made here.
  const made = Object.fromEntries(Object.entries(definition).filter(([field]) => field !== 'adopt'));
  return {
    definition: made,
    files: await digests(sha256, folder, files),
    tools: { mmdebstrap: tools.mmdebstrap ?? '', e2fsprogs: tools.e2fsprogs ?? '' },
    refresh,
  };
}

/** Input of the image stage for a definition that an installer makes. Its tools only pack; what they pack decides. */
export async function centosImageInput(
  sha256: (file: string) => Promise<string>,
  definition: InstalledGuest,
  folder: string,
  made: { readonly iso: Artifact; readonly busybox: Artifact },
  refresh: string,
): Promise<ImageInput> {
  const files = [definition.kickstart, definition.provision, ...definition.files.map(({ from }) => from)];
  return { definition, files: await digests(sha256, folder, files), tools: {}, refresh, ...made };
}

/**
 * Input of the image stage for a disk on which the guest's distribution is installed already.
 *
 * @throws Fault when the disk cannot be read
 */
export async function adoptedImageInput(
  sha256: (file: string) => Promise<string>,
  definition: GuestDefinition,
  folder: string,
  given: { readonly path: string; readonly keyPath?: string; readonly busybox: Artifact },
  refresh: string,
): Promise<ImageInput> {
  const script = isInstalled(definition) ? definition.provision : definition.adopt;
  const files = [...(script === undefined ? [] : [script]), ...definition.files.map(({ from }) => from)];
  return {
    definition,
    files: await digests(sha256, folder, files),
    tools: {},
    refresh,
    busybox: given.busybox,
    disk: { path: given.path, sha256: await sha256(given.path) },
    keyPath: given.keyPath ?? null,
  };
}
