import { jsonText } from '../../json/text.ts';
import type { MachineEvent } from '../../model/boots/timeline.ts';
import type { QmpEvent } from './qmp.ts';

/**
 * What was seen of a QEMU from outside its guest, in order of time, counted from its start. All arguments are host
 * monotonic seconds; an instant that was not reached is `undefined`. QEMU's events keep the order in which they are given,
 * also where their times are the same.
 */
export function machineEvents(
  startedAtSec: number,
  connectedAtSec: number | undefined,
  firstByteAtSec: number | undefined,
  qmpEvents: readonly QmpEvent[],
): readonly MachineEvent[] {
  const seen = (name: string, atSec: number | undefined): MachineEvent[] =>
    atSec === undefined ? [] : [{ name, atSec: atSec - startedAtSec, stampedBy: 'drydock' }];
  const told = qmpEvents.map(({ event, atSec, data }): MachineEvent => ({
    name: event,
    atSec: atSec - startedAtSec,
    stampedBy: 'qemu',
    ...(Object.keys(data).length === 0 ? {} : { detail: jsonText(data) }),
  }));
  return [
    ...seen('qemu-started', startedAtSec),
    ...seen('monitor-connected', connectedAtSec),
    ...seen('first-console-byte', firstByteAtSec),
    ...told,
  ].sort((a, b) => a.atSec - b.atSec);
}
