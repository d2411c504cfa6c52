import { describe, expect, test } from 'vitest';
import { installerProgress } from '../../src/guest/console/anaconda-patterns.ts';
import { matchConsole } from '../../src/guest/console/console-patterns.ts';

/** How a text installation of CentOS 7 goes on a serial console, in the lines that anaconda 21's sources print. */
const INSTALLATION = [
  '[    0.000000] Linux version 3.10.0-1160.el7.x86_64 (mockbuild@kbuilder.bsys.centos.org)',
  '[    6.204118] dracut-initqueue[698]: mount: /dev/sr0 is write-protected, mounting read-only',
  'Starting installer, one moment...',
  'anaconda 21.48.22.159-1 for CentOS 7 started.',
  ' * installation log files are stored in /tmp during the installation',
  'Starting automated install..',
  'Checking software selection',
  'Generating updated storage configuration',
  'Checking storage configuration...',
  ' 5) [x] Installation Destination          6) [x] Kdump',
  'Setting up the installation environment',
  'Creating disklabel on /dev/vda',
  'Creating xfs on /dev/vda1',
  'Running pre-installation scripts',
  'Starting package installation process',
  'Preparing transaction from installation source',
  'Installing libgcc (1/299)',
  'Installing bash (12/299)',
  'Installing rootfiles (299/299)',
  'Performing post-installation setup tasks',
  'Installing boot loader',
  'Performing post-installation setup tasks',
  'Configuring installed system',
  'Writing network configuration',
  'Creating users',
  'Configuring addons',
  'Generating initramfs',
  'Running post-installation scripts',
  'drydock: provisioning: packages',
  '  Installing : 2:docker-1.13.1-210.git7d71120.el7.centos.x86_64          55/57',
  'drydock: provisioning: files',
  'drydock: provisioning: labels',
  'drydock: provisioning: export',
  'drydock: provisioning: done',
  '[  402.113041] reboot: Power down',
] as const;

describe('the console of an installation', () => {
  test('that goes well tells how far it is, to the end and never backwards but for setting packages up twice', () => {
    const fractions = INSTALLATION.flatMap((line) => installerProgress(line)?.fraction ?? []);
    const once = fractions.filter((fraction, index) => fractions.indexOf(fraction) === index);
    expect(once).toEqual(once.toSorted((a, b) => a - b));
    expect(once.length).toBeGreaterThan(12);
    expect(once.at(-1)).toBe(0.99);
  });

  test('that goes well is taken for no trouble at any line', () => {
    expect(INSTALLATION.filter((line) => matchConsole(line) !== undefined)).toEqual([]);
  });

  test('counts packages, and yum’s own lines are not taken for the installer’s', () => {
    expect(installerProgress('Installing bash (150/300)')?.message).toBe('installing bash (150 of 300)');
    expect(installerProgress('  Installing : make-1:3.82-24.el7.x86_64    12/57')).toBeUndefined();
  });

  test.each([
    [
      'There was an error running the kickstart script at line 43.  This is a fatal error and installation will be aborted.',
      'anaconda-script',
    ],
    ['The following problem occurred on line 10 of the kickstart file:', 'anaconda-kickstart'],
    [
      'The following error occurred while installing.  This is a fatal error and installation will be aborted.',
      'anaconda-payload',
    ],
    ['There was an error installing the bash package.  This is a fatal error and', 'anaconda-payload'],
    ['storage configuration failed: autopart failed', 'anaconda-storage'],
    ['Not enough space in file systems for the current software selection.', 'anaconda-storage'],
    ['An unknown error has occurred', 'anaconda-exception'],
    ['anaconda 21.48.22.159-1 exception report', 'anaconda-exception'],
    ['Pane is dead', 'anaconda-exception'],
    ['  Please make your choice from above [', 'anaconda-question'],
    ['The following mandatory spokes are not completed:', 'anaconda-question'],
    ['not exist.  Would you like to ignore this package and continue with installation?', 'anaconda-question'],
    ['Warning: anaconda: failed to fetch kickstart from file:/ks.cfg', 'anaconda-fetch'],
    ['drydock: failed: provisioning stopped at packages', 'drydock-failed'],
    ['[  180.1] dracut-initqueue[698]: Warning: Could not boot.', 'dracut-root'],
  ])('says that it is over: %s', (line, id) => {
    expect(matchConsole(line)?.pattern.id).toBe(id);
  });
});
