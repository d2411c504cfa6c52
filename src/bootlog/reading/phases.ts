import type { BootMarkers, BootPhase } from '../../model/boots/boot.ts';
import type { Boot, BootLine } from '../../model/boots/bootlog.ts';
import { hasOldInitrd } from './old-initrd.ts';

/** Where a phase begins: at a marker, or at the first line of a kind, looked for in order behind the phase before. */
interface PhaseStart {
  readonly name: string;
  readonly at: (boot: Boot, markers: BootMarkers) => number | undefined;
}

/** The kernel leaves its firmware's tables behind and sets up its own; first form that a kernel prints. */
const EARLY_INIT =
  /^(?:Built \d+ zonelists|PID hash table entries|Kernel command line:|Dentry cache hash table entries)/;
const PCI = /^(?:PCI: |PCI host bridge|pci_bus |ACPI: bus type PCI|ACPI: PCI Root Bridge)/;
/** An old-style initrd is found to be one and loaded (init/do_mounts_rd.c); the firmware's line has a range there. */
const RAM_DISK = /^RAMDISK: (?!\[mem )/;
/** What follows the freeing of init memory up to init itself, where the kernel does not announce init (before 4.18). */
const FREEING = /^(?:Freeing unused|Write protecting|NX-protecting|x86\/mm: Checked|rodata_test:)/;

/**
 * The stretches of a boot, in order. The thesis's five (firmware tables, early init, PCI, drivers up to the freeing of
 * init memory, modules and services) with userspace split by drydock's own marks.
 */
const PHASE_STARTS: readonly PhaseStart[] = [
  { name: 'firmware tables', at: (boot) => boot.lines[0]?.atSec },
  { name: 'early init', at: (boot) => firstLine(boot, EARLY_INIT)?.atSec },
  { name: 'PCI and drivers', at: (boot) => firstLine(boot, PCI)?.atSec },
  {
    name: 'RAM disk',
    at: (boot, markers) => (hasOldInitrd(markers) ? firstLine(boot, RAM_DISK)?.atSec : undefined),
  },
  { name: 'initrd', at: (_boot, markers) => markers['initrd-mounted']?.atSec },
  { name: 'leaving the initrd', at: (_boot, markers) => markers['initrd-left']?.atSec },
  { name: 'freeing init memory', at: (_boot, markers) => markers['initmem-freed']?.atSec },
  { name: 'initrd', at: (boot, markers) => (hasInitrd(markers) ? initStart(boot, markers) : undefined) },
  {
    name: 'systemd',
    at: (boot, markers) => (hasInitrd(markers) ? markers['systemd-start']?.atSec : userspaceStart(boot, markers)),
  },
  { name: 'modules', at: (_boot, markers) => markers['modules-begin']?.atSec },
  { name: 'docker', at: (_boot, markers) => markers['modules-end']?.atSec },
];

/**
 * Names what a boot does by what its lines say, not by line numbers. Phases are consecutive and share their ends: the last
 * one ends at `ready`, else where systemd says it has finished, else at the last line. A phase whose start is not in the
 * log is left out, and so is one that would begin before its forerunner.
 */
export function findPhases(boot: Boot, markers: BootMarkers): BootPhase[] {
  const endSec = markers.ready?.atSec ?? markers['startup-finished']?.atSec ?? lastSec(boot);
  const starts: { name: string; startSec: number }[] = [];
  for (const { name, at } of PHASE_STARTS) {
    const startSec = at(boot, markers);
    const previous = starts.at(-1);
    if (startSec === undefined || startSec > endSec || (previous !== undefined && startSec < previous.startSec))
      continue;
    starts.push({ name, startSec });
  }
  return starts.map(({ name, startSec }, index) => ({ name, startSec, endSec: starts[index + 1]?.startSec ?? endSec }));
}

function firstLine(boot: Boot, pattern: RegExp): BootLine | undefined {
  return boot.lines.find((line) => pattern.test(line.message));
}

function lastSec(boot: Boot): number {
  return boot.lines.reduce((latest, line) => Math.max(latest, line.atSec), 0);
}

/** Whether the first program is an initrd's: not so behind an old-style one, which the kernel has left by then. */
function hasInitrd(markers: BootMarkers): boolean {
  if (hasOldInitrd(markers)) return false;
  return markers['initrd-unpack'] !== undefined || markers['initrd-freed'] !== undefined;
}

/** When the first program runs: announced since 4.18, before that behind the last line about freed memory. */
function initStart(boot: Boot, markers: BootMarkers): number | undefined {
  if (markers['init-exec'] !== undefined) return markers['init-exec'].atSec;
  const freed = markers['initmem-freed'];
  if (freed === undefined) return undefined;
  let startSec = freed.atSec;
  for (const line of boot.lines) {
    if (line.line <= freed.line) continue;
    if (!FREEING.test(line.message)) break;
    startSec = line.atSec;
  }
  return startSec;
}

/** Without an initrd the first program is the root's own init, so its time belongs to it. */
function userspaceStart(boot: Boot, markers: BootMarkers): number | undefined {
  return markers['systemd-start'] === undefined ? undefined : initStart(boot, markers);
}
