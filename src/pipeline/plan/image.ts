import path from 'node:path';
import { DISTROS } from '../../guest/distro/table.ts';
import { isInstalled } from '../../profile/guest-schema.ts';
import type { GuestDefinition } from '../../profile/guest-schema.ts';
import { adoptedImageInput, centosImageInput, debianImageInput, image } from '../../stages/guest/image.ts';
import type { Image } from '../../stages/guest/image.ts';
import { medium } from '../../stages/guest/medium.ts';
import type { Medium } from '../../stages/guest/medium.ts';
import type { Preflight } from '../../stages/host/preflight.ts';
import type { RunRequest } from '../../model/request.ts';
import type { PlanInput } from './kernel.ts';
import { defineStep } from '../steps/step.ts';
import type { Step } from '../steps/step.ts';

/** The steps that end with the guest's image; some guests come from an installer's medium, which is a step before it. */
export interface ImagePlan {
  readonly steps: readonly Step<unknown>[];
  readonly image: Step<Image>;
  readonly medium?: Step<Medium>;
}

/** The image's input as it was before there were installers, so that what is in caches stays there. */
export function planImage(input: PlanInput, preflight: Pick<Step<Preflight>, 'output'>): ImagePlan {
  const { host, guest, folders, request } = input;
  const digest = (file: string) => host.files.sha256(file);
  const summary = ({ release, kernelVersion }: Image): string =>
    `${guest.name}, stock kernel ${release} (${kernelVersion})`;
  const { adopt } = request;
  if (adopt !== undefined) {
    const step = defineStep({
      stage: image,
      input: () => {
        const { busybox } = preflight.output();
        const given = { path: adopt.disk, busybox, ...(adopt.keyPath === undefined ? {} : { keyPath: adopt.keyPath }) };
        return adoptedImageInput(digest, guest, folders.guests, given, request.refresh);
      },
      summary: (made) => `${summary(made)}, from ${path.basename(adopt.disk)}`,
    });
    return { steps: [step], image: step };
  }
  if (!isInstalled(guest)) {
    const step = defineStep({
      stage: image,
      input: () => debianImageInput(digest, guest, folders.guests, preflight.output().tools, request.refresh),
      summary,
    });
    return { steps: [step], image: step };
  }
  const given = request.image;
  const location = given === undefined ? guest.medium.address : path.resolve(given);
  const mediumStep = defineStep({
    stage: medium,
    input: () => ({ guest: guest.name, location, sha256: guest.medium.sha256 }),
    summary: ({ iso }) => `${(iso.sizeBytes / 1024 ** 2).toFixed(0)} MiB from ${location}`,
  });
  const step = defineStep({
    stage: image,
    input: () => {
      const made = { iso: mediumStep.output().iso, busybox: preflight.output().busybox };
      return centosImageInput(digest, guest, folders.guests, made, request.refresh);
    },
    summary,
  });
  return { steps: [mediumStep, step], image: step, medium: mediumStep };
}

/** The guest as a given disk is: its root may be elsewhere than on one that is made here, where Debian's is the whole disk. */
export function guestOnDisk({ adopt }: Pick<RunRequest, 'adopt'>, guest: GuestDefinition): GuestDefinition {
  if (adopt === undefined) return guest;
  const first = /\d$/.test(guest.rootDevice) ? guest.rootDevice : `${guest.rootDevice}1`;
  return { ...guest, rootDevice: adopt.root ?? first };
}

/**
 * The guest as its boot loader needs it: with GRUB's packages, and with its root in a partition, so that GRUB has a place before it.
 * Another definition is another image, and the one without a boot loader stays what it is.
 */
export function guestBootedBy(boot: RunRequest['boot'], guest: GuestDefinition): GuestDefinition {
  if (boot === undefined) return guest;
  const packages = [...guest.packages, ...DISTROS[guest.family].bootLoader.packages];
  return { ...guest, packages, rootDevice: /\d$/.test(guest.rootDevice) ? guest.rootDevice : `${guest.rootDevice}1` };
}

/**
 * The step of an image that has what kernels are built with: the guest's own where that has them, otherwise another image of the
 * same definition with more packages.
 */
export function planToolchain(
  input: PlanInput,
  preflight: Pick<Step<Preflight>, 'output'>,
  own: Step<Image>,
  packages: readonly string[],
): Step<Image> {
  const { host, guest, folders, request } = input;
  if (isInstalled(guest) || packages.length === 0) return own;
  const definition = { ...guest, packages: [...guest.packages, ...packages] };
  return defineStep({
    stage: image,
    arm: 'toolchain',
    input: () =>
      debianImageInput(
        (file) => host.files.sha256(file),
        definition,
        folders.guests,
        preflight.output().tools,
        request.refresh,
      ),
    summary: () => `${guest.name} with ${packages.join(', ')}`,
  });
}

/** Profiles name the disk; which part of it holds the root is the guest's own affair. */
const PROFILE_ROOT = 'root=/dev/vda';

/** Kernel parameters of a profile as they are right for this guest. */
export function guestParameters(guest: GuestDefinition, parameters: readonly string[]): readonly string[] {
  return parameters.map((one) => (one === PROFILE_ROOT ? `root=${guest.rootDevice}` : one));
}
