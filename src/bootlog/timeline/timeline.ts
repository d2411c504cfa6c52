import type { BootMarkers, BootPhase, HostClock } from '../../model/boots/boot.ts';
import type { InitcallSpan } from '../../model/boots/bootlog.ts';
import type {
  BootTimeline,
  ClockFit,
  MachineEvent,
  SystemdClock,
  TimelineInstant,
  TimelineLane,
  TimelineSpan,
} from '../../model/boots/timeline.ts';
import { toHostSec } from './clock-fit.ts';
import { MARKER_IDS } from '../../model/boots/boot.ts';
import { markerName } from '../reading/markers.ts';
import { criticalChain } from './systemd-units.ts';
import type { SystemdUnit } from './systemd-units.ts';

/** Host seconds at which GRUB began to load the kernel, and at which it was done. */
interface LoaderTimes {
  readonly loadsAtSec: number;
  readonly startsAtSec: number;
}

/** Everything that is known of one boot, each part on its own clock. */
export interface TimelineInput {
  readonly arm: string;
  readonly order: number;
  readonly fit: ClockFit;
  readonly events: readonly MachineEvent[];
  /** When GRUB loaded the kernel from the disk; `unseen`: it did, at an unknown time. Absent: QEMU loaded it. */
  readonly loader?: LoaderTimes | 'unseen';
  /** Host seconds at which the kernel's first words came that carry no stamp (its decompressor's), if they came. */
  readonly kernelByteAtSec?: number;
  readonly markers: BootMarkers;
  readonly phases: readonly BootPhase[];
  readonly initcalls?: readonly InitcallSpan[];
  readonly units?: readonly SystemdUnit[];
  readonly systemdClock?: SystemdClock;
  readonly notes?: readonly string[];
}

const BEFORE_ITS_CLOCK = 'decompression and early setup, which every guest stamp leaves out';

/** Phases of bootlog/phases.ts that userspace spends. */
const USERSPACE = new Set(['initrd', 'systemd', 'modules', 'docker']);

/** drydock's own unit ends the measured boot; elsewhere the boot's goal does. */
const GOALS = ['drydock-ready.service', 'graphical.target', 'multi-user.target', 'default.target'];

/** Units shorter than this and off the critical chain tell nothing; a guest has two hundred of them. */
const SHORT_UNIT_SEC = 0.005;
/** An initcall_debug boot has thousands of calls; the costliest tell where the time went. */
const MAX_INITCALLS = 300;

/**
 * Puts everything that is known of a boot onto one axis: host seconds since the start of QEMU. What lies on a guest clock
 * is moved by the fit; without one, the guest's own seconds are kept and the timeline says so.
 */
export function buildTimeline(input: TimelineInput): BootTimeline {
  const { fit, systemdClock } = input;
  const isPlaced = fit.basis !== 'none';
  const ofKernel = (guestSec: number): number => micros(isPlaced ? toHostSec(fit, guestSec) : guestSec);
  const ofSystemd = (monotonicSec: number): number => ofKernel(monotonicSec + (systemdClock?.offsetSec ?? 0));
  const move = ({ name, startSec, endSec }: BootPhase): TimelineSpan => ({
    name,
    startSec: ofKernel(startSec),
    endSec: ofKernel(endSec),
  });
  const isUserspace = (phase: BootPhase): boolean => USERSPACE.has(phase.name);
  const lanes: readonly TimelineLane[] = [
    {
      id: 'machine',
      title: machineTitle(input),
      spans: isPlaced ? machineSpans(input, ofKernel(0)) : [],
    },
    { id: 'kernel', title: 'Kernel', spans: input.phases.filter((phase) => !isUserspace(phase)).map(move) },
    { id: 'initcalls', title: 'Initcalls and probes', spans: initcallSpans(input.initcalls ?? [], ofKernel) },
    { id: 'userspace', title: 'Userspace', spans: input.phases.filter(isUserspace).map(move) },
    { id: 'units', title: 'systemd units', spans: unitSpans(input.units ?? [], ofSystemd) },
    { id: 'docker', title: 'Docker', spans: dockerSpans(input, ofKernel, ofSystemd) },
  ];
  const instants = MARKER_IDS.flatMap((id): TimelineInstant[] => {
    const marker = input.markers[id];
    return marker === undefined ? [] : [{ name: markerName(id), atSec: ofKernel(marker.atSec) }];
  });
  const ends = [...instants.map(({ atSec }) => atSec), ...input.phases.map((phase) => ofKernel(phase.endSec))];
  const { ready } = input.markers;
  return {
    schema: 1,
    arm: input.arm,
    order: input.order,
    zero: isPlaced ? 'qemu-start' : 'kernel-clock',
    endSec: ready === undefined ? Math.max(0, ...ends) : ofKernel(ready.atSec),
    fit,
    ...(systemdClock === undefined ? {} : { systemdClock }),
    lanes: lanes.filter((lane) => lane.spans.length > 0),
    instants,
    events: input.events.map((event) => ({ ...event, atSec: micros(event.atSec) })),
    notes: [...(input.notes ?? []), ...fitNotes(input)],
  };
}

/** The fit as a boot's summary keeps it; nothing where there is none. */
export function hostClockOf({ fit }: BootTimeline): { readonly hostClock?: HostClock } {
  if (fit.basis === 'none') return {};
  const { offsetSec, rate, errorSec, points, exchanges, delay95Sec } = fit;
  return { hostClock: { offsetSec, rate, errorSec, points, exchanges, delay95Sec } };
}

function machineTitle({ loader }: TimelineInput): string {
  return loader === undefined ? 'QEMU and firmware' : 'QEMU, firmware and GRUB';
}

/** What happens before the kernel's clock runs, cut where something was seen from outside. */
function machineSpans(input: TimelineInput, kernelZeroSec: number): readonly TimelineSpan[] {
  const at = (name: string): number | undefined => input.events.find((event) => event.name === name)?.atSec;
  const resumed = at('RESUME');
  const running = resumed ?? at('monitor-connected');
  const cuts: readonly Cut[] = [
    {
      name: 'QEMU start',
      startSec: 0,
      detail:
        resumed === undefined
          ? 'until its monitor answers; the processors run by then, perhaps a little earlier'
          : 'until QEMU says that the processors run',
    },
    ...(typeof input.loader === 'object' ? loaderCuts(input.loader, running) : directCuts(input, running)),
  ];
  const known = cuts.flatMap(({ startSec, ...rest }) =>
    startSec === undefined || startSec > kernelZeroSec ? [] : [{ ...rest, startSec: micros(startSec) }],
  );
  // The end of QEMU's own start is unknown, so it is not shown separately.
  const [only] = known;
  if (known.length === 1 && only !== undefined)
    return [
      {
        ...only,
        name: `${machineTitle(input).replace(' and ', ', ')}, kernel before its clock`,
        endSec: kernelZeroSec,
      },
    ];
  return known.map((span, index) => ({ ...span, endSec: known[index + 1]?.startSec ?? kernelZeroSec }));
}

interface Cut {
  readonly name: string;
  readonly startSec: number | undefined;
  readonly detail: string;
}

/** A kernel that QEMU put into the guest's memory: firmware, and what the kernel does before it stamps. */
function directCuts({ kernelByteAtSec }: TimelineInput, running: number | undefined): readonly Cut[] {
  return [
    {
      name: kernelByteAtSec === undefined ? 'firmware, kernel before its clock' : 'firmware',
      startSec: running,
      detail:
        kernelByteAtSec === undefined
          ? 'nothing on the console parts the firmware from what the kernel does before its clock runs'
          : 'until the kernel’s first byte',
    },
    { name: 'kernel before its clock', startSec: kernelByteAtSec, detail: BEFORE_ITS_CLOCK },
  ];
}

/** A kernel that GRUB loads from the disk: its menu entry says when it begins and when it is done. */
function loaderCuts({ loadsAtSec, startsAtSec }: LoaderTimes, running: number | undefined): readonly Cut[] {
  return [
    {
      name: 'firmware, start of GRUB',
      startSec: running,
      detail: 'until GRUB takes the menu entry: the firmware finds the disk, GRUB its modules and its configuration',
    },
    { name: 'GRUB loads', startSec: loadsAtSec, detail: 'kernel and initrd, read from the disk through the firmware' },
    { name: 'kernel before its clock', startSec: startsAtSec, detail: BEFORE_ITS_CLOCK },
  ];
}

function initcallSpans(spans: readonly InitcallSpan[], ofKernel: (sec: number) => number): readonly TimelineSpan[] {
  return [...spans]
    .sort((a, b) => b.usecs - a.usecs)
    .slice(0, MAX_INITCALLS)
    .sort((a, b) => a.startSec - b.startSec || a.line - b.line)
    .map((span) => ({
      name: span.name,
      startSec: ofKernel(span.startSec),
      endSec: ofKernel(span.endSec),
      depth: span.depth,
      detail: `${span.kind}${span.module === undefined ? '' : ` [${span.module}]`}, returned ${String(span.returned)}`,
    }));
}

function unitSpans(units: readonly SystemdUnit[], ofSystemd: (sec: number) => number): readonly TimelineSpan[] {
  const goal = GOALS.find((id) => units.some((unit) => unit.id === id));
  const chain = new Set(goal === undefined ? [] : criticalChain(units, goal));
  return units
    .filter((unit) => chain.has(unit) || unit.endSec - unit.startSec >= SHORT_UNIT_SEC)
    .sort((a, b) => a.startSec - b.startSec || a.endSec - b.endSec)
    .map((unit) => ({
      name: unit.id,
      startSec: ofSystemd(unit.startSec),
      endSec: ofSystemd(unit.endSec),
      ...(chain.has(unit) ? { critical: true } : {}),
    }));
}

function dockerSpans(
  { units = [], markers }: TimelineInput,
  ofKernel: (sec: number) => number,
  ofSystemd: (sec: number) => number,
): readonly TimelineSpan[] {
  const services = [
    ['containerd.service', 'containerd starts'],
    ['docker.service', 'dockerd starts'],
  ].flatMap(([id, name]): TimelineSpan[] => {
    const unit = units.find((one) => one.id === id);
    if (unit === undefined || name === undefined) return [];
    return [{ name, startSec: ofSystemd(unit.startSec), endSec: ofSystemd(unit.endSec) }];
  });
  const [up, ready] = [markers['docker0-up'], markers.ready];
  if (up === undefined || ready === undefined || ready.atSec < up.atSec) return services;
  const container = { name: 'docker0 up, container runs', startSec: ofKernel(up.atSec), endSec: ofKernel(ready.atSec) };
  return [...services, container];
}

function fitNotes({ fit, units, systemdClock }: TimelineInput): readonly string[] {
  const clock =
    units === undefined || units.length === 0 || systemdClock?.basis === 'measured'
      ? []
      : [
          'systemd’s clock was not compared with the kernel’s: its units may stand early by the time between the two starts',
        ];
  return fit.basis === 'none' ? [`the guest is not on the host’s clock: ${fit.reason}`, ...clock] : clock;
}

/** Positions are worth no more than microseconds, and a file of them no more digits. */
function micros(seconds: number): number {
  return Math.round(seconds * 1e6) / 1e6;
}
