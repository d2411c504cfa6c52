import { samplerDigest } from '../../containers/sampler/sampler-program.ts';
import { Fault } from '../../host/fault.ts';
import { workloadImageTag } from '../../images/containers/workload-image.ts';
import type { WorkloadName } from '../../model/workloads.ts';
import type { Bench } from '../../profile/bench-schema.ts';
import { isInstalled } from '../../profile/guest-schema.ts';
import type { BootstrappedGuest } from '../../profile/guest-schema.ts';
import type { AcceleratorChoice } from '../../stages/guest/accelerator.ts';
import type { Install } from '../../stages/guest/install.ts';
import { packageRepository } from '../../stages/bench/package-repository.ts';
import type { PackageRepositoryOutput } from '../../stages/bench/package-repository.ts';
import { samplerProgram } from '../../stages/bench/sampler.ts';
import type { SamplerProgram } from '../../stages/bench/sampler.ts';
import { workloadDisk } from '../../stages/bench/workload-disk.ts';
import type { TaggedImage, WorkloadDisk } from '../../stages/bench/workload-disk.ts';
import { workloadImage, workloadImageInput } from '../../stages/bench/workload-image.ts';
import type { WorkloadImage } from '../../stages/bench/workload-image.ts';
import { benchOrder } from './bench-order.ts';
import type { PlannedBench } from './bench-order.ts';
import { imagesOf } from './bench-work.ts';
import { guestParameters } from './image.ts';
import type { Early, PlanInput } from './kernel.ts';
import { defineStep } from '../steps/step.ts';
import type { Step } from '../steps/step.ts';

/** An image of the profile, by the name that workloads give it. */
export interface PlannedImage {
  readonly name: string;
  readonly step: Step<WorkloadImage>;
  tagged(): TaggedImage;
}

/** Container work of a run: what has to be made for it, and its sessions in order. */
export interface BenchPlan {
  readonly spec: Bench;
  readonly workloads: readonly WorkloadName[];
  readonly images: readonly PlannedImage[];
  /** Only where a workload installs packages. */
  readonly repository?: Step<PackageRepositoryOutput>;
  readonly sampler: Step<SamplerProgram>;
  readonly disk: Step<WorkloadDisk>;
  readonly sessions: readonly PlannedBench[];
  readonly steps: readonly Step<unknown>[];
}

/** The place that is no arm: the physical machine. */
export const HOST_PLACE = 'host';

interface BenchNeeds extends Early {
  readonly accelerator: Step<AcceleratorChoice>;
  readonly install: Step<Install>;
}

function planRepository(
  { request }: PlanInput,
  guest: BootstrappedGuest,
  spec: Bench,
  images: readonly PlannedImage[],
) {
  const work = spec.workloads['package-install'];
  if (work === undefined) return undefined;
  const active = images.find(({ name }) => name === work.images.fedora);
  if (active === undefined) return undefined;
  return defineStep({
    stage: packageRepository,
    input: () => {
      const { status } = active.step.output();
      if (status === null) {
        throw new Fault({
          kind: 'profile',
          headline: `package-install installs Debian packages, and its image ${active.name} comes from a registry`,
          hint: 'Give the role fedora an image made of packages; the idle roles may have any.',
        });
      }
      const { archives, keyring } = guest;
      return { archives, keyring, wanted: work.packages, status, refresh: request.refresh };
    },
    summary: ({ packages }) => `${String(Object.keys(packages).length)} packages, pinned`,
  });
}

/** Lays out a run's container work, if it was asked for any. */
export function planBench(input: PlanInput, early: BenchNeeds): BenchPlan | undefined {
  const { host, guest, profile, request } = input;
  const { bench: asked } = request;
  if (asked === undefined || profile.bench === undefined) return undefined;
  const spec: Bench = { ...profile.bench, rounds: asked.rounds ?? profile.bench.rounds };
  // Refused when the guest was chosen (guest-fit.ts).
  if (isInstalled(guest)) throw new Error(`${guest.name} does not run the images of container work`);
  const tools = (): Readonly<Record<string, string>> => early.preflight.output().tools;
  const images = imagesOf(spec, asked.workloads).map((name): PlannedImage => {
    const from = spec.images[name];
    if (from === undefined) throw new Error(`The profile has lost its image ${name}`);
    const step = defineStep({
      stage: workloadImage,
      arm: name,
      input: () => workloadImageInput(from, guest, tools(), request.refresh),
      summary: ({ origin, tar }) => `${origin}, ${(tar.sizeBytes / 1024 ** 2).toFixed(0)} MiB`,
    });
    return {
      name,
      step,
      tagged: () => ({ tag: workloadImageTag(name, step.output().tar), tar: step.output().tar }),
    };
  });
  const repository = asked.workloads.includes('package-install')
    ? planRepository(input, guest, spec, images)
    : undefined;
  const sampler = defineStep({
    stage: samplerProgram,
    input: async () => {
      const { gcc = '', binutils = '' } = tools();
      return { gcc, binutils, sources: await samplerDigest(host) };
    },
  });
  const disk = defineStep({
    stage: workloadDisk,
    input: () => {
      const stock = early.image.output();
      return {
        disk: early.install.output().disk,
        hostKey: stock.hostKey,
        stock: { kernel: stock.kernel, initrd: stock.initrd, release: stock.release },
        stockCmdline: guestParameters(guest, profile.cmdline).join(' '),
        accelerator: early.accelerator.output().accelerator,
        machine: { cpus: guest.machine.cpus, memoryMb: guest.machine.memoryMb },
        qemu: tools()['qemu-system-x86'] ?? '',
        images: images.map((image) => image.tagged()),
      };
    },
    summary: ({ images: imported }) => `${String(imported.length)} images in the guest's Docker`,
  });
  const arms = Object.keys(profile.arms);
  return {
    spec,
    workloads: asked.workloads,
    images,
    ...(repository === undefined ? {} : { repository }),
    sampler,
    disk,
    sessions: benchOrder([...arms, HOST_PLACE], spec.rounds, asked.measuresBoots === true ? arms : []),
    steps: [...images.map(({ step }) => step), ...(repository === undefined ? [] : [repository]), sampler, disk],
  };
}
