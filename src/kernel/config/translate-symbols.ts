import type { Finding } from '../../model/finding.ts';
import { formatOrigin } from './config.ts';
import type { RequestedSymbol, ConfigValue } from './config.ts';
import { COMPANION_SYMBOLS, SYMBOL_HISTORY } from './symbol-history.ts';
import type { OtherName, Releases, SymbolHistory } from './symbol-history.ts';
import { compareVersions, parseVersion } from '../version.ts';
import type { KernelVersion } from '../version.ts';

/** Requested symbols under the names of one release. */
export interface TranslatedSymbols {
  readonly asked: readonly RequestedSymbol[];
  /** One for every symbol that is requested under another name, left out or added. */
  readonly findings: readonly Finding[];
  /** Symbols that this release does not have because it always does what they select. */
  readonly always: readonly string[];
}

/** The symbols a tree defines. */
interface Known {
  has(symbol: string): boolean;
}

function includes({ from, upTo }: Releases, version: KernelVersion): boolean {
  const [first, last] = [from, upTo].map((one) => (one === undefined ? undefined : parseVersion(one)));
  if (first !== undefined && compareVersions(version, first) < 0) return false;
  return last === undefined || compareVersions(version, last) <= 0;
}

function opposite(value: ConfigValue): ConfigValue {
  return value === 'n' ? 'y' : 'n';
}

function isBefore(version: KernelVersion, from: string | undefined): boolean {
  const first = from === undefined ? undefined : parseVersion(from);
  return first !== undefined && compareVersions(version, first) < 0;
}

function whyAbsent(history: SymbolHistory, version: KernelVersion): string {
  if (history.always === true) return 'always does this';
  return isBefore(version, history.from)
    ? `does not have it yet (it came with ${history.from ?? ''})`
    : `does not have it any more (${history.upTo ?? ''} was the last)`;
}

function renamed(one: RequestedSymbol, other: OtherName): RequestedSymbol {
  return { ...one, symbol: other.name, value: other.opposite === true ? opposite(one.value) : one.value };
}

/**
 * Translates requested symbols to the names of the tree's release, by the tables of symbol-history.ts: a symbol that the tree
 * does not define gets the name it has there, or is left out where that release has none; what that release wants
 * in addition is added. Symbols that the tree defines stay, so nothing changes on the release the fragments are written for. A
 * symbol that the tables do not know, or that this release should have, stays too: verifying will name it.
 */
export function translateSymbols(
  asked: readonly RequestedSymbol[],
  version: KernelVersion,
  known: Known,
): TranslatedSymbols {
  const result: RequestedSymbol[] = [];
  const findings: Finding[] = [];
  const always: string[] = [];
  const named = `Linux ${String(version.major)}.${String(version.minor)}`;
  const taken = new Map(asked.filter((one) => known.has(one.symbol)).map((one) => [one.symbol, one]));
  const note = (one: RequestedSymbol, words: string, level: Finding['level'] = 'info'): void => {
    const asking = `CONFIG_${one.symbol}, requested as ${one.value} at ${formatOrigin(one.origin)}`;
    findings.push({ level, message: `${asking}: ${named} ${words}` });
  };
  /** Requests `other` instead of `one`, or in addition to it. An existing request for `other` stays. */
  const add = (one: RequestedSymbol, other: OtherName, words: string): void => {
    const wanted = renamed(one, other);
    const standing = taken.get(wanted.symbol);
    if (standing === undefined) {
      taken.set(wanted.symbol, wanted);
      result.push(wanted);
    }
    if (standing === undefined || standing.value === wanted.value) note(one, words);
    else
      note(
        one,
        `${words}, but ${formatOrigin(standing.origin)} requests ${standing.value} for it, which is kept`,
        'warning',
      );
  };

  for (const one of asked) {
    const history = SYMBOL_HISTORY[one.symbol];
    const other = history?.names?.find((name) => includes(name, version) && known.has(name.name));
    if (known.has(one.symbol) || history === undefined || includes(history, version)) {
      result.push(one);
    } else if (other !== undefined) {
      add(one, other, `${other.opposite === true ? 'has the opposite symbol' : 'calls it'} CONFIG_${other.name}`);
    } else if (one.value === 'n') {
      // A symbol that this release does not have is off; the caller reports it.
      result.push(one);
    } else {
      if (history.always === true) always.push(one.symbol);
      note(one, `${whyAbsent(history, version)}; left out`);
    }
    if (one.value === 'n') continue;
    for (const companion of COMPANION_SYMBOLS[one.symbol] ?? []) {
      const isMet = taken.get(companion.name)?.value === renamed(one, companion).value;
      if (isMet || !includes(companion, version) || !known.has(companion.name)) continue;
      add(one, companion, `also needs CONFIG_${companion.name}`);
    }
  }
  return { asked: result, findings, always };
}
