import { Fault } from '../../host/fault.ts';
import { initrdScriptsDigest } from '../../initrd/busybox-initrd.ts';
import { collectorDigest } from '../../initrd/collector/collector.ts';
import { checkOldInitrdParameters } from '../../kernel/config/old-initrd-requirements.ts';
import type { Artifact } from '../../model/artifact.ts';
import type { Arm } from '../../profile/schema.ts';
import { collector } from '../../stages/initrd/collector.ts';
import { initrd } from '../../stages/initrd/initrd.ts';
import { initrdImage } from '../../stages/initrd/initrd-image.ts';
import { initrdInPlace } from '../../stages/initrd/initrd-in-place.ts';
import { modulesFor, planDistributionInitrd } from './distribution-initrd.ts';
import type { InitrdNeeds } from './distribution-initrd.ts';
import type { BuiltKernel, Early, PlanInput } from './kernel.ts';
import { defineStep } from '../steps/step.ts';
import type { Step } from '../steps/step.ts';

type InitrdKind = Arm['initrd'];

/** How an arm comes by its initrd. */
export interface InitrdPlan {
  /** Absent where nothing has to be made. */
  readonly step: Step<unknown> | undefined;
  /** The initrd once the step has run; `null` for an arm that boots without one. */
  initrd(): Artifact | null;
  /** Kernel parameters that make it start the initrd, once the step has run. */
  parameters(): readonly string[];
}

/** Why nothing can be added to an arm's initrd, as a clause behind the arm's name; nothing where it can. */
export function whyClosed(kind: InitrdKind): string | undefined {
  if (kind === 'none') return 'boots without an initrd';
  return kind === 'busybox-image' ? 'boots an initrd in the old style, which is no cpio' : undefined;
}

/** In a cpio kernels look for /init; the script is there under both names, and this is the thesis's. */
const BY_NAME = ['rdinit=/linuxrc'];

const inMiB = ({ initrd: file }: { readonly initrd: Artifact }): string =>
  `${(file.sizeBytes / 1024 ** 2).toFixed(2)} MiB`;

/** The step that makes the initrd of one arm, if there is one to make. */
export function planInitrd(
  input: PlanInput,
  name: string,
  spec: Arm,
  own: BuiltKernel | undefined,
  early: InitrdNeeds,
): InitrdPlan {
  const { host } = input;
  const tool = (tool: string): string => early.preflight.output().tools[tool] ?? '';
  const busybox = (): Artifact => early.preflight.output().busybox;
  const modules = () => modulesFor(input.guest, early.image.output(), spec, own);
  switch (spec.initrd) {
    case 'none':
      return { step: undefined, initrd: () => null, parameters: () => [] };
    case 'stock':
      return { step: undefined, initrd: () => early.image.output().initrd, parameters: () => [] };
    case 'distribution': {
      if (own === undefined) throw new Error(`The arm ${name} has lost its kernel`);
      const step = planDistributionInitrd(input, name, early, own);
      return { step, initrd: () => step.output().initrd, parameters: () => [] };
    }
    case 'busybox': {
      const step = defineStep({
        stage: initrd,
        arm: name,
        input: async () => ({
          busybox: busybox(),
          modules: modules(),
          compression: 'none' as const,
          scripts: await initrdScriptsDigest(host),
        }),
        summary: inMiB,
      });
      return { step, initrd: () => step.output().initrd, parameters: () => BY_NAME };
    }
    case 'busybox-image': {
      checkOldInitrdParameters(name, [...input.profile.cmdline, ...spec.cmdline]);
      const step = defineStep({
        stage: initrdImage,
        arm: name,
        input: async () => {
          const { release, config } = (own?.buildStep ?? early.image).output();
          return {
            busybox: busybox(),
            modules: modules(),
            scripts: await initrdScriptsDigest(host),
            e2fsprogs: tool('e2fsprogs'),
            kernel: { release, config },
          };
        },
        summary: (output) => inMiB(output),
      });
      return { step, initrd: () => step.output().initrd, parameters: () => step.output().parameters };
    }
    case 'stock-busybox': {
      const step = defineStep({
        stage: initrdInPlace,
        arm: name,
        input: async () => {
          const { initrd: stock, moduleOrder, release } = early.image.output();
          return {
            initrd: stock,
            busybox: busybox(),
            modules: { release, order: moduleOrder },
            scripts: await initrdScriptsDigest(host),
            tools: { zstd: tool('zstd'), xz: tool('xz-utils') },
          };
        },
        summary: inMiB,
      });
      return { step, initrd: () => step.output().initrd, parameters: () => BY_NAME };
    }
  }
}

/**
 * The step that puts the process collector before an arm's initrd.
 *
 * @throws Fault `usage` for an arm whose initrd it cannot be put before
 */
export function planCollector({ host }: PlanInput, name: string, kind: InitrdKind, early: Early, plan: InitrdPlan) {
  const why = whyClosed(kind);
  if (why !== undefined) {
    throw new Fault({
      kind: 'usage',
      headline: `--collect was asked for, but the arm ${name} ${why}, and the collector starts from one`,
      hint: 'Give the arm an initrd, or run without --collect: the collector runs in all arms or in none.',
    });
  }
  return defineStep({
    stage: collector,
    arm: name,
    input: async () => {
      const base = plan.initrd();
      if (base === null) throw new Error(`The arm ${name} has lost its initrd`);
      const { gcc = '', binutils = '' } = early.preflight.output().tools;
      return { initrd: base, sources: await collectorDigest(host), compiler: { gcc, binutils } };
    },
  });
}
