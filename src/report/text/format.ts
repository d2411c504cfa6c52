import type { Unit } from '../../model/verdicts/measure.ts';

/** What stands where a value is absent: a marker that was not found has no number, least of all zero. */
const notFound = 'not found';

/**
 * Seconds with as many decimals as are known: three by default, fewer or more so that a spread keeps two digits, and
 * three significant digits below 0.1 s. Never beyond the microseconds of the printk clock.
 * @param spreadSec spread of the samples behind the value (see `spreadOf`), if there were several
 */
export function formatSeconds(seconds: number, spreadSec?: number): string {
  return Number.isFinite(seconds) ? `${secondsDigits(seconds, spreadSec)} s` : notFound;
}

/** `formatSeconds` without the unit, for columns whose head names it. */
export function secondsDigits(seconds: number, spreadSec?: number): string {
  if (!Number.isFinite(seconds)) return notFound;
  return seconds.toFixed(clamp(secondsDecimals(seconds, spreadSec), 0, 6));
}

/** Bytes below a KiB, else KiB, MiB or GiB with one decimal. */
export function formatBytes(bytes: number): string {
  if (!Number.isFinite(bytes)) return notFound;
  const size = Math.abs(bytes);
  // 1023.95 KiB and more would round to "1024.0 KiB".
  if (size < 1024) return `${Math.round(bytes)} B`;
  if (size < 1023.95 * 1024) return `${(bytes / 1024).toFixed(1)} KiB`;
  if (size < 1023.95 * 1024 ** 2) return `${(bytes / 1024 ** 2).toFixed(1)} MiB`;
  return `${(bytes / 1024 ** 3).toFixed(1)} GiB`;
}

/** A metric's value with its unit. */
export function formatValue(value: number, unit: Unit, spread?: number): string {
  switch (unit) {
    case 's':
      return formatSeconds(value, spread);
    case 'bytes':
      return formatBytes(value);
    case 'bytes/s':
      return Number.isFinite(value) ? `${formatBytes(value)}/s` : notFound;
    case 'ops/s':
      return Number.isFinite(value) ? `${threeDigits(value)}/s` : notFound;
    case 'count':
      return Number.isFinite(value) ? threeDigits(value) : notFound;
  }
}

/** Whole from 100 up, else three significant digits. */
function threeDigits(value: number): string {
  return Math.abs(value) >= 100 ? String(Math.round(value)) : String(Number(value.toPrecision(3)));
}

/**
 * A ratio and its interval with the same number of decimals: two, fewer from 10 up, and more where rounding would put a
 * bound that excludes 1 onto 1.
 */
export function formatRatio(ratio: number, ci95?: readonly [number, number]): { ratio: string; interval: string } {
  const decimals = ratioDecimals(ratio, ci95);
  const interval =
    ci95 !== undefined && ci95.every((bound) => Number.isFinite(bound))
      ? `${ci95[0].toFixed(decimals)} – ${ci95[1].toFixed(decimals)}`
      : 'none';
  return { ratio: Number.isFinite(ratio) ? `${ratio.toFixed(decimals)}×` : 'no ratio', interval };
}

/** A relative change with its sign, as in `−41.2 %`. */
export function formatChange(change: number): string {
  if (!Number.isFinite(change)) return 'unknown';
  const percent = Math.abs(change * 100).toFixed(1);
  return `${percent === '0.0' ? '±' : change < 0 ? '−' : '+'}${percent} %`;
}

/** ISO 8601 to `2026-05-04 09:12:33 UTC`; anything else stays as it is. */
export function formatInstant(iso: string): string {
  const parts = /^(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(?:\.\d+)?Z$/.exec(iso);
  return parts?.[1] !== undefined && parts[2] !== undefined ? `${parts[1]} ${parts[2]} UTC` : iso;
}

/** Greatest minus least sample; `undefined` for fewer than two, where nothing is known of a spread. */
export function spreadOf(samples: readonly number[]): number | undefined {
  return samples.length < 2 ? undefined : Math.max(...samples) - Math.min(...samples);
}

/** `1 boot`, `2 boots`. */
export function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

/** As much of a digest as tells two apart at a glance; the record has all of it. */
export function shortDigest(digest: string): string {
  return digest.replace(/^sha256:/, '').slice(0, 12);
}

function secondsDecimals(seconds: number, spreadSec: number | undefined): number {
  const size = Math.abs(seconds);
  const usual = size > 0 && size < 0.1 ? 2 - Math.floor(Math.log10(size)) : 3;
  if (spreadSec === undefined || !(spreadSec > 0)) return usual;
  const known = 1 - Math.floor(Math.log10(spreadSec));
  // Only samples that agree this well, as on the virtual clock, are worth more digits than usual.
  return spreadSec < size * 0.001 ? known : Math.min(known, usual);
}

function ratioDecimals(ratio: number, ci95: readonly [number, number] | undefined): number {
  const usual = ratio >= 100 ? 0 : ratio >= 10 ? 1 : 2;
  const bounds = (ci95 ?? []).filter((bound) => Number.isFinite(bound) && bound !== 1);
  for (let decimals = usual; decimals < 4; decimals += 1) {
    if (bounds.every((bound) => Number(bound.toFixed(decimals)) !== 1)) return decimals;
  }
  return bounds.length === 0 ? usual : 4;
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, value));
}
