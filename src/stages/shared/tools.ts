import type { Argv } from '../../host/host.ts';

/** One thing drydock needs from the host. */
export interface Requirement {
  /** Debian and Ubuntu package that provides it. */
  readonly package: string;
  /** Why it is needed: shown when it is installed. */
  readonly why: string;
  /** A program on PATH, or a file that must exist. */
  readonly probe: { readonly program: string } | { readonly file: string };
  /** Prints the version; its first line's first dotted number is kept. Absent: no version is recorded. */
  readonly version?: Argv;
  /** Only needed without root. */
  readonly onlyUnprivileged?: boolean;
}

/** Also needed for container work on the host (`run --bench`): drydock's own dockerd, and its bridge. */
export const BENCH_REQUIREMENTS: readonly Requirement[] = [
  {
    package: 'docker.io',
    why: 'runs the containers of the physical machine',
    probe: { program: 'dockerd' },
    version: ['dockerd', '--version'],
  },
  { package: 'iproute2', why: "makes the containers' bridge", probe: { program: 'ip' } },
];

/** Also needed by the tests of container work: the programs that the workloads run, and a signature. */
export const BENCH_TEST_REQUIREMENTS: readonly Requirement[] = [
  ...['sysbench', 'fio', 'iperf3', 'sockperf'].map((name) => ({
    package: name,
    why: "is put into the tests' container images",
    probe: { program: name },
  })),
];

/**
 * Also needed by drydock's own tests: a browser to look at the report with, the letters it is drawn in, and what guests of
 * an installer are made and looked at with.
 */
export const TEST_REQUIREMENTS: readonly Requirement[] = [
  { package: 'chromium', why: 'shows the report to the browser tests', probe: { file: '/usr/bin/chromium' } },
  {
    package: 'fonts-liberation',
    why: 'gives the browser letters',
    probe: { file: '/usr/share/fonts/truetype/liberation/LiberationSans-Regular.ttf' },
  },
  { package: 'cpio', why: 'unpacks what drydock has packed', probe: { program: 'cpio' } },
  { package: 'gpg', why: "signs the tests' own packages", probe: { program: 'gpg' } },
  { package: 'grub-common', why: "reads GRUB's menu as GRUB would", probe: { program: 'grub-script-check' } },
  { package: 'gpg-agent', why: "holds the key of the tests' own packages", probe: { program: 'gpg-agent' } },
];

/** Also needed to make a guest with its distribution's installer (`--guest centos-7-minimal`). */
export const INSTALLER_REQUIREMENTS: readonly Requirement[] = [
  { package: 'xorriso', why: "reads the installer's ISO", probe: { program: 'xorriso' } },
  // Not xorriso, whose own mkisofs ends with a segmentation fault about once in a thousand images (1.5.4).
  { package: 'genisoimage', why: 'packs what the installer lacks', probe: { program: 'genisoimage' } },
  { package: 'dnf', why: 'works out which packages an installation needs', probe: { program: 'dnf' } },
  {
    package: 'dnf-plugins-core',
    why: 'downloads packages without installing them',
    probe: { file: '/usr/lib/python3/dist-packages/dnf-plugins/download.py' },
  },
  { package: 'rpm', why: "checks the packages' signatures", probe: { program: 'rpmkeys' } },
  {
    package: 'ca-certificates',
    why: "checks the vault's certificate",
    probe: { file: '/etc/ssl/certs/ca-certificates.crt' },
  },
  { package: 'createrepo-c', why: 'makes the packages a repository', probe: { program: 'createrepo_c' } },
];

/** Also needed to log in to a given disk that knows no key (`--image DISK`). */
export const SEED_REQUIREMENTS: readonly Requirement[] = [
  {
    package: 'genisoimage',
    why: "makes the volume that cloud-init takes the run's key from",
    probe: { program: 'genisoimage' },
  },
];

/** Also needed to make a guest that GRUB boots (`--boot grub`). */
export const PARTITION_REQUIREMENTS: readonly Requirement[] = [
  { package: 'fdisk', why: "writes the partition table of the guest's disk", probe: { program: 'sfdisk' } },
];

/** Everything that a whole run uses, by apt package (Debian 12 and Ubuntu 22.04 names). */
export const REQUIREMENTS: readonly Requirement[] = [
  {
    package: 'qemu-system-x86',
    why: 'boots the guest',
    probe: { program: 'qemu-system-x86_64' },
    version: ['qemu-system-x86_64', '--version'],
  },
  { package: 'qemu-utils', why: 'makes and overlays disks', probe: { program: 'qemu-img' } },
  {
    package: 'mmdebstrap',
    why: 'builds the guest image',
    probe: { program: 'mmdebstrap' },
    version: ['mmdebstrap', '--version'],
  },
  {
    package: 'debian-archive-keyring',
    why: "verifies Debian's packages",
    probe: { file: '/usr/share/keyrings/debian-archive-keyring.gpg' },
  },
  {
    package: 'e2fsprogs',
    why: "makes the guest's file system",
    probe: { program: 'mke2fs' },
    version: ['mke2fs', '-V'],
  },
  { package: 'uidmap', why: 'builds images without root', probe: { program: 'newuidmap' }, onlyUnprivileged: true },
  { package: 'gcc', why: 'compiles the kernel', probe: { program: 'gcc' }, version: ['gcc', '-dumpfullversion'] },
  { package: 'binutils', why: 'links the kernel', probe: { program: 'ld' }, version: ['ld', '--version'] },
  { package: 'make', why: 'builds the kernel', probe: { program: 'make' }, version: ['make', '--version'] },
  { package: 'flex', why: "builds the kernel's configuration tools", probe: { program: 'flex' } },
  { package: 'bison', why: "builds the kernel's configuration tools", probe: { program: 'bison' } },
  { package: 'bc', why: 'computes a kernel header', probe: { program: 'bc' } },
  { package: 'libelf-dev', why: "builds the kernel's objtool", probe: { file: '/usr/include/gelf.h' } },
  {
    package: 'libssl-dev',
    why: "builds the kernel's signing tools",
    probe: { file: '/usr/include/openssl/opensslv.h' },
  },
  {
    package: 'ccache',
    why: 'makes repeated kernel builds cheap',
    probe: { program: 'ccache' },
    version: ['ccache', '--version'],
  },
  {
    package: 'coccinelle',
    why: 'applies the semantic patches',
    probe: { program: 'spatch' },
    version: ['spatch', '--version'],
  },
  { package: 'busybox-static', why: 'is the initrd', probe: { file: '/bin/busybox' } },
  {
    package: 'xz-utils',
    why: "unpacks kernel sources, and guests' initrds",
    probe: { program: 'xz' },
    version: ['xz', '--version'],
  },
  {
    package: 'zstd',
    why: "compresses the kernel image, and guests' initrds",
    probe: { program: 'zstd' },
    version: ['zstd', '--version'],
  },
  { package: 'patch', why: 'applies patches', probe: { program: 'patch' } },
  { package: 'kmod', why: 'indexes kernel modules', probe: { program: 'depmod' } },
];

/** An older compiler, by the name of its package and program, such as `gcc-11`. */
export function periodRequirement(compiler: string): Requirement {
  return {
    package: compiler,
    why: 'compiles kernels that newer compilers cannot',
    probe: { program: compiler },
    version: [compiler, '-dumpfullversion'],
  };
}
