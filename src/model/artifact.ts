import { z } from 'zod';
import type { Immutable } from './immutable.ts';

export const artifactSchema = z.strictObject({
  /** Hex sha256 of the content. */
  sha256: z.string(),
  sizeBytes: z.number(),
});
/** A file in the content store. A type alias, not an interface, so that it counts as plain JSON. */
export type Artifact = Immutable<z.infer<typeof artifactSchema>>;
