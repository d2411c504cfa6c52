import type { BootMarkers, Marker, MarkerId } from '../../model/boots/boot.ts';
import type { Boot, BootLine } from '../../model/boots/bootlog.ts';

/** A marker in words, short enough for a chart. */
export function markerName(id: MarkerId): string {
  return id === 'hand-over' ? id : id.replaceAll('-', ' ');
}

/** How a marker's line reads, by version. Earlier forms of a marker win over later ones wherever both stand in a log. */
interface MarkerForm {
  readonly marker: MarkerId;
  /** Begins with `^` and a letter, by which lines are sorted out before the pattern is tried. */
  readonly pattern: RegExp;
  /** Kernels, or programs, that print it so. */
  readonly from: string;
  /** The line counts only after this marker, where that one was found. */
  readonly after?: MarkerId;
}

/** Sources: init/main.c, init/initramfs.c, init/do_mounts.c, init/do_mounts_initrd.c, mm/page_alloc.c and arch/x86/mm/init.c of the versions named. */
const MARKER_FORMS: readonly MarkerForm[] = [
  { marker: 'kernel-start', pattern: /^Linux version \S/, from: 'all' },
  { marker: 'initrd-unpack', pattern: /^Trying to unpack rootfs image as initramfs/, from: 'all, with BLK_DEV_RAM' },
  { marker: 'initrd-unpack', pattern: /^Unpacking initramfs/, from: 'all, without BLK_DEV_RAM' },
  {
    marker: 'initrd-freed',
    pattern: /^Freeing initrd memory: \d+k/i,
    from: 'all; the range behind the size left with 4.10',
  },
  {
    marker: 'initrd-left',
    pattern: /^Trying to move old root to \/initrd\b/,
    from: 'up to 6.x, of an old-style initrd',
  },
  {
    marker: 'initrd-mounted',
    pattern: /^VFS: Mounted root \(\S+ filesystem\)(?: readonly)? on device 1:0\b/,
    from: 'up to 6.x; 1:0 is the first RAM disk',
  },
  { marker: 'initmem-freed', pattern: /^Freeing unused kernel image \(initmem\) memory: \d+K/, from: '5.5 and later' },
  {
    marker: 'initmem-freed',
    pattern: /^Freeing unused kernel image memory: \d+K/,
    from: '4.19 to 5.4, first of three',
  },
  { marker: 'initmem-freed', pattern: /^Freeing unused kernel memory: \d+k/i, from: 'to 4.18; elsewhere than x86 all' },
  { marker: 'init-exec', pattern: /^Run \S+ as init process/, from: '4.18 and later' },
  { marker: 'startup-finished', pattern: /^systemd\[1\]: Startup finished in /, from: 'systemd' },
  { marker: 'hand-over', pattern: /^drydock: hand-over/, from: "drydock's initrd script, on the virtual clock" },
  { marker: 'modules-begin', pattern: /^drydock: modules begin/, from: "drydock's guest" },
  { marker: 'modules-end', pattern: /^drydock: modules end/, from: "drydock's guest", after: 'modules-begin' },
  { marker: 'docker0-up', pattern: /^drydock: docker0 up/, from: "drydock's guest" },
  { marker: 'docker0-up', pattern: /^IPv6: ADDRCONF\(NETDEV_UP\): docker0: link is not ready/, from: '3.10 to 5.1' },
  {
    marker: 'docker0-up',
    pattern: /^IPv6: ADDRCONF\(NETDEV_CHANGE\): docker0: link becomes ready/,
    from: '5.2 and later',
  },
  { marker: 'ready', pattern: /^drydock: ready\b/, from: "drydock's guest" },
];

const SYSTEMD_LINE = /^systemd\[1\]: /;
const RUNNING_IN_SYSTEM_MODE = /^systemd\[1\]: systemd \S+ running in system mode/;

/** Shows that an initrd ran systemd itself (dracut, mkosi), so that the first `systemd[1]:` line is not the guest's own. */
const SYSTEMD_IN_INITRD =
  /^systemd\[1\]: (?:Running in initial RAM disk|Running in initrd|Running in initramfs|Switching root)/;

/** Where the guest's own systemd begins, best evidence first. The first rule whose evidence the log holds decides. */
interface SystemdStartRule {
  readonly evidence: RegExp;
  /** 1 for the first line that matches, 2 for the second. */
  readonly occurrence: 1 | 2;
  /** The evidence itself is the start, or the first `systemd[1]:` line behind it. */
  readonly take: 'evidence' | 'next-systemd-line';
  readonly why: string;
}

const SYSTEMD_START_RULES: readonly SystemdStartRule[] = [
  {
    evidence: /^systemd\[1\]: Switching root/,
    occurrence: 1,
    take: 'evidence',
    why: "the initrd's systemd says that it hands over",
  },
  {
    evidence: /^systemd-journald\[\d+\]: Received SIGTERM from PID 1 \((?:systemd|n\/a)\)/,
    occurrence: 1,
    take: 'next-systemd-line',
    why: "the initrd's journald is ended at the hand-over; at shutdown the name reads systemd-shutdow",
  },
  {
    evidence: RUNNING_IN_SYSTEM_MODE,
    occurrence: 2,
    take: 'evidence',
    why: 'systemd introduces itself once in the initrd and once on the root',
  },
];

/**
 * Finds the instants of a boot by what its lines say. A marker whose line is not there is absent. Every marker carries the
 * line it came from and that line's cost.
 */
export function findMarkers(boot: Boot): BootMarkers {
  const found = new Map<MarkerId, Marker>();
  const candidates = candidatesByForm(boot.lines);
  for (const form of MARKER_FORMS) {
    if (found.has(form.marker)) continue;
    const after = form.after === undefined ? undefined : found.get(form.after);
    const line = candidates.get(form)?.find((candidate) => isAfter(candidate, after));
    if (line !== undefined) found.set(form.marker, toMarker(form.marker, line));
  }
  // A RAM disk that the kernel does not leave again is no initrd but the root itself.
  if (!isBefore(found.get('initrd-mounted'), found.get('initrd-left'))) {
    found.delete('initrd-mounted');
    found.delete('initrd-left');
  }
  const systemd = findSystemdStart(boot.lines, found.get('init-exec') ?? found.get('initmem-freed'));
  if (systemd !== undefined) found.set('systemd-start', toMarker('systemd-start', systemd));
  return Object.fromEntries(found);
}

/** The forms by the letter that their lines begin with, so that most lines meet no pattern at all. */
const FORMS_BY_INITIAL: ReadonlyMap<string, readonly MarkerForm[]> = new Map(
  MARKER_FORMS.map(({ pattern }) => {
    const initial = pattern.source.charAt(1);
    return [initial, MARKER_FORMS.filter((form) => form.pattern.source.charAt(1) === initial)];
  }),
);

/** The lines that match each form, in one pass over the log. */
function candidatesByForm(lines: readonly BootLine[]): ReadonlyMap<MarkerForm, readonly BootLine[]> {
  const candidates = new Map<MarkerForm, BootLine[]>();
  for (const line of lines) {
    for (const form of FORMS_BY_INITIAL.get(line.message.charAt(0)) ?? []) {
      if (!form.pattern.test(line.message)) continue;
      const known = candidates.get(form);
      if (known === undefined) candidates.set(form, [line]);
      else known.push(line);
    }
  }
  return candidates;
}

function findSystemdStart(lines: readonly BootLine[], initStart: Marker | undefined): BootLine | undefined {
  const spoken = lines.filter((line) => line.message.startsWith('systemd') && isAfter(line, initStart));
  const finished = spoken.findIndex((line) => line.message.startsWith('systemd[1]: Startup finished in '));
  const booting = finished === -1 ? spoken : spoken.slice(0, finished + 1);
  for (const rule of SYSTEMD_START_RULES) {
    const evidence = booting.filter((line) => rule.evidence.test(line.message))[rule.occurrence - 1];
    if (evidence === undefined) continue;
    if (rule.take === 'evidence') return evidence;
    const next = booting.find((line) => SYSTEMD_LINE.test(line.message) && isAfter(line, evidence));
    if (next !== undefined) return next;
  }
  if (booting.some((line) => SYSTEMD_IN_INITRD.test(line.message))) return undefined;
  return booting.find((line) => SYSTEMD_LINE.test(line.message));
}

function isAfter(line: BootLine, other: { readonly line: number; readonly atSec: number } | undefined): boolean {
  return other === undefined || line.line > other.line;
}

function isBefore(one: Marker | undefined, other: Marker | undefined): boolean {
  return one !== undefined && other !== undefined && one.line < other.line;
}

function toMarker(id: MarkerId, line: BootLine): Marker {
  const { atSec, deltaSec, message } = line;
  return { id, atSec, deltaSec, line: line.line, text: message };
}
