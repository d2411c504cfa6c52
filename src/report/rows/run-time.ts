import type { RunRecord } from '../../model/record.ts';
import { durationText } from '../../text/duration.ts';

/** Where the time of a run went: `4 m 28 s in boots, 37 m in sessions of container work, 4 m outside them`. */
export function timeWords({ time }: RunRecord): string {
  const parts: readonly (readonly [seconds: number | undefined, where: string])[] = [
    [time.bootsSec, 'in boots'],
    [time.benchesSec, 'in sessions of container work'],
    [time.outsideSec, 'outside them'],
  ];
  return parts.flatMap(([sec, where]) => (sec === undefined ? [] : `${durationText(sec)} ${where}`)).join(', ');
}
