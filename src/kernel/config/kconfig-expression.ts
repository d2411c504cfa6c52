/**
 * Expressions of the Kconfig language (Documentation/kbuild/kconfig-language.rst, "Menu dependencies"). A call of a
 * preprocessor macro such as `$(cc-option,-fno-pie)` runs a program; it is kept as text and its value is unknown here.
 */
export type Expression =
  | { readonly kind: 'symbol'; readonly name: string }
  | { readonly kind: 'constant'; readonly value: string }
  | { readonly kind: 'macro'; readonly text: string }
  | { readonly kind: 'not'; readonly operand: Expression }
  | { readonly kind: 'and' | 'or'; readonly left: Expression; readonly right: Expression }
  | { readonly kind: 'compare'; readonly operator: Comparison; readonly left: Expression; readonly right: Expression };

export type Comparison = '=' | '!=' | '<' | '<=' | '>' | '>=';

/** Kconfig's own three values, and `unknown` where a macro decides. */
export type Truth = 'n' | 'm' | 'y' | 'unknown';

/** The value of a symbol as text, `undefined` when the configuration does not have it. */
export type Lookup = (symbol: string) => string | undefined;

export type Token =
  | { readonly kind: 'word' | 'quoted' | 'macro'; readonly text: string }
  | { readonly kind: 'operator'; readonly text: string };

const OPERATOR = /^(?:&&|\|\||!=|<=|>=|[=<>!()])/;
const WORD = /^[A-Za-z0-9_./-]+/;

/** Length of `$(...)` at the start of `text`, parentheses balanced; 0 when there is none. */
function macroLength(text: string): number {
  if (!text.startsWith('$(')) return 0;
  let depth = 0;
  for (let at = 1; at < text.length; at += 1) {
    if (text[at] === '(') depth += 1;
    if (text[at] === ')' && --depth === 0) return at + 1;
  }
  return text.length;
}

function quotedLength(text: string): number {
  const quote = text[0];
  let at = 1;
  while (at < text.length && text[at] !== quote) {
    const macro = macroLength(text.slice(at));
    at += macro > 0 ? macro : text[at] === '\\' ? 2 : 1;
  }
  return Math.min(at + 1, text.length);
}

/** Splits one logical line into tokens; `#` ends it. Characters that mean nothing are skipped, as kconfig skips them. */
export function tokenize(line: string): Token[] {
  const tokens: Token[] = [];
  let rest = line.trimStart();
  while (rest !== '' && !rest.startsWith('#')) {
    const operator = OPERATOR.exec(rest)?.[0];
    const word = WORD.exec(rest)?.[0];
    const macro = macroLength(rest);
    let length = 1;
    if (rest.startsWith('"') || rest.startsWith("'")) {
      length = quotedLength(rest);
      tokens.push({ kind: 'quoted', text: rest.slice(1, length - 1).replaceAll(/\\(.)/g, '$1') });
    } else if (macro > 0) {
      length = macro;
      tokens.push({ kind: 'macro', text: rest.slice(0, length) });
    } else if (operator !== undefined) {
      length = operator.length;
      tokens.push({ kind: 'operator', text: operator });
    } else if (word !== undefined) {
      length = word.length;
      tokens.push({ kind: 'word', text: word });
    }
    rest = rest.slice(length).trimStart();
  }
  return tokens;
}

function isComparison(text: string): text is Comparison {
  return ['=', '!=', '<', '<=', '>', '>='].includes(text);
}

/**
 * Parses tokens up to the word `if` or the end, and says how many it took. `undefined` when there is no expression:
 * kconfig would stop with a syntax error, a reader that only explains goes on. Comparisons are between symbols only and
 * `!` takes a whole one: `!A = B` is `!(A = B)` (scripts/kconfig/parser.y).
 */
export function parseExpression(
  tokens: readonly Token[],
): { readonly expression: Expression; readonly taken: number } | undefined {
  let at = 0;
  const operatorAt = (): string | undefined => (tokens[at]?.kind === 'operator' ? tokens[at]?.text : undefined);

  function primary(): Expression | undefined {
    const token = tokens[at];
    if (token === undefined || (token.kind === 'word' && token.text === 'if')) return undefined;
    at += 1;
    switch (token.kind) {
      case 'macro':
        return { kind: 'macro', text: token.text };
      case 'quoted':
        return token.text.includes('$(')
          ? { kind: 'macro', text: token.text }
          : { kind: 'constant', value: token.text };
      case 'word':
        return /^(?:[ymn]|-?\d+|0[xX][0-9a-fA-F]+)$/.test(token.text)
          ? { kind: 'constant', value: token.text }
          : { kind: 'symbol', name: token.text };
      case 'operator': {
        if (token.text === '!') {
          const operand = comparison();
          return operand === undefined ? undefined : { kind: 'not', operand };
        }
        if (token.text !== '(') return undefined;
        const inner = or();
        if (operatorAt() === ')') at += 1;
        return inner;
      }
    }
  }

  function comparison(): Expression | undefined {
    const left = primary();
    const operator = operatorAt();
    if (left === undefined || operator === undefined || !isComparison(operator)) return left;
    at += 1;
    const right = primary();
    return right === undefined ? left : { kind: 'compare', operator, left, right };
  }

  function chain(kind: 'and' | 'or', operator: string, next: () => Expression | undefined): Expression | undefined {
    let left = next();
    while (left !== undefined && operatorAt() === operator) {
      at += 1;
      const right = next();
      if (right === undefined) return left;
      left = { kind, left, right };
    }
    return left;
  }

  function and(): Expression | undefined {
    return chain('and', '&&', comparison);
  }

  function or(): Expression | undefined {
    return chain('or', '||', and);
  }

  const expression = or();
  return expression === undefined ? undefined : { expression, taken: at };
}

const RANK = { n: 0, m: 1, y: 2 } as const;

function negate(truth: Truth): Truth {
  return truth === 'y' ? 'n' : truth === 'n' ? 'y' : truth;
}

function and(left: Truth, right: Truth): Truth {
  if (left === 'n' || right === 'n') return 'n';
  if (left === 'unknown' || right === 'unknown') return 'unknown';
  return RANK[left] < RANK[right] ? left : right;
}

function text(expression: Expression, lookup: Lookup): string | undefined {
  if (expression.kind === 'constant') return expression.value;
  if (expression.kind !== 'symbol') return undefined;
  return (lookup(expression.name) ?? 'n').replaceAll(/^"|"$/g, '');
}

function compare(operator: Comparison, left: string, right: string): boolean {
  if (operator === '=') return left === right;
  if (operator === '!=') return left !== right;
  const numbers = [Number(left), Number(right)] as const;
  const order = numbers.some(Number.isNaN) ? left.localeCompare(right, 'en') : numbers[0] - numbers[1];
  switch (operator) {
    case '<':
      return order < 0;
    case '<=':
      return order <= 0;
    case '>':
      return order > 0;
    case '>=':
      return order >= 0;
  }
}

/** The value of an expression under a configuration: `&&` is the minimum, `||` the maximum, `!` the mirror image. */
export function evaluate(expression: Expression, lookup: Lookup): Truth {
  switch (expression.kind) {
    case 'macro':
      return 'unknown';
    case 'constant':
    case 'symbol': {
      const value = text(expression, lookup);
      return value === 'y' || value === 'm' ? value : 'n';
    }
    case 'not':
      return negate(evaluate(expression.operand, lookup));
    case 'and':
      return and(evaluate(expression.left, lookup), evaluate(expression.right, lookup));
    case 'or':
      return negate(and(negate(evaluate(expression.left, lookup)), negate(evaluate(expression.right, lookup))));
    case 'compare': {
      const left = text(expression.left, lookup);
      const right = text(expression.right, lookup);
      if (left === undefined || right === undefined) return 'unknown';
      return compare(expression.operator, left, right) ? 'y' : 'n';
    }
  }
}

/** The parts that must all hold: `A && (B || C) && D` gives three. */
export function conjuncts(expression: Expression): readonly Expression[] {
  return expression.kind === 'and' ? [...conjuncts(expression.left), ...conjuncts(expression.right)] : [expression];
}

/** Every symbol an expression names, once each, in order. */
export function symbolsOf(expression: Expression): readonly string[] {
  switch (expression.kind) {
    case 'symbol':
      return [expression.name];
    case 'constant':
    case 'macro':
      return [];
    case 'not':
      return symbolsOf(expression.operand);
    case 'and':
    case 'or':
    case 'compare':
      return [...new Set([...symbolsOf(expression.left), ...symbolsOf(expression.right)])];
  }
}

/** The expression as Kconfig writes it, parentheses where precedence needs them. */
export function formatExpression(expression: Expression): string {
  const inner = (part: Expression): string =>
    ['or', 'and', 'compare'].includes(part.kind) ? `(${formatExpression(part)})` : formatExpression(part);
  switch (expression.kind) {
    case 'symbol':
      return expression.name;
    case 'constant':
      return /^[\w-]+$/.test(expression.value) ? expression.value : `"${expression.value}"`;
    case 'macro':
      return expression.text;
    case 'not':
      return `!${inner(expression.operand)}`;
    case 'and':
      return [expression.left, expression.right]
        .map((part) => (part.kind === 'or' ? inner(part) : formatExpression(part)))
        .join(' && ');
    case 'or':
      return `${formatExpression(expression.left)} || ${formatExpression(expression.right)}`;
    case 'compare':
      return `${inner(expression.left)} ${expression.operator} ${inner(expression.right)}`;
  }
}
