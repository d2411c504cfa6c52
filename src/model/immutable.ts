import type { Json } from './json.ts';

/** `T` as it is read: neither it nor anything inside it can be assigned. For the types of schemas. */
export type Immutable<T> = Json extends T // read-only already
  ? T
  : T extends string | number | boolean | null | undefined
    ? T
    : { readonly [K in keyof T]: Immutable<T[K]> };
