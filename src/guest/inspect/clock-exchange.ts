import type { Clock } from '../../host/host.ts';
import type { Guest } from '../ssh/guest.ts';

/** One question of the host and the guest's answer on its console. */
export interface ClockExchange {
  /** Number in the console line `drydock: clock <round> <uptime before>`. */
  readonly round: number;
  /** Host monotonic seconds just before the guest was asked: the line cannot be older. */
  readonly askedAtSec: number;
  /** /proc/uptime just after the line was written, in seconds cut to hundredths; `undefined` when the guest did not say. */
  readonly uptimeAfterSec: number | undefined;
}

/** The best of several counts, as in NTP: a slow answer only leaves more open. */
const ROUNDS = 3;

/** Level 2 shows on a quiet console. `$1` is the round; /proc/uptime is CLOCK_BOOTTIME, systemd's clock until a suspend. */
const SCRIPT =
  'read before _ < /proc/uptime; echo "<2>drydock: clock $1 $before" > /dev/kmsg; read after _ < /proc/uptime; echo $after';

/**
 * Has the guest print a few stamped lines at the host's request. A serial line says when a guest instant was at the
 * latest; these say when it was at the earliest, too. Call it after all that is measured and collected: its lines are not
 * part of the boot.
 */
export async function exchangeClocks(clock: Clock, guest: Guest): Promise<readonly ClockExchange[]> {
  const exchanges: ClockExchange[] = [];
  for (let round = 1; round <= ROUNDS; round += 1) {
    const askedAtSec = clock.monotonicSec();
    // A kernel without printk has no /dev/kmsg to write to; then there is simply no line.
    const { stdout } = await guest.run(['sh', '-c', SCRIPT, 'sh', String(round)], { okExitCodes: [0, 1, 2] });
    const uptime = /^(\d{1,11}\.\d{1,9})$/m.exec(stdout)?.[1];
    exchanges.push({ round, askedAtSec, uptimeAfterSec: uptime === undefined ? undefined : Number(uptime) });
  }
  return exchanges;
}
