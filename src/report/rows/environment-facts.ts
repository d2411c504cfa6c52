import type { Clock } from '../../model/verdicts/measure.ts';
import type { RunRecord } from '../../model/record.ts';
import type { StoppingRecord } from '../../model/verdicts/stopping.ts';
import { formatInstant, plural, shortDigest } from '../text/format.ts';

/** One condition of the run, with why it is so where a choice was made. */
export interface Fact {
  readonly name: string;
  readonly value: string;
  readonly why?: string;
}

const clockWords: Readonly<Record<Clock, string>> = {
  wall: "guest's printk clock (wall time)",
  virtual: "virtual clock (counts the guest's instructions)",
  none: 'none (sizes)',
};

/** Everything that must match before two runs may be compared, and how this one was measured. */
export function environmentFacts(record: RunRecord): readonly Fact[] {
  const { environment, guest, profile } = record;
  return [
    {
      name: 'Accelerator',
      value: environment.accelerator === 'kvm' ? 'KVM' : 'TCG (emulation: no figure here is a bare-metal figure)',
      why: environment.acceleratorReason,
    },
    { name: 'Guest', value: guest.name, why: guest.reason },
    { name: 'CPU', value: `${environment.cpuModel}, ${plural(environment.cpuCount, 'CPU')}` },
    {
      name: 'Guest machine',
      value: `${plural(environment.guestCpus, 'vCPU')}, ${environment.guestMemoryMb} MB`,
    },
    { name: 'QEMU', value: environment.qemuVersion },
    ...(environment.boot === 'grub'
      ? [
          {
            name: 'Boot loader',
            value: 'GRUB on the guest’s disk',
            why: 'the host’s times hold firmware and GRUB, too',
          },
        ]
      : []),
    ...(record.keptKernel === undefined
      ? []
      : [
          {
            name: 'Kept disk',
            value: record.keptKernel.disk,
            why: `boots ${record.keptKernel.reboot.unameRelease} (${record.keptKernel.arm}) by itself, as a boot has proved; sha256 ${shortDigest(record.keptKernel.sha256)}`,
          },
        ]),
    { name: 'Host', value: `${environment.hostOs}, Linux ${environment.hostKernel}` },
    {
      name: 'Boots',
      value: `${record.bootsPerArm} an arm`,
      why:
        environment.guestDisk === undefined
          ? 'each from the same disk state, in a throwaway overlay'
          : `those that the sessions of container work begin with, each from the same disk, in a throwaway overlay: the guest ${environment.guestDisk}`,
    },
    ...(record.virtualBoots === undefined
      ? []
      : [
          {
            name: 'Boots on the virtual clock',
            value: `${record.virtualBoots.length} in all`,
            why: 'one vCPU, kernel and initrd alone; host noise has no part in them',
          },
        ]),
    ...(record.stopping === undefined
      ? []
      : [{ name: 'Stopping', value: record.stopping.reason, why: lookWords(record.stopping) }]),
    { name: 'Order', value: record.bootOrder.length === 0 ? 'no boots' : record.bootOrder.join(', ') },
    { name: 'Samples', value: sampleWords(record) },
    { name: 'Clock', value: clocks(record) },
    ...buildFacts(record),
    { name: 'Profile', value: profile.name, why: `sha256 ${shortDigest(profile.sha256)}` },
    {
      name: 'Guest image',
      value: plural(Object.keys(guest.packages).length, 'package'),
      why: `sha256 ${shortDigest(guest.imageSha256)}`,
    },
    { name: 'Started', value: formatInstant(record.startedAt) },
    { name: 'Finished', value: formatInstant(record.finishedAt) },
  ];
}

/** Where and with which compiler the kernels of the run were built: one fact for all that share both. */
function buildFacts({ arms }: RunRecord): readonly Fact[] {
  const shared = new Map<string, { readonly names: string[]; readonly why: string }>();
  for (const { name, build } of arms) {
    if (build === undefined) continue;
    const value = `${build.where === 'host' ? 'on the host' : 'in the guest'} with ${build.compiler}`;
    const known = shared.get(value);
    if (known === undefined) shared.set(value, { names: [name], why: build.reason });
    else known.names.push(name);
  }
  return [...shared].map(([value, { names, why }]) => ({
    name: `Kernel of ${names.join(', ')}`,
    value: `built ${value}`,
    why,
  }));
}

/** Every look with the p its tests had to come below. */
function lookWords({ looks, metrics }: StoppingRecord): string {
  const words = looks.map(({ bootsPerArm, nominalP, verdicts }) => {
    const said = verdicts.map(({ candidate, metric, verdict }) => `${metric} of ${candidate} ${verdict}`).join(', ');
    return `${bootsPerArm} boots, p below ${nominalP.toFixed(4)}: ${said === '' ? 'nothing to judge' : said}`;
  });
  return `decided by ${metrics.join(' and ')}; ${words.join(' · ')}`;
}

function sampleWords(record: RunRecord): string {
  const arms = Object.entries(record.measurements).map(([arm, measurements]) => {
    const counts = [...new Set(measurements.filter((one) => one.clock !== 'none').map((one) => one.samples.length))];
    const least = Math.min(...counts);
    const most = Math.max(...counts);
    const words = counts.length === 0 ? 'none' : least === most ? String(least) : `${least} to ${most}`;
    return `${arm} ${words}`;
  });
  return arms.length === 0 ? 'none' : `${arms.join(', ')} a timed metric`;
}

function clocks(record: RunRecord): string {
  const all = new Set(Object.values(record.measurements).flatMap((ones) => ones.map((one) => one.clock)));
  const timed = [...all].filter((clock) => clock !== 'none');
  return timed.length === 0 ? 'nothing was timed' : timed.map((clock) => clockWords[clock]).join('; ');
}
