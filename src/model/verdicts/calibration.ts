import { z } from 'zod';
import type { Immutable } from '../immutable.ts';
import { effectSchema } from './ablation.ts';
import { clockSchema, intervalSchema, verdictSchema } from './measure.ts';

const noiseSchema = z
  .strictObject({
    metric: z.string(),
    clock: clockSchema,
    endPoints: z.string(),
    samples: z.int().describe('boots of both identical arms together'),
    medianSec: z.number(),
    spread: z.number().describe('1.4826 × MAD / median: the relative spread that a normal distribution would have'),
    range: z.number().describe('greatest over least, less 1'),
    verdict: verdictSchema.describe(
      'what the score says of the two identical arms; anything but `same` or `undecided` is a false alarm',
    ),
    falseAlarms: z
      .exactOptional(
        z.strictObject({
          splits: z.int(),
          bootsPerArm: z.int(),
          alarms: z.int(),
          share: z.number(),
          ci95: intervalSchema,
        }),
      )
      .describe(
        "drydock's own verdicts on random splits of these boots into two arms; absent on the virtual clock and with too few boots",
      ),
  })
  .describe("this host's noise on one metric, from boots of one and the same arm");
export type Noise = Immutable<z.infer<typeof noiseSchema>>;

const lookCostSchema = effectSchema
  .extend({
    look: z.string(),
    metric: z.string(),
    clock: clockSchema,
    withoutSec: z.number(),
    withSec: z.number(),
  })
  .describe('what one way of looking costs on one metric; a negative effectSec is the time it adds');
export type LookCost = Immutable<z.infer<typeof lookCostSchema>>;

/** An A/A run: two identical arms, and one arm for every way of looking. */
export const calibrationSchema = z.strictObject({ noise: z.array(noiseSchema), looks: z.array(lookCostSchema) });
export type Calibration = Immutable<z.infer<typeof calibrationSchema>>;
