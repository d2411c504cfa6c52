import type { Evidence, SymbolNeed, UnaskedSymbol } from '../model/needs.ts';
import { functionWords } from './functions.ts';
import type { SymbolFunctions } from './functions.ts';
import type { NeedsMaterial } from './evidence-inputs.ts';
import { fullest, heldOtherwise, usecsOf } from './modules.ts';

/** A symbol that fragments ask to be built in. */
export interface WantedSymbol {
  readonly symbol: string;
  readonly fragments: readonly string[];
}

const NO_FUNCTIONS: SymbolFunctions = { traceable: 0, ran: [], own: [] };

/** Initcalls of definitions that are there because of the symbol more than of any other. */
function bootOf(symbol: string, { index, initcalls }: NeedsMaterial): SymbolNeed['boot'] {
  const own = initcalls.filter(({ kind, name, module }) => {
    if (kind !== 'initcall') return false;
    const definitions = (index.functions.get(name) ?? []).filter((one) => one.module === module);
    return definitions.length > 0 && definitions.every(({ needs }) => needs.at(-1) === symbol);
  });
  return own.length === 0 ? undefined : { initcalls: own.map(({ name }) => name), usecs: usecsOf(own) };
}

function moduleEvidence(
  symbol: string,
  { index, log }: NeedsMaterial,
): { readonly used: Evidence[]; readonly loaded: boolean } {
  const names = new Set(index.modules.filter((one) => one.symbol === symbol).map(({ name }) => name));
  const states = [...fullest(log.modules.filter(({ name }) => names.has(name))).values()];
  const used = states
    .filter((state) => heldOtherwise(state) > 0)
    .map((state): Evidence => ({
      kind: 'module',
      detail: `module ${state.name} was held ${String(state.references)} times, ${String(heldOtherwise(state))} of them not by modules`,
    }));
  return { used, loaded: states.length > 0 };
}

/** Modules that a symbol makes, if it is one that makes modules and none of them was ever loaded. */
function neverLoaded(symbol: string, { index, log, stock }: NeedsMaterial): readonly string[] {
  // A built-in one may still switch modules on (IPV6 and dccp_ipv6), which are not what it is for.
  if (stock.get(symbol) !== 'm') return [];
  const loaded = new Set(log.modules.map(({ name }) => name));
  const names = index.modules.filter((one) => one.symbol === symbol).map(({ name }) => name);
  return names.some((name) => loaded.has(name)) ? [] : names;
}

/** Why nothing can be said of a symbol that has no function to watch. */
function whyUnwatched(symbol: string, material: NeedsMaterial): string {
  const { index, relations, log, functions } = material;
  if (relations.choices.has(symbol)) return 'one of a choice: it decides how, and has no code of its own';
  const definitions = [...index.functions.values()].flat().filter(({ needs }) => needs.includes(symbol));
  if (definitions.length === 0) {
    if (index.files.some(({ needs }) => needs.includes(symbol))) return 'its code is assembly, tables or inline';
    const selected = relations.selects.get(symbol) ?? [];
    return selected.length === 0
      ? 'no code of its own: it changes code of others'
      : `no code of its own: it stands for ${selected.join(', ')}`;
  }
  if (log.tracing.status === 'absent') return 'functions were not traced';
  if (functions.shared.has(symbol)) return 'its functions share their names with code of other symbols';
  return definitions.every(({ isInit }) => isInit)
    ? 'all of its code runs at boot only'
    : 'none of its functions can be traced after boot';
}

function judgeSymbol({ symbol, fragments }: WantedSymbol, material: NeedsMaterial): SymbolNeed {
  const { functions, facts, phases, stock, docker, log } = material;
  const value = stock.get(symbol) ?? 'n';
  const own = functions.bySymbol.get(symbol) ?? NO_FUNCTIONS;
  const boot = bootOf(symbol, material);
  const section = docker.get(symbol);
  const rest = {
    symbol,
    fragments,
    stock: value,
    functions: { traceable: own.traceable, ran: own.ran.length },
    ...(boot === undefined ? {} : { boot }),
    ...(section === undefined ? {} : { docker: section }),
  };
  if (value === 'n') {
    return { ...rest, verdict: 'not in stock', why: 'the watched kernel is built without it', evidence: [] };
  }
  const { used, loaded } = moduleEvidence(symbol, material);
  const words = functionWords(own, phases);
  const evidence: readonly Evidence[] = [
    ...(words === undefined ? [] : [{ kind: 'function', detail: words } as const]),
    ...(facts.get(symbol) ?? []),
    ...used,
  ];
  const [best] = evidence;
  if (best !== undefined) return { ...rest, verdict: 'used', why: best.detail, evidence };
  const atBoot = boot === undefined ? '' : `; at boot ${boot.initcalls.join(', ')} ran`;
  if (own.traceable > 0) {
    return { ...rest, verdict: 'idle', why: `none of ${String(own.traceable)} functions ran${atBoot}`, evidence };
  }
  const absent = neverLoaded(symbol, material);
  if (absent.length > 0) {
    return { ...rest, verdict: 'idle', why: `module ${absent.join(', ')} was never loaded`, evidence };
  }
  for (const outer of material.relations.dependencies.get(symbol) ?? []) {
    const [module] = neverLoaded(outer, material);
    if (module === undefined) continue;
    return { ...rest, verdict: 'idle', why: `part of ${outer}, whose module ${module} was never loaded`, evidence };
  }
  if (loaded && log.tracing.status === 'absent') {
    const why = 'its module was loaded and held by nothing but modules; functions were not traced';
    return { ...rest, verdict: 'no evidence', why, evidence };
  }
  return { ...rest, verdict: 'no evidence', why: `${whyUnwatched(symbol, material)}${atBoot}`, evidence };
}

/**
 * Says of symbols that were not seen in use which others need them in Kconfig: what a used symbol depends on cannot be left
 * out, whether or not its own code ran.
 */
function withDependents(symbols: readonly SymbolNeed[], { relations }: NeedsMaterial): readonly SymbolNeed[] {
  const needed = new Set(symbols.filter(({ verdict }) => verdict === 'used').map(({ symbol }) => symbol));
  const dependentsOf = (symbol: string): readonly string[] =>
    symbols
      .map((one) => one.symbol)
      .filter((one) => needed.has(one) && one !== symbol && relations.dependencies.get(one)?.includes(symbol) === true);
  for (let before = -1; before !== needed.size;) {
    before = needed.size;
    for (const { symbol } of symbols) if (dependentsOf(symbol).length > 0) needed.add(symbol);
  }
  return symbols.map((one) => {
    const dependents = one.verdict === 'used' ? [] : dependentsOf(one.symbol);
    return dependents.length === 0 ? one : { ...one, neededBy: dependents };
  });
}

/** The verdict on every symbol that is asked to be built in, by fragment and then as asked. */
export function judgeSymbols(wanted: readonly WantedSymbol[], material: NeedsMaterial): readonly SymbolNeed[] {
  return withDependents(
    wanted.map((one) => judgeSymbol(one, material)),
    material,
  );
}

/** Symbols that the candidate's configuration lacks although code that is there because of them ran, the most first. */
export function unaskedSymbols({ functions, candidate, phases }: NeedsMaterial): readonly UnaskedSymbol[] {
  return [...functions.bySymbol]
    .filter(([symbol, { own }]) => own.length > 0 && (candidate.get(symbol) ?? 'n') === 'n')
    .map(([symbol, all]): UnaskedSymbol => ({
      symbol,
      functions: { traceable: all.traceable, ran: all.ran.length },
      example: functionWords(all, phases) ?? '',
    }))
    .sort((a, b) => b.functions.ran - a.functions.ran || a.symbol.localeCompare(b.symbol));
}
