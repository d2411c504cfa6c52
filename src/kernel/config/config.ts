/** A value as a `.config` spells it: `y`, `m`, `n`, a number, or a string with its quotes. */
export type ConfigValue = string;

/** Symbol names without `CONFIG_`. */
export type Config = ReadonlyMap<string, ConfigValue>;

export interface Origin {
  readonly file: string;
  /** 1-based; absent when the asker has no lines (a profile's own symbols). */
  readonly line?: number;
}

/** One line of a fragment: this symbol shall have this value. */
export interface RequestedSymbol {
  readonly symbol: string;
  readonly value: ConfigValue;
  readonly origin: Origin;
}

export interface Fragment {
  /** Shown to the reader, e.g. `pipelines/kconfig/docker.config`. */
  readonly name: string;
  readonly text: string;
}

/** Two fragments that ask the same symbol for different values. */
export interface Conflict {
  readonly symbol: string;
  readonly first: RequestedSymbol;
  readonly second: RequestedSymbol;
}

export interface MalformedLine {
  readonly origin: Origin;
  readonly text: string;
}

export interface ParsedFragment {
  readonly asked: readonly RequestedSymbol[];
  readonly malformed: readonly MalformedLine[];
}

export interface MergedFragments extends ParsedFragment {
  readonly conflicts: readonly Conflict[];
}

const ASSIGNMENT = /^CONFIG_([A-Za-z0-9_]+)=("(?:[^"\\]|\\.)*"|[^\s"]+)$/;
const NOT_SET = /^# CONFIG_([A-Za-z0-9_]+) is not set$/;
/** Comments that were meant to be a symbol switched off, and that kconfig would silently skip. */
const NEARLY_NOT_SET = /^#\s*CONFIG_\w+\s+(?:is|=|not)\b/;

function parseLine(line: string): { symbol: string; value: ConfigValue } | undefined {
  const assignment = ASSIGNMENT.exec(line);
  if (assignment?.[1] !== undefined && assignment[2] !== undefined) {
    return { symbol: assignment[1], value: assignment[2] };
  }
  const notSet = NOT_SET.exec(line);
  return notSet?.[1] === undefined ? undefined : { symbol: notSet[1], value: 'n' };
}

/**
 * Reads a `.config` as kconfig writes it (scripts/kconfig/confdata.c, `conf_write`). A symbol that appears twice has its
 * last value, as for kconfig itself; lines that are neither an assignment nor `is not set` are comments.
 */
export function parseConfig(text: string): Config {
  const config = new Map<string, ConfigValue>();
  for (const line of text.split('\n')) {
    const parsed = parseLine(line.trimEnd());
    if (parsed !== undefined) config.set(parsed.symbol, parsed.value);
  }
  return config;
}

/**
 * Reads a fragment and remembers where each symbol is requested. Lines kconfig would drop with a warning (`CONFIG_X = y`,
 * `X=y`, `#CONFIG_X is not set`) are returned as malformed: a symbol that is dropped in silence would be missing.
 */
export function parseFragment(fragment: Fragment): ParsedFragment {
  const asked: RequestedSymbol[] = [];
  const malformed: MalformedLine[] = [];
  fragment.text.split('\n').forEach((raw, index) => {
    const text = raw.trimEnd();
    const origin = { file: fragment.name, line: index + 1 };
    const parsed = parseLine(text);
    if (parsed !== undefined) asked.push({ ...parsed, origin });
    else if (NEARLY_NOT_SET.test(text) || !(text === '' || text.startsWith('#'))) malformed.push({ origin, text });
  });
  return { asked, malformed };
}

/**
 * Merges fragments into one list, each symbol once, in the order of first request. Two requests for the same value
 * agree; requests for two values are a conflict, reported with both places (the first one stands in `asked`).
 */
export function mergeFragments(fragments: readonly Fragment[]): MergedFragments {
  const bySymbol = new Map<string, RequestedSymbol>();
  const conflicts: Conflict[] = [];
  const malformed: MalformedLine[] = [];
  for (const fragment of fragments) {
    const parsed = parseFragment(fragment);
    malformed.push(...parsed.malformed);
    for (const asked of parsed.asked) {
      const first = bySymbol.get(asked.symbol);
      if (first === undefined) bySymbol.set(asked.symbol, asked);
      else if (first.value !== asked.value) conflicts.push({ symbol: asked.symbol, first, second: asked });
    }
  }
  return { asked: [...bySymbol.values()], conflicts, malformed };
}

/** One line of a `.config`: `CONFIG_X=y`, `CONFIG_X="text"` or `# CONFIG_X is not set`. */
export function formatSymbol(symbol: string, value: ConfigValue): string {
  return value === 'n' ? `# CONFIG_${symbol} is not set` : `CONFIG_${symbol}=${value}`;
}

/** The text of a `.config` or fragment; `parseConfig(formatConfig(c))` gives `c` back. */
export function formatConfig(config: Config): string {
  return [...config].map(([symbol, value]) => `${formatSymbol(symbol, value)}\n`).join('');
}

/** `file:line`, or the file alone where there are no lines. */
export function formatOrigin(origin: Origin): string {
  return origin.line === undefined ? origin.file : `${origin.file}:${origin.line}`;
}

/** How many symbols are built in and how many are modules. */
export function countSymbols(config: Config): { readonly builtIn: number; readonly modules: number } {
  let builtIn = 0;
  let modules = 0;
  for (const value of config.values()) {
    if (value === 'y') builtIn += 1;
    if (value === 'm') modules += 1;
  }
  return { builtIn, modules };
}

/** Symbols with another value in one configuration than in the other; one that is off is the same as one that is absent. */
export function changedSymbols(before: Config, after: Config): readonly string[] {
  const names = new Set([...before.keys(), ...after.keys()]);
  return [...names].filter((name) => (before.get(name) ?? 'n') !== (after.get(name) ?? 'n')).sort();
}
