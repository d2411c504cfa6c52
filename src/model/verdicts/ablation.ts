import { z } from 'zod';
import type { Immutable } from '../immutable.ts';
import { clockSchema, intervalSchema } from './measure.ts';

/** Records of before 0.2 say `undecided` in words of their own. */
const OLD_UNDECIDED = 'not told from zero';

/** An effect in seconds, and how certain it is. */
export const effectSchema = z.strictObject({
  effectSec: z.number().describe('seconds saved; negative when it costs'),
  ci95: intervalSchema.describe('95 % interval; on the virtual clock the range over all combinations'),
  verdict: z.preprocess(
    (verdict) => (verdict === OLD_UNDECIDED ? 'undecided' : verdict),
    z.enum(['saves', 'costs', 'undecided']).describe('`undecided`: the interval includes zero'),
  ),
  reason: z.string().describe('why this verdict'),
});
export type Effect = Immutable<z.infer<typeof effectSchema>>;

const factorEffectSchema = effectSchema.extend({
  factor: z.string().describe('name of the change'),
  contexts: z.int().describe('combinations of the other factors; the effect is the mean over them'),
  shareSec: z
    .number()
    .describe(
      'precedence-constrained Shapley value: the mean saving over all orders of the changes; these sum to totalSec',
    ),
  aloneSec: z.number().nullable().describe('saved when it is the only change; null where it cannot be alone'),
  lastSec: z.number().nullable().describe('saved when it is added to all others; null where others need it'),
});
/** What one change of an ablation saves. */
export type FactorEffect = Immutable<z.infer<typeof factorEffectSchema>>;

const factorInteractionSchema = effectSchema
  .extend({
    factors: z.tuple([z.string(), z.string()]).describe('names of the two changes'),
    contexts: z.int().describe('combinations of the other factors; the effect is the mean over them'),
  })
  .describe('what two changes save together beyond the sum of their separate savings');
export type FactorInteraction = Immutable<z.infer<typeof factorInteractionSchema>>;

const ledgerSchema = z
  .strictObject({
    metric: z.string().describe('its id'),
    clock: clockSchema,
    endPoints: z.string().describe('what the metric measures, from where to where'),
    baselineSec: z.number().describe('median without any change'),
    candidateSec: z.number().describe('median with all changes'),
    totalSec: z.number().describe('what all changes save together'),
    total: effectSchema.describe('the same, with its interval'),
    factors: z.array(factorEffectSchema).describe('what each change saves'),
    interactions: z.array(factorInteractionSchema).describe('one per pair of changes'),
  })
  .describe('one metric of an ablation, split by change');
export type Ledger = Immutable<z.infer<typeof ledgerSchema>>;

/** A factorial run: which arm had which changes, and a ledger per metric. */
export const ablationSchema = z.strictObject({
  factors: z.array(z.string()).describe('names of the changes'),
  cells: z.record(z.string(), z.array(z.string())).describe('arm → changes that are on in it'),
  ledgers: z.array(ledgerSchema).describe('one per metric'),
});
export type Ablation = Immutable<z.infer<typeof ablationSchema>>;
