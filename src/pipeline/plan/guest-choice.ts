import path from 'node:path';
import { DISTROS } from '../../guest/distro/table.ts';
import type { ProbeResult } from '../../guest/machine/kvm-probe.ts';
import { Fault } from '../../host/fault.ts';
import type { Host } from '../../host/host.ts';
import { hostKernelPath, tryKvm } from '../../images/kvm-probe.ts';
import type { Artifact } from '../../model/artifact.ts';
import { armNotMadeFor, profileFor } from '../../profile/for-guest.ts';
import { isInstalled } from '../../profile/guest-schema.ts';
import type { GuestDefinition } from '../../profile/guest-schema.ts';
import { loadGuest } from '../../profile/load.ts';
import type { Profile } from '../../profile/schema.ts';
import type { Folders } from '../../stages/stage.ts';
import type { Store } from '../../store/store.ts';
import { requestedBuild } from './build-choice.ts';
import type { PlannedUnit } from '../events/event.ts';
import type { AdoptRequest, GuestChoice, RunRequest } from '../../model/request.ts';
import { whyUnfit } from './guest-fit.ts';
import { planImage } from './image.ts';

/** The thesis's own platform: taken where it can be had and is not hours of work. */
const THESIS_GUEST = 'centos-7-minimal';
const EVERYWHERE = 'debian-12-minimal';

/** The guest that was asked for, by the command line or else by the profile. */
export function requestedGuest(request: Pick<RunRequest, 'guest'>, profile: Pick<Profile, 'guest'>): string {
  return request.guest === 'auto' ? profile.guest : request.guest;
}

/** What can be said before the machine has been looked at. */
export function provisionalGuest(asked: string, { adopt }: Pick<RunRequest, 'adopt'> = {}): GuestChoice {
  if (asked !== 'auto') {
    const made = adopt === undefined ? '' : `, made of the given disk ${path.basename(adopt.disk)}`;
    return { name: asked, reason: `asked for by name${made}` };
  }
  return {
    name: EVERYWHERE,
    reason: `auto, unless this machine's KVM works and ${THESIS_GUEST} can be had, which is tried when the run begins`,
  };
}

export interface GuestQuestion {
  readonly host: Host;
  readonly store: Store;
  readonly folders: Folders;
  readonly request: RunRequest;
  readonly profile: Profile;
  readonly signal: AbortSignal;
  readonly busybox: Artifact;
}

/** Where the installer's medium would come from, or why it cannot be had. */
async function mediumFrom(question: GuestQuestion): Promise<{ readonly from: string } | { readonly why: string }> {
  const { host, store, folders, request, profile, signal, busybox } = question;
  const { value: guest } = await loadGuest(host.files, THESIS_GUEST, folders.guests);
  if (!isInstalled(guest)) throw new Error(`${guest.name} needs no medium`);
  if (request.image !== undefined) return { from: `its medium is ${path.basename(request.image)}` };
  const { medium } = planImage({ host, folders, request, profile, guest }, { output: () => ({ tools: {}, busybox }) });
  if (medium !== undefined && (await medium.peek({ store }))) return { from: 'its medium is in the cache' };
  const why = await host.downloads.whyNot(guest.medium.address, signal);
  return why === undefined ? { from: 'the vault answers' } : { why: `its medium cannot be had: ${why}` };
}

/**
 * Why a guest that is asked for by name cannot be had here at the moment, as a sentence for a plan: that is shown all the same.
 *
 * @param steps of the plan, with what is cached
 */
export async function whyNotHere(
  { downloads }: Pick<Host, 'downloads'>,
  guest: GuestDefinition,
  request: Pick<RunRequest, 'image' | 'adopt'>,
  steps: readonly Pick<PlannedUnit, 'id' | 'cached'>[],
  signal: AbortSignal,
): Promise<string | undefined> {
  if (!isInstalled(guest) || request.image !== undefined || request.adopt !== undefined) return undefined;
  if (steps.some(({ id, cached }) => id === 'medium' && cached)) return undefined;
  const why = await downloads.whyNot(guest.medium.address, signal);
  return why === undefined
    ? undefined
    : `the guest ${guest.name} cannot be had here: ${why}; --image PATH takes its installer from a file`;
}

/** KVM tried with the host's own kernel, the one kernel that is here before any guest is. */
async function tryHostKernel({ host, store, signal, busybox }: GuestQuestion): Promise<ProbeResult> {
  const directory = await host.files.makeTempDirectory(store.workDir(), 'guest-choice-');
  try {
    return await tryKvm(host, hostKernelPath(host), { busyboxPath: await store.use(busybox), directory, signal });
  } finally {
    await host.files.remove(directory);
  }
}

/** What `--guest auto` is decided by. What costs least is asked first, and nothing that no longer matters. */
export interface GuestFacts {
  /** Why the run could not do with CentOS 7, if it could not. */
  readonly unfit: string | undefined;
  readonly accelerator: RunRequest['accelerator'];
  opensKvm(): Promise<boolean>;
  mediumFrom(): Promise<{ readonly from: string } | { readonly why: string }>;
  probe(): Promise<ProbeResult>;
}

/** CentOS 7 where the run can do with it, KVM works and its medium can be had; Debian 12 elsewhere. */
export async function decideGuest(facts: GuestFacts): Promise<GuestChoice> {
  const rather = (why: string): GuestChoice => ({
    name: EVERYWHERE,
    reason: `auto: not ${THESIS_GUEST}, since ${why}`,
  });
  if (facts.unfit !== undefined) return rather(facts.unfit);
  if (facts.accelerator === 'tcg') return rather('TCG was asked for, and its installation would take hours');
  if (!(await facts.opensKvm())) return rather('/dev/kvm cannot be opened here');
  const medium = await facts.mediumFrom();
  if ('why' in medium) return rather(medium.why);
  const { works, evidence } = await facts.probe();
  if (!works) return rather(`KVM does not work here: ${evidence}`);
  return { name: THESIS_GUEST, reason: `auto: KVM works here (${evidence}), and ${medium.from}` };
}

/** Decides `--guest auto` on this machine. */
export function chooseGuest(question: GuestQuestion): Promise<GuestChoice> {
  const { host, request, profile } = question;
  const built = armNotMadeFor(profile, THESIS_GUEST);
  return decideGuest({
    // With --guest centos-7-minimal, any kernel with XFS is accepted. auto never moves a kernel that was built for Debian's root.
    unfit:
      whyUnfit('centos', profileFor(profile, THESIS_GUEST), request) ??
      (built === undefined ? undefined : `the kernel of ${built} is built for the root of ${EVERYWHERE}`),
    accelerator: request.accelerator,
    opensKvm: () => host.files.isWritable('/dev/kvm'),
    mediumFrom: () => mediumFrom(question),
    probe: () => tryHostKernel(question),
  });
}

/** Refuses what cannot be done with a given disk. */
async function checkAdoption(
  { files }: Pick<Host, 'files'>,
  guest: GuestDefinition,
  request: RunRequest,
  adopt: AdoptRequest,
  profile: Profile,
): Promise<void> {
  const refuse = (kind: 'usage' | 'unavailable', headline: string, hint: string): Fault =>
    new Fault({ kind, headline, hint });
  if (requestedGuest(request, profile) === 'auto')
    throw refuse(
      'usage',
      `--image ${adopt.disk} is a disk, and drydock does not know what is installed on it`,
      `Name it: --guest ${EVERYWHERE} or --guest ${THESIS_GUEST}.`,
    );
  if (request.boot === 'grub')
    throw refuse(
      'usage',
      '--boot grub is for guests whose boot loader drydock has installed, and a given disk has its own',
      'Omit --boot grub, or omit --image.',
    );
  const isBuiltWithMore = DISTROS[guest.family].toolchain.packages.length > 0;
  if (isBuiltWithMore && requestedBuild(request, profile) === 'guest')
    throw refuse(
      'usage',
      '--build guest is for guests that are made with what kernels are built with, and a given disk is used unchanged',
      'Run with --build host, or omit --image.',
    );
  const missing = await firstMissing(files, [adopt.disk, ...(adopt.keyPath === undefined ? [] : [adopt.keyPath])]);
  if (missing !== undefined)
    throw refuse('unavailable', `There is no file ${missing}`, 'Fix the path after --image or --image-key.');
}

async function firstMissing(files: Host['files'], paths: readonly string[]): Promise<string | undefined> {
  for (const one of paths) if ((await files.stat(one))?.kind !== 'file') return one;
  return undefined;
}

/**
 * Refuses what a guest that was asked for by name cannot do, before anything is installed or downloaded.
 *
 * @throws Fault `unavailable` or `usage`
 */
export async function checkGuest(
  host: Host,
  guest: GuestDefinition,
  request: RunRequest,
  profile: Profile,
): Promise<void> {
  const { name } = guest;
  const unfit = whyUnfit(guest.family, profile, request);
  if (unfit !== undefined) {
    throw new Fault({
      kind: 'unavailable',
      headline: `The guest ${name} cannot be used for this run: ${unfit}`,
      hint: `Run with --guest ${EVERYWHERE}, or with --guest auto.`,
    });
  }
  if (isInstalled(guest) && request.accelerator === 'kvm' && !(await host.files.isWritable('/dev/kvm'))) {
    throw new Fault({
      kind: 'unavailable',
      headline: `KVM was asked for, and /dev/kvm cannot be opened here: ${name} is not installed for nothing`,
      hint: 'Give this user /dev/kvm, or run with --accel tcg (the installation then takes hours).',
    });
  }
  if (request.adopt !== undefined) await checkAdoption(host, guest, request, request.adopt, profile);
  if (request.image === undefined) return;
  if (!isInstalled(guest) && requestedGuest(request, profile) !== 'auto') {
    throw new Fault({
      kind: 'usage',
      headline: `--image is the medium of an installer, and ${name} is made without one`,
      hint: `Omit --image, or run with --guest ${THESIS_GUEST}.`,
    });
  }
  if ((await host.files.stat(request.image))?.kind === 'file') return;
  throw new Fault({
    kind: 'unavailable',
    headline: `The guest ${THESIS_GUEST} cannot be made: there is no file ${request.image}`,
    hint: 'Give --image the path of CentOS-7-x86_64-Minimal-2009.iso; without --image it is downloaded from the vault.',
  });
}
