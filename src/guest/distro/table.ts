import { centos } from './centos.ts';
import { debian } from './debian.ts';
import type { Distro } from './distro.ts';

/** A family that a guest definition may name. */
export type GuestFamily = 'debian' | 'centos';

/** Every family. */
export const DISTROS: Readonly<Record<GuestFamily, Distro>> = { debian, centos };
