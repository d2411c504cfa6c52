/** systemd's own account of a boot, in seconds; a part it does not name is absent. */
export interface StartupTimes {
  readonly firmwareSec?: number;
  readonly loaderSec?: number;
  readonly kernelSec?: number;
  readonly initrdSec?: number;
  readonly userspaceSec?: number;
  readonly totalSec: number;
}

const PARTS = {
  firmware: 'firmwareSec',
  loader: 'loaderSec',
  kernel: 'kernelSec',
  initrd: 'initrdSec',
  userspace: 'userspaceSec',
} as const;

/** systemd.time(7): what one of each unit of a span is worth in seconds. */
const SPAN_UNITS: Readonly<Record<string, number>> = {
  y: 31_557_600,
  month: 2_629_800,
  w: 604_800,
  d: 86_400,
  h: 3600,
  min: 60,
  s: 1,
  ms: 1e-3,
  us: 1e-6,
};

/**
 * Reads `Startup finished in [X (firmware) + Y (loader) + ]A (kernel) [+ B (initrd)] + C (userspace) = T.`, from a log line
 * or from systemd-analyze. Returns undefined for any other text. An initrd without systemd (BusyBox, initramfs-tools) has
 * no field of its own: its time counts as kernel, so compare the sum of both.
 */
export function parseStartupFinished(text: string): StartupTimes | undefined {
  const [, parts, total] = /Startup finished in (.+) = (.+?)\.?\s*$/m.exec(text) ?? [];
  const totalSec = total === undefined ? undefined : parseSpan(total);
  if (parts === undefined || totalSec === undefined) return undefined;
  const times: { -readonly [key in keyof StartupTimes]: StartupTimes[key] } = { totalSec };
  for (const part of parts.split(' + ')) {
    const [, span, name] = /^(.+) \((\w+)\)$/.exec(part) ?? [];
    const seconds = span === undefined ? undefined : parseSpan(span);
    if (name === undefined || seconds === undefined || !isPart(name)) continue;
    times[PARTS[name]] = seconds;
  }
  return times;
}

/** A span as systemd writes it (`1min 2.345s`, `512ms`) in seconds; undefined when it is not one. */
export function parseSpan(span: string): number | undefined {
  let seconds = 0;
  const pieces = span.trim().split(/\s+/);
  for (const piece of pieces) {
    const [, amount, unit] = /^(\d{1,12}(?:\.\d{1,9})?)([a-z]+)$/.exec(piece) ?? [];
    const worth = unit === undefined ? undefined : SPAN_UNITS[unit];
    if (amount === undefined || worth === undefined) return undefined;
    seconds += Number(amount) * worth;
  }
  return Math.round(seconds * 1e6) / 1e6;
}

function isPart(name: string): name is keyof typeof PARTS {
  return name in PARTS;
}
