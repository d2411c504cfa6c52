/**
 * What the thesis printed, as data: "Performance analysis and optimisation of virtual machines for containers", bachelor's
 * thesis, Huazhong University of Science and Technology, 22 May 2017. Only what stands in it: a column that the thesis does
 * not print is `null`. `where` names the section or table as closely as it is known.
 */

/** A quoted log line. The thesis printed dmesg stamps, or both columns of scripts/show_delta. */
export interface QuotedLine {
  readonly atSec: number | null;
  readonly costSec: number | null;
  readonly message: string;
  readonly where: string;
}

const quoted = (where: string, atSec: number | null, costSec: number | null, message: string): QuotedLine => ({
  atSec,
  costSec,
  message,
  where,
});

/** Chapter 5, the VM as the distribution configures it. */
const BEFORE: readonly QuotedLine[] = [
  quoted('chapter 5', null, null, 'SELinux: Initializing.'),
  quoted('chapter 5', null, null, 'SELinux: Starting in permissive mode'),
  quoted('chapter 5', 0.818967, null, 'Freeing unused kernel memory'),
  quoted('section 5.1.1', 2.03873, 1.024451, 'Freeing initrd memory: 19784K'),
  quoted('chapter 5', null, null, 'usb usb2: New USB device found, idVendor=1d6b, idProduct=0001'),
  quoted('chapter 5', null, null, 'usbcore: registered new interface driver usbserial'),
  quoted('chapter 5', null, null, 'rtc_cmos 00:01: rtc core: registered rtc_cmos as rtc0'),
  quoted('chapter 5', null, null, 'rtc_cmos 00:01: alarms up to one month, y3k, 114 bytes nvram, hpet irqs'),
  quoted('chapter 5', null, null, 'rtc_cmos 00:01: setting system clock to 2017-05-11 08:57:29 UTC (1494493049)'),
  quoted('chapter 5', null, null, 'systemd[1]: Successfully loaded SELinux policy in 201.013ms.'),
  quoted('section 5.1.6', null, null, 'ppdev: user-space parallel port driver'),
  quoted('chapter 5', null, 19.178696, 'loop: module loaded'),
  quoted('chapter 5', 47.71536, null, 'IPv6: ADDRCONF(NETDEV_UP): docker0: link is not ready'),
];

/** Chapter 5, the trimmed kernel with the BusyBox initrd. */
const AFTER: readonly QuotedLine[] = [
  quoted('chapter 5', 0.476708, null, 'Freeing unused kernel memory'),
  quoted('section 5.1.1', null, 0.188621, 'Freeing initrd memory: 19836K'),
  quoted('chapter 5', null, 13.851692, 'loop: module loaded'),
  quoted('chapter 5', 38.097239, null, 'IPv6: ADDRCONF(NETDEV_UP): docker0: link is not ready'),
];

export const THESIS_LOGS = { before: BEFORE, after: AFTER } as const;

/** The ratio the thesis states for each figure, and the figures it states for the same quantity elsewhere. */
export interface StatedFigure {
  readonly metric: string;
  readonly title: string;
  readonly where: string;
  readonly before: number;
  readonly after: number;
  readonly ratio: number;
  readonly elsewhere: readonly { readonly side: 'before' | 'after'; readonly sec: number; readonly where: string }[];
}

export const STATED_FIGURES: readonly StatedFigure[] = [
  {
    metric: 'initrd_release',
    title: 'Initrd release',
    where: 'section 5.1.1',
    before: 1.024451,
    after: 0.188621,
    ratio: 5.43,
    elsewhere: [
      { side: 'before', sec: 0.274363, where: 'table 4-1' },
      { side: 'before', sec: 0.274363, where: 'section 4.4' },
    ],
  },
  {
    metric: 'kernel_init',
    title: 'Kernel init',
    where: 'chapter 5',
    before: 0.818967,
    after: 0.476708,
    ratio: 1.72,
    elsewhere: [],
  },
  {
    metric: 'total_boot',
    title: 'Total boot',
    where: 'chapter 5',
    before: 47.71536,
    after: 38.097239,
    ratio: 1.25,
    elsewhere: [],
  },
  {
    metric: 'module_loading',
    title: 'Module loading',
    where: 'chapter 5',
    before: 19.178696,
    after: 13.851692,
    ratio: 1.38,
    elsewhere: [
      { side: 'before', sec: 13.84457, where: 'table 4-1' },
      { side: 'after', sec: 13.861692, where: "chapter 5's text" },
    ],
  },
];

/** Table 4-1, the costly steps of the boot before: timestamp, cost, message. */
const TABLE_4_1_ROWS: readonly (readonly [atSec: number, costSec: number, message: string])[] = [
  [0.670842, 0.274363, 'Freeing initrd memory: 19784K'],
  [1.097196, 0.241483, 'usb 2-1: new full-speed USB device number 2 using uhci_hcd'],
  [1.283262, 0.152542, 'FUJITSU Extended Socket Network Device Driver version 1.2 - Copyright'],
  [2.040404, 0.154262, 'usb 2-1: New USB device found, idVendor=0e0f, idProduct=0003'],
  [2.284108, 0.129853, 'usb 2-2: New USB device found, idVendor=0e0f, idProduct=0002'],
  [2.580774, 0.287216, 'SGI XFS with ACLs, security attributes, no debug enabled'],
  [2.743259, 0.159033, 'XFS (dm-0): Ending clean mount'],
  [3.134521, 0.391262, 'systemd-journald[135]: Received SIGTERM from PID 1 (systemd).'],
  [3.925067, 0.58471, 'SELinux: 32768 avtab hash slots, 104710 rules.'],
  [4.483597, 0.454862, 'ip_tables: (C) 2000-2006 Netfilter Core Team'],
  [7.368422, 2.868098, 'systemd-journald[538]: Received request to flush runtime journal from PID 1'],
  [8.297472, 0.92905, 'shpchp: Standard Hot Plug PCI Controller Driver version: 0.4'],
  [8.615189, 0.303103, 'Floppy drive(s): fd0 is 1.44M'],
  [9.328425, 0.226803, 'ppdev: user-space parallel port driver'],
  [9.80203, 0.381788, 'AVX version of gcm_enc/dec engaged.'],
  [11.425187, 1.227307, 'audit: type=2000 audit(1494493048.590:1): initialized'],
  [16.483706, 4.850277, 'ip6_tables: (C) 2000-2006 Netfilter Core Team'],
  [17.638831, 0.224376, 'nf_conntrack version 0.5.0 (16384 buckets, 65536 max)'],
  [17.99221, 0.353379, 'bridge: filtering via arp/ip/ip6tables is no longer available by default.'],
  [18.444496, 0.452286, 'IPv6: ADDRCONF(NETDEV_UP): ens33: link is not ready'],
  [32.37151, 13.84457, 'loop: module loaded'],
  [33.697281, 1.325771, 'Bridge firewalling registered'],
];

export const TABLE_4_1: readonly QuotedLine[] = TABLE_4_1_ROWS.map(([atSec, costSec, message]) =>
  quoted('table 4-1', atSec, costSec, message),
);

/** Section 4.1: the phases of the boot before, with the line ranges as printed. */
export const STATED_PHASES: readonly {
  readonly firstLine: number;
  readonly lastLine: number;
  readonly sec: number;
  readonly what: string;
}[] = [
  { firstLine: 1, lastLine: 408, sec: 0, what: 'ACPI tables and registers, before the clock starts' },
  { firstLine: 409, lastLine: 464, sec: 0.092238, what: 'PID hash table, SELinux init, ACPI tables' },
  { firstLine: 465, lastLine: 1276, sec: 0.650559, what: 'PCI bus, pcieport' },
  { firstLine: 1276, lastLine: 1353, sec: 0.168749, what: 'USB drivers; the kernel is up' },
  { firstLine: 1277, lastLine: 1531, sec: 33.348506, what: 'modules and drivers: SELinux policy, network card' },
];

/** Chapter 5's presence checks; a count where the thesis gives one. */
export const STATED_PRESENCE: readonly {
  readonly id: string;
  readonly before: 'present' | 'absent';
  readonly after: 'present' | 'absent';
  readonly linesBefore: number | null;
}[] = [
  { id: 'selinux', before: 'present', after: 'absent', linesBefore: null },
  { id: 'usb', before: 'present', after: 'absent', linesBefore: 71 },
  { id: 'rtc', before: 'present', after: 'absent', linesBefore: null },
  { id: 'parport', before: 'present', after: 'absent', linesBefore: null },
];

/** What two places of the thesis say about one part of the configuration. */
export const STATED_CHOICES: readonly {
  readonly part: string;
  readonly says: readonly { readonly where: string; readonly state: 'in' | 'out' }[];
}[] = [
  {
    part: 'parallel port driver',
    says: [
      { where: 'section 4.3.2', state: 'in' },
      { where: 'section 5.1.6', state: 'out' },
    ],
  },
  {
    part: 'packet filtering',
    says: [
      { where: "section 4.3's text", state: 'out' },
      { where: "chapter 5's boot after, which loads what Docker's bridge needs", state: 'in' },
    ],
  },
];

/** Boots behind every figure of the thesis, each side. */
export const BOOTS_A_SIDE = 1;
