import type { Distro } from './distro.ts';

/** CentOS 7: dracut, and the package docker of its repository "extras" (Docker 1.13), which comes without contrib/. */
export const centos: Distro = {
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
};
