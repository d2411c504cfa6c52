/**
 * What can stand before a kernel message, as data. A form says how to recognise itself at the start of a line and what it
 * tells; `parse.ts` tries them in order and never branches on a particular one.
 */

/** What a form tells about the text behind it. Times are in seconds on the clock the field is named for. */
export interface Prefix {
  readonly wallSec?: number | undefined;
  readonly printkSec?: number | undefined;
  readonly hostSec?: number | undefined;
  readonly level?: number | undefined;
  /** syslog identifier; `kernel` for the kernel itself. */
  readonly ident?: string | undefined;
  /** util-linux's relative form: seconds since the line before. */
  readonly sinceLastSec?: number | undefined;
}

export interface PrefixForm {
  readonly name: string;
  /** Cheap test on the first character, so that a kernel line does not pay for a dozen patterns. */
  readonly first: RegExp;
  readonly pattern: RegExp;
  readonly read: (groups: Readonly<Record<string, string | undefined>>) => Prefix;
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const LEVELS = ['emerg', 'alert', 'crit', 'err', 'warn', 'notice', 'info', 'debug'];
/** syslog has no year; any leap year keeps 29 February a valid day. */
const SYSLOG_YEAR = 2000;
const SEVERITY_MASK = 7;

const MONTH = String.raw`(?<month>Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)`;
const TIME = String.raw`(?<hour>\d\d):(?<minute>\d\d):(?<second>\d\d(?:[.,]\d{1,9})?)`;
const DATE = String.raw`(?<year>\d{4})-(?<mon>\d\d)-(?<day>\d\d)`;
/** `host ident[pid]: ` as journald and syslogd write it. */
const SOURCE = String.raw`\S+ (?<ident>[^\s:\[\]]+(?:\[\d+\])?): ?`;

/**
 * Seconds of a clock that counts nanoseconds in 64 bits, as printk's does: 2^64 ns are 18446744073 s. A longer run of digits
 * is no clock, and `Number` makes Infinity of 309 digits.
 */
const SECONDS = String.raw`\d{1,11}`;
/** The same in microseconds. */
const MICROSECONDS = String.raw`\d{1,17}`;

type Groups = Readonly<Record<string, string | undefined>>;

function number(text: string | undefined): number {
  return Number((text ?? '0').replace(',', '.'));
}

function wallSeconds(groups: Groups): number {
  const month = groups['month'] === undefined ? number(groups['mon']) - 1 : MONTHS.indexOf(groups['month']);
  const year = groups['year'] === undefined ? SYSLOG_YEAR : number(groups['year']);
  const daySec = Date.UTC(year, month, number(groups['day'])) / 1000;
  const seconds = daySec + number(groups['hour']) * 3600 + number(groups['minute']) * 60 + number(groups['second']);
  const zone = /^([+-])(\d\d):?(\d\d)$/.exec(groups['zone'] ?? '');
  if (zone === null) return seconds;
  return seconds - (zone[1] === '-' ? -1 : 1) * (number(zone[2]) * 3600 + number(zone[3]) * 60);
}

function sourced(groups: Groups, wallSec: number): Prefix {
  return groups['ident'] === undefined ? { wallSec } : { wallSec, ident: groups['ident'] };
}

const severity = (priority: string | undefined): number => number(priority) & SEVERITY_MASK;

/**
 * Prefixes by tool. Sources: journalctl(1) `--output`, rsyslog's traditional and RFC 3339 templates, dmesg(1) of
 * util-linux, Documentation/ABI/testing/dev-kmsg, grabserial(1).
 */
export const PREFIX_FORMS: readonly PrefixForm[] = [
  {
    name: 'grabserial: [seconds delta] of the host',
    first: /\[/y,
    pattern: new RegExp(String.raw`\[ *(?<at>${SECONDS}\.\d{6}) +\d+\.\d{6}\] ?`, 'y'),
    read: (groups) => ({ hostSec: number(groups['at']) }),
  },
  {
    name: 'dmesg -T: [Thu May 11 01:58:10 2017]',
    first: /\[/y,
    pattern: new RegExp(String.raw`\[[A-Z][a-z]{2} ${MONTH} +(?<day>\d{1,2}) ${TIME} (?<year>\d{4})\] ?`, 'y'),
    read: (groups) => ({ wallSec: wallSeconds(groups) }),
  },
  {
    name: 'dmesg -e: [May11 01:58] where the minute changes',
    first: /\[/y,
    pattern: new RegExp(String.raw`\[${MONTH} ?(?<day>\d{1,2}) (?<hour>\d\d):(?<minute>\d\d)\] ?`, 'y'),
    read: () => ({ sinceLastSec: 0 }),
  },
  {
    name: 'dmesg -e: [  +0.000002] since the line before',
    first: /\[/y,
    pattern: new RegExp(String.raw`\[ *\+(?<since>${SECONDS}[.,]\d{6})\] ?`, 'y'),
    read: (groups) => ({ sinceLastSec: number(groups['since']) }),
  },
  {
    name: 'syslog: May 11 01:58:10 host kernel: (journalctl short, short-precise)',
    first: /[A-Z<]/y,
    pattern: new RegExp(String.raw`(?:<(?<priority>\d{1,3})>)?${MONTH} +(?<day>\d{1,2}) ${TIME} ${SOURCE}`, 'y'),
    read: (groups) => ({
      ...sourced(groups, wallSeconds(groups)),
      ...(groups['priority'] === undefined ? {} : { level: severity(groups['priority']) }),
    }),
  },
  {
    name: 'journalctl short-full: Thu 2017-05-11 01:58:10 CST host kernel:',
    first: /[A-Z]/y,
    pattern: new RegExp(String.raw`[A-Z][a-z]{2} ${DATE} ${TIME} \S+ ${SOURCE}`, 'y'),
    read: (groups) => sourced(groups, wallSeconds(groups)),
  },
  {
    name: 'dmesg --time-format=iso: 2017-05-11T01:58:10,123456+00:00 (a comma, no host)',
    first: /\d/y,
    pattern: new RegExp(
      String.raw`${DATE}T(?<hour>\d\d):(?<minute>\d\d):(?<second>\d\d,\d{6})(?<zone>[+-]\d\d:?\d\d) `,
      'y',
    ),
    read: (groups) => ({ wallSec: wallSeconds(groups) }),
  },
  {
    name: 'ISO 8601: 2017-05-11T01:58:10+0800 host kernel: (journalctl short-iso, rsyslog)',
    first: /\d/y,
    pattern: new RegExp(String.raw`${DATE}T${TIME}(?<zone>Z|[+-]\d\d:?\d\d) ${SOURCE}`, 'y'),
    read: (groups) => sourced(groups, wallSeconds(groups)),
  },
  {
    name: 'journalctl short-unix: 1494493048.590000 host kernel:',
    first: /\d/y,
    pattern: new RegExp(String.raw`(?<unix>\d{9,11}\.\d{6}) ${SOURCE}`, 'y'),
    read: (groups) => sourced(groups, number(groups['unix'])),
  },
  {
    name: '/dev/kmsg record: priority,sequence,microseconds,flags;message',
    first: /\d/y,
    pattern: new RegExp(String.raw`(?<priority>\d{1,9}),\d+,(?<usec>${MICROSECONDS}),[^;]*;`, 'y'),
    read: (groups) => ({ printkSec: number(groups['usec']) / 1e6, level: severity(groups['priority']) }),
  },
  {
    name: 'dmesg -x: kern  :info  : before the stamp',
    first: /[a-z]/y,
    pattern: new RegExp(String.raw`[a-z0-9]+ *:(?<word>${LEVELS.join('|')}) *: (?=\[)`, 'y'),
    read: (groups) => ({ level: LEVELS.indexOf(groups['word'] ?? '') }),
  },
];

/**
 * The kernel's own stamp: `[%5lu.%06lu] `, with an optional `<N>` before it and PRINTK_CALLER's `[    T1]` after it, and
 * the two columns of scripts/show_delta (`[1.097196 < 0.241483 >]`) or `dmesg -d`. Groups: priority, seconds, cost, caller.
 */
export const PRINTK_STAMP = new RegExp(
  String.raw`(?:<(\d{1,3})>)?\[ *(${SECONDS}\.\d{1,9})(?: *< *(-?${SECONDS}\.\d{1,9}) *>)?\](?: ?\[ *([TC]\d{1,10})\])? ?`,
  'y',
);

/** What stands in a stamp's place at the start of a line, digits and all, and is longer than any clock, or negative. */
export const UNBELIEVABLE_STAMP = /^(?:<\d{1,3}>)?\[ *(?:-\d+|\d{12,}|\d+(?=\.\d{10}))(?:\.\d+)?\]/;

/**
 * A stamp inside a line, where two writers met on the console. Stricter than at the start of a line: the kernel's six
 * decimals, or a number padded on the left, so that `foo[1.5]` in a message is left alone.
 */
export const EMBEDDED_STAMP = new RegExp(
  String.raw`(?:<\d{1,3}>)?\[(?: *${SECONDS}\.\d{6}| +${SECONDS}\.\d{1,9})\](?= |\[|$)`,
  'g',
);

/** journalctl prints one of these between two boots. */
export const BOOT_SEPARATOR = /^-- (?:Boot [0-9a-f]{32}|Reboot)(?: --)?/;
