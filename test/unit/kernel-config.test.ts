import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  countSymbols,
  formatConfig,
  formatOrigin,
  mergeFragments,
  parseConfig,
  parseFragment,
} from '../../src/kernel/config/config.ts';

const symbol = fc.stringMatching(/^[A-Z0-9_]{1,20}$/);
const quoted = fc.string().map((text) => JSON.stringify(text.replaceAll(/[^\x20-\x7e]/g, '')));
const value = fc.oneof(
  fc.constantFrom('y', 'm', 'n'),
  fc.integer().map(String),
  fc.nat().map((number) => `0x${number.toString(16)}`),
  quoted,
);

describe('a .config', () => {
  test('that was written is read back unchanged', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(symbol, value)), (entries) => {
        const config = new Map(entries);
        expect(parseConfig(formatConfig(config))).toEqual(config);
      }),
    );
  });

  test('keeps the last of two values, as kconfig does', () => {
    expect(parseConfig('CONFIG_VETH=m\n# CONFIG_VETH is not set\n').get('VETH')).toBe('n');
  });

  test('has values for what is set and for what is said not to be, and nothing for comments', () => {
    const text = [
      '# Linux/x86 6.1.176 Kernel Configuration',
      'CONFIG_LSM="landlock,\\"bpf\\""',
      '# CONFIG_USB is not set',
      'CONFIG_NR_CPUS=64',
    ].join('\n');
    expect([...parseConfig(text)]).toEqual([
      ['LSM', '"landlock,\\"bpf\\""'],
      ['USB', 'n'],
      ['NR_CPUS', '64'],
    ]);
  });

  test('is counted by what is built in and what is a module', () => {
    expect(countSymbols(parseConfig('CONFIG_A=y\nCONFIG_B=m\nCONFIG_C="y"\n# CONFIG_D is not set\n'))).toEqual({
      builtIn: 1,
      modules: 1,
    });
  });
});

describe('a fragment', () => {
  test('remembers the line each symbol was asked on', () => {
    const { asked } = parseFragment({
      name: 'docker.config',
      text: '# why\n\nCONFIG_VETH=y\n# CONFIG_BT is not set\n',
    });
    expect(asked.map((one) => [one.symbol, one.value, formatOrigin(one.origin)])).toEqual([
      ['VETH', 'y', 'docker.config:3'],
      ['BT', 'n', 'docker.config:4'],
    ]);
  });

  test.each([
    'CONFIG_VETH = y',
    'VETH=y',
    'CONFIG_VETH',
    '#CONFIG_VETH is not set',
    '# CONFIG_VETH is  not set',
    'CONFIG_A="x',
  ])('does not let `%s` pass as a comment', (text) => {
    const parsed = parseFragment({ name: 'f', text });
    expect(parsed.asked).toEqual([]);
    expect(parsed.malformed).toEqual([{ origin: { file: 'f', line: 1 }, text }]);
  });

  test('may mention symbols in prose', () => {
    expect(parseFragment({ name: 'f', text: '# CONFIG_VETH makes the cables\n# see CONFIG_X=y' }).malformed).toEqual(
      [],
    );
  });
});

describe('fragments together', () => {
  test('agree when they ask for the same, and the symbol is asked once', () => {
    const merged = mergeFragments([
      { name: 'a', text: 'CONFIG_NET=y\n' },
      { name: 'b', text: 'CONFIG_NET=y\nCONFIG_INET=y\n' },
    ]);
    expect(merged.conflicts).toEqual([]);
    expect(merged.asked.map((one) => one.symbol)).toEqual(['NET', 'INET']);
  });

  test('conflict when they ask for different values, and both places are named', () => {
    const merged = mergeFragments([
      { name: 'a', text: 'CONFIG_NET=y\n' },
      { name: 'b', text: '\n# CONFIG_NET is not set\n' },
    ]);
    expect(
      merged.conflicts.map(({ first, second }) => [formatOrigin(first.origin), formatOrigin(second.origin)]),
    ).toEqual([['a:1', 'b:2']]);
  });

  test('that never disagree merge into what each of them asked', () => {
    fc.assert(
      fc.property(fc.array(fc.dictionary(symbol, value)), (wishes) => {
        const fixed = new Map(wishes.flatMap((one) => Object.entries(one)));
        const fragments = wishes.map((one, index) => ({
          name: String(index),
          text: formatConfig(new Map(Object.keys(one).map((name) => [name, fixed.get(name) ?? 'n']))),
        }));
        const merged = mergeFragments(fragments);
        expect(merged.conflicts).toEqual([]);
        expect(new Map(merged.asked.map((one) => [one.symbol, one.value]))).toEqual(fixed);
      }),
    );
  });
});
