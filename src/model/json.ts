import { z } from 'zod';

/** A value that survives JSON unchanged; stage keys and fingerprints are made of these. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

export const jsonSchema: z.ZodType<Json> = z.json();
