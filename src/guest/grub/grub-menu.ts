import { Fault } from '../../host/fault.ts';
import { jsonText } from '../../json/text.ts';
import { DISTROS } from '../distro/table.ts';
import type { GuestFamily } from '../../model/guest-family.ts';
import { unmeasuredCmdline } from '../machine/unmeasured-cmdline.ts';

/** A kernel as GRUB boots it. */
export type MenuEntry = {
  /** What `grub-reboot` and `grub-set-default` are given. */
  readonly id: string;
  readonly name: string;
  readonly release: string;
  readonly kernelPath: string;
  readonly initrdPath: string | null;
  readonly cmdline: string;
};

/** Everything of GRUB's that drydock writes into a guest. */
export type GrubMenu = {
  readonly family: GuestFamily;
  /** The disk that holds GRUB, and its partition with the root: `/dev/vda`, `/dev/vda1`. */
  readonly disk: string;
  readonly partition: string;
  readonly settings: string;
  /** The guest's own kernel, which comes whenever nothing else was asked for. */
  readonly stock: MenuEntry;
  readonly arms: readonly MenuEntry[];
  /** Script that prints the entries. */
  readonly script: string;
};

/** What a menu is made of, for one arm. */
interface MenuArm {
  readonly name: string;
  readonly release: string;
  readonly cmdline: string;
  /** Absent: the kernel boots without one. */
  readonly initrd: 'stock' | 'own' | undefined;
}

/**
 * GRUB on the serial port, where its errors, its menu and what it boots are seen. It shows its menu only when an entry fails:
 * a time-out would be a second of nothing in every boot.
 */
const SETTINGS = `# Written by drydock.
GRUB_DEFAULT=saved
GRUB_TIMEOUT=0
GRUB_TERMINAL=serial
GRUB_SERIAL_COMMAND='serial --unit=0 --speed=115200'
GRUB_CMDLINE_LINUX='console=ttyS0'
GRUB_DISABLE_OS_PROBER=true
GRUB_DISABLE_RECOVERY=true
`;

/** Where the kernel of a release lies, on every distribution. */
export function installedKernelPath(release: string): string {
  return `/boot/vmlinuz-${release}`;
}

/** Where the initrd of drydock's own for an arm lies. */
export function installedInitrdPath(arm: string): string {
  return `/boot/initrd-drydock-${arm}`;
}

/** A word of a GRUB script: nothing inside single quotes means anything (GRUB manual, "Quoting"). */
export function quoteForGrub(word: string): string {
  if (/[^\x20-\x7e]/.test(word)) throw new RangeError(`No word of a GRUB script: ${jsonText(word)}`);
  return `'${word.replaceAll("'", `'\\''`)}'`;
}

/**
 * The menu entry of a kernel. What it echoes parts, on the console's clock, the firmware from GRUB's loading and that from the
 * kernel. It names no device: /boot lies where GRUB's own files do, and a search costs half a second of every boot under TCG.
 *
 * @throws Fault `profile` for a parameter that GRUB would change
 */
export function menuEntryText(entry: MenuEntry): string {
  const parameters = entry.cmdline.split(' ').filter((one) => one !== '');
  // grub_create_loader_cmdline (grub-core/lib/cmdline.c) puts a backslash before each of them.
  const changed = parameters.filter((one) => /["'\\]/.test(one));
  if (changed.length > 0) {
    throw new Fault({
      kind: 'profile',
      headline: `GRUB cannot hand over ${changed.join(' and ')} as it is: it puts a backslash before quotes and backslashes`,
      hint: 'Write the parameter without them, or boot with --boot direct.',
    });
  }
  const kernel = quoteForGrub(entry.kernelPath);
  return [
    `menuentry ${quoteForGrub(`drydock: ${entry.name}`)} --id ${quoteForGrub(entry.id)} {`,
    `\techo ${quoteForGrub(`drydock: GRUB loads ${entry.name}`)}`,
    `\tlinux ${[kernel, ...parameters.map(quoteForGrub)].join(' ')}`,
    ...(entry.initrdPath === null ? [] : [`\tinitrd ${quoteForGrub(entry.initrdPath)}`]),
    `\techo ${quoteForGrub(`drydock: GRUB starts ${entry.name}`)}`,
    '}',
    '',
  ].join('\n');
}

/** The script of /etc/grub.d that prints entries: itself from its fourth line on, as the distribution's 40_custom does. */
export function menuScript(entries: readonly MenuEntry[]): string {
  const head = ['#!/bin/sh', '# Written by drydock: what follows the next line is a part of the menu.'];
  return `${head.join('\n')}\nexec tail -n +4 "$0"\n${entries.map(menuEntryText).join('')}`;
}

/** What says on the console, as GRUB's last word, which entry it starts. */
export function startsPattern(name: string): RegExp {
  return new RegExp(`drydock: GRUB starts ${name}(?![\\w-])`);
}

/** What the entry of an arm is called. */
export function armEntryId(arm: string): string {
  return `drydock-arm-${arm}`;
}

/** The entry of an arm. */
export function entryOfArm(menu: GrubMenu, arm: string): MenuEntry {
  const entry = menu.arms.find(({ name }) => name === arm);
  if (entry === undefined) throw new Error(`The menu has lost its entry of ${arm}`);
  return entry;
}

/**
 * Lays out GRUB's menu: the stock kernel, which is the default, and every arm with its own command line.
 *
 * @param rootDevice the guest's root, the first partition of its disk
 * @throws Fault `profile` for a parameter that GRUB would change
 */
export function grubMenu(
  guest: { readonly family: GuestFamily; readonly rootDevice: string },
  stock: { readonly release: string; readonly cmdline: string },
  arms: readonly MenuArm[],
): GrubMenu {
  const { family, rootDevice } = guest;
  const stockInitrd = DISTROS[family].bootLoader.stockInitrdPath(stock.release);
  const entryOf = ({ name, release, cmdline, initrd }: MenuArm): MenuEntry => ({
    id: armEntryId(name),
    name,
    release,
    kernelPath: installedKernelPath(release),
    initrdPath: initrd === undefined ? null : initrd === 'stock' ? stockInitrd : installedInitrdPath(name),
    cmdline,
  });
  const own: MenuEntry = {
    ...entryOf({ ...stock, name: "the guest's own", initrd: 'stock' }),
    id: 'drydock-stock',
    // It is not measured, and its console output helps to find faults.
    cmdline: unmeasuredCmdline(stock.cmdline),
  };
  const entries = arms.map(entryOf);
  return {
    family,
    disk: rootDevice.replace(/\d+$/, ''),
    partition: rootDevice,
    settings: SETTINGS,
    stock: own,
    arms: entries,
    script: menuScript([own, ...entries]),
  };
}
