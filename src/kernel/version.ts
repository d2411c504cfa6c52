/** A mainline release, as its Makefile counts; stable releases of it are the same to drydock's tables. */
export interface KernelVersion {
  readonly major: number;
  readonly minor: number;
}

/** Below 0 when `one` is older, above 0 when it is newer. */
export function compareVersions(one: KernelVersion, other: KernelVersion): number {
  return one.major === other.major ? one.minor - other.minor : one.major - other.major;
}

/** Reads `4.10` or what begins so (`6.1.0-53-amd64`); `undefined` for anything else. */
export function parseVersion(text: string): KernelVersion | undefined {
  const found = /^(\d+)\.(\d+)/.exec(text);
  return found === null ? undefined : { major: Number(found[1]), minor: Number(found[2]) };
}

/** What a kernel tree's top Makefile says it is: its lines VERSION and PATCHLEVEL. */
export function versionOfMakefile(text: string): KernelVersion | undefined {
  const valueOf = (name: string): string => new RegExp(`^${name} *= *(\\d+) *$`, 'm').exec(text)?.[1] ?? '';
  return parseVersion(`${valueOf('VERSION')}.${valueOf('PATCHLEVEL')}`);
}
