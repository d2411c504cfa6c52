import type { Distro } from './distro.ts';

/** CentOS 7: dracut, and the package docker of its repository "extras" (Docker 1.13), which comes without contrib/. */
export const centos: Distro = {
  kernelPackageName: () => 'kernel',
  kernelPackage: (_release, version) => `kernel-${version}`,
  // Red Hat's 3.10 may have no driver for fw_cfg; dmidecode reads the tables from sysfs (4.2 and later) or /dev/mem.
  keySources: ['FW_CFG_SYSFS', 'DMI'],
  makeInitrd: (release) => {
    const path = `/boot/initramfs-${release}.img`;
    return { command: ['dracut', '--force', path, release], path };
  },
  hasCheckConfig: false,
  hasSourcePackages: false,
  hasVirtualHandOver: false,
  // Docker before 20.10.10 answers clone3 with EPERM, and glibc 2.34 and later take that for the end of it (moby #42681).
  runsBenchImages: false,
  bootLoader: {
    // Its installer has brought GRUB and put it onto the disk; doing that again changes nothing.
    packages: [],
    install: (disk) => ['grub2-install', '--target=i386-pc', disk],
    configure: ['grub2-mkconfig', '--output=/boot/grub2/grub.cfg'],
    configPath: '/boot/grub2/grub.cfg',
    settingsPath: '/etc/default/grub',
    menuPath: '/etc/grub.d/42_drydock',
    environmentPath: '/boot/grub2/grubenv',
    listEnvironment: ['grub2-editenv', '/boot/grub2/grubenv', 'list'],
    bootOnce: (entry) => ['grub2-reboot', entry],
    setDefault: (entry) => ['grub2-set-default', entry],
    stockInitrdPath: (release) => `/boot/initramfs-${release}.img`,
  },
  // In every image: its definition names them, and the installer has them on its second disk.
  toolchain: { gcc: 4.8, packages: [], deciding: ['gcc', 'binutils', 'make'], hasPeriodCompilers: false },
};
