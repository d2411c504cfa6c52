import type { Ablation, Effect, Ledger } from '../../model/verdicts/ablation.ts';
import { metricName } from '../text/metric-names.ts';

/** A ledger in words; every form of the report shows these same strings. */
export interface LedgerTable {
  readonly title: string;
  readonly endPoints: string;
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
  readonly interactions: readonly string[];
  /** Changes that cannot be distinguished from zero, and what it would take. */
  readonly doubts: readonly string[];
}

const CLOCK_WORDS = { wall: 'wall clock', virtual: 'virtual clock', none: 'no clock' } as const;

export function ledgerTables(ablation: Ablation): readonly LedgerTable[] {
  return ablation.ledgers.map((ledger) => {
    const digits = ledger.clock === 'virtual' ? 3 : 1;
    const amount = (sec: number | null): string => (sec === null ? 'not possible' : (sec * 1000).toFixed(digits));
    const interval = ({ ci95 }: Effect): string => `${amount(ci95[0])} to ${amount(ci95[1])}`;
    const share = (sec: number): string =>
      ledger.totalSec === 0 ? '' : `${((100 * sec) / ledger.totalSec).toFixed(1)} %`;
    return {
      title: titleOf(ledger, amount),
      endPoints: ledger.endPoints,
      head: [
        'Change',
        'Share, ms',
        'of the whole',
        'Mean effect, ms',
        ledger.clock === 'virtual' ? 'Range' : '95 % interval',
        'Alone',
        'Last',
        'Verdict',
      ],
      rows: [
        ...ledger.factors.map((one) => [
          one.factor,
          amount(one.shareSec),
          share(one.shareSec),
          amount(one.effectSec),
          interval(one),
          amount(one.aloneSec),
          amount(one.lastSec),
          one.verdict,
        ]),
        ['all together', amount(ledger.totalSec), '100 %', '', interval(ledger.total), '', '', ledger.total.verdict],
      ],
      interactions: ledger.interactions.map((one) => {
        const sign =
          one.verdict === 'undecided'
            ? 'no interaction distinguishable from zero'
            : one.effectSec > 0
              ? 'more together than apart'
              : 'less together than apart';
        return `${one.factors.join(' × ')}: ${amount(one.effectSec)} ms (${interval(one)}), ${sign}`;
      }),
      doubts: ledger.factors
        .filter((one) => one.verdict === 'undecided')
        .map((one) => `${one.factor} cannot be distinguished from zero: ${one.reason}`),
    };
  });
}

function titleOf(ledger: Ledger, amount: (sec: number) => string): string {
  const { metric, clock, baselineSec, candidateSec } = ledger;
  return `${metricName(metric)} (${CLOCK_WORDS[clock]}): ${amount(baselineSec)} → ${amount(candidateSec)} ms`;
}

/** How to read a ledger. */
export const LEDGER_NOTE =
  'Milliseconds saved; negative costs. Share: the mean over all orders in which the changes can be made, so shares sum to the ' +
  'whole. Mean effect: the mean over all combinations of the other changes, with its 95 % interval, or on the virtual clock the ' +
  'range over those combinations. Alone: as the only change; ' +
  'last: on top of all others. A change that needs another cannot be alone.';
