/** Families whose guests are put together on the host from packages. */
export const BOOTSTRAPPED_FAMILIES = ['debian'] as const;
/** Families whose guests are made by their own installer, from its medium. */
export const INSTALLED_FAMILIES = ['centos'] as const;

/** What a guest definition may name as its `family`; `src/guest/distro/table.ts` has a row for each. */
export const GUEST_FAMILIES = [...BOOTSTRAPPED_FAMILIES, ...INSTALLED_FAMILIES] as const;
export type GuestFamily = (typeof GUEST_FAMILIES)[number];
