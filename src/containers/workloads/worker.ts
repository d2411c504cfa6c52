import type { Container } from '../place.ts';

/** A container with its part in a workload. Disposing of it removes the container. */
export interface Worker extends AsyncDisposable {
  /** `fedora`, `tools`; the container's name in the daemon has a prefix more. */
  readonly role: string;
  readonly container: Container;
}

/** Removes a container while another failure is on its way up: what went wrong first is what is told, this is logged. */
export async function removeAnyway(
  container: AsyncDisposable,
  role: string,
  log: (line: string) => void,
): Promise<void> {
  try {
    await container[Symbol.asyncDispose]();
  } catch (error) {
    log(`${role} could not be removed: ${error instanceof Error ? error.message : String(error)}`);
  }
}
