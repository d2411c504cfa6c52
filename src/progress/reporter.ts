import type { BenchSession } from '../model/bench.ts';
import type { BootSummary } from '../model/boots/boot.ts';
import type { RunEvent } from '../pipeline/events/event.ts';

/** Shows a run to the user. Consumers of events only: they never steer. */
export interface Reporter {
  event(event: RunEvent): void;
  /** Settles when everything is on the screen. */
  close(): Promise<void>;
}

/** Where a reporter writes. */
export interface Terminal {
  write(text: string): void;
  readonly columns: number;
}

/** When a boot on the virtual clock was over, counted from the machine's reset. */
export function handOverWords({ metrics }: { readonly metrics: Readonly<Record<string, number>> }): string {
  return `${(metrics['hand_over_virtual'] ?? Number.NaN).toFixed(6)} virtual s`;
}

/** A boot's arm and when it was ready on the host's clock, marked where that figure does not count. */
export function hostReadyWords({
  arm,
  hostReadySec,
  excluded,
}: Pick<BootSummary, 'arm' | 'hostReadySec' | 'excluded'>): string {
  return `${arm} ${hostReadySec.toFixed(1)} s${excluded === undefined ? '' : ' (does not count)'}`;
}

/** How the workloads of a session ended. */
export function workloadWords({ runs }: Pick<BenchSession, 'runs'>): string {
  const failed = runs.filter(({ status }) => status === 'failed').map(({ workload }) => workload);
  const count = `${String(runs.length)} workload${runs.length === 1 ? '' : 's'}`;
  return failed.length === 0 ? count : `${count}, failed: ${failed.join(', ')}`;
}
