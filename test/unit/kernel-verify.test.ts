import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { parseConfig } from '../../src/kernel/config/config.ts';
import { readKconfig } from '../../src/kernel/config/kconfig.ts';
import type { KconfigTree } from '../../src/kernel/config/kconfig.ts';
import { nearestName, unknownOff, verifyConfig } from '../../src/kernel/config/verify.ts';
import { editDistance } from '../../src/text/edit-distance.ts';

const FILES: Record<string, string> = {
  Kconfig: `
mainmenu "Linux/$(ARCH) Kernel Configuration"
source "arch/$(SRCARCH)/Kconfig"
source "net/Kconfig"
source "drivers/missing/Kconfig"
`,
  'arch/x86/Kconfig': `
config 64BIT
	bool "64-bit kernel" if "$(ARCH)" = "x86"
	default "$(ARCH)" != "i386"

config X86
	def_bool y
	select PERF_EVENTS
	select CRC32 if NET

config PERF_EVENTS
	bool "Performance events"

config CRC32
	tristate "CRC32"

config MODULES
	bool "Loadable modules"

config CC_HAS_IBT
	def_bool $(cc-option,-fcf-protection=branch)

config X86_KERNEL_IBT
	bool "Indirect Branch Tracking"
	depends on CC_HAS_IBT && \\
		   64BIT

config SHADOW
	bool "Shadow stacks"
	depends on $(as-instr,wrussq)

config HIDDEN
	bool

config USES_HIDDEN
	bool "Uses it"
	select HIDDEN

config HIDDEN_ON
	def_bool y

config TRUSTED_KEYS
	string "Keys to trust"
	depends on MODULES

config NR_CPUS
	int "Maximum number of CPUs" if SMP
	range 2 64
	default 64

config LOG_BUF_SHIFT
	int "Log buffer"
	range 12 25
	default 17

choice
	prompt "Compression"

config KERNEL_GZIP
	bool "Gzip"

config KERNEL_LZ4
	bool "LZ4"

endchoice
`,
  'net/Kconfig': `
menuconfig NET
	bool "Networking support"
	help
	  config NOT_A_SYMBOL
	    depends on NOTHING

	  if you read this, it is help.

if NET

config INET
	bool "TCP/IP"

menu "Filtering"
	depends on INET
	visible if EXPERT

config NETFILTER
	bool "Packet filter" # not only iptables
	---help---
	  Old style help.

rsource "bridge/Kconfig"

endmenu

endif
`,
  'net/bridge/Kconfig': `
config BRIDGE
	tristate "Bridge"
	depends on IPV6 || IPV6=n

config BRIDGE_NETFILTER
	tristate "Bridge filter"
	depends on BRIDGE
	depends on NETFILTER && INET
	imply CRC32

config VETH
	tristate
	prompt "Virtual cable" if !HIDDEN
`,
};

let tree: KconfigTree;

beforeAll(async () => {
  tree = await readKconfig((file) => Promise.resolve(FILES[file]));
});

function why(wish: string, config: string): string | undefined {
  const [symbol = '', value = ''] = wish.split('=');
  const asked = { symbol, value, origin: { file: 'docker.config', line: 7 } };
  return verifyConfig([asked], parseConfig(config), tree)[0]?.why;
}

describe('a Kconfig tree', () => {
  test('has every symbol that some file defines, wherever it was sourced from, and none out of help texts', () => {
    expect([...tree.symbols.keys()]).toEqual(expect.arrayContaining(['64BIT', 'NETFILTER', 'BRIDGE', 'VETH']));
    expect(tree.symbols.has('NOT_A_SYMBOL')).toBe(false);
    expect(tree.symbols.has('IPV6')).toBe(false);
  });

  test('knows types and prompts', () => {
    expect(tree.symbols.get('BRIDGE')?.type).toBe('tristate');
    expect(tree.symbols.get('HIDDEN')?.type).toBe('bool');
    expect(tree.symbols.get('HIDDEN')?.definitions[0]?.prompt).toBeUndefined();
    expect(tree.symbols.get('NETFILTER')?.definitions[0]?.prompt?.text).toBe('Packet filter');
    expect(tree.symbols.get('VETH')?.definitions[0]?.prompt?.conditions).toHaveLength(2);
  });

  test('says which sourced files it could not read', () => {
    expect(tree.missingFiles).toEqual(['drivers/missing/Kconfig']);
  });

  test('reads the trees of kernels before 4.18, where a symbol carries the architecture', async () => {
    const old: Record<string, string> = {
      Kconfig: 'config SRCARCH\n\tstring\n\toption env="SRCARCH"\n\nsource "arch/$SRCARCH/Kconfig"\n',
      'arch/x86/Kconfig': 'config RTC\n\tboolean "RTC"\n\trequires SRCARCH = "x86"\n',
    };
    const oldTree = await readKconfig((file) => Promise.resolve(old[file]));
    expect(oldTree.symbols.get('RTC')?.type).toBe('bool');
    const asked = [{ symbol: 'RTC', value: 'y', origin: { file: 'f' } }];
    expect(verifyConfig(asked, parseConfig(''), oldTree)[0]?.why).toContain('nothing it depends on is unmet');
  });
});

describe('a symbol that did not survive', () => {
  test('that does not exist is said not to, with the nearest name', () => {
    const asked = [{ symbol: 'BRIDGE_NETFLITER', value: 'y', origin: { file: 'f', line: 1 } }];
    expect(verifyConfig(asked, parseConfig(''), tree)).toEqual([
      {
        symbol: 'BRIDGE_NETFLITER',
        asked: 'y',
        got: 'n',
        why: 'no such symbol in this kernel',
        origin: { file: 'f', line: 1 },
        nearest: 'BRIDGE_NETFILTER',
      },
    ]);
  });

  test('is explained by each unmet part of its dependencies, with values and places', () => {
    const reason = why('BRIDGE_NETFILTER=y', 'CONFIG_NET=y\n# CONFIG_INET is not set\nCONFIG_BRIDGE=m\n');
    expect(reason).toContain('`INET` (INET=n) at net/Kconfig:16');
    expect(reason).toContain('`BRIDGE` (BRIDGE=m) at net/bridge/Kconfig:8');
    expect(reason).toContain('`EXPERT` (EXPERT does not exist) at net/Kconfig:17');
    expect(reason).toContain('`NETFILTER` (NETFILTER is off) at net/bridge/Kconfig:9');
    expect(reason).not.toContain('`NET`');
  });

  test('that only the toolchain can allow says so, and only when nothing certain is in the way', () => {
    expect(why('SHADOW=y', '')).toContain('`$(as-instr,wrussq)` (decided by the toolchain) at arch/x86/Kconfig:');
    expect(why('X86_KERNEL_IBT=y', 'CONFIG_64BIT=y\n')).toBe(
      'unmet: `CC_HAS_IBT` (CC_HAS_IBT is off) at arch/x86/Kconfig:25',
    );
  });

  test('without a prompt names the symbols that could select it', () => {
    expect(why('HIDDEN=y', '')).toContain(
      "only another symbol's select sets it, and none that does is on (USES_HIDDEN)",
    );
  });

  test('of a choice names the member that was taken', () => {
    expect(why('KERNEL_LZ4=y', 'CONFIG_KERNEL_GZIP=y\n# CONFIG_KERNEL_LZ4 is not set\n')).toContain(
      'took KERNEL_GZIP instead',
    );
  });

  test('asked to be off names what selects it, and not what would under another configuration', () => {
    expect(why('PERF_EVENTS=n', 'CONFIG_X86=y\nCONFIG_PERF_EVENTS=y\n')).toBe('selected by X86');
    expect(why('CRC32=n', 'CONFIG_X86=y\nCONFIG_NET=y\nCONFIG_CRC32=y\n')).toBe('selected by X86');
    expect(why('CRC32=n', 'CONFIG_X86=y\nCONFIG_CRC32=y\n')).toContain('its default is on');
    expect(why('HIDDEN_ON=n', 'CONFIG_HIDDEN_ON=y\n')).toContain('cannot be switched off');
  });

  test('outside its range names the range', () => {
    expect(why('LOG_BUF_SHIFT=99', 'CONFIG_LOG_BUF_SHIFT=17\n')).toContain('its range is 12 to 25');
    expect(why('NR_CPUS=8', 'CONFIG_NR_CPUS=64\n')).toContain('`SMP` (SMP does not exist)');
  });

  test('asked for in the wrong kind of value names its type', () => {
    expect(why('VETH=3', 'CONFIG_VETH=y\n')).toContain('it is a tristate');
    expect(why('LOG_BUF_SHIFT=y', 'CONFIG_LOG_BUF_SHIFT=17\n')).toContain('it is of type int');
    expect(why('PERF_EVENTS=m', 'CONFIG_PERF_EVENTS=y\n')).toContain('cannot be a module');
  });
});

describe('a symbol that came out as asked', () => {
  test('is not reported, whether off by name or by absence, whether hexadecimal or not', () => {
    expect(why('VETH=y', 'CONFIG_VETH=y')).toBeUndefined();
    expect(why('VETH=n', '')).toBeUndefined();
    expect(why('LOG_BUF_SHIFT=0x11', 'CONFIG_LOG_BUF_SHIFT=17')).toBeUndefined();
  });

  test('may be an empty text that has nowhere to be, but neither another text nor a misspelt one', () => {
    expect(why('TRUSTED_KEYS=""', '')).toBeUndefined();
    expect(why('TRUSTED_KEYS=""', 'CONFIG_TRUSTED_KEYS=""')).toBeUndefined();
    expect(why('TRUSTED_KEYS=""', 'CONFIG_TRUSTED_KEYS="debian.pem"')).toBeDefined();
    expect(why('TRUSTED_KEYS="own.pem"', '')).toContain('`MODULES` (MODULES is off)');
    expect(why('TRUSTED_KEYZ=""', '')).toBe('no such symbol in this kernel');
    expect(why('VETH=""', '')).toContain('it is a tristate');
  });

  test('but is unknown here, asked to be off, is told apart', () => {
    const asked = ['SERIOO', 'VETH'].map((symbol) => ({ symbol, value: 'n', origin: { file: 'f' } }));
    expect(unknownOff(asked, tree).map((one) => one.symbol)).toEqual(['SERIOO']);
  });
});

describe('the nearest name', () => {
  const names = ['VETH', 'VIRTIO_BLK', 'VIRTIO_NET', 'NETFILTER_XT_MATCH_ADDRTYPE'];

  test.each([
    ['VIRTIO_BKL', 'VIRTIO_BLK'],
    ['CONFIG_VETH', 'VETH'],
    ['virtio_net', 'VIRTIO_NET'],
    ['NETFILTER_XT_MATCH_ADRTYPES', 'NETFILTER_XT_MATCH_ADDRTYPE'],
    ['BTRFS_FS', undefined],
  ])('to %s is %s', (misspelt, meant) => {
    expect(nearestName(misspelt, names)).toBe(meant);
  });

  test('is found by a distance that is symmetric, zero only for equals, and never more than the longer word', () => {
    const word = fc.stringMatching(/^[A-C_]{0,6}$/);
    fc.assert(
      fc.property(word, word, (one, other) => {
        const distance = editDistance(one, other, 10);
        expect(distance).toBe(editDistance(other, one, 10));
        expect(distance === 0).toBe(one === other);
        expect(distance).toBeLessThanOrEqual(Math.max(one.length, other.length));
        expect(editDistance(one, other, 2)).toBe(Math.min(distance, 3));
      }),
    );
  });
});
