import path from 'node:path';
import { Fault } from '../../host/fault.ts';
import type { Host } from '../../host/host.ts';

/** What an installation needs from the installer's ISO, as files of its own. */
export interface InstallerMedium {
  /** The volume's name, by which the installer finds the rest of itself: `CentOS 7 x86_64`. */
  readonly label: string;
  readonly kernelPath: string;
  readonly initrdPath: string;
  /** The public key that signs the distribution's packages. */
  readonly signingKeyPath: string;
}

/** Where CentOS 7's media keep them (its .treeinfo, sections general and images-x86_64). */
const CONTENTS = {
  kernel: '/images/pxeboot/vmlinuz',
  initrd: '/images/pxeboot/initrd.img',
  signingKey: '/RPM-GPG-KEY-CentOS-7',
} as const;

function noInstaller(isoPath: string, why: string, cause?: unknown): Fault {
  return new Fault(
    {
      kind: 'profile',
      headline: `${isoPath} is no installer of CentOS 7: ${why}`,
      hint: 'Give --image the CentOS-7-x86_64-Minimal-2009.iso, or omit it to download the file.',
    },
    { cause },
  );
}

/**
 * Takes kernel, initrd and signing key out of an installer's ISO with xorriso, without mounting anything.
 *
 * @param directory where the files go
 * @throws Fault `profile` when it is no ISO, or one of another kind
 */
export async function openInstallerMedium(host: Host, isoPath: string, directory: string): Promise<InstallerMedium> {
  const opened = await host.processes.run(['xorriso', '-no_rc', '-indev', isoPath, '-pvd_info'], {
    okExitCodes: [0, 5, 32],
  });
  const said = `${opened.stdout}\n${opened.stderr}`;
  const label = /^Volume Id *: *(\S.*?) *$/m.exec(said)?.[1];
  // For a file of another kind it imagines an empty image, and says so.
  if (label === undefined || said.includes('No ISO 9660 image')) throw noInstaller(isoPath, 'it is no ISO image');
  const medium = {
    label,
    kernelPath: path.join(directory, 'installer-kernel'),
    initrdPath: path.join(directory, 'installer-initrd'),
    signingKeyPath: path.join(directory, 'signing-key'),
  };
  const extracted: readonly (readonly [string, string])[] = [
    [CONTENTS.kernel, medium.kernelPath],
    [CONTENTS.initrd, medium.initrdPath],
    [CONTENTS.signingKey, medium.signingKeyPath],
  ];
  await host.files.makeDirectory(directory);
  for (const [from, to] of extracted) {
    try {
      await host.processes.run(['xorriso', '-no_rc', '-osirrox', 'on', '-indev', isoPath, '-extract', from, to]);
    } catch (error) {
      if (!(error instanceof Fault) || error.failure.kind !== 'command-failed') throw error;
      throw noInstaller(isoPath, `it has no ${from}`, error);
    }
  }
  return medium;
}
