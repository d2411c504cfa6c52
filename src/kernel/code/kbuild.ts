import type { Config } from '../config/config.ts';

/** One assignment of a kbuild makefile that the configuration switches on (Documentation/kbuild/makefiles.rst). */
export interface KbuildRule {
  /** `obj` and `lib` name what is built; anything else is the composite object of that name (`ext4` of `ext4-y`). */
  readonly target: string;
  readonly kind: 'y' | 'm';
  /** `super.o`, `netfilter/` */
  readonly words: readonly string[];
  /** Symbols that switch it on: of the conditional blocks around it, outermost first, then of the left-hand side. */
  readonly needs: readonly string[];
}

interface Block {
  /** `undefined`: the condition is none that a configuration decides; both branches count. */
  readonly holds: boolean | undefined;
  readonly needs: readonly string[];
  /** An earlier branch of the same block has been taken. */
  readonly taken: boolean;
}

type Variables = Map<string, readonly string[]>;

const ASSIGNMENT = /^([^\s:+?=][^:+?=]*?)\s*(\+=|:=|\?=|=)\s*(.*)$/;
const TARGET = /^(?<target>.+)-(?<suffix>y|m|objs|\$\(.+\)|\$\{.+\})$/;
const CONFIG = /\$[({]CONFIG_(\w+)[)}]/g;
const SUBST = /\$\(subst m,y,\s*(\$\(CONFIG_\w+\))\)/g;

/** Lines with their continuations, without comments. */
function logicalLines(text: string): string[] {
  return text
    .replaceAll(/\\\r?\n/g, ' ')
    .split('\n')
    .map((line) => line.replace(/(?:^|\s)#.*$/, '').trim())
    .filter((line) => line !== '');
}

/** Text with the configuration's values put in; `undefined` where it needs more of make than that. */
function expand(text: string, config: Config): string | undefined {
  const valueOf = (symbol: string): string => {
    const value = config.get(symbol) ?? '';
    return value === 'n' ? '' : value;
  };
  const plain = text
    .replaceAll(SUBST, (_all, inner: string) => (expand(inner, config) ?? '').replaceAll('m', 'y'))
    .replaceAll(CONFIG, (_all, symbol: string) => valueOf(symbol));
  return plain.includes('$') ? undefined : plain;
}

const symbolsIn = (text: string): string[] => [...text.matchAll(/\bCONFIG_(\w+)/g)].map(([, symbol = '']) => symbol);

/** The condition of an `ifdef`, `ifeq` and their opposites. */
function judge(line: string, config: Config): Pick<Block, 'holds' | 'needs'> {
  const [, word = '', rest = ''] = /^(ifn?def|ifn?eq)\s*(.*)$/.exec(line) ?? [];
  const isNegated = word.startsWith('ifn');
  if (word.endsWith('def')) {
    const symbol = /^CONFIG_(\w+)$/.exec(rest.trim())?.[1];
    if (symbol === undefined) return { holds: undefined, needs: [] };
    const isSet = (config.get(symbol) ?? 'n') !== 'n';
    return { holds: isSet !== isNegated, needs: isNegated ? [] : [symbol] };
  }
  const [, left, right] = /^\((.*),([^,]*)\)$/.exec(rest.trim()) ?? /^"(.*)"\s+"(.*)"$/.exec(rest.trim()) ?? [];
  const [one, other] = [left, right].map((side) => (side === undefined ? undefined : expand(side.trim(), config)));
  if (one === undefined || other === undefined) return { holds: undefined, needs: [] };
  const holds = (one.trim() === other.trim()) !== isNegated;
  // `ifeq (…,y)` and `ifneq (…,)` ask for the symbol; their opposites ask for its absence.
  const wants = isNegated ? other.trim() === '' : other.trim() !== '';
  return { holds, needs: wants ? symbolsIn(rest) : [] };
}

function elseOf(block: Block, rest: string, config: Config): Block {
  const taken = block.taken || block.holds === true;
  if (taken) return { holds: false, needs: [], taken };
  if (rest === '') return { holds: block.holds === undefined ? undefined : true, needs: [], taken };
  return { ...judge(rest, config), taken };
}

function expandWords(text: string, variables: Variables, config: Config): readonly string[] {
  return (text.match(/\$[({][^\s(){}]+[)}]\S*|\$\([^)]*\)+\S*|\S+/g) ?? []).flatMap((word) => {
    const [, name, rest = ''] = /^\$[({]([\w.-]+)[)}](\S*)$/.exec(word) ?? [];
    const values = name === undefined ? undefined : variables.get(name);
    if (values !== undefined) return rest === '' ? values : values.map((value) => `${value}${rest}`);
    const expanded = expand(word, config);
    return expanded === undefined || expanded === '' ? [] : [expanded];
  });
}

/** What the left-hand side comes to: nothing where its symbol is off. */
function kindOf(suffix: string, config: Config): 'y' | 'm' | undefined {
  if (suffix === 'y' || suffix === 'objs') return 'y';
  if (suffix === 'm') return 'm';
  const symbols = symbolsIn(suffix);
  const values = symbols.map((symbol) => config.get(symbol) ?? 'n');
  if (symbols.length === 0 || values.some((value) => value === 'n')) return undefined;
  const isForced = /\$\(subst m,y,/.test(suffix);
  return !isForced && values.includes('m') ? 'm' : 'y';
}

/**
 * Reads a kbuild makefile as far as a configuration decides it: `obj-$(CONFIG_X) += a.o dir/`, `foo-y`, `foo-objs`,
 * `foo-$(CONFIG_Y)`, `$(subst m,y,…)`, simple variables, and `ifdef`/`ifeq` blocks. Conditions on anything else than symbols
 * count as fulfilled, and words that need more of make than a variable are left out.
 */
export function parseKbuild(text: string, config: Config): readonly KbuildRule[] {
  const rules: KbuildRule[] = [];
  const blocks: Block[] = [];
  const variables: Variables = new Map();
  for (const line of logicalLines(text)) {
    const top = blocks.at(-1);
    if (/^ifn?(?:def|eq)\b/.test(line)) {
      blocks.push({ ...judge(line, config), taken: false });
    } else if (/^else\b/.test(line) && top !== undefined) {
      blocks.splice(-1, 1, elseOf(top, line.slice('else'.length).trim(), config));
    } else if (line === 'endif') {
      blocks.pop();
    } else if (blocks.every(({ holds }) => holds !== false)) {
      const [, name = '', operator, value = ''] = ASSIGNMENT.exec(line) ?? [];
      if (operator === undefined) continue;
      const words = expandWords(value, variables, config);
      const around = blocks.flatMap(({ needs }) => needs);
      variables.set(name, operator === '+=' ? [...(variables.get(name) ?? []), ...words] : words);
      const { target, suffix = '' } = TARGET.exec(name)?.groups ?? {};
      const kind = kindOf(suffix, config);
      if (target === undefined || kind === undefined) continue;
      rules.push({ target, kind, words, needs: [...new Set([...around, ...symbolsIn(suffix)])] });
    }
  }
  return rules;
}
