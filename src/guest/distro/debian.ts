import type { Distro } from './distro.ts';

/** Debian 12: initramfs-tools, and docker.io 20.10. */
export const debian: Distro = {
  kernelPackageName: (release) => `linux-image-${release}`,
  kernelPackage: (release, version) => `linux-image-${release} ${version}`,
  keySources: ['FW_CFG_SYSFS'],
  makeInitrd: (release) => ({
    command: ['update-initramfs', '-c', '-k', release],
    path: `/boot/initrd.img-${release}`,
  }),
  hasCheckConfig: true,
  hasSourcePackages: true,
  hasVirtualHandOver: true,
  runsBenchImages: true,
  bootLoader: {
    // e2fsprogs: filefrag, which says where the environment lies.
    packages: ['grub-pc-bin', 'grub2-common', 'e2fsprogs'],
    install: (disk) => ['grub-install', '--target=i386-pc', disk],
    configure: ['update-grub'],
    configPath: '/boot/grub/grub.cfg',
    settingsPath: '/etc/default/grub',
    menuPath: '/etc/grub.d/42_drydock',
    environmentPath: '/boot/grub/grubenv',
    listEnvironment: ['grub-editenv', '/boot/grub/grubenv', 'list'],
    bootOnce: (entry) => ['grub-reboot', entry],
    setDefault: (entry) => ['grub-set-default', entry],
    stockInitrdPath: (release) => `/boot/initrd.img-${release}`,
  },
  toolchain: {
    gcc: 12,
    packages: [
      'gcc',
      'make',
      'flex',
      'bison',
      'bc',
      'libelf-dev',
      'libssl-dev',
      'libc6-dev',
      'perl',
      'xz-utils',
      'zstd',
    ],
    deciding: ['gcc-12', 'binutils', 'make'],
    hasPeriodCompilers: true,
  },
};
