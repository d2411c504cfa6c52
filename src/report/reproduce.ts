import type { RunRecord } from '../model/record.ts';

/** The command that repeats the run on the same kind of machine: profile, guest, accelerator and boots pinned. */
export function reproduceCommand(record: RunRecord): string {
  const options = [
    ['--profile', record.profile.name],
    ['--guest', record.guest.name],
    ['--accel', record.environment.accelerator],
    ['--boots', String(record.bootsPerArm)],
  ];
  return `npm ci && npm run pipeline -- ${options.flat().map(quoteForShell).join(' ')}`;
}

/** A word for a POSIX shell, quoted only where it must be. */
function quoteForShell(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
