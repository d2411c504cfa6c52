import type { Argv } from '../../host/host.ts';

/** What a distribution calls GRUB 2's tools and where it keeps its files: the tools themselves are the same everywhere. */
export interface BootLoader {
  /** Packages that bring it, beside those of the guest's definition. */
  readonly packages: readonly string[];
  /** Puts it onto a disk with a BIOS partition table. */
  readonly install: (disk: string) => Argv;
  /** Makes the configuration of the scripts in /etc/grub.d, and refuses to when that is no script of GRUB. */
  readonly configure: Argv;
  readonly configPath: string;
  /** What the configuration is made by (GRUB manual, "Simple configuration handling"). */
  readonly settingsPath: string;
  /** A script whose output becomes a part of the configuration. */
  readonly menuPath: string;
  /** 1024 bytes that GRUB reads and writes at boot: which entry is the default, and which comes once. */
  readonly environmentPath: string;
  readonly listEnvironment: Argv;
  /** Has the next boot take an entry, and that boot alone. */
  readonly bootOnce: (entry: string) => Argv;
  /** Sets the entry that every boot takes by default. */
  readonly setDefault: (entry: string) => Argv;
  /** Where the package of a stock kernel, or its hooks, put the initrd. */
  readonly stockInitrdPath: (release: string) => string;
}
