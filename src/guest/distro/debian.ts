import type { Distro } from './distro.ts';

/** Debian 12: initramfs-tools, and docker.io 20.10. */
export const debian: Distro = {
  kernelPackage: (release, version) => `linux-image-${release} ${version}`,
  hasCheckConfig: true,
  hasSourcePackages: true,
  hasVirtualHandOver: true,
  runsBenchImages: true,
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
