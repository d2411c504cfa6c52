import { centos } from './centos.ts';
import { debian } from './debian.ts';
import type { Distro } from './distro.ts';

/** Every family that a guest definition may name. */
export const DISTROS: Readonly<Record<'debian' | 'centos', Distro>> = { debian, centos };
