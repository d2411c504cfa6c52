import path from 'node:path';
import { z } from 'zod';
import { buildDebianImage } from '../images/debian.ts';
import type { Json } from '../model/json.ts';
import { guestSchema } from '../profile/schema.ts';
import type { GuestDefinition } from '../profile/schema.ts';
import { artifactSchema } from './schemas.ts';
import type { Stage } from './stage.ts';

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

type ImageInput = {
  readonly definition: Json;
  /** Digest of every guest-side file that goes in. */
  readonly files: Readonly<Record<string, string>>;
  readonly tools: Readonly<Record<string, string>>;
  /** Raised by --refresh-image, so that newer packages are taken. */
  readonly refresh: string;
};

/** Progress marks in mmdebstrap's output, as fractions of the time that a build takes. */
const MILESTONES: readonly (readonly [RegExp, number])[] = [
  [/downloading packages/, 0.1],
  [/extracting archives/, 0.25],
  [/installing essential packages/, 0.3],
  [/installing remaining packages/, 0.5],
  [/creating tarball/, 0.85],
];

/** Builds the guest image, or restores it. */
export const image: Stage<ImageInput, Image> = {
  name: 'image',
  version: 1,
  cache: 'content',
  output: outputSchema,
  async run(input, context) {
    const definition: GuestDefinition = guestSchema.parse(input.definition);
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
  },
};

/** Input of the image stage for a definition. */
export async function imageInput(
  sha256: (file: string) => Promise<string>,
  definition: GuestDefinition,
  folder: string,
  tools: Readonly<Record<string, string>>,
  refresh: string,
): Promise<ImageInput> {
  const files = await Promise.all(
    definition.files.map(async (file): Promise<[string, string]> => [
      file.from,
      await sha256(path.resolve(folder, file.from)),
    ]),
  );
  return {
    definition,
    files: Object.fromEntries(files),
    tools: { mmdebstrap: tools.mmdebstrap ?? '', e2fsprogs: tools.e2fsprogs ?? '' },
    refresh,
  };
}
