import type { Argv } from '../../host/host.ts';
import type { BootLoader } from './boot-loader.ts';

/**
 * What differs between the families of guests. Another family is a file beside this, a row in table.ts, a word in
 * src/model/guest-family.ts and a definition in vm-images/.
 */
export interface Distro {
  /** Name of the package that a stock kernel of this release is in. */
  readonly kernelPackageName: (release: string) => string;
  /** The package of the stock kernel with its version, as people of this distribution write it. */
  readonly kernelPackage: (release: string, version: string) => string;
  /** Kernel symbols through any one of which the guest finds the run's SSH key. */
  readonly keySources: readonly string[];
  /** Makes the initrd of an installed kernel of this release, at `path`, with the distribution's own tool. */
  readonly makeInitrd: (release: string) => { readonly command: Argv; readonly path: string };
  /** Whether the Docker package comes with dockerd's own contrib/check-config.sh. */
  readonly hasCheckConfig: boolean;
  /** Whether a profile may take its kernel source from the distribution's packages. */
  readonly hasSourcePackages: boolean;
  /** Whether `boot=NAME` lets a script take the place of mounting the root in its stock initrd (initramfs-tools(7)). */
  readonly hasVirtualHandOver: boolean;
  /** Whether its Docker runs the images of container work, which are of Debian 12. */
  readonly runsBenchImages: boolean;
  /** How it is booted by GRUB (`--boot grub`). */
  readonly bootLoader: BootLoader;
  /** What kernels are built with in it. */
  readonly toolchain: Toolchain;
}

/** The compiler of a distribution and what comes with it. */
export interface Toolchain {
  /** Release of its gcc, as `4.8` or `12`. */
  readonly gcc: number;
  /** Extra packages of the image that kernels are built in; none where every image has them. */
  readonly packages: readonly string[];
  /** Packages whose versions decide what comes out of a build. */
  readonly deciding: readonly string[];
  /** Whether its archive has the older compilers of src/kernel/toolchains.ts. */
  readonly hasPeriodCompilers: boolean;
}
