import { z } from 'zod';

/** Something a stage noticed that a reader should know; it does not stop the run. */
export const findingSchema = z.strictObject({ level: z.enum(['info', 'warning']), message: z.string() });
export type Finding = Readonly<z.infer<typeof findingSchema>>;
