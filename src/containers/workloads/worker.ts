import type { Container, Place } from '../place.ts';

/** The task is on its way out (include/linux/sched.h). */
const PF_EXITING = 0x4;

/** A container with its part in a workload. Disposing of it removes the container. */
export interface Worker extends AsyncDisposable {
  /** `fedora`, `tools`; the container's name in the daemon has a prefix more. */
  readonly role: string;
  readonly container: Container;
  /** Settles at once while the container runs, and when the daemon knows of its end where the kernel has begun to end it. */
  settled(): Promise<void>;
}

/**
 * Whether a process has ended or begun to, by its /proc/<pid>/stat (proc(5): state and flags are the 3rd and the 9th
 * field); `''` stands for a process that is no more.
 */
export function isEnding(stat: string): boolean {
  const [state = '', , , , , , flags] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return ['', 'Z', 'X'].includes(state) || (Number(flags) & PF_EXITING) !== 0;
}

/**
 * Waits for the daemon to learn what the kernel knows. A container whose main process is killed takes every command in it
 * along, and the daemon may tell of the commands' ends first and call the container running for a moment longer.
 *
 * @param pid main process of the container, on the machine; 0 when it was gone at once
 */
export async function settle(place: Pick<Place, 'run'>, container: Container, pid: number): Promise<void> {
  const stat = pid === 0 ? '' : (await place.run(['cat', `/proc/${pid}/stat`], { okExitCodes: [0, 1] })).stdout;
  if (isEnding(stat)) await container.wait();
}

/** Removes a container after another failure. The first failure is reported, this one is only logged. */
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
