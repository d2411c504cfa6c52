import type { Distro } from './distro.ts';

/** Debian 12: initramfs-tools, and docker.io 20.10. */
export const debian: Distro = {
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
};
