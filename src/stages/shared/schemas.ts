import { z } from 'zod';

/** A file in the content store. */
export const artifactSchema = z.strictObject({ sha256: z.string(), sizeBytes: z.number() });
