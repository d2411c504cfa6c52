import type { RunRequest } from '../../model/request.ts';
import type { Profile } from '../../profile/schema.ts';
import { requestedBench } from './bench.ts';
import type { BenchFlags } from './bench.ts';
import { requestedBoots } from './boots.ts';
import type { BootFlags } from './boots.ts';

/** What the command line says of what is measured. */
interface MeasuringFlags extends BootFlags, BenchFlags {
  readonly collectHz?: number | undefined;
}

/**
 * Boots and container work. Sessions of container work boot every arm anyway; where nothing was said of boots, those are the
 * measured ones. A collector has no place in them: it would look on while the containers work.
 *
 * @throws Fault when flags contradict each other or the profile
 */
export function requestedMeasuring(
  profile: Profile,
  flags: MeasuringFlags,
): Pick<RunRequest, 'boots' | 'sequential' | 'virtualBoots' | 'bench'> {
  const bench = requestedBench(profile, flags);
  const boots = requestedBoots(profile, flags);
  if (bench === undefined) return boots;
  const collects =
    flags.collectHz !== undefined || Object.values(profile.arms).some((arm) => arm.collectHz !== undefined);
  const shares = flags.boots === undefined && boots.sequential === undefined && !collects;
  if (!shares || flags.clock === 'virtual') return { ...boots, bench };
  const rounds = bench.rounds ?? profile.bench?.rounds ?? 0;
  return { ...boots, boots: rounds, bench: { ...bench, measuresBoots: true } };
}
