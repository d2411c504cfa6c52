import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseKbuild } from '../../src/kernel/code/kbuild.ts';

const config = (values: Record<string, string>) => new Map(Object.entries(values));

/** After net/netfilter/Makefile and net/bridge/Makefile of Linux 6.1. */
const MAKEFILE = `# SPDX-License-Identifier: GPL-2.0
netfilter-objs := core.o nf_log.o \\
		  utils.o	# comment
nf_conntrack-$(subst m,y,$(CONFIG_IPV6)) += nf_conntrack_proto_icmpv6.o
ifeq ($(CONFIG_NF_CONNTRACK),m)
nf_conntrack-$(CONFIG_DEBUG_INFO_BTF_MODULES) += nf_conntrack_bpf.o
else ifeq ($(CONFIG_NF_CONNTRACK),y)
nf_conntrack-$(CONFIG_DEBUG_INFO_BTF) += nf_conntrack_bpf.o
endif
obj-$(CONFIG_NETFILTER) = netfilter.o
obj-$(CONFIG_NF_CONNTRACK) += nf_conntrack.o
obj-y += ipvs/
ifdef CONFIG_SYSCTL
obj-y += sysctl.o
else
obj-y += nosysctl.o
endif
common := a.o b.o
obj-$(CONFIG_COMMON) += $(common) $(call odd,c.o)
CFLAGS_core.o := -DX
`;

describe('a kbuild makefile is read as the configuration decides it', () => {
  test('what is on is listed with the symbols that switch it on, what is off is not there', () => {
    const rules = parseKbuild(MAKEFILE, config({ NETFILTER: 'y', NF_CONNTRACK: 'm', IPV6: 'm' }));
    expect(rules).toEqual([
      { target: 'netfilter', kind: 'y', words: ['core.o', 'nf_log.o', 'utils.o'], needs: [] },
      { target: 'nf_conntrack', kind: 'y', words: ['nf_conntrack_proto_icmpv6.o'], needs: ['IPV6'] },
      { target: 'obj', kind: 'y', words: ['netfilter.o'], needs: ['NETFILTER'] },
      { target: 'obj', kind: 'm', words: ['nf_conntrack.o'], needs: ['NF_CONNTRACK'] },
      { target: 'obj', kind: 'y', words: ['ipvs/'], needs: [] },
      { target: 'obj', kind: 'y', words: ['nosysctl.o'], needs: [] },
    ]);
  });

  test('the branch of a conditional block that holds adds its symbol, and only one branch is taken', () => {
    const bpf = (values: Record<string, string>) =>
      parseKbuild(MAKEFILE, config(values)).filter(({ words }) => words.includes('nf_conntrack_bpf.o'));
    expect(bpf({ NF_CONNTRACK: 'm', DEBUG_INFO_BTF: 'y' })).toEqual([]);
    expect(bpf({ NF_CONNTRACK: 'y', DEBUG_INFO_BTF: 'y' })).toEqual([
      {
        target: 'nf_conntrack',
        kind: 'y',
        words: ['nf_conntrack_bpf.o'],
        needs: ['NF_CONNTRACK', 'DEBUG_INFO_BTF'],
      },
    ]);
    const sysctl = parseKbuild(MAKEFILE, config({ SYSCTL: 'y' })).filter(({ target }) => target === 'obj');
    expect(sysctl.at(-1)).toEqual({ target: 'obj', kind: 'y', words: ['sysctl.o'], needs: ['SYSCTL'] });
  });

  test('variables of the file are put in, and what needs more of make is left out', () => {
    const rules = parseKbuild(MAKEFILE, config({ COMMON: 'y' }));
    expect(rules.at(-1)).toEqual({ target: 'obj', kind: 'y', words: ['a.o', 'b.o'], needs: ['COMMON'] });
  });

  test('a condition on anything but symbols counts as fulfilled, on both sides', () => {
    const text = 'ifeq ($(shell uname),Linux)\nobj-y += a.o\nelse\nobj-y += b.o\nendif\n';
    expect(parseKbuild(text, config({})).flatMap(({ words }) => words)).toEqual(['a.o', 'b.o']);
  });

  test('ifneq asks for a symbol when it compares with nothing', () => {
    const text = 'ifneq ($(CONFIG_A),)\nobj-y += a.o\nendif\nifneq ($(CONFIG_B),y)\nobj-y += b.o\nendif\n';
    expect(parseKbuild(text, config({ A: 'y', B: 'y' }))).toEqual([
      { target: 'obj', kind: 'y', words: ['a.o'], needs: ['A'] },
    ]);
  });

  test('whatever stands in a makefile, every rule names only symbols that are on', () => {
    const symbols = ['A', 'B', 'C'] as const;
    const line = fc.oneof(
      fc
        .tuple(
          fc.constantFrom('obj', 'lib', 'foo'),
          fc.constantFrom('y', 'm', 'objs', ...symbols.map((s) => `$(CONFIG_${s})`)),
        )
        .map(([target, suffix]) => `${target}-${suffix} += x.o`),
      fc.constantFrom('ifdef CONFIG_A', 'ifndef CONFIG_B', 'ifeq ($(CONFIG_C),y)', 'else', 'endif'),
      fc.string(),
    );
    const values = fc.record({
      A: fc.constantFrom('y', 'm', 'n'),
      B: fc.constantFrom('y', 'm', 'n'),
      C: fc.constantFrom('y', 'm', 'n'),
    });
    fc.assert(
      fc.property(fc.array(line), values, (lines, chosen) => {
        const on = config(chosen);
        for (const { needs } of parseKbuild(lines.join('\n'), on)) {
          for (const symbol of needs.filter((one) => symbols.some((known) => known === one))) {
            expect(on.get(symbol)).not.toBe('n');
          }
        }
      }),
    );
  });
});
