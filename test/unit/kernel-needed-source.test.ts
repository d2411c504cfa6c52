import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createHost } from '../../src/host/node-host.ts';
import { parseConfig } from '../../src/kernel/config/config.ts';
import { unneededSources } from '../../src/kernel/build/needed-source.ts';

const FILES: Readonly<Record<string, string>> = {
  Kbuild: 'obj-y += drivers/ sound/\n',
  'drivers/Makefile': 'obj-y += tty/ gpu/\nobj-$(CONFIG_NET) += net/\nobj-$(CONFIG_USB) += usb/\n',
  'drivers/tty/Makefile': 'obj-y += serial/ vt/\n',
  'drivers/tty/serial/Makefile': 'obj-y += core.o\n',
  'drivers/tty/serial/8250/Makefile': 'obj-y += $(complicated)\n',
  'drivers/tty/vt/Makefile': 'obj-$(CONFIG_VT) += vt.o\n',
  'drivers/gpu/Makefile': 'obj-$(CONFIG_DRM) += drm/\n',
  'drivers/gpu/drm/Makefile': 'obj-y += drm.o\n',
  'drivers/net/Makefile': 'obj-y += loopback.o\n',
  'drivers/net/ethernet/Makefile': 'obj-y += e1000.o\n',
  'drivers/usb/Makefile': 'obj-y += usb.o\n',
  'sound/Makefile': 'obj-$(CONFIG_SOUND) += core/\n',
  'sound/core/Makefile': 'obj-y += sound.o\n',
};

let tree: string;

beforeAll(async () => {
  tree = await mkdtemp(path.join(tmpdir(), 'drydock-tree-'));
  for (const [file, text] of Object.entries(FILES)) {
    await mkdir(path.dirname(path.join(tree, file)), { recursive: true });
    await writeFile(path.join(tree, file), text);
  }
});

afterAll(async () => {
  await rm(tree, { recursive: true, force: true });
});

test('sources of folders in, above and below which nothing is compiled are left out, and no others', async () => {
  expect(await unneededSources(createHost(), tree, parseConfig(''))).toEqual([
    'drivers/gpu/*.[chS]',
    'drivers/net/*.[chS]',
    'drivers/tty/vt/*.[chS]',
    'drivers/usb/*.[chS]',
    'sound/*.[chS]',
  ]);
  // With a file of its own, a folder keeps all that is below it: only make knows what else its makefiles name.
  const more = parseConfig('CONFIG_NET=y\nCONFIG_DRM=m\nCONFIG_SOUND=y\nCONFIG_VT=y\n');
  expect(await unneededSources(createHost(), tree, more)).toEqual(['drivers/usb/*.[chS]']);
});
