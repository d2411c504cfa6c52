import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MissingModulesError, moduleLoadOrder } from '../../src/initrd/modules.ts';

/** As depmod wrote them for Debian's 6.1.0-56-amd64: nearest dependency first, deepest last. */
const DEP = `kernel/lib/crc16.ko:
kernel/fs/mbcache.ko:
kernel/fs/jbd2/jbd2.ko:
kernel/fs/ext4/ext4.ko: kernel/lib/crc16.ko kernel/fs/mbcache.ko kernel/fs/jbd2/jbd2.ko
kernel/drivers/virtio/virtio_ring.ko:
kernel/drivers/virtio/virtio.ko: kernel/drivers/virtio/virtio_ring.ko
kernel/drivers/virtio/virtio_pci_modern_dev.ko:
kernel/drivers/virtio/virtio_pci_legacy_dev.ko:
kernel/drivers/virtio/virtio_pci.ko: kernel/drivers/virtio/virtio_pci_legacy_dev.ko kernel/drivers/virtio/virtio_pci_modern_dev.ko kernel/drivers/virtio/virtio.ko kernel/drivers/virtio/virtio_ring.ko
kernel/drivers/block/virtio_blk.ko: kernel/drivers/virtio/virtio.ko kernel/drivers/virtio/virtio_ring.ko
kernel/arch/x86/crypto/crc32c-intel.ko:
kernel/crypto/crc32c_generic.ko:
`;
const BUILTIN = 'kernel/fs/binfmt_script.ko\nkernel/drivers/char/hw_random/rng-core.ko\n';
const SOFTDEP =
  '# Soft dependencies extracted from modules themselves.\nsoftdep ext4 pre: crypto-crc32c\nsoftdep jbd2 pre: crypto-crc32c\n';
const ALIAS =
  'alias crypto-crc32c crc32c_intel\nalias crypto-crc32c crc32c_generic\nalias virtio:d00000002v* virtio_blk\n';

const names = (files: readonly string[]): string[] => files.map((file) => file.replace(/^.*\//, ''));

describe('the load order of modules', () => {
  test('brings the stock kernel to its disk: transport, disk, checksum, file system', () => {
    const order = moduleLoadOrder({
      dep: DEP,
      builtin: BUILTIN,
      softdep: SOFTDEP,
      alias: ALIAS,
      wanted: ['virtio_pci', 'virtio_blk', 'ext4'],
    });
    expect(names(order)).toEqual([
      'virtio_ring.ko',
      'virtio.ko',
      'virtio_pci_modern_dev.ko',
      'virtio_pci_legacy_dev.ko',
      'virtio_pci.ko',
      'virtio_blk.ko',
      'crc32c-intel.ko',
      'crc32c_generic.ko',
      'jbd2.ko',
      'mbcache.ko',
      'crc16.ko',
      'ext4.ko',
    ]);
  });

  test('leaves out what is built in and takes - for _', () => {
    const wanted = ['rng_core', 'binfmt-script', 'virtio-ring'];
    expect(names(moduleLoadOrder({ dep: DEP, builtin: BUILTIN, wanted }))).toEqual(['virtio_ring.ko']);
  });

  test('names every module that exists nowhere', () => {
    expect(() => moduleLoadOrder({ dep: DEP, builtin: BUILTIN, wanted: ['ext4', 'xfs', 'btrfs'] })).toThrow(
      new MissingModulesError(['xfs', 'btrfs']),
    );
  });

  test('takes soft dependencies that do not exist as lightly as modprobe does', () => {
    const softdep = 'softdep virtio_blk pre: absent post: crc16\n';
    const order = moduleLoadOrder({ dep: DEP, builtin: '', softdep, wanted: ['virtio_blk'] });
    expect(names(order)).toEqual(['virtio_ring.ko', 'virtio.ko', 'virtio_blk.ko', 'crc16.ko']);
  });

  test('finds compressed modules under their names', () => {
    const dep = 'kernel/a.ko.xz: kernel/b-c.ko.zst\nkernel/b-c.ko.zst:\n';
    expect(moduleLoadOrder({ dep, builtin: '', wanted: ['a'] })).toEqual(['kernel/b-c.ko.zst', 'kernel/a.ko.xz']);
  });

  test('puts every module after all it needs and none twice, for any lists that depmod may write', () => {
    // A module may need any module of a lower number: such lists have no cycles.
    const graph = fc.array(fc.array(fc.nat({ max: 30 })), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(graph, fc.nat(), (needs, pick) => {
        const direct = needs.map((list, index) => [...new Set(list.filter((other) => other < index))]);
        const closure = (index: number): Set<number> =>
          new Set((direct[index] ?? []).flatMap((other) => [other, ...closure(other)]));
        // depmod lists the whole closure, dependants before what they need: higher numbers first.
        const dep = direct
          .map((_list, index) => {
            const all = [...closure(index)].sort((a, b) => b - a);
            return `m${index}.ko: ${all.map((other) => `m${other}.ko`).join(' ')}`;
          })
          .join('\n');
        const wanted = pick % needs.length;
        const order = moduleLoadOrder({ dep, builtin: '', wanted: [`m${wanted}`] });
        expect(new Set(order)).toEqual(new Set([...closure(wanted), wanted].map((index) => `m${index}.ko`)));
        expect(new Set(order).size).toBe(order.length);
        for (const [at, file] of order.entries()) {
          const index = Number(/\d+/.exec(file)?.[0]);
          for (const other of direct[index] ?? []) expect(order.indexOf(`m${other}.ko`)).toBeLessThan(at);
        }
      }),
    );
  });
});
