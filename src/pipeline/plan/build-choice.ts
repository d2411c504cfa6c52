import path from 'node:path';
import { DISTROS } from '../../guest/distro/table.ts';
import { Fault } from '../../host/fault.ts';
import type { Host } from '../../host/host.ts';
import { canBuild, isPeriodKernel, periodCompiler } from '../../kernel/toolchains.ts';
import type { PeriodCompiler } from '../../kernel/toolchains.ts';
import { parseVersion, versionOfMakefile } from '../../kernel/version.ts';
import type { KernelVersion } from '../../kernel/version.ts';
import type { Accelerator } from '../../model/environment.ts';
import type { GuestDefinition } from '../../profile/guest-schema.ts';
import type { KernelSpec, Profile } from '../../profile/schema.ts';
import type { AcceleratorChoice } from '../../stages/guest/accelerator.ts';
import type { BuildChoice } from '../events/event.ts';
import type { BuildPlace, RunRequest } from '../../model/request.ts';
import type { Step } from '../steps/step.ts';

/** Where kernels are to be built, by the command line or else by the profile. */
export function requestedBuild(
  request: Pick<RunRequest, 'build'>,
  profile: Pick<Profile, 'build'>,
): BuildPlace | 'auto' {
  return request.build ?? profile.build;
}

/** The release of a source as far as it is known before anything is fetched: by a name, or a folder's Makefile. */
export async function sourceVersion(host: Host, { source }: KernelSpec): Promise<KernelVersion | undefined> {
  if ('package' in source) return parseVersion(source.package.replace(/^linux-source-/, ''));
  if ('tarball' in source) return parseVersion(/linux-(\d[^/]*)$/.exec(source.tarball)?.[1] ?? '');
  const makefile = path.join(path.resolve(source.directory), 'Makefile');
  // The stage itself says what is wrong with a folder that is no kernel's.
  if ((await host.files.stat(makefile))?.kind !== 'file') return undefined;
  return versionOfMakefile(await host.files.readText(makefile));
}

/** What is known of a kernel and its surroundings when it is decided where to build it. */
export interface BuildQuestion {
  readonly asked: BuildPlace | 'auto';
  readonly version: KernelVersion | undefined;
  readonly guest: Pick<GuestDefinition, 'name' | 'family'>;
  /** What was asked for, and what a probe boot has shown since. */
  readonly accelerator: 'auto' | Accelerator;
}

const nameOf = ({ major, minor }: KernelVersion): string => `Linux ${major}.${minor}`;

/**
 * Where a kernel is built, and why: in the guest if that was asked for, or if the kernel is older than what current compilers
 * build, the guest's compiler is of its time, and KVM works; on the host otherwise.
 *
 * @throws Fault `unavailable` when the guest that was asked for has a compiler that cannot build it
 */
export function decideBuild({ asked, version, guest, accelerator }: BuildQuestion): BuildChoice {
  const { toolchain } = DISTROS[guest.family];
  const fits = version === undefined || canBuild(toolchain.gcc, version);
  const ownCompiler = `gcc ${toolchain.gcc} of ${guest.name}`;
  if (asked === 'host') return { where: 'host', reason: 'asked for' };
  if (asked === 'guest') {
    const helped = toolchain.hasPeriodCompilers && version !== undefined && periodCompiler(version) !== undefined;
    if (fits || helped) return { where: 'guest', reason: 'asked for' };
    throw new Fault({
      kind: 'unavailable',
      headline: `${ownCompiler} cannot build ${nameOf(version)}`,
      hint: "Run with --build host, or use a guest whose compiler fits this kernel's age.",
    });
  }
  const rather = (why: string): BuildChoice => ({ where: 'host', reason: `auto: ${why}` });
  if (version === undefined) return rather('its release is not known beforehand');
  if (!isPeriodKernel(version)) return rather(`current compilers build ${nameOf(version)}`);
  if (!fits) return rather(`${ownCompiler} is not of the time of ${nameOf(version)} either`);
  if (accelerator === 'tcg')
    return rather(`${ownCompiler} is of the time of ${nameOf(version)}, but under TCG it would take hours`);
  const why = `${ownCompiler} is of the time of ${nameOf(version)}`;
  if (accelerator === 'kvm') return { where: 'guest', reason: `auto: ${why}, and KVM works here` };
  return { where: 'guest', reason: `auto: ${why}, if KVM works here, which is tried when the run begins` };
}

/** Where one kernel is built, as far as it is known at any time. */
export interface BuildSite {
  /** What can be said before the accelerator is known. */
  readonly planned: BuildChoice;
  /** Whether it may be the host in the end: what auto gives to the guest comes back where KVM does not work. */
  readonly mayBeHost: boolean;
  /** What is so once the accelerator is known. */
  decide(accelerator: Pick<Step<AcceleratorChoice>, 'output'>): BuildChoice;
  /** The compiler of a build there that is not its machine's own, if there must be one. */
  period(where: BuildPlace): PeriodCompiler | undefined;
}

function siteOf(question: BuildQuestion): BuildSite {
  const { asked, version, guest } = question;
  const { toolchain } = DISTROS[guest.family];
  const planned = decideBuild(question);
  return {
    planned,
    mayBeHost: planned.where === 'host' || (asked === 'auto' && question.accelerator === 'auto'),
    decide: (step) => {
      if (asked !== 'auto' || planned.where === 'host') return planned;
      return decideBuild({ ...question, accelerator: step.output().accelerator });
    },
    period: (where) => {
      if (version === undefined) return undefined;
      if (where === 'guest' && (!toolchain.hasPeriodCompilers || canBuild(toolchain.gcc, version))) return undefined;
      return periodCompiler(version);
    },
  };
}

/** Where each kernel of a profile is built, by arm; arms with the stock kernel have none. */
export async function planSites(
  host: Host,
  profile: Profile,
  guest: BuildQuestion['guest'],
  request: Pick<RunRequest, 'build' | 'accelerator'>,
): Promise<ReadonlyMap<string, BuildSite>> {
  const sites = new Map<string, BuildSite>();
  const asked = requestedBuild(request, profile);
  for (const [arm, { kernel }] of Object.entries(profile.arms)) {
    if (kernel === 'stock') continue;
    const version = await sourceVersion(host, kernel);
    sites.set(arm, siteOf({ asked, version, guest, accelerator: request.accelerator }));
  }
  return sites;
}

/** Packages of older compilers that the host needs if a kernel is, or may have to be, built there. */
export function hostCompilers(sites: readonly BuildSite[]): readonly string[] {
  const onHost = sites.filter(({ mayBeHost }) => mayBeHost);
  return [...new Set(onHost.flatMap((site) => site.period('host')?.package ?? []))];
}

/** What an image for building has beside the guest's own packages. */
export function toolchainPackages(family: GuestDefinition['family'], sites: readonly BuildSite[]): readonly string[] {
  const periods = sites.flatMap((site) => site.period('guest')?.package ?? []);
  return [...DISTROS[family].toolchain.packages, ...new Set(periods)];
}
