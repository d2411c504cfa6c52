import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createHost } from '../../src/host/node-host.ts';
import { readExport } from '../../src/images/guest-export.ts';
import { runInstaller } from '../../src/images/centos/installer.ts';
import { moduleLoadOrder } from '../../src/initrd/modules.ts';
import { writeNewc } from '../../src/initrd/archive/newc.ts';
import type { CpioEntry } from '../../src/initrd/archive/newc.ts';
import { makeIso } from '../support/installer-iso.ts';

/**
 * A real kernel in QEMU, and in the place of CentOS's installer a BusyBox that finds its kickstart, its supplies and its disks
 * where the installer finds them, and hands over what the script in the guest hands over.
 */
const host = createHost();
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'drydock-installer-'));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});

function required(name: string): string {
  const value = process.env[name];
  if (value !== undefined && value !== '') return value;
  throw new Error(`${name} is not set; it names the Debian kernel (or its modules) that these tests boot`);
}

const INSTALLER = `#!/bin/busybox sh
PATH=/bin
for program in cat dd head insmod mount poweroff sleep sync tar; do busybox ln -s busybox /bin/$program; done
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
while read -r module; do insmod "/modules/$module"; done < /modules/order
echo 'Starting installer, one moment...'
[ -f /ks.cfg ] || { echo 'Warning: anaconda: failed to fetch kickstart from file:/ks.cfg'; sleep 3600; }
echo "kickstart: $(cat /ks.cfg)"
for disk in /sys/block/vd*; do
  case $(cat "$disk/serial") in
    drydock-root) root=/dev/\${disk##*/} ;;
    drydock-supplies) supplies=/dev/\${disk##*/} ;;
    drydock-export) export=/dev/\${disk##*/} ;;
  esac
done
# The name of an ISO 9660 volume (ECMA-119, 8.4.8): 40 bytes into the sector 16.
echo "supplies: $(dd if="$supplies" bs=1 skip=32808 count=7 2> /dev/null)"
(echo spoilt > "$supplies") 2> /dev/null && echo 'supplies can be written'
echo 'Installing bash (1/1)'
echo installed > "$root"
tar -c -f "$export" -C /export .
sync
echo 'drydock: provisioning: done'
exec poweroff -f
`;

/** Files with the folders they lie in, each before what is in it, as the kernel wants them. */
function entriesOf(files: Readonly<Record<string, string | Uint8Array>>): CpioEntry[] {
  const folders = new Set<string>(['dev', 'proc', 'sys']);
  for (const file of Object.keys(files)) {
    const parts = file.split('/').slice(0, -1);
    parts.forEach((_, depth) => folders.add(parts.slice(0, depth + 1).join('/')));
  }
  return [
    ...[...folders].toSorted().map((name): CpioEntry => ({ kind: 'directory', path: name, mode: 0o755 })),
    ...Object.entries(files).map(([name, content]): CpioEntry => {
      const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content;
      return { kind: 'file', path: name, mode: 0o755, content: bytes };
    }),
  ];
}

test('an installation finds kickstart, supplies and disks, and what it hands over is read back', async () => {
  const kernelPath = required('DRYDOCK_TEST_KERNEL');
  const moduleRoot = required('DRYDOCK_TEST_MODULES');
  const at = (name: string): string => path.join(folder, name);
  const list = (name: string): Promise<string> => readFile(path.join(moduleRoot, `modules.${name}`), 'utf8');
  const order = moduleLoadOrder({
    dep: await list('dep'),
    builtin: await list('builtin'),
    softdep: await list('softdep'),
    alias: await list('alias'),
    wanted: ['virtio_pci', 'virtio_blk'],
  });
  const files: Record<string, string | Uint8Array> = {
    init: INSTALLER,
    'bin/busybox': await readFile('/bin/busybox'),
    'modules/order': order.map((file) => `${file}\n`).join(''),
    'export/release': '3.10.0-1160.el7.x86_64\n',
    'export/kernel': 'the stock kernel',
    'export/initrd': 'the stock initrd',
    'export/config': 'CONFIG_X=y\n',
    'export/host-key': 'ssh-ed25519 AAAAC3Nz root@drydock\n',
    'export/packages': 'kernel 3.10.0-1160.el7\n',
    'export/modules/kernel/xfs.ko': 'xfs',
    'export/modules/modules.dep': 'kernel/xfs.ko:\n',
    'export/modules/modules.builtin': '',
    'export/modules/modules.softdep': '',
    'export/modules/modules.alias': '',
    'export/complete': '',
  };
  for (const file of order) files[`modules/${file}`] = await readFile(path.join(moduleRoot, file));
  await writeFile(at('initrd'), gzipSync(writeNewc(entriesOf(files))));
  await makeIso(at('installer.iso'), 'CentOS 7 x86_64', { readme: 'an installer' });
  await makeIso(at('supplies.iso'), 'DRYDOCK', { readme: 'supplies' });
  const told: string[] = [];
  await runInstaller(host, {
    accelerator: 'tcg',
    cpus: 2,
    isoPath: at('installer.iso'),
    medium: { label: 'CentOS 7 x86_64', kernelPath, initrdPath: at('initrd'), signingKeyPath: at('key') },
    kickstart: 'install as drydock says',
    suppliesPath: at('supplies.iso'),
    diskPath: at('disk.qcow2'),
    diskGb: 20,
    exportPath: at('export.raw'),
    workDir: folder,
    logDirectory: at('logs'),
    onProgress: (message) => told.push(message),
  });
  const said = await readFile(at('logs/console.log'), 'utf8');
  expect(said).toContain('kickstart: install as drydock says');
  expect(said).toContain('supplies: DRYDOCK');
  expect(said).not.toContain('supplies can be written');
  expect(told).toEqual(
    expect.arrayContaining(['installer: installing bash (1 of 1)', 'installer: done; powering off']),
  );

  const system = await readExport(host, at('export.raw'), ['xfs'], at('out'), at('logs/console.log'));
  expect(system).toMatchObject({ release: '3.10.0-1160.el7.x86_64', moduleOrder: ['kernel/xfs.ko'] });
  expect(await readFile(system.kernelPath, 'utf8')).toBe('the stock kernel');
  const { stdout } = await host.processes.run(['qemu-io', '-c', 'read -v 0 16', '-f', 'qcow2', at('disk.qcow2')]);
  expect(stdout).toContain('installed');
});
