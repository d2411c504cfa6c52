import { z } from 'zod';

/** Something a stage noticed that a reader should know; it does not stop the run. */
export const findingSchema = z.strictObject({
  level: z.enum(['info', 'warning']).describe('`warning`: read it before you use the figures'),
  message: z.string().describe('one sentence or more'),
});
export type Finding = Readonly<z.infer<typeof findingSchema>>;
