import { DISTROS } from '../../guest/distro/table.ts';
import type { GuestDefinition } from '../../profile/guest-schema.ts';
import type { Profile } from '../../profile/schema.ts';
import type { RunRequest } from '../../model/request.ts';

/** What a run asks for that a guest may not be able to give. */
export type GuestDemands = Pick<RunRequest, 'bench' | 'virtualBoots'>;

/** Why a guest of this family cannot do what a run asks for: one clause, or nothing. */
export function whyUnfit(
  family: GuestDefinition['family'],
  profile: Profile,
  demands: GuestDemands,
): string | undefined {
  const distro = DISTROS[family];
  const arms = Object.entries(profile.arms);
  for (const [name, { kernel }] of arms) {
    if (distro.hasSourcePackages || kernel === 'stock' || !('package' in kernel.source)) continue;
    return `${profile.name} builds the kernel of ${name} from Debian's package ${kernel.source.package}`;
  }
  const [stock] = arms.find(([, { initrd }]) => initrd === 'stock' || initrd === 'distribution') ?? [];
  if (!distro.hasVirtualHandOver && (demands.virtualBoots ?? 0) > 0 && stock !== undefined) {
    return `the distribution's initrd of ${stock} has no place for the hand-over that ends a boot on the virtual clock`;
  }
  if (!distro.runsBenchImages && demands.bench !== undefined) {
    return 'the container images of --bench are too new for its Docker';
  }
  return undefined;
}
