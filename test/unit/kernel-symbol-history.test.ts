import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { translateSymbols } from '../../src/kernel/config/translate-symbols.ts';
import { bootEssentials } from '../../src/kernel/config/boot-essentials.ts';
import { mergeFragments } from '../../src/kernel/config/config.ts';
import type { RequestedSymbol } from '../../src/kernel/config/config.ts';
import { COMPANION_SYMBOLS, SYMBOL_HISTORY } from '../../src/kernel/config/symbol-history.ts';
import type { Releases } from '../../src/kernel/config/symbol-history.ts';
import { compareVersions, parseVersion, versionOfMakefile } from '../../src/kernel/version.ts';
import type { KernelVersion } from '../../src/kernel/version.ts';

const KCONFIG = fileURLToPath(new URL('../../pipelines/kconfig', import.meta.url));

const version = (text: string): KernelVersion => parseVersion(text) ?? { major: 0, minor: 0 };
const ask = (...symbols: readonly string[]): RequestedSymbol[] =>
  symbols.map((symbol, index) => ({ symbol, value: 'y', origin: { file: 'a.config', line: index + 1 } }));
const off = (symbol: string): RequestedSymbol => ({ symbol, value: 'n', origin: { file: 'a.config', line: 1 } });

/** What is asked of a release whose tree has `known`, as `.config` lines, and what is said of it. */
function spoken(asked: readonly RequestedSymbol[], release: string, ...known: readonly string[]) {
  const result = translateSymbols(asked, version(release), new Set(known));
  return {
    lines: result.asked.map((one) => `${one.symbol}=${one.value}`),
    said: result.findings.map((finding) => finding.message),
    always: result.always,
  };
}

let fragments: readonly RequestedSymbol[] = [];
beforeAll(async () => {
  const files = await readdir(KCONFIG);
  const texts = files.map(async (name) => ({ name, text: await readFile(path.join(KCONFIG, name), 'utf8') }));
  fragments = mergeFragments(await Promise.all(texts)).asked;
});

describe('a wish of a fragment', () => {
  test('gets the name the symbol has in an older kernel', () => {
    expect(spoken(ask('AUTOFS_FS'), '4.10', 'AUTOFS4_FS')).toEqual({
      lines: ['AUTOFS4_FS=y'],
      said: ['CONFIG_AUTOFS_FS, requested as y at a.config:1: Linux 4.10 calls it CONFIG_AUTOFS4_FS'],
      always: [],
    });
  });

  test('gets the name the symbol has in a newer kernel', () => {
    expect(spoken(ask('RETPOLINE'), '6.12', 'MITIGATION_RETPOLINE').lines).toEqual(['MITIGATION_RETPOLINE=y']);
  });

  test('is turned round where the other symbol asks the opposite', () => {
    expect(spoken(ask('BASE_FULL'), '6.12', 'BASE_SMALL')).toEqual({
      lines: ['BASE_SMALL=n'],
      said: ['CONFIG_BASE_FULL, requested as y at a.config:1: Linux 6.12 has the opposite symbol CONFIG_BASE_SMALL'],
      always: [],
    });
  });

  test('is left out before its symbol came and after it went, and both are said', () => {
    expect(spoken(ask('CGROUP_BPF', 'NET'), '4.9', 'NET')).toEqual({
      lines: ['NET=y'],
      said: [
        'CONFIG_CGROUP_BPF, requested as y at a.config:1: Linux 4.9 does not have it yet (it came with 4.10); left out',
      ],
      always: [],
    });
    expect(spoken(ask('RANDOM_TRUST_CPU'), '6.12').said).toEqual([
      'CONFIG_RANDOM_TRUST_CPU, requested as y at a.config:1: Linux 6.12 does not have it any more (6.1 was the last); left out',
    ]);
  });

  test('is met in any case by a kernel from before the choice, and the guest can boot', () => {
    const { always, said } = spoken(ask('MULTIUSER'), '3.10');
    expect(said).toEqual(['CONFIG_MULTIUSER, requested as y at a.config:1: Linux 3.10 always does this; left out']);
    const unmet = bootEssentials(new Map(), always).map((one) => one.symbol);
    expect(unmet).not.toContain('MULTIUSER');
    expect(unmet).toContain('FUTEX');
  });

  test('brings along what an older kernel wants besides', () => {
    const { lines, said } = spoken(ask('NF_CONNTRACK'), '4.10', 'NF_CONNTRACK', 'NF_CONNTRACK_IPV4');
    expect(lines).toEqual(['NF_CONNTRACK=y', 'NF_CONNTRACK_IPV4=y']);
    expect(said).toEqual([
      'CONFIG_NF_CONNTRACK, requested as y at a.config:1: Linux 4.10 also needs CONFIG_NF_CONNTRACK_IPV4',
    ]);
    expect(spoken([off('MEMCG')], '4.10', 'MEMCG', 'MEMCG_SWAP').lines).toEqual(['MEMCG=n']);
  });

  test('of docker-min’s ciphers untested wants their manager on 4.10, and not on 6.1', () => {
    const wish = ask('CRYPTO_MANAGER_DISABLE_TESTS');
    const known = ['CRYPTO_MANAGER', 'CRYPTO_MANAGER_DISABLE_TESTS'];
    expect(spoken(wish, '4.10', ...known).lines).toEqual(['CRYPTO_MANAGER_DISABLE_TESTS=y', 'CRYPTO_MANAGER=y']);
    expect(spoken(wish, '6.1', ...known).lines).toEqual(['CRYPTO_MANAGER_DISABLE_TESTS=y']);
  });

  test('yields to what is asked by the old name itself', () => {
    const asked = [...ask('NF_CONNTRACK', 'AUTOFS_FS'), off('NF_CONNTRACK_IPV4'), off('AUTOFS4_FS')];
    const known = ['NF_CONNTRACK', 'NF_CONNTRACK_IPV4', 'AUTOFS4_FS'];
    expect(spoken(asked, '4.10', ...known).lines).toEqual(['NF_CONNTRACK=y', 'NF_CONNTRACK_IPV4=n', 'AUTOFS4_FS=n']);
    const contrary = 'but a.config:1 requests n for it, which is kept';
    expect(translateSymbols(asked, version('4.10'), new Set(known)).findings).toEqual([
      {
        level: 'warning',
        message: `CONFIG_NF_CONNTRACK, requested as y at a.config:1: Linux 4.10 also needs CONFIG_NF_CONNTRACK_IPV4, ${contrary}`,
      },
      {
        level: 'warning',
        message: `CONFIG_AUTOFS_FS, requested as y at a.config:2: Linux 4.10 calls it CONFIG_AUTOFS4_FS, ${contrary}`,
      },
    ]);
    const agreed = ask('NF_CONNTRACK', 'NF_CONNTRACK_IPV4');
    expect(spoken(agreed, '4.10', ...known)).toMatchObject({ lines: agreed.map((one) => `${one.symbol}=y`), said: [] });
  });

  test('stays for the verification to name when the kernel should have the symbol, or nobody knows it', () => {
    expect(spoken(ask('CGROUP_BPF', 'CGROUP_BPFF'), '4.10')).toEqual({
      lines: ['CGROUP_BPF=y', 'CGROUP_BPFF=y'],
      said: [],
      always: [],
    });
  });

  test('stays where a stable branch has the symbol before its mainline release', () => {
    expect(spoken(ask('CPU_MITIGATIONS'), '6.1', 'CPU_MITIGATIONS', 'SPECULATION_MITIGATIONS').lines).toEqual([
      'CPU_MITIGATIONS=y',
    ]);
  });
});

describe("the fragments' wishes", () => {
  test('stay as they are, in their order, on a kernel that has all of their symbols', () => {
    const all = new Set(fragments.map((one) => one.symbol));
    const { asked, findings } = translateSymbols(fragments, version('6.1'), all);
    expect(asked).toEqual(fragments);
    expect(findings).toEqual([]);
  });

  test('are each asked once or spoken of, whatever the release and its symbols', () => {
    const names = [...new Set([...fragments.map((one) => one.symbol), ...Object.keys(SYMBOL_HISTORY)])];
    const others = [
      ...Object.values(SYMBOL_HISTORY).flatMap((row) => row.names ?? []),
      ...Object.values(COMPANION_SYMBOLS).flat(),
    ];
    const symbols = [...new Set([...names, ...others.map((one) => one.name)])];
    const releases = fc.record({ major: fc.integer({ min: 3, max: 6 }), minor: fc.integer({ min: 0, max: 20 }) });
    fc.assert(
      fc.property(releases, fc.subarray(symbols), (release, known) => {
        const { asked, findings } = translateSymbols(fragments, release, new Set(known));
        const written = asked.map((one) => one.symbol);
        expect(new Set(written).size).toBe(written.length);
        for (const { symbol } of fragments) {
          const told = findings.some((finding) => finding.message.startsWith(`CONFIG_${symbol},`));
          expect(written.includes(symbol) || told).toBe(true);
        }
        // Nothing new is asked that the tree does not have.
        const before = new Set(fragments.map((one) => one.symbol));
        for (const symbol of written) expect(before.has(symbol) || known.includes(symbol)).toBe(true);
      }),
    );
  });

  test('name every symbol that the tables speak of', () => {
    const asked = fragments.map((one) => one.symbol);
    expect(Object.keys(SYMBOL_HISTORY).filter((symbol) => !asked.includes(symbol))).toEqual([]);
    expect(Object.keys(COMPANION_SYMBOLS).filter((symbol) => !asked.includes(symbol))).toEqual([]);
  });
});

describe('the thesis’s wishes', () => {
  /**
   * Of what they name, what Linux 4.10 has: general set-up and modules as a configuration of 4.10.0 lists them, debugging as
   * its lib/Kconfig.debug does; the others are older than 3.10 and were still there in 6.1.
   */
  const IN_4_10 = [
    ...['CGROUPS', 'NAMESPACES', 'RELAY', 'MODULES', 'MODULE_FORCE_LOAD', 'MODULE_UNLOAD', 'MODVERSIONS', 'MODULE_SIG'],
    ...[
      'MODULE_SIG_ALL',
      'MODULE_COMPRESS',
      'SYSTEM_TRUSTED_KEYS',
      'DEBUG_INFO',
      'LOCALVERSION_AUTO',
      'EXPERT',
      'PRINTK',
    ],
    ...['PRINTK_TIME', 'GENERIC_CPU', '64BIT', 'SMP', 'BT', 'RFKILL', 'NFC', 'WIRELESS', 'WLAN', 'USB_SUPPORT'],
    ...['MEDIA_SUPPORT', 'SOUND', 'PARPORT', 'SECURITY_SELINUX', 'RTC_CLASS', 'RTC_NO_SYNC_ON_READ'],
    ...['IKCONFIG', 'IKCONFIG_PROC', 'KALLSYMS', 'XFS_FS', 'XFS_POSIX_ACL', 'OVERLAY_FS'],
  ];

  test('are what Linux 4.10 has, by the names it has there', async () => {
    const files = (await readdir(KCONFIG)).filter((name) => /^(?:thesis-|distribution|rtc-|measuring|xfs)/.test(name));
    const texts = files.map(async (name) => ({ name, text: await readFile(path.join(KCONFIG, name), 'utf8') }));
    const { asked } = mergeFragments(await Promise.all(texts));
    const known = new Set(IN_4_10);
    const { asked: there, findings } = translateSymbols(asked, version('4.10'), known);
    const lines = there.map((one) => `${one.symbol}=${one.value}`);
    expect(there.filter((one) => one.value !== 'n' && !known.has(one.symbol))).toEqual([]);
    expect(lines).toContain('DEBUG_INFO=n');
    expect(lines).toContain('MODULE_COMPRESS=n');
    expect(findings.map((finding) => finding.message.split(': ')[1])).toEqual([
      'Linux 4.10 has the opposite symbol CONFIG_DEBUG_INFO',
      'Linux 4.10 has the opposite symbol CONFIG_MODULE_COMPRESS',
    ]);
    // Off in 4.10 because it came later: the only wishes to be off that it does not know.
    const later = ['DEBUG_INFO_BTF', 'SECURITY_LOCKDOWN_LSM', 'SYSTEM_REVOCATION_LIST'];
    expect(there.flatMap((one) => (known.has(one.symbol) ? [] : [one.symbol])).toSorted()).toEqual(later);
  });
});

describe('the table', () => {
  const ends = ({ from, upTo }: Releases) => ({
    first: from === undefined ? version('2.6') : version(from),
    last: upTo === undefined ? version('99.0') : version(upTo),
  });

  test('has ranges that begin before they end, and other names only where the symbol itself is not', () => {
    for (const [symbol, history] of Object.entries(SYMBOL_HISTORY)) {
      const own = ends(history);
      expect(compareVersions(own.first, own.last), symbol).toBeLessThanOrEqual(0);
      for (const other of history.names ?? []) {
        const range = ends(other);
        expect(compareVersions(range.first, range.last), other.name).toBeLessThanOrEqual(0);
        const apart = compareVersions(range.last, own.first) < 0 || compareVersions(range.first, own.last) > 0;
        expect(apart, `${other.name} and ${symbol}`).toBe(true);
      }
    }
  });
});

describe('the release of a tree', () => {
  test('is what its Makefile counts, and unknown where it does not', () => {
    expect(versionOfMakefile('# x\nVERSION = 4\nPATCHLEVEL = 10\nSUBLEVEL = 17\n')).toEqual({ major: 4, minor: 10 });
    expect(versionOfMakefile('RELEASE := 6.1.0\n')).toBeUndefined();
    expect(parseVersion('6.1.0-53-amd64')).toEqual({ major: 6, minor: 1 });
    expect(parseVersion('six')).toBeUndefined();
  });
});
