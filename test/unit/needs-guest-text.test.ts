import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parseModinfo, parsePacketFilter } from '../../src/needs/guest-text.ts';

/** Recorded in a Debian 12 guest with Docker 20.10 and iptables 1.8.9; of the modules' signatures one line is left. */
const golden = (name: string): string => readFileSync(new URL(`../fixtures/needs/${name}`, import.meta.url), 'utf8');

describe('modinfo', () => {
  test('of several modules at once tells each by its name', () => {
    const facts = parseModinfo(golden('modinfo.txt'));
    expect(facts.map(({ name }) => name)).toEqual(['xt_addrtype', 'bridge', 'overlay', 'crc32c_generic', 'virtio_net']);
    expect(facts[0]).toEqual({
      name: 'xt_addrtype',
      filename: '/lib/modules/6.1.0-56-amd64/kernel/net/netfilter/xt_addrtype.ko',
      description: 'Xtables: address type match',
      license: 'GPL',
      depends: ['x_tables'],
    });
    expect(facts[1]).toEqual({
      name: 'bridge',
      filename: '/lib/modules/6.1.0-56-amd64/kernel/net/bridge/bridge.ko',
      license: 'GPL',
      depends: ['llc', 'stp'],
    });
  });

  test('takes the name from the file where an old kmod does not say it', () => {
    expect(parseModinfo('filename:       /lib/modules/4.10/kernel/virtio-net.ko.xz\nlicense: GPL\n')).toEqual([
      { name: 'virtio_net', filename: '/lib/modules/4.10/kernel/virtio-net.ko.xz', license: 'GPL', depends: [] },
    ]);
  });

  test('of nothing is nothing', () => {
    expect(parseModinfo('modinfo: ERROR: Module x not found.\n')).toEqual([]);
  });
});

describe('iptables-save', () => {
  const version = 'iptables v1.8.9 (nf_tables)\n';

  test('tells tables with their rules, and the matches and targets that rules use', () => {
    expect(parsePacketFilter(version, golden('iptables-save.txt'), '')).toEqual({
      backend: 'nf_tables',
      tables: [
        { family: 'ipv4', name: 'filter', rules: 11 },
        { family: 'ipv4', name: 'nat', rules: 4 },
      ],
      matches: ['addrtype', 'conntrack'],
      targets: ['MASQUERADE'],
    });
  });

  test('a jump to a chain of the table is no target of the kernel’s, and a chain is known in its table alone', () => {
    const text =
      '*filter\n:MASQUERADE - [0:0]\n-A INPUT -j MASQUERADE\nCOMMIT\n*nat\n-A POSTROUTING -j MASQUERADE\nCOMMIT\n';
    expect(parsePacketFilter(version, text, '').targets).toEqual(['MASQUERADE']);
    expect(parsePacketFilter(version, text.split('*nat')[0] ?? '', '').targets).toEqual([]);
  });

  test('families are kept apart, and an old iptables names no backend', () => {
    const { backend, tables } = parsePacketFilter('iptables v1.4.21', '', '*mangle\n:INPUT ACCEPT [0:0]\nCOMMIT\n');
    expect(backend).toBe('unknown');
    expect(tables).toEqual([{ family: 'ipv6', name: 'mangle', rules: 0 }]);
  });
});
