import { z } from 'zod';
import type { Immutable } from '../immutable.ts';
import { verdictSchema } from './measure.ts';

const lookRecordSchema = z
  .strictObject({
    bootsPerArm: z.int(),
    nominalP: z.number().describe('a test at this look needed a p below this; its intervals hold 1 less this'),
    spentAlpha: z.number().describe('share of the 5 % error spent once this look had been taken'),
    verdicts: z.array(z.strictObject({ candidate: z.string(), metric: z.string(), verdict: verdictSchema })),
  })
  .describe('what one look at the boots so far showed');
export type LookRecord = Immutable<z.infer<typeof lookRecordSchema>>;

/** How a run that boots until its intervals decide came to its end. */
export const stoppingRecordSchema = z.strictObject({
  metrics: z.array(z.string()).describe('metrics that had to be decided'),
  maxBootsPerArm: z.int(),
  budgetMinutes: z
    .exactOptional(z.number())
    .describe('time that measured boots were allowed; absent when there was no limit'),
  looks: z.array(lookRecordSchema),
  spentAlpha: z.number(),
  stoppedBy: z.enum(['decided', 'most-boots', 'budget', 'nothing-to-decide']),
  reason: z.string().describe('one sentence'),
});
export type StoppingRecord = Immutable<z.infer<typeof stoppingRecordSchema>>;
