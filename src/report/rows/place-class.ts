import type { BenchRecord } from '../../model/bench.ts';
import { benchPairs } from './bench-rows.ts';

/** Class of a place's colour: the same in every chart of container work. */
export function placeClass(bench: BenchRecord, place: string): string {
  if (bench.places.some(({ name, kind }) => name === place && kind === 'host')) return 'at-host';
  const [pair] = benchPairs(bench);
  return pair?.[0] === place ? 'at-baseline' : pair?.[1] === place ? 'at-candidate' : 'at-variant';
}
