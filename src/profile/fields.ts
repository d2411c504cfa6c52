import { z } from 'zod';

/** A name of drydock's own: of a profile, an arm, a guest. */
export const name = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,39}$/, 'expected lower-case letters, digits and dashes, 40 at most')
  .describe('Shown in records and used in file names.');

/** The digest that a file must have. */
export const sha256 = z
  .string('expected 64 lower-case hexadecimal digits, in quotes if they are all decimal')
  .regex(/^[0-9a-f]{64}$/, 'expected 64 lower-case hexadecimal digits');
