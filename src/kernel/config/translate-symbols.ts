import type { Finding } from '../../model/finding.ts';
import { formatOrigin } from './config.ts';
import type { AskedSymbol, ConfigValue } from './config.ts';
import { BESIDES, SYMBOL_HISTORY } from './symbol-history.ts';
import type { OtherName, Releases, SymbolHistory } from './symbol-history.ts';
import { compareVersions, parseVersion } from '../version.ts';
import type { KernelVersion } from '../version.ts';

/** Requested symbols under the names of one release. */
export interface AskedOfVersion {
  readonly asked: readonly AskedSymbol[];
  /** One for every wish that is not asked as it was written. */
  readonly findings: readonly Finding[];
  /** Symbols this release does not have because it does what they ask for in any case. */
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
  if (history.always === true) return 'does this in any case';
  return isBefore(version, history.from)
    ? `does not have it yet (it came with ${history.from ?? ''})`
    : `does not have it any more (${history.upTo ?? ''} was the last)`;
}

function renamed(one: AskedSymbol, other: OtherName): AskedSymbol {
  return { ...one, symbol: other.name, value: other.opposite === true ? opposite(one.value) : one.value };
}

/**
 * Translates requested symbols to the names of the tree's release, by the tables of symbol-history.ts: a symbol that the tree
 * does not define gets the name it has there, or is left out where that release has none; what that release wants
 * in addition is added. Symbols that the tree defines stay, so nothing changes on the release the fragments are written for. A
 * symbol that the tables do not know, or that this release should have, stays too: verifying will name it.
 */
export function translateSymbols(asked: readonly AskedSymbol[], version: KernelVersion, known: Known): AskedOfVersion {
  const result: AskedSymbol[] = [];
  const findings: Finding[] = [];
  const always: string[] = [];
  const named = `Linux ${String(version.major)}.${String(version.minor)}`;
  const taken = new Map(asked.filter((one) => known.has(one.symbol)).map((one) => [one.symbol, one]));
  const note = (one: AskedSymbol, words: string, level: Finding['level'] = 'info'): void => {
    const asking = `CONFIG_${one.symbol}, asked ${one.value} at ${formatOrigin(one.origin)}`;
    findings.push({ level, message: `${asking}: ${named} ${words}` });
  };
  /** Requests `other` instead of `one`, or in addition to it. An existing request for `other` stays. */
  const add = (one: AskedSymbol, other: OtherName, words: string): void => {
    const wanted = renamed(one, other);
    const standing = taken.get(wanted.symbol);
    if (standing === undefined) {
      taken.set(wanted.symbol, wanted);
      result.push(wanted);
    }
    if (standing === undefined || standing.value === wanted.value) note(one, words);
    else
      note(one, `${words}, but ${formatOrigin(standing.origin)} asks ${standing.value} of that; it stands`, 'warning');
  };

  for (const one of asked) {
    const history = SYMBOL_HISTORY[one.symbol];
    const other = history?.names?.find((name) => includes(name, version) && known.has(name.name));
    if (known.has(one.symbol) || history === undefined || includes(history, version)) {
      result.push(one);
    } else if (other !== undefined) {
      add(one, other, `${other.opposite === true ? 'asks the opposite' : 'calls it'} CONFIG_${other.name}`);
    } else if (one.value === 'n') {
      // Off is what it is; the caller says so.
      result.push(one);
    } else {
      if (history.always === true) always.push(one.symbol);
      note(one, `${whyAbsent(history, version)}; left out`);
    }
    if (one.value === 'n') continue;
    for (const besides of BESIDES[one.symbol] ?? []) {
      const isMet = taken.get(besides.name)?.value === renamed(one, besides).value;
      if (isMet || !includes(besides, version) || !known.has(besides.name)) continue;
      add(one, besides, `wants CONFIG_${besides.name} as well`);
    }
  }
  return { asked: result, findings, always };
}
