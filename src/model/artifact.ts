/** A file in the content store. A type alias, not an interface, so that it counts as plain JSON. */
export type Artifact = {
  /** Hex sha256 of the content. */
  readonly sha256: string;
  readonly sizeBytes: number;
};
