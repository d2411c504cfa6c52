import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { grubMenu, menuEntryText, menuScript, quoteForGrub, startsPattern } from '../../src/guest/grub/grub-menu.ts';
import type { MenuEntry } from '../../src/guest/grub/grub-menu.ts';
import { Fault } from '../../src/host/fault.ts';

const STOCK_CMDLINE = 'console=ttyS0 printk.time=1 quiet loglevel=3 root=/dev/vda1 ro';
const debian = { family: 'debian', rootDevice: '/dev/vda1' } as const;
const centos = { family: 'centos', rootDevice: '/dev/vda1' } as const;

describe("GRUB's menu", () => {
  test('on Debian holds the stock kernel, told to speak, and every arm as the profile has it', () => {
    const menu = grubMenu(debian, { release: '6.1.0-49-amd64', cmdline: STOCK_CMDLINE }, [
      { name: 'stock', release: '6.1.0-49-amd64', cmdline: STOCK_CMDLINE, initrd: 'stock' },
      { name: 'docker-min', release: '6.1.176-docker-min', cmdline: 'rdinit=/linuxrc root=/dev/vda1', initrd: 'own' },
    ]);
    expect(menu).toMatchObject({ family: 'debian', disk: '/dev/vda', partition: '/dev/vda1' });
    expect(menu.script).toBe(`#!/bin/sh
# Written by drydock: what follows the next line is a part of the menu.
exec tail -n +4 "$0"
menuentry 'drydock: the guest'\\''s own' --id 'drydock-stock' {
\techo 'drydock: GRUB loads the guest'\\''s own'
\tlinux '/boot/vmlinuz-6.1.0-49-amd64' 'console=ttyS0' 'printk.time=1' 'root=/dev/vda1' 'ro' 'no_timer_check'
\tinitrd '/boot/initrd.img-6.1.0-49-amd64'
\techo 'drydock: GRUB starts the guest'\\''s own'
}
menuentry 'drydock: stock' --id 'drydock-arm-stock' {
\techo 'drydock: GRUB loads stock'
\tlinux '/boot/vmlinuz-6.1.0-49-amd64' 'console=ttyS0' 'printk.time=1' 'quiet' 'loglevel=3' 'root=/dev/vda1' 'ro'
\tinitrd '/boot/initrd.img-6.1.0-49-amd64'
\techo 'drydock: GRUB starts stock'
}
menuentry 'drydock: docker-min' --id 'drydock-arm-docker-min' {
\techo 'drydock: GRUB loads docker-min'
\tlinux '/boot/vmlinuz-6.1.176-docker-min' 'rdinit=/linuxrc' 'root=/dev/vda1'
\tinitrd '/boot/initrd-drydock-docker-min'
\techo 'drydock: GRUB starts docker-min'
}
`);
  });

  test("on CentOS names dracut's initrd, also for a kernel of ours that goes with it", () => {
    const menu = grubMenu(centos, { release: '3.10.0-1160.el7.x86_64', cmdline: 'root=/dev/vda1 ro' }, [
      { name: 'built', release: '4.10.11-built', cmdline: 'root=/dev/vda1', initrd: 'stock' },
      { name: 'bare', release: '4.10.11-built', cmdline: 'root=/dev/vda1', initrd: undefined },
    ]);
    const initrds = [menu.stock, ...menu.arms].map(({ initrdPath }) => initrdPath);
    const dracuts = '/boot/initramfs-3.10.0-1160.el7.x86_64.img';
    expect(initrds).toEqual([dracuts, dracuts, null]);
    expect(menu.script).toContain(`menuentry 'drydock: built' --id 'drydock-arm-built' {
\techo 'drydock: GRUB loads built'
\tlinux '/boot/vmlinuz-4.10.11-built' 'root=/dev/vda1'
\tinitrd '/boot/initramfs-3.10.0-1160.el7.x86_64.img'
\techo 'drydock: GRUB starts built'
}
`);
    expect(menuScript(menu.arms.slice(1))).not.toContain('initrd ');
  });

  test('an arm called stock is not the stock entry', () => {
    const menu = grubMenu(debian, { release: '6.1', cmdline: '' }, [
      { name: 'stock', release: '6.1', cmdline: 'quiet', initrd: 'stock' },
    ]);
    expect(menu.arms[0]?.id).not.toBe(menu.stock.id);
  });
});

describe('a word of a GRUB script', () => {
  test('means nothing but itself, whatever it holds', () => {
    const word = fc.string({ unit: fc.constantFrom(...Array.from(' $`"\'\\{};&|<>()*?~#!aB0-=,.%@/')) });
    fc.assert(
      fc.property(word, (text) => {
        // GRUB and a POSIX shell read single quotes and an escaped one between them alike.
        const quoted = quoteForGrub(text);
        const read = quoted.replaceAll(
          /'([^']*)'|\\(.)/g,
          (_, inside?: string, escaped?: string) => inside ?? escaped ?? '',
        );
        expect(read).toBe(text);
        expect(quoted.replaceAll(/'[^']*'|\\'/g, '')).toBe('');
      }),
    );
  });

  test.each(['a\nb', 'tab\there', 'ä'])('is not %j', (word) => {
    expect(() => quoteForGrub(word)).toThrow(RangeError);
  });
});

test.each([`dyndbg="file x +p"`, `a'b`, 'path\\x'])(
  'a parameter that GRUB would change, %s, is refused',
  (parameter) => {
    const entry: MenuEntry = {
      ...{ id: 'x', name: 'x', release: '6.1', kernelPath: '/boot/vmlinuz-6.1', initrdPath: null },
      cmdline: `quiet ${parameter}`,
    };
    expect(() => menuEntryText(entry)).toThrow(Fault);
    expect(() => menuEntryText(entry)).toThrow(/GRUB cannot hand over .* as it is/);
  },
);

test('the entry of an arm is not taken for that of one whose name begins alike', () => {
  const line = 'drydock: GRUB starts docker-min-no-rtc';
  expect(startsPattern('docker-min').test(line)).toBe(false);
  expect(startsPattern('docker-min-no-rtc').test(line)).toBe(true);
});
