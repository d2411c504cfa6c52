import { z } from 'zod';
import type { Immutable } from '../immutable.ts';
import { verdictSchema } from './measure.ts';

const lookRecordSchema = z
  .strictObject({
    bootsPerArm: z.int().describe('boots per arm so far'),
    nominalP: z.number().describe('a test at this look needed a p below this; its intervals hold 1 less this'),
    spentAlpha: z.number().describe('share of the 5 % error spent once this look had been taken'),
    verdicts: z
      .array(
        z.strictObject({
          candidate: z.string().describe('arm that is scored'),
          metric: z.string().describe('id of the metric'),
          verdict: verdictSchema.describe('what this look decides'),
        }),
      )
      .describe('one per candidate and metric'),
  })
  .describe('what one look at the boots so far showed');
export type LookRecord = Immutable<z.infer<typeof lookRecordSchema>>;

/** How a run that boots until its intervals decide came to its end. */
export const stoppingRecordSchema = z.strictObject({
  metrics: z.array(z.string()).describe('metrics that had to be decided'),
  maxBootsPerArm: z.int().describe('boots per arm at most'),
  budgetMinutes: z
    .exactOptional(z.number())
    .describe('time that measured boots were allowed; absent when there was no limit'),
  looks: z.array(lookRecordSchema).describe('every look, in order'),
  spentAlpha: z.number().describe('share of the 5 % error spent in all'),
  stoppedBy: z.enum(['decided', 'most-boots', 'budget', 'nothing-to-decide']).describe('what ended the run'),
  reason: z.string().describe('one sentence'),
});
export type StoppingRecord = Immutable<z.infer<typeof stoppingRecordSchema>>;
