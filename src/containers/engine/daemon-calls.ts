import { Fault } from '../../host/fault.ts';
import { DaemonGone, daemonFault } from './daemon-fault.ts';
import type { DaemonRequest } from './daemon-fault.ts';

/** `cleanup` is done even when the run was aborted. */
export type Purpose = 'work' | 'cleanup';

/** What a place knows of its machine and its daemon; an engine uses it around every request. */
export interface DaemonSurroundings {
  /** Does `work` as long as the machine lives and the run is wanted; throws the real cause if it fails. */
  during<T>(what: string, work: () => Promise<T>, purpose: Purpose): Promise<T>;
  /** The daemon's last words, asked for when it has gone away. May throw what is really the matter with its machine. */
  outputTail(): Promise<readonly string[]>;
  /** A process's number in the machine's own PID namespace, from its number in the daemon's; 0 when it is gone. */
  machinePid(pid: number, containerId: string): Promise<number>;
  /** Told what could not be cleaned up. */
  onTrouble(sentence: string): void;
}

/** Makes one request, which `what` names: "drydock could not …". */
export type DaemonCall = <T>(what: DaemonRequest, work: () => Promise<T>, purpose?: Purpose) => Promise<T>;

/** Requests whose every failure is a `Fault` with the daemon's own words in its detail. */
export function createDaemonCall({
  during,
  outputTail,
}: Pick<DaemonSurroundings, 'during' | 'outputTail'>): DaemonCall {
  return async (what, work, purpose = 'work') => {
    const told = async (): ReturnType<typeof work> => {
      try {
        return await work();
      } catch (error) {
        throw daemonFault(what, error);
      }
    };
    try {
      return await during(`the Docker daemon to ${what}`, told, purpose);
    } catch (error) {
      if (!(error instanceof DaemonGone)) throw error;
      const detail = [...(error.failure.detail ?? []), ...(await outputTail())];
      throw new Fault({ ...error.failure, detail }, { cause: error });
    }
  };
}
