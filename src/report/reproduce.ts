import { workloadNames } from '../bench/metrics.ts';
import type { WorkloadName } from '../model/bench.ts';
import type { RunRecord } from '../model/record.ts';

/** The command that repeats the run on the same kind of machine: profile, guest, accelerator and boots pinned. */
export function reproduceCommand(record: RunRecord): string {
  const options = [
    ['--profile', record.ablation === undefined ? record.profile.name : record.profile.name.replace(/-ablation$/, '')],
    ...(record.ablation === undefined ? [] : [['--ablate', record.ablation.factors.join(',')]]),
    ['--guest', record.guest.name],
    ['--accel', record.environment.accelerator],
    ...bootOptions(record),
    ...(record.virtualBoots === undefined ? [] : [['--clock', record.bootsPerArm === 0 ? 'virtual' : 'both']]),
    ...(record.bench === undefined ? [] : [['--bench', benchWords(record.bench.workloads)]]),
  ];
  return `npm ci && npm run pipeline -- ${options.flat().map(quoteForShell).join(' ')}`;
}

function benchWords(workloads: readonly WorkloadName[]): string {
  return workloadNames.every((name) => workloads.includes(name)) ? 'all' : workloads.join(',');
}

function bootOptions({ bootsPerArm, stopping }: RunRecord): readonly (readonly string[])[] {
  if (bootsPerArm === 0) return [];
  if (stopping === undefined) return [['--boots', String(bootsPerArm)]];
  const { maxBootsPerArm, budgetMinutes } = stopping;
  return [
    ['--boots', 'auto', '--max-boots', String(maxBootsPerArm)],
    ...(budgetMinutes === undefined ? [] : [['--budget', String(budgetMinutes)]]),
  ];
}

/** A word for a POSIX shell, quoted only where it must be. */
function quoteForShell(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
