import { Fault } from '../host/fault.ts';

/** Which guest a run takes, and why. */
export interface GuestChoice {
  readonly name: string;
  readonly reason: string;
}

/**
 * Decides `--guest`. `auto` is meant to take CentOS 7 where KVM works and its image can be had; this version has no
 * provider for that image, so `auto` takes Debian 12 and says so.
 * @throws Fault `unavailable` when CentOS 7 is asked for by name.
 */
export function chooseGuest(asked: string): GuestChoice {
  if (asked === 'centos-7-minimal') {
    throw new Fault({
      kind: 'unavailable',
      headline: 'The guest centos-7-minimal cannot be made yet: this version has no installer for it',
      hint: 'Run with --guest debian-12-minimal, or with --guest auto.',
    });
  }
  if (asked === 'auto') {
    return {
      name: 'debian-12-minimal',
      reason: 'auto: this version has no installer for CentOS 7, so Debian 12 it is',
    };
  }
  return { name: asked, reason: 'asked for by name' };
}
