import type { Distro } from './distro.ts';

/** CentOS 7: dracut, and the package docker of its repository "extras" (Docker 1.13), which comes without contrib/. */
export const centos: Distro = {
  kernelPackage: (_release, version) => `kernel-${version}`,
  hasCheckConfig: false,
  hasSourcePackages: false,
  hasVirtualHandOver: false,
  // Docker before 20.10.10 answers clone3 with EPERM, and glibc 2.34 and later take that for the end of it (moby #42681).
  runsBenchImages: false,
  // In every image: its definition names them, and the installer has them on its second disk.
  toolchain: { gcc: 4.8, packages: [], deciding: ['gcc', 'binutils', 'make'], hasPeriodCompilers: false },
};
