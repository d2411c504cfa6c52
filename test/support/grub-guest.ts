import { guestBootedBy } from '../../src/pipeline/plan/image.ts';
import type { BootstrappedGuest } from '../../src/profile/guest-schema.ts';

/** The guest with GRUB's packages and its root in a partition, as `--boot grub` makes it. */
export function withGrub(definition: BootstrappedGuest): BootstrappedGuest {
  const booted = guestBootedBy('grub', definition);
  if (booted.family !== 'debian') throw new Error('The boot loader has changed the family');
  return booted;
}

/** The same without Docker, which costs every boot its time: for what ends before Docker would be asked for. */
export function withGrubAlone(definition: BootstrappedGuest): BootstrappedGuest {
  const withDocker = withGrub(definition);
  return {
    ...withDocker,
    packages: withDocker.packages.filter((name) => !['docker.io', 'apparmor', 'iptables'].includes(name)),
    files: withDocker.files.filter(({ to }) => !/drydock\/(?:modules|ready)$|drydock-\w+\.service$/.test(to)),
    enable: withDocker.enable.filter((unit) => !unit.startsWith('drydock-')),
  };
}
