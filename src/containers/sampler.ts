import type { SamplerCost, Series } from '../model/bench.ts';

/** Watches a machine and its containers once a second, from the machine's own counters. */
export interface Sampler extends AsyncDisposable {
  /** From now on the container is watched under this name. `pid` is its main process in the machine's PID namespace. */
  watch(subject: string, container: { readonly id: string; readonly pid: number }): Promise<void>;
  /** Everything between the two instants of drydock's monotonic clock, times counted from `fromSec`. */
  between(fromSec: number, toSec: number): readonly Series[];
  cost(): SamplerCost;
}
