import type { Config } from '../config/config.ts';

/** Whether a `#if` holds in a configuration, and which symbols it holds because of. */
export interface Judgement {
  /** `undefined`: something else than the configuration decides. */
  readonly holds: boolean | undefined;
  readonly needs: readonly string[];
}

const UNKNOWN: Judgement = { holds: undefined, needs: [] };
const TOKEN = /&&|\|\||[!()]|[A-Za-z_]\w*|[^\s&|!()A-Za-z_][^\s&|!()]*|[&|]/g;
const ASKS = new Set(['defined', 'IS_ENABLED', 'IS_BUILTIN', 'IS_MODULE', 'IS_REACHABLE']);

function not({ holds }: Judgement): Judgement {
  // What holds for want of a symbol is no work of that symbol.
  return { holds: holds === undefined ? undefined : !holds, needs: [] };
}

function and(one: Judgement, other: Judgement): Judgement {
  const holds =
    one.holds === false || other.holds === false
      ? false
      : one.holds === undefined || other.holds === undefined
        ? undefined
        : true;
  return { holds, needs: [...new Set([...one.needs, ...other.needs])] };
}

function or(one: Judgement, other: Judgement): Judgement {
  if (one.holds === false) return other;
  if (other.holds === false) return one;
  // Either of them would do, so neither is the reason by itself.
  const needs = one.needs.filter((symbol) => other.needs.includes(symbol));
  return { holds: one.holds === true || other.holds === true ? true : undefined, needs };
}

/** A recursive descent over `!`, `&&`, `||`, parentheses and what asks for a symbol; everything else is unknown. */
function judgeTokens(tokens: readonly string[], config: Config): Judgement {
  let at = 0;
  const symbolAt = (word: string | undefined, ask: string): Judgement => {
    const symbol = /^CONFIG_(\w+?)(_MODULE)?$/.exec(word ?? '');
    if (symbol?.[1] === undefined) return UNKNOWN;
    const value = config.get(symbol[1]) ?? 'n';
    const wanted =
      symbol[2] !== undefined || ask === 'IS_MODULE'
        ? value === 'm'
        : ask === 'IS_BUILTIN' || ask === 'defined'
          ? value !== 'n' && value !== 'm'
          : value !== 'n';
    return { holds: wanted, needs: [symbol[1]] };
  };
  const primary = (): Judgement => {
    const token = tokens[at];
    at += 1;
    if (token === undefined) return UNKNOWN;
    if (token === '!') return not(primary());
    if (token === '(') {
      const inner = disjunction();
      at += 1;
      return inner;
    }
    if (ASKS.has(token)) {
      const isCall = tokens[at] === '(';
      const word = tokens[isCall ? at + 1 : at];
      at += isCall ? 3 : 1;
      return symbolAt(word, token);
    }
    // A comparison: its operands and operators up to the next logical one.
    while (at < tokens.length && !['&&', '||', ')'].includes(tokens[at] ?? '')) {
      if (tokens[at] === '(') skipParentheses();
      else at += 1;
    }
    return UNKNOWN;
  };
  const skipParentheses = (): void => {
    let depth = 0;
    do {
      if (tokens[at] === '(') depth += 1;
      if (tokens[at] === ')') depth -= 1;
      at += 1;
    } while (depth > 0 && at < tokens.length);
  };
  const conjunction = (): Judgement => {
    let judgement = primary();
    while (tokens[at] === '&&') {
      at += 1;
      judgement = and(judgement, primary());
    }
    return judgement;
  };
  const disjunction = (): Judgement => {
    let judgement = conjunction();
    while (tokens[at] === '||') {
      at += 1;
      judgement = or(judgement, conjunction());
    }
    return judgement;
  };
  return disjunction();
}

/** One `#if` … `#endif` on the way: the branch that is open, and whether an earlier one was taken for sure. */
interface Frame {
  readonly judgement: Judgement;
  readonly taken: boolean;
}

/** Follows the preprocessor's conditionals through a file. */
export interface Conditionals {
  /** Takes a directive without its `#`: `ifdef CONFIG_X`, `else`. Others are ignored. */
  directive(text: string): void;
  /** Whether the text at this place may be compiled, and the symbols it stands under, outermost first. */
  readonly here: { readonly isCompiled: boolean; readonly needs: readonly string[] };
}

/** Conditionals that are judged by a configuration; what else they ask for (`defined(__KERNEL__)`) counts as undecided. */
export function createConditionals(config: Config): Conditionals {
  const frames: Frame[] = [];
  const judge = (expression: string): Judgement => judgeTokens(expression.match(TOKEN) ?? [], config);
  const next = (judgement: Judgement): void => {
    const top = frames.pop();
    if (top === undefined) return;
    const taken = top.taken || top.judgement.holds === true;
    frames.push({ judgement: taken ? { holds: false, needs: [] } : judgement, taken });
  };
  return {
    directive(text) {
      const [, word = '', rest = ''] = /^(\w+)\s*(.*)$/.exec(text.trim()) ?? [];
      if (word === 'if') frames.push({ judgement: judge(rest), taken: false });
      else if (word === 'ifdef') frames.push({ judgement: judge(`defined(${rest})`), taken: false });
      else if (word === 'ifndef') frames.push({ judgement: judge(`!defined(${rest})`), taken: false });
      else if (word === 'elif') next(judge(rest));
      else if (word === 'else') {
        const top = frames.at(-1);
        if (top !== undefined) next(not(top.judgement));
      } else if (word === 'endif') frames.pop();
    },
    get here() {
      return {
        isCompiled: frames.every(({ judgement }) => judgement.holds !== false),
        needs: [...new Set(frames.flatMap(({ judgement }) => judgement.needs))],
      };
    },
  };
}
