import { WORKLOAD_NAMES } from '../../model/workloads.ts';
import type { BenchRecord } from '../../model/bench.ts';
import type { RunRecord } from '../../model/record.ts';
import { flagWords } from '../../model/request.ts';
import { shellWord } from '../../text/shell-word.ts';

/** The command that repeats the run on the same kind of machine: profile, guest, accelerator and boots pinned. */
export function reproduceCommand(record: RunRecord): string {
  const { calibration } = record;
  const pinned = [
    ['--profile', profileOf(record)],
    ...(record.ablation === undefined ? [] : [['--ablate', record.ablation.factors.join(',')]]),
    ['--guest', record.guest.name],
    ['--accel', record.environment.accelerator],
  ];
  const measured = [
    ...bootOptions(record),
    ...(record.virtualBoots === undefined
      ? []
      : [['--clock', record.bootsPerArm === 0 && record.bench === undefined ? 'virtual' : 'both']]),
  ];
  if (calibration !== undefined) {
    const arm = calibration.arm === undefined ? [] : [['--arm', calibration.arm]];
    const wall = record.virtualBoots === undefined ? [['--clock', 'wall']] : [];
    return commandLine('npm run drydock -- calibrate', [...pinned, ...arm, ...measured, ...wall]);
  }
  return commandLine('npm run pipeline --', [
    ...pinned,
    ...bootMode(record),
    ...buildOptions(record),
    ...measured,
    ...(record.bench === undefined ? [] : [benchOptions(record.bench)]),
    flagWords(record.flags ?? {}),
  ]);
}

function commandLine(command: string, options: readonly (readonly string[])[]): string {
  return `npm ci && ${command} ${options.flat().map(shellWord).join(' ')}`;
}

/** An ablation and a calibration are made of the profile that was named. */
function profileOf({ profile, ablation, calibration }: RunRecord): string {
  if (profile.path !== undefined) return profile.path;
  const isDerived = ablation !== undefined || calibration !== undefined;
  return isDerived ? profile.name.replace(/-(ablation|calibration)$/, '') : profile.name;
}

function bootMode({ environment, keptKernel }: RunRecord): readonly (readonly string[])[] {
  if (environment.boot === undefined) return [];
  return [['--boot', environment.boot], ...(keptKernel === undefined ? [] : [['--keep-kernel', keptKernel.arm]])];
}

/** Where the kernels were built; kernels of one run that were built in two places are auto's doing. */
function buildOptions({ arms }: RunRecord): readonly (readonly string[])[] {
  const [first, ...others] = new Set(arms.flatMap(({ build }) => build?.where ?? []));
  if (first === undefined) return [];
  return [['--build', others.length === 0 ? first : 'auto']];
}

function benchOptions({ workloads, rounds, minutes }: BenchRecord): readonly string[] {
  const all = WORKLOAD_NAMES.every((name) => workloads.includes(name));
  return [
    ...['--bench', all ? 'all' : workloads.join(',')],
    ...['--rounds', String(rounds)],
    ...(minutes === undefined ? [] : ['--minutes', String(minutes)]),
  ];
}

function bootOptions({ bootsPerArm, stopping, bench, environment }: RunRecord): readonly (readonly string[])[] {
  // The sessions' own, which nothing has to be said for.
  if (environment.guestDisk !== undefined) return [];
  if (bootsPerArm === 0) return bench === undefined ? [] : [['--boots', '0']];
  if (stopping === undefined) return [['--boots', String(bootsPerArm)]];
  const { maxBootsPerArm, budgetMinutes } = stopping;
  return [
    ['--boots', 'auto', '--max-boots', String(maxBootsPerArm)],
    ...(budgetMinutes === undefined ? [] : [['--budget', String(budgetMinutes)]]),
  ];
}
