import { z } from 'zod';
import { BOOTSTRAPPED_FAMILIES, GUEST_FAMILIES, INSTALLED_FAMILIES } from '../model/guest-family.ts';
import { name, sha256 } from './fields.ts';

const absolutePath = z.string().regex(/^\/[^\s]*$/, 'expected an absolute path in the guest');
const packageName = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9+._-]+$/, 'expected a package name');
const address = z.string().regex(/^https?:\/\/\S+$/, 'expected an http(s) address');
/** How files are named; see `loadGuest`. */
const PATH_RULE = "Path below vm-images/, or below the definition's folder if it begins with ./ or ../";

const guestFile = z.strictObject({
  from: z.string().min(1).describe(`${PATH_RULE}.`),
  to: absolutePath.describe('Absolute path in the guest.'),
  mode: z.enum(['0644', '0755']).default('0644').describe('Permissions in the guest, in quotes; root owns the file.'),
});

/** What every guest has, whatever it is made from. */
const common = {
  name,
  description: z.string().min(1).describe('One line for reports.'),
  machine: z
    .strictObject({
      cpus: z.number().int().min(1).max(64).describe('Virtual CPUs.'),
      memoryMb: z.number().int().min(256).describe('RAM in MiB.'),
      diskGb: z.number().int().min(4).describe('Size of the disk in GiB; the image file takes only what is used.'),
    })
    .describe('The VM that is booted.'),
  files: z.array(guestFile).default([]).describe('Files that are copied into the guest.'),
  enable: z.array(z.string()).default([]).describe('systemd units to enable.'),
  mask: z.array(z.string()).default([]).describe('systemd units to mask, in every arm alike.'),
  initrdModules: z
    .array(z.string().regex(/^[a-z0-9_]+$/))
    .default([])
    .describe('Modules that a BusyBox initrd needs to mount the root under the stock kernel.'),
  rootDevice: z
    .string()
    .min(1)
    .describe("The root as the kernel names it; takes the place of a profile's root=/dev/vda."),
};

/** A guest of packages, put together on the host without an installer. */
const bootstrappedGuest = z.strictObject({
  ...common,
  family: z.enum(BOOTSTRAPPED_FAMILIES).describe('Which distribution it is.'),
  suite: z.string().min(1).describe('Release of the distribution, such as bookworm.'),
  archives: z
    .array(z.string().regex(/^https?:\/\/\S+ \S+ .+$/, 'expected ADDRESS SUITE COMPONENT…'))
    .min(1)
    .describe('Where packages come from: ADDRESS SUITE COMPONENT, as in sources.list.'),
  keyring: absolutePath.describe('Keyring on the host that signs the archives.'),
  packages: z
    .array(z.string().regex(/^[a-z0-9][a-z0-9+.-]+$/, 'expected a package name'))
    .min(1)
    .describe('Installed beside the packages that the distribution cannot do without.'),
  adopt: z
    .exactOptional(z.string().min(1))
    .describe(`Script that makes an installed system this guest (--image DISK). ${PATH_RULE}.`),
});

/** A guest that its distribution's own installer makes, from its own medium. */
const installedGuest = z.strictObject({
  ...common,
  family: z.enum(INSTALLED_FAMILIES).describe('Which distribution it is.'),
  medium: z
    .strictObject({
      address: address.describe('Where it is downloaded from.'),
      sha256: sha256.describe('Digest that it must have.'),
    })
    .describe('The installer as an ISO image; --image names a local copy.'),
  releasever: z
    .string()
    .regex(/^\d+$/, 'expected the major release, such as "7"')
    .describe('Major release, in quotes.'),
  repositories: z
    .record(name, address)
    .describe('Where the packages come from that the medium lacks; yum in the guest uses them, too.'),
  packages: z.array(packageName).min(1).describe('Installed beside what the installer installs.'),
  kickstart: z.string().min(1).describe(`Answers to the installer's questions. ${PATH_RULE}.`),
  provision: z.string().min(1).describe(`Script that finishes the fresh system. ${PATH_RULE}.`),
  rootDevice: z
    .string()
    .regex(/^\/dev\/[a-z]+1$/, 'expected the first partition of a disk, such as /dev/vda1')
    .describe("The root as the kernel names it; takes the place of a profile's root=/dev/vda."),
  rootFileSystem: z.enum(['ext4', 'xfs']).describe('What the kickstart makes it.'),
});

/** What to do it to: a guest image, made of distribution packages and files of ours. */
export const guestSchema = z.discriminatedUnion('family', [bootstrappedGuest, installedGuest], {
  error: `expected one of ${GUEST_FAMILIES.join(' · ')}`,
});

export type GuestDefinition = z.infer<typeof guestSchema>;
export type BootstrappedGuest = z.infer<typeof bootstrappedGuest>;
export type InstalledGuest = z.infer<typeof installedGuest>;

/** Whether its own installer makes the guest, from a medium; otherwise it is put together on the host. */
export function isInstalled(guest: GuestDefinition): guest is InstalledGuest {
  return 'medium' in guest;
}

/** The file system of a guest's root. A root that is put together on the host is always ext4. */
export function rootFileSystemOf(guest: GuestDefinition): 'ext4' | 'xfs' {
  return isInstalled(guest) ? guest.rootFileSystem : 'ext4';
}
