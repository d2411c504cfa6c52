import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createHost } from '../../src/host/node-host.ts';
import { indexCode } from '../../src/kernel/code/code-index.ts';
import { symbolRelations } from '../../src/kernel/config/relations.ts';

const KCONFIG = `config NET
	bool "net"
config INET
	bool "inet"
	depends on NET
config BRIDGE
	tristate "bridge"
	depends on NET && INET
	depends on IPV6 || IPV6=n
	select STP
config STP
	tristate
choice
	prompt "timer"
config HZ_100
	bool "100"
config HZ_250
	bool "250"
endchoice
`;

const TREE: Readonly<Record<string, string>> = {
  Kconfig: KCONFIG,
  Kbuild: 'obj-y += kernel/\nobj-y += arch/$(SRCARCH)/\nobj-$(CONFIG_NET) += net/\nobj-$(CONFIG_SAMPLES) += samples/\n',
  'arch/x86/Makefile': 'drivers-$(CONFIG_PCI) += arch/x86/pci/\n',
  'arch/x86/Kbuild': 'obj-y += entry.o\n',
  'arch/x86/entry.c': 'void enter(void)\n{\n}\n',
  'arch/x86/pci/Makefile': 'obj-y += common.o\n',
  'arch/x86/pci/common.c': 'int __init pcibios_init(void)\n{\n}\n',
  'kernel/Makefile': 'obj-y += fork.o sched.o\nobj-$(CONFIG_SECCOMP) += seccomp.o\n',
  'kernel/fork.c': 'int copy_process(void)\n{\n}\nstatic int helper(void)\n{\n}\n',
  'kernel/sched.c': '#ifdef CONFIG_PSI\n#include "psi.c"\n#endif\n',
  'kernel/psi.c': 'void psi_task_change(void)\n{\n}\n',
  'kernel/seccomp.c': '#ifdef CONFIG_SECCOMP_FILTER\nint filter(void)\n{\n}\n#endif\nstatic int helper(void)\n{\n}\n',
  'net/Makefile': 'obj-$(CONFIG_BRIDGE) += bridge/\nobj-$(CONFIG_FAR) += far.o\n',
  'net/far.c': 'void far_away(void)\n{\n}\n',
  'net/bridge/Makefile':
    'obj-$(CONFIG_BRIDGE) += br-idge.o\nbr-idge-y := br.o\nbr-idge-$(CONFIG_SYSFS) += br_sysfs.o\n',
  'net/bridge/br.c': 'int br_init(void)\n{\n}\n',
  'net/bridge/br_sysfs.c': 'int br_sysfs_add(void)\n{\n}\n',
  'samples/Makefile': 'obj-y += sample.o\n',
  'samples/sample.c': 'int sample(void)\n{\n}\n',
};

let treeDir = '';
beforeAll(async () => {
  treeDir = await mkdtemp(path.join(tmpdir(), 'drydock-code-index-'));
  for (const [file, text] of Object.entries(TREE)) {
    await mkdir(path.dirname(path.join(treeDir, file)), { recursive: true });
    await writeFile(path.join(treeDir, file), text);
  }
});
afterAll(() => rm(treeDir, { recursive: true, force: true }));

const config = new Map(
  Object.entries({
    NET: 'y',
    PCI: 'y',
    SECCOMP: 'y',
    SECCOMP_FILTER: 'y',
    PSI: 'y',
    BRIDGE: 'm',
    FAR: 'm',
    SYSFS: 'y',
  }),
);
const index = (wanted: readonly string[]) =>
  indexCode(createHost(), {
    treeDir,
    config,
    wanted: new Set(wanted),
    signal: new AbortController().signal,
    onProgress: () => undefined,
  });

test('a function knows the symbols of its folder, its file and its conditionals', async () => {
  const { functions } = await index(['br_idge']);
  expect(functions.get('filter')).toEqual([
    { file: 'kernel/seccomp.c', needs: ['SECCOMP', 'SECCOMP_FILTER'], isInit: false },
  ]);
  expect(functions.get('psi_task_change')).toEqual([{ file: 'kernel/psi.c', needs: ['PSI'], isInit: false }]);
  expect(functions.get('pcibios_init')).toEqual([{ file: 'arch/x86/pci/common.c', needs: ['PCI'], isInit: true }]);
  expect(functions.get('enter')).toEqual([{ file: 'arch/x86/entry.c', needs: [], isInit: false }]);
  expect(functions.get('br_sysfs_add')).toEqual([
    { file: 'net/bridge/br_sysfs.c', module: 'br_idge', needs: ['NET', 'BRIDGE', 'SYSFS'], isInit: false },
  ]);
  expect(functions.has('sample')).toBe(false);
});

test('a name that two files define has both', async () => {
  const { functions } = await index([]);
  expect(functions.get('helper')?.map(({ file }) => file)).toEqual(['kernel/fork.c', 'kernel/seccomp.c']);
});

test('every module is listed with its symbol, and only wanted ones are read', async () => {
  const { modules, functions } = await index(['br_idge']);
  expect(modules).toEqual([
    { name: 'br_idge', symbol: 'BRIDGE' },
    { name: 'far', symbol: 'FAR' },
  ]);
  expect(functions.has('br_init')).toBe(true);
  expect(functions.has('far_away')).toBe(false);
});

test('of Kconfig is told what a symbol cannot be without, what it selects, and what is one of a choice', async () => {
  const { dependencies, selects, choices } = await symbolRelations(createHost(), treeDir);
  // IPV6 is one of two ways to fulfil its line.
  expect(dependencies.get('BRIDGE')).toEqual(['NET', 'INET']);
  expect(selects.get('BRIDGE')).toEqual(['STP']);
  expect([...choices].sort()).toEqual(['HZ_100', 'HZ_250']);
});
