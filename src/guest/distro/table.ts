import { centos } from './centos.ts';
import { debian } from './debian.ts';
import type { GuestFamily } from '../../model/guest-family.ts';
import type { Distro } from './distro.ts';

/** Every family. */
export const DISTROS: Readonly<Record<GuestFamily, Distro>> = { debian, centos };
