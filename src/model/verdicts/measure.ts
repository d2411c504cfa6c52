import { z } from 'zod';
import type { Immutable } from '../immutable.ts';

const unitSchema = z.enum(['s', 'bytes', 'bytes/s', 'ops/s', 'count']);
export type Unit = z.infer<typeof unitSchema>;

export const clockSchema = z
  .enum(['wall', 'virtual', 'none'])
  .describe('`none` for quantities that no clock measures (sizes)');
export type Clock = z.infer<typeof clockSchema>;

/** In the order in which reports count them. */
export const VERDICTS = ['better', 'worse', 'same', 'undecided', 'incomparable'] as const;
export const verdictSchema = z.enum(VERDICTS);
export type Verdict = z.infer<typeof verdictSchema>;

/** Lower and upper end of a 95 % interval. */
export const intervalSchema = z.tuple([z.number(), z.number()]);

/** Samples of one metric on one arm. */
export const measurementSchema = z.strictObject({
  metric: z.string().describe('its id, such as `total_boot`'),
  unit: unitSchema.describe('unit of the samples'),
  better: z.enum(['lower', 'higher']).describe('which way is better'),
  clock: clockSchema,
  samples: z.array(z.number()).describe('one per boot, or per session, in the order in which they were made'),
});
export type Measurement = Immutable<z.infer<typeof measurementSchema>>;

const scoreEffectSchema = z
  .strictObject({
    relativeChange: z
      .number()
      .describe('candidate median over baseline median, less 1: -0.4 means the candidate is 40 % lower'),
    relativeChange95: intervalSchema.describe('lower and upper end of its interval'),
    cliffsDelta: z
      .number()
      .nullable()
      .describe('-1 to 1; 1 when every candidate sample is below every baseline sample; null for exact quantities'),
  })
  .describe('how large the difference is; the verdict says whether it is certain');
export type ScoreEffect = Immutable<z.infer<typeof scoreEffectSchema>>;

const outlierSchema = z.strictObject({
  arm: z.string().describe('the arm it is of'),
  index: z.int().describe("0-based position among the arm's samples of the metric"),
  value: z.number().describe('the sample'),
  mads: z.number().describe("distance from the arm's median in median absolute deviations; negative below it"),
});
/** A sample far from the others of its arm. It is reported and stays in every figure. */
export type Outlier = Immutable<z.infer<typeof outlierSchema>>;

const armSamples = z.strictObject({
  arm: z.string().describe('name of the arm'),
  median: z.number().describe('median of the samples'),
  samples: z.array(z.number()).describe('one per boot, or per session'),
});

/** Candidate against baseline on one metric. */
export const scoreSchema = z.strictObject({
  metric: z.string().describe('its id, such as `total_boot`'),
  unit: unitSchema.describe('unit of the samples'),
  baseline: armSamples.describe('what is compared with'),
  candidate: armSamples.describe('what is scored'),
  ratio: z.number().describe('baseline median over candidate median, as in the thesis: above 1 the candidate is lower'),
  ci95: intervalSchema.describe('95 % interval of the ratio'),
  p: z
    .number()
    .nullable()
    .describe('two-sided permutation p; null for exact quantities (sizes), where no test applies'),
  verdict: verdictSchema.describe('what the samples decide about the candidate'),
  reason: z.string().describe('why the verdict is what it is, one sentence'),
  effect: z.exactOptional(scoreEffectSchema).describe('absent in records older than 0.2'),
  outliers: z
    .exactOptional(z.array(outlierSchema))
    .describe('reported, and part of every figure; absent in records older than 0.2'),
  endPoints: z.string().describe('what the metric measures, from where to where'),
  thesis: z
    .exactOptional(
      z.strictObject({
        before: z.number().describe("the thesis's figure before its changes"),
        after: z.number().describe('and after them'),
        ratio: z.number().describe('before over after'),
        endPoints: z.string().describe('what the thesis measured, from where to where'),
      }),
    )
    .describe("the thesis's figures for the same metric; absent where it has none"),
});
export type Score = Immutable<z.infer<typeof scoreSchema>>;
