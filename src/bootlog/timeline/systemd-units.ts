/** When one unit started, in seconds of CLOCK_MONOTONIC; systemd writes 0 for what never happened. */
export interface SystemdUnit {
  readonly id: string;
  readonly after: readonly string[];
  /** Left `inactive`: its start began. */
  readonly startSec: number;
  /** `active`, or for a one-shot that does not stay, its end. */
  readonly endSec: number;
}

/**
 * Reads `systemctl show '*' --property=Id,After,…TimestampMonotonic`: blocks of `Name=value` lines with an empty line
 * between them, in microseconds. Units that never started, and those the initrd's systemd ran only, are left out. How a
 * unit's time is found is systemd-analyze's (src/analyze/analyze-time-data.c, `acquire_time_data`).
 */
export function parseSystemdUnits(text: string): readonly SystemdUnit[] {
  return text.split(/\n\s*\n/).flatMap((block) => {
    const fields = new Map(
      block.split('\n').map((line): [string, string] => {
        const at = line.indexOf('=');
        return [line.slice(0, at), line.slice(at + 1)];
      }),
    );
    const id = fields.get('Id');
    // Up to 17 digits: microseconds of a clock of 64 bits of nanoseconds. Anything else did not happen.
    const seconds = (name: string): number =>
      Number(/^\d{1,17}$/.exec(fields.get(`${name}TimestampMonotonic`) ?? '')?.[0] ?? 0) / 1e6;
    const startSec = seconds('InactiveExit');
    if (id === undefined || id === '' || !(startSec > 0)) return [];
    const ends = [seconds('ActiveEnter'), seconds('ActiveExit'), seconds('InactiveEnter')];
    const endSec = ends.find((end) => end >= startSec) ?? startSec;
    const after = (fields.get('After') ?? '').split(' ').filter((name) => name !== '');
    return [{ id, after, startSec, endSec }];
  });
}

/**
 * The chain that a unit waited for, from the earliest unit to `id`: before each unit stands the one it is ordered after
 * that was up last, as `systemd-analyze critical-chain` has it (src/analyze/analyze-critical-chain.c). One that was up
 * only after the unit had begun to start did not hold it up. Empty when the unit never started.
 */
export function criticalChain(units: readonly SystemdUnit[], id: string): readonly SystemdUnit[] {
  const byId = new Map(units.map((unit) => [unit.id, unit]));
  const chain: SystemdUnit[] = [];
  const seen = new Set<string>();
  let unit = byId.get(id);
  while (unit !== undefined && !seen.has(unit.id)) {
    const { after, startSec } = unit;
    seen.add(unit.id);
    chain.unshift(unit);
    unit = after
      .flatMap((name) => byId.get(name) ?? [])
      .filter((other) => other.endSec <= startSec && !seen.has(other.id))
      .reduce<SystemdUnit | undefined>(
        (latest, other) => (latest === undefined || other.endSec > latest.endSec ? other : latest),
        undefined,
      );
  }
  return chain;
}
