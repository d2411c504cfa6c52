import type { ConsolePattern } from './console-pattern.ts';

/** Where an installation stands: a line of the installer, and the share of the usual time that has passed when it comes. */
interface InstallerPhase {
  readonly pattern: RegExp;
  readonly phase: string;
  readonly fraction: number;
}

/** `Installing bash (12/299)`: the one phase that counts for itself. */
const PACKAGE = /\bInstalling (\S+) \((\d+)\/(\d+)\)/;
const PACKAGES_FROM = 0.15;
const PACKAGES_TO = 0.6;

/**
 * What anaconda 21 prints in text mode (pyanaconda: install.py, packaging/yumpayload.py, kickstart.py), in its order, and what
 * drydock's own script says at the end (vm-images/files/centos/provision).
 */
const PHASES: readonly InstallerPhase[] = [
  { pattern: /Linux version \d/, phase: 'the kernel of the installer starts', fraction: 0.01 },
  { pattern: /Starting installer, one moment/, phase: 'the installer starts', fraction: 0.05 },
  { pattern: /Starting automated install/, phase: 'the kickstart was read', fraction: 0.08 },
  { pattern: /Setting up the installation environment/, phase: 'preparing the disk', fraction: 0.1 },
  { pattern: /Creating xfs on /, phase: 'making the file system', fraction: 0.12 },
  { pattern: /Starting package installation process/, phase: 'installing packages', fraction: 0.14 },
  { pattern: /Performing post-installation setup tasks/, phase: 'setting packages up', fraction: PACKAGES_TO },
  { pattern: /Installing boot loader/, phase: 'installing the boot loader', fraction: 0.62 },
  { pattern: /Configuring installed system/, phase: 'configuring the system', fraction: 0.64 },
  { pattern: /Generating initramfs/, phase: 'making its initrd', fraction: 0.66 },
  { pattern: /Running post-installation scripts/, phase: "running drydock's own script", fraction: 0.7 },
  { pattern: /drydock: provisioning: packages/, phase: 'installing Docker and the build tools', fraction: 0.72 },
  { pattern: /drydock: provisioning: files/, phase: "putting drydock's files in", fraction: 0.93 },
  { pattern: /drydock: provisioning: labels/, phase: 'labelling for SELinux', fraction: 0.95 },
  { pattern: /drydock: provisioning: export/, phase: 'handing kernel and initrd over', fraction: 0.97 },
  { pattern: /drydock: provisioning: done/, phase: 'done; powering off', fraction: 0.99 },
];

/** What a console line tells of an installation's progress, if it does. */
export function installerProgress(text: string): { readonly message: string; readonly fraction: number } | undefined {
  const [, name, current, total] = PACKAGE.exec(text) ?? [];
  if (name !== undefined && Number(total) > 0) {
    const share = Math.min(1, Number(current) / Number(total));
    const fraction = PACKAGES_FROM + share * (PACKAGES_TO - PACKAGES_FROM);
    return { message: `installing ${name} (${String(current)} of ${String(total)})`, fraction };
  }
  const found = PHASES.find(({ pattern }) => pattern.test(text));
  return found === undefined ? undefined : { message: found.phase, fraction: found.fraction };
}

const LOGS_HINT = 'The console log shows what the installer said before; it stops there and waits for input.';

/**
 * How anaconda 21 and its initrd say that an installation is over before its end (pyanaconda: errors.py, kickstart.py,
 * exception.py; dracut's anaconda-lib.sh). None of it is the fault of a kernel under test.
 */
export const ANACONDA_PATTERNS: readonly ConsolePattern[] = [
  {
    id: 'anaconda-script',
    fatal: true,
    start: /There was an error running the kickstart script at line (\d+)/,
    kind: 'unavailable',
    headline: 'The installer stopped at a script of its kickstart (line $1)',
    hint: LOGS_HINT,
  },
  {
    id: 'anaconda-kickstart',
    fatal: true,
    start: /The following problem occurred on line (\d+) of the kickstart file/,
    kind: 'unavailable',
    headline: 'The installer does not understand line $1 of its kickstart',
    hint: 'The line after it on the console says why. Fix vm-images/files/centos/kickstart.',
  },
  {
    id: 'anaconda-payload',
    fatal: true,
    start: /The following error occurred while installing\.|There was an error installing the (\S+) package/,
    kind: 'unavailable',
    headline: 'The installer could not install a package',
    hint: 'The medium may be damaged after all, or the disk full; the console log names the package.',
  },
  {
    id: 'anaconda-storage',
    fatal: true,
    start: /(?:storage configuration failed|Kickstart insufficient|Not enough space in file systems)(.*)/,
    kind: 'unavailable',
    headline: 'The installer cannot use the disk as its kickstart says',
    hint: 'Is diskGb in the definition large enough, and rootDevice its first partition?',
  },
  {
    id: 'anaconda-exception',
    fatal: true,
    start: /An unknown error has occurred|anaconda \S+ exception report|Pane is dead/,
    kind: 'unavailable',
    headline: 'The installer crashed',
    hint: LOGS_HINT,
  },
  {
    id: 'anaconda-question',
    fatal: true,
    start: /Please make your choice from above \[|mandatory spokes are not completed|[Ww]ould you like to ignore this/,
    kind: 'unavailable',
    headline: 'The installer asks a question and waits for an answer',
    hint: 'Something that it needs is missing in vm-images/files/centos/kickstart; the menu on the console marks it with [!].',
  },
  {
    id: 'anaconda-fetch',
    fatal: true,
    start: /anaconda: failed to fetch kickstart from (\S+)/,
    kind: 'unavailable',
    headline: 'The installer did not find its kickstart $1',
    hint: 'It is in an archive behind the installer\'s own initrd; the kernel says "Unpacking initramfs" or why it did not.',
  },
];
