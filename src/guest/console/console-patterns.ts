import { ANACONDA_PATTERNS } from './anaconda-patterns.ts';
import type { ConsolePattern } from './console-pattern.ts';
import { GRUB_PATTERNS } from './grub-patterns.ts';

const PANIC_END = /---\[ end Kernel panic/;
const TRACE_END = /---\[ end (?:trace|Kernel panic)/;

const ROOT_HINT =
  'Check root= on the command line, and that the disk driver (VIRTIO_BLK, VIRTIO_PCI) and the root file system are built in or in the initrd.';
const INIT_HINT = 'Check init= on the command line; Debian and CentOS guests have /sbin/init.';
const CRASH_HINT =
  'The kernel under test crashed; the trace is in the console log. Boot the stock arm to tell kernel from guest.';

/**
 * What kernels (init/main.c, init/do_mounts.c, init/do_mounts_rd.c, kernel/panic.c), drydock's initrd, initramfs-tools (scripts/functions,
 * init), dracut and systemd print when a boot goes wrong, 3.10 to 6.1. A panic's own message comes before the generic row.
 */
export const CONSOLE_PATTERNS: readonly ConsolePattern[] = [
  {
    id: 'drydock-root',
    fatal: true,
    start: /drydock: root (.+)/,
    kind: 'missing-root',
    headline: 'The initrd could not mount the root file system: $1',
    hint: ROOT_HINT,
  },
  {
    id: 'drydock-init',
    fatal: true,
    start: /drydock: init (.+)/,
    kind: 'missing-init',
    headline: 'The initrd found no init to start: $1',
    hint: INIT_HINT,
  },
  {
    id: 'drydock-failed',
    fatal: true,
    start: /drydock: failed: (.+)/,
    kind: 'not-ready',
    headline: 'The guest started but says it is not ready: $1',
    hint: 'The lines before it on the console say which service failed; a missing kernel option is the usual cause.',
  },
  {
    id: 'initramfs-tools-root',
    fatal: true,
    start: /ALERT!\s+(\S+) does not exist\.\s+Dropping to a shell/,
    kind: 'missing-root',
    headline: "The guest's initrd did not find the root device $1",
    hint: ROOT_HINT,
  },
  {
    id: 'initramfs-tools-mount',
    fatal: true,
    start: /(Failed to mount .+ as root file system|No root device specified)\./,
    kind: 'missing-root',
    headline: "The guest's initrd could not mount the root: $1",
    hint: ROOT_HINT,
  },
  {
    id: 'initramfs-tools-fsck',
    fatal: true,
    start: /The (\S+) filesystem on (\S+) requires a manual fsck/,
    kind: 'not-ready',
    headline: 'The $1 file system on $2 is damaged',
    hint: 'A guest was killed while it wrote to this disk; build the image or install the arm again.',
  },
  {
    id: 'initramfs-tools-init',
    fatal: true,
    start: /Target filesystem doesn't have requested (\S+?)\.?$/,
    kind: 'missing-init',
    headline: "The guest's root file system has no init $1",
    hint: INIT_HINT,
  },
  {
    id: 'initramfs-tools-no-init',
    fatal: true,
    start: /No init found\. Try passing init= bootarg/,
    kind: 'missing-init',
    headline: "The guest's initrd found no init on the root file system",
    hint: INIT_HINT,
  },
  {
    id: 'dracut-root',
    fatal: true,
    start: /dracut-initqueue\[\d+\]: Warning: Could not boot|dracut: FATAL: No or empty root=/,
    kind: 'missing-root',
    headline: "The guest's initrd did not find the root device",
    hint: ROOT_HINT,
  },
  {
    id: 'ram-disk',
    fatal: true,
    start:
      /RAMDISK: (image too big.*|incomplete write.*|could not .*|(?:error|EOF) while reading.*|.* decompressor not configured!|Couldn't find valid RAM disk image.*)/,
    kind: 'missing-root',
    headline: 'The kernel could not load the old-style initrd into its RAM disk: $1',
    hint: 'Is the RAM disk large enough (ramdisk_size= in KiB, BLK_DEV_RAM_SIZE), and is the compression of the image (RD_GZIP) built in?',
  },
  {
    id: 'panic-root',
    fatal: true,
    start: /Kernel panic - not syncing: VFS: Unable to mount root fs on (\S+)/,
    end: PANIC_END,
    kind: 'missing-root',
    headline: 'The kernel could not mount the root file system (it tried $1)',
    hint: ROOT_HINT,
  },
  {
    id: 'panic-init',
    fatal: true,
    start: /Kernel panic - not syncing: (No working init found|No init found|Requested init \S+ failed)/,
    end: PANIC_END,
    kind: 'missing-init',
    headline: 'The kernel found no init to start: $1',
    hint: INIT_HINT,
  },
  {
    id: 'panic-init-died',
    fatal: true,
    start: /Kernel panic - not syncing: (Attempted to kill (?:init|the idle task)!.*)/,
    end: PANIC_END,
    kind: 'kernel-panic',
    headline: 'The first process of the guest died: $1',
    hint: 'exitcode=0x0000XX00 is its exit code, 0x000000XX the signal. A missing BINFMT_ELF, BINFMT_SCRIPT or 64-bit option looks like this too.',
  },
  {
    id: 'panic-memory',
    fatal: true,
    start: /Kernel panic - not syncing: (Out of memory.*|System is deadlocked on memory)/,
    end: PANIC_END,
    kind: 'kernel-panic',
    headline: 'The guest ran out of memory: $1',
    hint: 'Give the guest more memory in the profile, or make the initrd smaller.',
  },
  {
    // check_timer() of arch/x86/kernel/apic/io_apic.c: the TSC runs on while QEMU gets no processor to deliver the ticks.
    id: 'panic-timer',
    fatal: true,
    start: /Kernel panic - not syncing: (IO-APIC \+ timer doesn't work!)/,
    end: PANIC_END,
    kind: 'busy-host',
    headline:
      'The host was too busy to boot a guest: the kernel waited for timer ticks and QEMU could not deliver them',
    hint: "Run again when less runs beside it, or add no_timer_check to the arm's command line: the kernel then does not check its timer.",
  },
  {
    id: 'panic',
    fatal: true,
    start: /Kernel panic - not syncing: (.*)/,
    end: PANIC_END,
    kind: 'kernel-panic',
    headline: 'Kernel panic: $1',
    hint: CRASH_HINT,
  },
  {
    id: 'bug',
    fatal: true,
    start: /(BUG: unable to handle .*|BUG: kernel NULL pointer dereference.*|kernel BUG at .*)/,
    end: TRACE_END,
    kind: 'kernel-panic',
    headline: 'The kernel crashed: $1',
    hint: CRASH_HINT,
  },
  {
    id: 'fault',
    fatal: true,
    start: /\] (general protection fault.*|double fault:.*|divide error:.*|invalid opcode: .*SMP.*|Oops: .*)/,
    end: TRACE_END,
    kind: 'kernel-panic',
    headline: 'The kernel crashed: $1',
    hint: CRASH_HINT,
  },
  {
    id: 'decompress',
    fatal: true,
    start: /^(?:.*)(-- System halted)/,
    kind: 'kernel-panic',
    headline: 'The kernel image could not be decompressed or started',
    hint: 'The bzImage is damaged, or the guest has too little memory for it.',
  },
  {
    id: 'systemd-emergency',
    fatal: true,
    start: /You are in (emergency|rescue) mode|(?:Started|Reached target).* (Emergency) (?:Shell|Mode)/,
    kind: 'not-ready',
    headline: 'systemd gave up and went to emergency mode',
    hint: 'A file system in /etc/fstab or a unit it needs failed; the [FAILED] lines on the console name it.',
  },
  {
    id: 'systemd-freeze',
    fatal: true,
    start: /systemd\[1\]: (Freezing execution|Failed to (?:mount|start) early API .*)/,
    kind: 'not-ready',
    headline: 'systemd could not start: $1',
    hint: 'The kernel lacks something systemd needs (cgroups, DEVTMPFS, TMPFS, FHANDLE …); the lines before name it.',
  },
  {
    id: 'soft-lockup',
    fatal: false,
    start: /watchdog: BUG: (soft lockup - CPU#\d+ stuck for \d+s)/,
    kind: 'hang',
    headline: 'The kernel reports a $1',
    hint: 'Under TCG on a busy host this can pass; with KVM it is a kernel that spins.',
  },
  {
    id: 'hung-task',
    fatal: false,
    start: /INFO: task (\S+) blocked for more than (\d+) seconds/,
    kind: 'hang',
    headline: 'The task $1 was blocked for more than $2 s',
    hint: 'It waits for a device or a lock; the trace on the console says for which.',
  },
  {
    id: 'rcu-stall',
    fatal: false,
    start: /rcu: INFO: (\S+ (?:self-)?detected (?:stall|expedited stalls?).*)/,
    kind: 'hang',
    headline: 'RCU stalled: $1',
    hint: 'A CPU of the guest did not run for long, or spins in the kernel.',
  },
  {
    id: 'oom-kill',
    fatal: false,
    start: /Out of memory: Killed process \d+ \((\S+)\)/,
    kind: 'not-ready',
    headline: 'The guest ran out of memory and killed $1',
    hint: 'Give the guest more memory in the profile.',
  },
  {
    id: 'rdinit-ignored',
    fatal: false,
    start: /check access for rdinit=(\S+) failed/,
    kind: 'missing-init',
    headline: 'The kernel found no $1 in the initrd and went on without it',
    hint: 'The initrd was not unpacked: is its compression (RD_GZIP …) built into the kernel?',
  },
  {
    id: 'unpack-failed',
    fatal: false,
    start: /Initramfs unpacking failed: (.*)/,
    kind: 'missing-root',
    headline: 'The kernel could not unpack the initrd: $1',
    hint: 'Is its compression (RD_GZIP …) built into the kernel, and is the file whole?',
  },
  ...ANACONDA_PATTERNS,
  ...GRUB_PATTERNS,
];

export interface ConsoleHit {
  readonly pattern: ConsolePattern;
  /** The pattern's headline with the line's own words in it. */
  readonly headline: string;
}

/** What one console line means, if it means trouble. */
export function matchConsole(text: string): ConsoleHit | undefined {
  for (const pattern of CONSOLE_PATTERNS) {
    const found = pattern.start.exec(text);
    if (found === null) continue;
    const headline = pattern.headline.replace(/\$(\d)/g, (_all, group: string) => (found[Number(group)] ?? '').trim());
    return { pattern, headline };
  }
  return undefined;
}
