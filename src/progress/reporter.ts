import type { BenchSession } from '../model/bench.ts';
import type { BootSummary } from '../model/boots/boot.ts';
import type { RunEvent } from '../pipeline/events/event.ts';

/** Shows a run to somebody. Consumers of events only: they never steer. */
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

/** `8 s`, `2 m 05 s`, `1 h 02 m`; milliseconds below ten seconds keep one decimal. */
export function duration(ms: number): string {
  const seconds = ms / 1000;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${String(whole)} s`;
  const pad = (value: number): string => String(value).padStart(2, '0');
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${String(minutes)} m ${pad(whole % 60)} s`;
  return `${String(Math.floor(minutes / 60))} h ${pad(minutes % 60)} m`;
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
