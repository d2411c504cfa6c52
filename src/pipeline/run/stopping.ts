import { METRICS } from '../../bootlog/reading/metrics.ts';
import type { BootSummary } from '../../model/boots/boot.ts';
import type { Verdict } from '../../model/verdicts/measure.ts';
import type { LookRecord, StoppingRecord } from '../../model/verdicts/stopping.ts';
import { scoreAll, SIGNIFICANCE } from '../../stats/score.ts';
import { planLooks } from '../../stats/sequential.ts';
import type { Look } from '../../stats/sequential.ts';
import type { RunRequest } from '../../model/request.ts';
import { measurementsOf } from '../record/measurements.ts';

/** The figures a run is made for; it goes on until each of them is decided, for every candidate. */
const DECISION_METRICS: readonly string[] = ['kernel_init', 'total_boot'];
/** Boots an arm between two looks: a whole A B B A, so that a steady drift weighs on both arms alike at every look. */
const BOOTS_A_LOOK = 2;
const DECIDED: readonly Verdict[] = ['better', 'worse', 'same'];

export interface StoppingRule {
  readonly maxBootsPerArm: number;
  readonly budgetMinutes: number | undefined;
  readonly looks: readonly Look[];
}

/** An arm as the rule knows it. */
export interface RoledArm {
  readonly name: string;
  readonly role: 'baseline' | 'candidate' | 'variant';
}

/** The rule of a run that was asked to boot until it knows; `undefined` for one with a fixed number of boots. */
export function stoppingRule({
  boots,
  sequential,
}: Pick<RunRequest, 'boots' | 'sequential'>): StoppingRule | undefined {
  if (sequential === undefined) return undefined;
  const counts = Array.from({ length: Math.ceil(boots / BOOTS_A_LOOK) }, (_, look) =>
    Math.min(boots, (look + 1) * BOOTS_A_LOOK),
  );
  return {
    maxBootsPerArm: boots,
    budgetMinutes: sequential.budgetMinutes,
    looks: planLooks(counts, SIGNIFICANCE),
  };
}

function lookAfter(rule: StoppingRule, arms: readonly RoledArm[], boots: readonly BootSummary[]): Look | undefined {
  return rule.looks.find((look) => look.bootsPerArm * arms.length === boots.length);
}

/** A metric that one of the two arms lacks can never be decided, so it is left out. */
function verdictsAt(look: Look, arms: readonly RoledArm[], boots: readonly BootSummary[]): LookRecord['verdicts'] {
  const baseline = arms.find((arm) => arm.role === 'baseline');
  if (baseline === undefined) return [];
  const metrics = METRICS.filter(({ id }) => DECISION_METRICS.includes(id));
  const taken = boots.slice(0, look.bootsPerArm * arms.length);
  const side = ({ name }: RoledArm) => ({ arm: name, measurements: measurementsOf(name, taken, metrics) });
  return arms
    .filter((arm) => arm.role === 'candidate')
    .flatMap((candidate) =>
      scoreAll(metrics, side(baseline), side(candidate), () => ({ significance: look.nominalP })).scores.map(
        ({ metric, verdict }) => ({ candidate: candidate.name, metric, verdict }),
      ),
    );
}

type StoppedBy = StoppingRecord['stoppedBy'];

/**
 * Why a run should boot no more, or `undefined` as long as it should. Asked before every boot; it only answers between
 * whole rounds, and only from what the journal keeps, so that a resumed run stops where it would have stopped.
 *
 * @param boots measured so far, in their order
 * @param spentSec what these boots took, on the host's clock
 */
export function reasonToStop(
  rule: StoppingRule,
  arms: readonly RoledArm[],
  boots: readonly BootSummary[],
  spentSec: number,
): StoppedBy | undefined {
  const look = lookAfter(rule, arms, boots);
  if (look === undefined) return undefined;
  const verdicts = verdictsAt(look, arms, boots);
  if (verdicts.length === 0) return 'nothing-to-decide';
  if (verdicts.every(({ verdict }) => DECIDED.includes(verdict))) return 'decided';
  if (look.bootsPerArm >= rule.maxBootsPerArm) return 'most-boots';
  const roundSec = (spentSec / look.bootsPerArm) * BOOTS_A_LOOK;
  if (rule.budgetMinutes !== undefined && spentSec + roundSec > rule.budgetMinutes * 60) return 'budget';
  return undefined;
}

const WORDS: Readonly<Record<StoppedBy, string>> = {
  decided: 'every decision metric was decided',
  'most-boots': 'this is the most that was allowed, and not every decision metric was decided',
  budget: 'another round would not have fitted into the budget, and not every decision metric was decided',
  'nothing-to-decide': 'no decision metric has samples on a baseline and a candidate',
};

/** The looks that were taken and why the last one was, as the record keeps it. */
export function stoppingRecord(
  rule: StoppingRule,
  arms: readonly RoledArm[],
  boots: readonly BootSummary[],
  stoppedBy: StoppedBy,
): StoppingRecord {
  const taken = rule.looks.filter((look) => look.bootsPerArm * arms.length <= boots.length);
  const looks = taken.map((look): LookRecord => {
    const { bootsPerArm, nominalP, spentAlpha } = look;
    return { bootsPerArm, nominalP, spentAlpha, verdicts: verdictsAt(look, arms, boots) };
  });
  const last = looks.at(-1);
  const spentAlpha = last?.spentAlpha ?? 0;
  const limit = rule.budgetMinutes === undefined ? '' : ` or ${String(rule.budgetMinutes)} min of boots`;
  return {
    metrics: DECISION_METRICS,
    maxBootsPerArm: rule.maxBootsPerArm,
    ...(rule.budgetMinutes === undefined ? {} : { budgetMinutes: rule.budgetMinutes }),
    looks,
    spentAlpha,
    stoppedBy,
    reason:
      `stopped after ${String(last?.bootsPerArm ?? 0)} boots per arm of at most ${String(rule.maxBootsPerArm)}${limit}: ` +
      `${WORDS[stoppedBy]} (${String(looks.length)} ${looks.length === 1 ? 'look' : 'looks'}, ` +
      `${(spentAlpha * 100).toFixed(2)} % of the 5 % error spent)`,
  };
}
