import type { CodeIndex, Definition } from '../model/code.ts';
import type { NeedsPhase, RanFunction } from '../model/needs.ts';
import { parseFunctionName } from './observer-log.ts';

/** What functions say of one symbol. */
export interface SymbolFunctions {
  readonly traceable: number;
  readonly ran: readonly RanFunction[];
  /** Of `ran`, those of which the symbol is the innermost reason. */
  readonly own: readonly RanFunction[];
}

export interface FunctionEvidence {
  readonly bySymbol: ReadonlyMap<string, SymbolFunctions>;
  /** By module: how many of the names that no other has could be traced, how many ran. */
  readonly byModule: ReadonlyMap<string, { readonly traceable: number; readonly ran: number }>;
  /** Symbols of which at least one function shares its name with code that does not need the symbol. */
  readonly shared: ReadonlySet<string>;
  readonly ambiguous: number;
  readonly unknown: number;
}

/**
 * The symbols that a function stands for. Static functions of several files may share a name, and the kernel tells only the
 * name: then it is evidence for the symbols on which all of the files agree, and for no other.
 */
export function symbolsOf(definitions: readonly Definition[]): {
  readonly symbols: readonly string[];
  readonly isAmbiguous: boolean;
} {
  const [first, ...others] = definitions;
  if (first === undefined) return { symbols: [], isAmbiguous: false };
  const agreed = first.needs.filter((symbol) => others.every(({ needs }) => needs.includes(symbol)));
  return { symbols: agreed, isAmbiguous: definitions.some(({ needs }) => needs.length > agreed.length) };
}

type Tally = { traceable: number; ran: RanFunction[]; own: RanFunction[] };

/** By name, the modules that have a function of it; `undefined` stands for the kernel itself. */
function ownersOf(traceable: readonly string[]): ReadonlyMap<string, ReadonlySet<string | undefined>> {
  const owners = new Map<string, Set<string | undefined>>();
  for (const line of traceable) {
    const { name, module } = parseFunctionName(line);
    const known = owners.get(name) ?? new Set();
    owners.set(name, known.add(module));
  }
  return owners;
}

/**
 * Holds the functions that ran, and all that could have been seen to run, against the source. What shares a name counts as one.
 *
 * @param traceable the kernel's own list, one function a line (available_filter_functions)
 */
export function functionEvidence(
  index: CodeIndex,
  traceable: readonly string[],
  ran: readonly RanFunction[],
): FunctionEvidence {
  const bySymbol = new Map<string, Tally>();
  const byModule = new Map<string, { traceable: number; ran: number }>();
  const firstRuns = new Map<string, RanFunction>();
  for (const one of ran) if (!firstRuns.has(one.name)) firstRuns.set(one.name, one);
  const shared = new Set<string>();
  let ambiguous = 0;
  let unknown = 0;
  for (const [name, owners] of ownersOf(traceable)) {
    const definitions = (index.functions.get(name) ?? []).filter((one) => owners.has(one.module) && !one.isInit);
    const { symbols, isAmbiguous } = symbolsOf(definitions);
    if (isAmbiguous) {
      for (const symbol of definitions.flatMap(({ needs }) => needs)) if (!symbols.includes(symbol)) shared.add(symbol);
    }
    const run = firstRuns.get(name);
    for (const symbol of symbols) {
      const tally = bySymbol.get(symbol) ?? { traceable: 0, ran: [], own: [] };
      bySymbol.set(symbol, tally);
      tally.traceable += 1;
      if (run === undefined) continue;
      tally.ran.push(run);
      if (symbol === symbols.at(-1)) tally.own.push(run);
    }
    const [module, ...others] = owners;
    if (module !== undefined && others.length === 0) {
      const of = byModule.get(module) ?? { traceable: 0, ran: 0 };
      byModule.set(module, { traceable: of.traceable + 1, ran: of.ran + (run === undefined ? 0 : 1) });
    }
    if (run !== undefined && isAmbiguous) ambiguous += 1;
    if (run !== undefined && definitions.length === 0) unknown += 1;
  }
  return { bySymbol, byModule, shared, ambiguous, unknown };
}

/** Tasks of the harness: what ran for them first may never run for the workloads. */
const HARNESS = new Set(['perl', 'sshd', 'drydock-sampler']);

/** The call that says most: of the work before that of the idle machine, of others before the harness's own. */
function mostTelling(runs: readonly RanFunction[], phases: readonly NeedsPhase[]): RanFunction | undefined {
  const rank = (run: RanFunction): number =>
    (phaseOf(run, phases) === undefined ? 2 : 0) + (HARNESS.has(run.task) ? 1 : 0);
  return [...runs].sort((a, b) => rank(a) - rank(b) || a.atSec - b.atSec)[0];
}

/** In which stretch of the work something happened. */
function phaseOf({ atSec }: { readonly atSec: number }, phases: readonly NeedsPhase[]): string | undefined {
  return phases.find(({ fromSec, toSec }) => atSec >= fromSec && atSec < toSec)?.name;
}

/** `142 of 388 functions ran, br_handle_frame first in network (iperf3)`. */
export function functionWords(
  { traceable, ran, own }: SymbolFunctions,
  phases: readonly NeedsPhase[],
): string | undefined {
  const example = mostTelling(own.length > 0 ? own : ran, phases);
  if (example === undefined) return undefined;
  const where = phaseOf(example, phases) ?? 'the idle machine';
  return `${String(ran.length)} of ${String(traceable)} functions ran, ${example.name} in ${where} (${example.task})`;
}
