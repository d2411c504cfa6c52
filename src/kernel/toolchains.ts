import { compareVersions } from './version.ts';
import type { KernelVersion } from './version.ts';

/** An older compiler than a host's own, and what has to be said to make when it builds a release of its time. */
export interface PeriodCompiler {
  /** Debian's package, whose name is the program's. */
  readonly package: string;
  /** Of make's command line. */
  readonly makeVariables: readonly string[];
}

/** Releases that the same compilers build. */
interface Era {
  /** The first of them. */
  readonly from: KernelVersion;
  /** Releases of gcc that build them unchanged, without extra flags; there may be no newest. */
  readonly oldestGcc: number;
  readonly newestGcc?: number;
  /** What builds them on a host whose own gcc is too new. */
  readonly hostCompiler?: PeriodCompiler;
}

/**
 * gcc 11 needs three flags: common symbols may be defined twice (the parsers of scripts/), which gcc 10 refuses;
 * and neither position-independent code nor CET, which distributions switch on and those makefiles do not switch off. Built and
 * booted so: 4.10.17.
 */
const GCC_11: PeriodCompiler = {
  package: 'gcc-11',
  makeVariables: ['HOSTCFLAGS=-fcommon', 'KCFLAGS=-fno-pie -fcf-protection=none'],
};

/**
 * By release, newest first. Up to 4.1 there is a header for every compiler, of which include/linux/compiler-gcc5.h is the last,
 * so what Debian 12 has cannot build them. Minimum versions: Documentation/process/changes.rst.
 */
const ERAS: readonly Era[] = [
  { from: { major: 5, minor: 15 }, oldestGcc: 5.1 },
  { from: { major: 5, minor: 8 }, oldestGcc: 4.9 },
  { from: { major: 5, minor: 0 }, oldestGcc: 4.6 },
  { from: { major: 4, minor: 2 }, oldestGcc: 4.6, newestGcc: 9, hostCompiler: GCC_11 },
  { from: { major: 3, minor: 0 }, oldestGcc: 4.6, newestGcc: 5 },
];

function eraOf(version: KernelVersion): Era | undefined {
  return ERAS.find(({ from }) => compareVersions(version, from) >= 0);
}

/** The compiler with which a host builds a release that its own is too new for; `undefined` where its own will do. */
export function periodCompiler(version: KernelVersion): PeriodCompiler | undefined {
  return eraOf(version)?.hostCompiler;
}

/** Whether a release was made for compilers that no current distribution has any more. */
export function isPeriodKernel(version: KernelVersion): boolean {
  const era = eraOf(version);
  return era === undefined || era.newestGcc !== undefined;
}

/** Whether a gcc, such as 4.8 or 12, builds a release as it is. */
export function canBuild(gcc: number, version: KernelVersion): boolean {
  const era = eraOf(version);
  return era !== undefined && gcc >= era.oldestGcc && gcc <= (era.newestGcc ?? Number.POSITIVE_INFINITY);
}
