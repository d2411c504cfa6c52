import type { Unit } from '../../model/verdicts/measure.ts';
import { tickDecimals } from './scale.ts';

/** What an axis counts: a metric's unit, or processors. */
export type AxisUnit = Unit | 'CPUs';

const BYTE_UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const;

/** Which numbers are round in a unit: bytes come in powers of two. */
export function tickBase(unit: AxisUnit): 10 | 2 {
  return unit === 'bytes' || unit === 'bytes/s' ? 2 : 10;
}

/** The texts of an axis's ticks, all in one unit, with the decimals that tell neighbours apart. */
export function tickTexts(ticks: readonly number[], unit: AxisUnit): readonly string[] {
  switch (unit) {
    case 'bytes':
      return byteTexts(ticks);
    case 'bytes/s':
      return byteTexts(ticks).map((text) => (text === '0' ? text : `${text}/s`));
    case 'ops/s':
      return plainTexts(ticks).map((text) => (text === '0' ? text : `${text}/s`));
    case 'count':
    case 'CPUs':
      return plainTexts(ticks);
    case 's':
      return ticks.map((tick) => `${tick.toFixed(decimalsOf(ticks))} s`);
  }
}

function byteTexts(ticks: readonly number[]): readonly string[] {
  const most = Math.max(...ticks.map(Math.abs));
  const power = most > 0 ? Math.min(BYTE_UNITS.length - 1, Math.max(0, Math.floor(Math.log2(most) / 10 + 1e-9))) : 0;
  const scaled = ticks.map((tick) => tick / 1024 ** power);
  const decimals = decimalsOf(scaled);
  return scaled.map((tick) => (tick === 0 ? '0' : `${tick.toFixed(decimals)} ${BYTE_UNITS[power] ?? 'B'}`));
}

function plainTexts(ticks: readonly number[]): readonly string[] {
  const decimals = decimalsOf(ticks);
  return ticks.map((tick) => (tick === 0 ? '0' : tick.toFixed(decimals)));
}

/** A lone tick, in a domain narrower than a step, has no neighbour to differ from and shows three digits. */
function decimalsOf(ticks: readonly number[]): number {
  const [lone = 0] = ticks;
  if (ticks.length > 1 || Number.isInteger(lone)) return tickDecimals(ticks);
  return Math.min(6, Math.max(0, 2 - Math.floor(Math.log10(Math.abs(lone)))));
}
