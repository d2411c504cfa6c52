import { Fault } from '../host/fault.ts';
import { FACTORS } from './schema.ts';
import type { Arm, Factor, KernelSpec, Profile } from './schema.ts';

/** What turning each factor on changes, and what it cannot be on without. */
const MEANING: Readonly<Record<Factor, { readonly title: string; readonly needs?: Factor }>> = {
  config: { title: 'the kernel built from a cut-down configuration' },
  initrd: { title: "the candidate's initrd instead of the baseline's" },
  rtc: { title: 'the RTC patch', needs: 'config' },
  cmdline: { title: "the candidate's kernel parameters" },
};

const RTC_PATCH: KernelSpec['patches'][number] = 'rtc-no-sync';

function unfit(headline: string, hint: string): Fault {
  return new Fault({ kind: 'usage', headline, hint });
}

/** All subsets of the factors in which nothing is on without what it needs, smallest first. */
function feasibleCells(factors: readonly Factor[]): readonly (readonly Factor[])[] {
  const subsets = factors.reduce<readonly (readonly Factor[])[]>(
    (known, factor) => [...known, ...known.map((subset) => [...subset, factor])],
    [[]],
  );
  const isFeasible = (subset: readonly Factor[]): boolean =>
    subset.every((factor) => {
      const { needs } = MEANING[factor];
      return needs === undefined || !factors.includes(needs) || subset.includes(needs);
    });
  return subsets.filter(isFeasible).sort((a, b) => a.length - b.length);
}

function withoutRtc(kernel: KernelSpec, name: string): KernelSpec {
  return { ...kernel, name: `${name}-no-rtc`, patches: kernel.patches.filter((patch: string) => patch !== RTC_PATCH) };
}

/** Which factors differ between two arms, so that there is something to attribute. */
function differing(baseline: Arm, candidate: Arm): ReadonlySet<Factor> {
  const { kernel } = candidate;
  return new Set<Factor>([
    ...(baseline.kernel === 'stock' && kernel !== 'stock' ? (['config'] as const) : []),
    ...(kernel !== 'stock' && kernel.patches.includes(RTC_PATCH) ? (['rtc'] as const) : []),
    ...(baseline.initrd === candidate.initrd ? [] : (['initrd'] as const)),
    ...(baseline.cmdline.join(' ') === candidate.cmdline.join(' ') ? [] : (['cmdline'] as const)),
  ]);
}

/**
 * Derives the factorial profile that attributes a candidate's gain to its changes: one arm for every feasible combination of
 * `factors`. What is not among the factors stays as the candidate has it. Kernels keep their names across arms, so arms
 * that share one share its build.
 *
 * @throws Fault `usage` when the profile has no single pair of arms, or a factor does not differ between them
 */
export function ablate(profile: Profile, factors: readonly Factor[]): Profile {
  const arms = Object.entries(profile.arms);
  const baselines = arms.filter(([, arm]) => arm.role === 'baseline');
  const candidates = arms.filter(([, arm]) => arm.role === 'candidate');
  const [[baselineName, baseline] = []] = baselines;
  const [[candidateName, candidate] = []] = candidates;
  if (baselineName === undefined || baseline === undefined || candidateName === undefined || candidate === undefined) {
    throw unfit(`The profile ${profile.name} has no pair to ablate`, 'Ablation needs a baseline and a candidate arm.');
  }
  if (candidates.length > 1) {
    throw unfit(
      `The profile ${profile.name} has ${String(candidates.length)} candidates, and ablation takes one apart`,
      'Make a profile with one of them.',
    );
  }
  const different = differing(baseline, candidate);
  const idle = factors.filter((factor) => !different.has(factor));
  if (idle.length > 0) {
    throw unfit(
      `Nothing to ablate: ${idle.join(' and ')} ${idle.length === 1 ? 'is' : 'are'} the same in ${baselineName} and ${candidateName}`,
      `These differ: ${FACTORS.filter((factor) => different.has(factor)).join(', ') || 'none'}.`,
    );
  }
  if (candidate.initrd === 'none' || candidate.kernel === 'stock') {
    throw unfit(
      'Ablation needs a candidate with a kernel of its own and an initrd',
      'The stock kernel has its disk driver as a module and cannot boot without an initrd.',
    );
  }
  if (candidate.initrd === 'busybox-image' && factors.includes('config')) {
    throw unfit(
      "Ablation by config would boot the stock kernel with the candidate's initrd, and it cannot run one in the old style",
      'Ablate the candidate with initrd: busybox, or leave config out.',
    );
  }
  const built = candidate.kernel;
  if (built.base === 'distribution' && factors.includes('initrd')) {
    throw unfit(
      "Ablation by initrd would boot the candidate's kernel with the stock initrd, whose modules are of another release",
      'A kernel with base: distribution has its disk driver as a module; leave initrd out.',
    );
  }
  if (candidate.initrd === 'distribution' && factors.includes('config')) {
    throw unfit(
      "Ablation by config would boot the stock kernel with an initrd that the distribution made for the candidate's",
      'Give the candidate initrd: busybox, or leave config out.',
    );
  }
  const kernelName = built.name ?? candidateName;
  const has = (cell: readonly Factor[], factor: Factor): boolean => !factors.includes(factor) || cell.includes(factor);
  const cells = feasibleCells(factors);
  const made = cells.map((cell): readonly [string, Arm, readonly Factor[]] => {
    const isFull = cell.length === factors.length;
    const own = has(cell, 'rtc') ? { ...built, name: kernelName } : withoutRtc(built, kernelName);
    const arm: Arm = {
      role: cell.length === 0 ? 'baseline' : isFull ? 'candidate' : 'variant',
      kernel: has(cell, 'config') ? own : 'stock',
      initrd: has(cell, 'initrd') ? candidate.initrd : baseline.initrd,
      cmdline: has(cell, 'cmdline') ? candidate.cmdline : baseline.cmdline,
    };
    const isStock = cell.length === 0 && [...different].every((factor) => factors.includes(factor));
    const name = isFull ? candidateName : isStock ? baselineName : cell.length === 0 ? 'none' : cell.join('-');
    return [name, arm, cell];
  });
  return {
    ...profile,
    name: `${profile.name}-ablation`.slice(0, 40),
    description: `${profile.description}; taken apart by ${factors.join(', ')}`,
    arms: Object.fromEntries(made.map(([name, arm]) => [name, arm])),
    ablation: { factors: [...factors], cells: Object.fromEntries(made.map(([name, , cell]) => [name, [...cell]])) },
  };
}

/** What a factor stands for, for people. */
export function factorTitle(factor: Factor): string {
  return MEANING[factor].title;
}
