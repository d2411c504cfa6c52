import type { ModuleNeed, NeedsReport, NeedVerdict, SymbolNeed } from '../../model/needs.ts';
import { formatBytes, plural } from '../text/format.ts';

export const NEED_VERDICTS: readonly NeedVerdict[] = ['used', 'idle', 'no evidence', 'not in stock'];

/** What each verdict means, and what it does not. */
export const VERDICT_WORDS: Readonly<Record<NeedVerdict, string>> = {
  used: 'code that is there because of the symbol ran, or what it makes possible was in use. That the work would fail without it is not shown.',
  idle: 'it has code that was watched, and none of it ran during the work. Another workload, an error path or the boot may need it all the same.',
  'no evidence': 'nothing of it can be watched: it changes other code, chooses between ways, or runs at boot only.',
  'not in stock': 'the watched kernel is built without it.',
};

/** Symbols under the first fragment that asks for each. */
export function byFragment(report: NeedsReport): readonly (readonly [string, readonly SymbolNeed[]])[] {
  return report.candidate.fragments
    .map((name) => [name, report.symbols.filter(({ fragments }) => fragments[0] === name)] as const)
    .filter(([, symbols]) => symbols.length > 0);
}

/** `12 used, 3 idle` of some symbols. */
function countsOf(symbols: readonly SymbolNeed[]): Readonly<Record<NeedVerdict, number>> {
  const count = (verdict: NeedVerdict): number => symbols.filter((one) => one.verdict === verdict).length;
  return {
    used: count('used'),
    idle: count('idle'),
    'no evidence': count('no evidence'),
    'not in stock': count('not in stock'),
  };
}

export const countRows = (report: NeedsReport): readonly (readonly string[])[] =>
  [...byFragment(report), ['all', report.symbols] as const].map(([name, symbols]) => {
    const counts = countsOf(symbols);
    return [name, String(symbols.length), ...NEED_VERDICTS.map((verdict) => String(counts[verdict]))];
  });

export const COUNT_HEAD = ['Fragment', 'Symbols', 'Used', 'Idle', 'No evidence', 'Not in stock'] as const;

const share = ({ ran, traceable }: SymbolNeed['functions']): string =>
  traceable === 0 ? '' : `${String(ran)}/${String(traceable)}`;

/** A few names, and how many more there are. */
function firstOf(names: readonly string[]): string {
  const shown = names.slice(0, 3).join(', ');
  return names.length > 3 ? `${shown} and ${String(names.length - 3)} more` : shown;
}

export const symbolCells = (symbol: SymbolNeed): readonly string[] => [
  symbol.symbol,
  symbol.stock,
  symbol.verdict,
  symbol.docker ?? '',
  symbol.evidence.length > 1 ? `${symbol.why} (and ${plural(symbol.evidence.length - 1, 'other sign')})` : symbol.why,
  firstOf(symbol.neededBy ?? []),
];
export const SYMBOL_HEAD = [
  'Symbol',
  'Stock',
  'Verdict',
  'check-config.sh',
  'Best evidence, or why there is none',
  'Used symbols depend on it',
] as const;

export const MODULE_HEAD = [
  ...['Module', 'Symbol', 'Size', 'References', 'Needed by', 'Boot cost', 'Loaded', 'Functions ran', 'Candidate'],
  'What it is',
] as const;

/** Who holds a module: other modules by name, and what is no module as a number. */
function neededBy({ users, heldOtherwise }: ModuleNeed): string {
  const others =
    heldOtherwise === 0 ? [] : [users.length === 0 ? String(heldOtherwise) : `${String(heldOtherwise)} more`];
  return [...users, ...others].join(', ') || 'nobody';
}

export const moduleCells = (one: ModuleNeed): readonly string[] => [
  one.name,
  one.symbol ?? '',
  formatBytes(one.sizeBytes),
  String(one.references),
  neededBy(one),
  one.bootUsecs === undefined ? '' : `${(one.bootUsecs / 1000).toFixed(2)} ms`,
  one.loaded,
  share(one.functions),
  one.candidate,
  one.description ?? '',
];

/** One sentence on the trace. */
export function tracingWords({ tracing, functions }: NeedsReport): string {
  if (tracing.status === 'absent') {
    return `Functions were not traced (${tracing.why}): verdicts rest on modules, mounts, controllers and rules alone`;
  }
  const { armed, armSec, ran, lost, disarmedUnseen } = tracing;
  return [
    `${String(ran)} of ${String(armed)} functions ran; arming them took ${armSec.toFixed(1)} s`,
    `${String(lost)} events were lost, ${String(disarmedUnseen)} functions were disarmed unseen`,
    `of those that ran, ${String(functions.ambiguous)} share their name with others of another symbol, and for ${String(functions.unknown)} no definition was found`,
  ].join('; ');
}
