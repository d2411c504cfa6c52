import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  conjuncts,
  evaluate,
  formatExpression,
  parseExpression,
  symbolsOf,
  tokenize,
} from '../../src/kernel/config/kconfig-expression.ts';
import type { Expression, Truth } from '../../src/kernel/config/kconfig-expression.ts';

function parse(text: string): Expression {
  const parsed = parseExpression(tokenize(text));
  if (parsed === undefined) throw new Error(`no expression in ${text}`);
  return parsed.expression;
}

function value(text: string, config: Record<string, string> = {}): Truth {
  return evaluate(parse(text), (name) => config[name]);
}

const leaf: fc.Arbitrary<Expression> = fc.oneof(
  fc.constantFrom('A', 'B', 'NET', '64BIT').map((name): Expression => ({ kind: 'symbol', name })),
  fc.constantFrom('y', 'm', 'n', '140000', 'x86 64').map((text): Expression => ({ kind: 'constant', value: text })),
  fc.constantFrom('$(cc-option,-fcf-protection=branch)').map((text): Expression => ({ kind: 'macro', text })),
);
const { tree } = fc.letrec<{ tree: Expression }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 4 },
    leaf,
    tie('tree').map((operand): Expression => ({ kind: 'not', operand })),
    fc
      .tuple(fc.constantFrom('and' as const, 'or' as const), tie('tree'), tie('tree'))
      .map(([kind, left, right]): Expression => ({ kind, left, right })),
    fc
      .tuple(fc.constantFrom('=' as const, '!=' as const, '<' as const, '>=' as const), leaf, leaf)
      .map(([operator, left, right]): Expression => ({ kind: 'compare', operator, left, right })),
  ),
}));

describe('a Kconfig expression', () => {
  test('means the same after it was written and read again', () => {
    const worlds = ['y', 'm', 'n', undefined].map((truth) => () => truth);
    fc.assert(
      fc.property(tree, (expression) => {
        const again = parse(formatExpression(expression));
        for (const world of worlds) expect(evaluate(again, world)).toBe(evaluate(expression, world));
        expect(new Set(symbolsOf(again))).toEqual(new Set(symbolsOf(expression)));
      }),
    );
  });

  test('is the minimum of its conjuncts', () => {
    fc.assert(
      fc.property(tree, fc.constantFrom('y', 'm', 'n'), (expression, truth) => {
        const values = conjuncts(expression).map((part) => evaluate(part, () => truth));
        const least = (['n', 'unknown', 'm', 'y'] as const).find((one) => values.includes(one));
        expect(evaluate(expression, () => truth)).toBe(least);
      }),
    );
  });

  test('binds comparison tighter than !, ! tighter than &&, && tighter than ||', () => {
    expect(value('A || B && C', { A: 'y', B: 'n', C: 'n' })).toBe('y');
    expect(value('(A || B) && C', { A: 'y', B: 'n', C: 'n' })).toBe('n');
    expect(value('!A && B = y', { A: 'n', B: 'y' })).toBe('y');
    expect(value('!ARCH = "x86"', { ARCH: 'arm' })).toBe('y');
    expect(value('NF_CONNTRACK || !NF_CONNTRACK', { NF_CONNTRACK: 'm' })).toBe('m');
  });

  test('compares numbers as numbers and text as text', () => {
    expect(value('GCC_VERSION >= 90000', { GCC_VERSION: '120200' })).toBe('y');
    expect(value('CLANG_VERSION >= 140000', { CLANG_VERSION: '0' })).toBe('n');
    expect(value('ARCH = "x86"', { ARCH: '"x86"' })).toBe('y');
    expect(value('PHYSICAL_START > 0x1000', { PHYSICAL_START: '0x1000000' })).toBe('y');
  });

  test('is off for a symbol nobody set', () => {
    expect(value('USB')).toBe('n');
    expect(value('!USB')).toBe('y');
  });

  test('is unknown where only the toolchain can decide, and decided where it cannot matter', () => {
    expect(value('$(cc-option,-fno-pie)')).toBe('unknown');
    expect(value('A && $(success,test "$(cc-name)" = GCC)', { A: 'n' })).toBe('n');
    expect(value('A || $(as-instr,endbr64)', { A: 'y' })).toBe('y');
    expect(value('A && $(ld-option,-z (x))', { A: 'y' })).toBe('unknown');
  });

  test('ends at the word if, and at a comment', () => {
    expect(parseExpression(tokenize('y if NET && INET'))?.taken).toBe(1);
    expect(formatExpression(parse('NET # for the bridge && USB'))).toBe('NET');
  });

  test('is absent where there is none', () => {
    expect(parseExpression(tokenize(''))).toBeUndefined();
    expect(parseExpression(tokenize('if NET'))).toBeUndefined();
  });
});
