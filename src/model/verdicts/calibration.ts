import { z } from 'zod';
import type { Immutable } from '../immutable.ts';
import { effectSchema } from './ablation.ts';
import { clockSchema, intervalSchema, verdictSchema } from './measure.ts';

const noiseSchema = z
  .strictObject({
    metric: z.string().describe('its id'),
    clock: clockSchema,
    endPoints: z.string().describe('what the metric measures, from where to where'),
    samples: z.int().describe('boots of both identical arms together'),
    medianSec: z.number().describe('median of all samples'),
    spread: z.number().describe('1.4826 × MAD / median: the relative spread that a normal distribution would have'),
    range: z.number().describe('greatest over least, less 1'),
    verdict: verdictSchema.describe(
      'what the score says of the two identical arms; anything but `same` or `undecided` is a false alarm',
    ),
    falseAlarms: z
      .exactOptional(
        z.strictObject({
          splits: z.int().describe('random splits that were scored'),
          bootsPerArm: z.int().describe('boots per arm in a split'),
          alarms: z.int().describe('splits that ended in a false verdict'),
          share: z.number().describe('alarms over splits'),
          ci95: intervalSchema.describe('95 % interval of the share'),
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
    look: z.string().describe('name of the instrumentation'),
    metric: z.string().describe('id of the metric'),
    clock: clockSchema,
    withoutSec: z.number().describe('median without it'),
    withSec: z.number().describe('median with it'),
  })
  .describe('what one way of looking costs on one metric; a negative effectSec is the time it adds');
export type LookCost = Immutable<z.infer<typeof lookCostSchema>>;

/** An A/A run: two identical arms, and one arm for every way of looking. */
export const calibrationSchema = z.strictObject({
  arm: z.exactOptional(z.string()).describe("the profile's arm that was calibrated; absent in older records"),
  noise: z.array(noiseSchema).describe('one per metric'),
  looks: z.array(lookCostSchema).describe('one per instrumentation and metric'),
});
export type Calibration = Immutable<z.infer<typeof calibrationSchema>>;
