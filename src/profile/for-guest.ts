import type { KernelSpec, Profile } from './schema.ts';

/** Guests come from files, too: one that no profile can speak of has no variants. */
function variantFor<T>(variants: Readonly<Record<string, T>> | undefined, guest: string): T | undefined {
  return variants?.[guest];
}

function kernelFor(kernel: KernelSpec, guest: string): KernelSpec {
  const { guests, ...own } = kernel;
  const there = variantFor(guests, guest);
  if (there === undefined) return own;
  return {
    ...own,
    source: there.source ?? own.source,
    fragments: [...own.fragments, ...there.fragments],
    symbols: { ...own.symbols, ...there.symbols },
  };
}

/** The profile as it is on one guest: what its kernels and parameters have for that guest alone is taken in. */
export function profileFor(profile: Profile, guest: string): Profile {
  const { guestCmdline, ...rest } = profile;
  const arms = Object.entries(profile.arms).map(([arm, spec]): [string, Profile['arms'][string]] => [
    arm,
    spec.kernel === 'stock' ? spec : { ...spec, kernel: kernelFor(spec.kernel, guest) },
  ]);
  return {
    ...rest,
    cmdline: [...profile.cmdline, ...(variantFor(guestCmdline, guest) ?? [])],
    arms: Object.fromEntries(arms),
  };
}

/** The first arm whose kernel is built and has no variant for this guest. */
export function armNotMadeFor(profile: Profile, guest: string): string | undefined {
  return Object.entries(profile.arms).find(
    ([, { kernel }]) => kernel !== 'stock' && variantFor(kernel.guests, guest) === undefined,
  )?.[0];
}
