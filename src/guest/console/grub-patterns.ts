import type { ConsolePattern } from './console-pattern.ts';

/**
 * What GRUB 2 says when it cannot do what its configuration tells it (grub-core/kern, commands/search.c, loader/i386/linux.c);
 * from 2.12 on with the file and line of its source before it. It then waits for a key that nobody presses.
 */
export const GRUB_PATTERNS: readonly ConsolePattern[] = [
  {
    id: 'grub-error',
    fatal: true,
    start:
      /^\s*error: (?:\S+\.c:\d+:\s*)?((?:file|symbol) `.+' not found|no such (?:device|partition|disk).*|unknown filesystem|you need to load the kernel first|(?:invalid|bad) .*magic.*|premature end of file.*|out of memory|can't find command `.+'|no server is specified)\.?\s*$/,
    kind: 'not-ready',
    headline: 'GRUB could not boot: $1',
    hint: 'The entries are in /etc/grub.d/42_drydock of the guest, and grub.cfg is made of it; the files they name are in its /boot.',
  },
  {
    id: 'grub-prompt',
    fatal: true,
    start: /^\s*(grub(?: rescue)?)> *$/,
    kind: 'not-ready',
    headline: 'GRUB found nothing to boot and waits at its prompt ($1>)',
    hint: 'It did not find its own configuration or modules on the disk: was GRUB installed onto the disk that was booted?',
  },
];
