import path from 'node:path';
import { z } from 'zod';
import { Fault } from '../host/fault.ts';
import type { Host, Lock } from '../host/host.ts';
import { parseJson } from '../json/parse.ts';
import { jsonText } from '../json/text.ts';
import type { Artifact } from '../model/artifact.ts';
import { findingSchema } from '../model/finding.ts';
import { jsonSchema } from '../model/json.ts';
import type { Json } from '../model/json.ts';
import { canonicalJson, sha256Text } from './canonical.ts';
import { checkedJson } from './checked-json.ts';

const actionSchema = z.strictObject({
  schema: z.literal(1),
  fingerprint: z.string(),
  inputs: jsonSchema,
  output: jsonSchema,
  /** What the stage noticed; said again whenever its output is restored. */
  findings: z.array(findingSchema).default([]),
  durationMs: z.number(),
  finishedAt: z.string(),
});
const artifactSchema = z.looseObject({ sha256: z.string().regex(/^[0-9a-f]{64}$/), sizeBytes: z.number() });

/** A finished stage: what went in, what came out, how long it took. */
export type Action = z.infer<typeof actionSchema>;

/** Content store: `sha256/ab/…` blobs and `actions/<fingerprint>.json`, written whole or not at all. */
export interface Store {
  readonly root: string;
  /**
   * Path of a blob, its digest verified once in the life of this store object.
   * @throws Fault `unavailable` when it is damaged or gone; what is damaged is removed, so that it is made again
   */
  use(artifact: Artifact): Promise<string>;
  /** Moves a finished file into the store; the file must lie below `workDir()` (one filesystem, so a rename). */
  adopt(file: string): Promise<Artifact>;
  put(content: string | Uint8Array): Promise<Artifact>;
  readText(artifact: Artifact): Promise<string>;
  fingerprint(inputs: Json): string;
  /** The finished stage, if every blob of its output is there in full length; digests are verified by `use`. */
  restore(fingerprint: string): Promise<Action | undefined>;
  record(action: Omit<Action, 'schema'>): Promise<void>;
  /** One holder a fingerprint: two runs never build the same thing at once. */
  lock(fingerprint: string, onWait: (holder: string) => void, signal?: AbortSignal): Promise<Lock>;
  /** Scratch space on the store's filesystem. */
  workDir(): string;
}

function artifactsIn(value: unknown): Artifact[] {
  if (Array.isArray(value)) return value.flatMap(artifactsIn);
  if (typeof value !== 'object' || value === null) return [];
  const own = artifactSchema.safeParse(value);
  const nested = Object.values(value).flatMap(artifactsIn);
  return own.success ? [{ sha256: own.data.sha256, sizeBytes: own.data.sizeBytes }, ...nested] : nested;
}

/** Opens (and makes, if need be) the content store below `root`. */
export function openStore(host: Host, root: string): Store {
  const { files } = host;
  /** Verifications under way or done, by digest. */
  const verified = new Map<string, Promise<void>>();
  const blobPath = (artifact: Artifact): string =>
    path.join(root, 'sha256', artifact.sha256.slice(0, 2), artifact.sha256.slice(2));
  const actionPath = (fingerprint: string): string => path.join(root, 'actions', `${fingerprint}.json`);

  const restore = async (fingerprint: string): Promise<Action | undefined> => {
    const file = actionPath(fingerprint);
    if ((await files.stat(file)) === undefined) return undefined;
    const parsed = actionSchema.safeParse(parseJson(await files.readText(file)));
    if (!parsed.success) return undefined;
    for (const artifact of artifactsIn(parsed.data.output)) {
      if ((await files.stat(blobPath(artifact)))?.sizeBytes !== artifact.sizeBytes) return undefined;
    }
    return parsed.data;
  };

  const adopt = async (file: string): Promise<Artifact> => {
    const found = await files.stat(file);
    const artifact = { sha256: await files.sha256(file), sizeBytes: found?.sizeBytes ?? 0 };
    await files.chmod(file, 0o444);
    await files.rename(file, blobPath(artifact));
    verified.set(artifact.sha256, Promise.resolve());
    return artifact;
  };

  const verify = async (artifact: Artifact): Promise<void> => {
    const file = blobPath(artifact);
    const found = await files.stat(file);
    if (found !== undefined && (await files.sha256(file)) === artifact.sha256) return;
    await files.remove(file);
    throw new Fault({
      kind: 'unavailable',
      headline: `A cached file is ${found === undefined ? 'gone' : 'damaged, and has been removed'}: ${file}`,
      hint: 'Run or resume again: the stage that built it runs again. If this happens twice, check the disk.',
    });
  };

  const use = async (artifact: Artifact): Promise<string> => {
    const pending = verified.get(artifact.sha256) ?? verify(artifact);
    verified.set(artifact.sha256, pending);
    await pending;
    return blobPath(artifact);
  };

  return {
    root,
    adopt,
    put: async (content) => {
      const bytes = typeof content === 'string' ? Buffer.from(content, 'utf8') : content;
      const file = path.join(root, 'work', `put-${host.randomHex(8)}`);
      await files.writeAtomic(file, bytes);
      return adopt(file);
    },
    use,
    readText: async (artifact) => files.readText(await use(artifact)),
    fingerprint: (inputs) => sha256Text(canonicalJson(inputs)),
    restore,
    record: (action) =>
      files.writeAtomic(
        actionPath(action.fingerprint),
        `${checkedJson(actionSchema, { schema: 1, ...action }, 'the result of a stage', (value) => jsonText(value, 1))}\n`,
      ),
    lock: (fingerprint, onWait, signal) =>
      host.locks.acquire(path.join(root, 'locks', fingerprint), {
        onWait,
        ...(signal === undefined ? {} : { signal }),
      }),
    workDir: () => path.join(root, 'work'),
  };
}
