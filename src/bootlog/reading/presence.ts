import type { Boot, PresenceFinding } from '../../model/boots/bootlog.ts';

/** A subsystem that a slim kernel should no longer have, and how its lines look. */
export interface PresenceCheck {
  readonly id: string;
  readonly title: string;
  readonly pattern: RegExp;
}

/** The thesis's four checks (section 5.1): present in the distribution's kernel, gone from the trimmed one. */
export const PRESENCE_CHECKS: readonly PresenceCheck[] = [
  { id: 'selinux', title: 'SELinux', pattern: /SELinux/ },
  {
    id: 'usb',
    title: 'USB',
    pattern:
      /^(?:usb(?:core|hid|serial|-storage)?\b|hub \d|[eoux]hci|ACPI: bus type USB)|\bUSB\b|\busb(?:core|hid|serial)?\b/,
  },
  { id: 'rtc', title: 'RTC', pattern: /\brtc(?:\d+|[_-]\w+)?\b/i },
  { id: 'parport', title: 'Parallel port', pattern: /^(?:ppdev|parport(?:_\w+)?|lp\d*):|\bparport\d*\b/ },
];

/** When the random pool became usable, which programs wait for: 3.x to 4.7, 4.8 and later, and the early pool of 4.8 to 5.17. */
export const RNG_READY: PresenceCheck = {
  id: 'rng',
  title: 'Random pool ready',
  pattern: /^random: (?:nonblocking pool is initialized|crng init done|(?:crng: )?fast init done)/,
};

/**
 * Counts the lines of a boot that match each check and keeps the first as an example. Any pattern will do, e.g. one of a
 * profile; a `g` or `y` flag on it makes no difference.
 */
export function checkPresence(boot: Boot, checks: readonly PresenceCheck[] = PRESENCE_CHECKS): PresenceFinding[] {
  return checks.map(({ id, title, pattern }) => {
    const stateless = new RegExp(pattern.source, pattern.flags.replace(/[gy]/g, ''));
    // A word on the command line does not prove what the kernel did.
    const hits = boot.lines.filter(({ message }) => stateless.test(message) && !isEcho(message));
    const first = hits[0];
    return {
      id,
      title,
      lines: hits.length,
      ...(first === undefined ? {} : { first: { line: first.line, atSec: first.atSec, message: first.message } }),
    };
  });
}

function isEcho(message: string): boolean {
  return /^(?:Kernel command line|Command line|Unknown kernel command line parameters)/.test(message);
}
