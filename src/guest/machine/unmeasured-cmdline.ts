/**
 * Skips the kernel's timer check. Under TCG on a busy host QEMU can deliver the ticks too late, and the kernel panics
 * (`panic-timer` in console-patterns.ts). Under KVM, Linux skips the check by itself (arch/x86/kernel/kvm.c).
 */
export const NO_TIMER_CHECK = 'no_timer_check';

/** The command line of a boot that is not measured: verbose console, no timer check. */
export function unmeasuredCmdline(cmdline: string): string {
  const kept = cmdline
    .split(' ')
    .filter((parameter) => parameter !== 'quiet' && !parameter.startsWith('loglevel=') && parameter !== NO_TIMER_CHECK);
  return [...kept, NO_TIMER_CHECK].join(' ');
}
