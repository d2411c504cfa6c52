import { InvalidArgumentError, Option } from 'commander';
import { WORKLOAD_NAMES } from '../../model/workloads.ts';
import { Fault } from '../../host/fault.ts';
import { parseStatsdTarget } from '../../host/net/statsd-target.ts';
import type { WorkloadName } from '../../model/workloads.ts';
import type { BenchRequest } from '../../model/request.ts';
import { nearest } from '../../profile/nearest.ts';
import type { Profile } from '../../profile/schema.ts';
import { wholeNumber } from './options.ts';

/** What the command line says of container work. */
export interface BenchFlags {
  readonly bench?: readonly WorkloadName[] | 'all';
  readonly minutes?: number;
  readonly rounds?: number;
  readonly datadog?: string;
}

/** `all`, or names of workloads, comma-separated, as a commander parser. */
export function workloadList(text: string): readonly WorkloadName[] | 'all' {
  if (text === 'all') return text;
  const names = [...new Set(text.split(',').map((name) => name.trim()))];
  const unknown = names.find((name) => !WORKLOAD_NAMES.some((known) => known === name));
  if (unknown !== undefined) {
    const meant = nearest(unknown, [...WORKLOAD_NAMES, 'all']);
    const hint = meant === undefined ? '' : ` Did you mean ${meant}?`;
    throw new InvalidArgumentError(`There is no workload ${unknown}.${hint} Known: all, ${WORKLOAD_NAMES.join(', ')}.`);
  }
  return WORKLOAD_NAMES.filter((known) => names.includes(known));
}

function watchMinutes(text: string): number {
  const value = Number(text);
  if (!/^\d+(\.\d+)?$/.test(text) || value <= 0 || value > 120) {
    throw new InvalidArgumentError('Expected minutes, more than 0 and at most 120.');
  }
  return value;
}

function statsdTarget(text: string): string {
  try {
    parseStatsdTarget(text);
  } catch (error) {
    throw new InvalidArgumentError(error instanceof Error ? error.message : String(error));
  }
  return text;
}

/** Flags of `run` for container work. */
export const benchOptions = (): readonly Option[] => [
  new Option(
    '--bench <workloads>',
    'also run containers on the host and in every arm: all, or names of the profile’s workloads, comma-separated',
  ).argParser(workloadList),
  new Option(
    '--minutes <n>',
    'with --bench: how long package-install is sampled (default: from the profile; without one, 2 if it is the only workload, 1 otherwise)',
  ).argParser(watchMinutes),
  new Option(
    '--rounds <n>',
    'with --bench: sessions per place (default: from the profile; fewer than 4 give no verdict on times)',
  ).argParser(wholeNumber(1, 50)),
  new Option(
    '--datadog <host[:port]>',
    'with --bench: send every sample to a Datadog Agent (DogStatsD over UDP, default port 8125)',
  ).argParser(statsdTarget),
];

/**
 * The container work that a run was asked for.
 *
 * @throws Fault when the profile has none of it, or a flag stands without --bench
 */
export function requestedBench(profile: Profile, flags: BenchFlags): BenchRequest | undefined {
  const lone = (['minutes', 'rounds', 'datadog'] as const).find((name) => flags[name] !== undefined);
  if (flags.bench === undefined) {
    if (lone === undefined) return undefined;
    throw new Fault({
      kind: 'usage',
      headline: `--${lone} is about container work, and --bench was not asked for`,
      hint: 'Add --bench all, or the names of workloads.',
    });
  }
  const known = WORKLOAD_NAMES.filter((name) => profile.bench?.workloads[name] !== undefined);
  const asked = flags.bench === 'all' ? known : flags.bench;
  const absent = asked.filter((name) => !known.includes(name));
  if (known.length === 0 || absent.length > 0) {
    throw new Fault({
      kind: 'usage',
      headline:
        known.length === 0
          ? `The profile ${profile.name} declares no workloads`
          : `The profile ${profile.name} does not declare ${absent.join(', ')}`,
      hint:
        known.length === 0
          ? 'Add a section bench: to the profile; pipelines/docker-min.yaml has one.'
          : `Add it to bench.workloads in the profile, which has ${known.join(', ')}.`,
    });
  }
  return {
    workloads: asked,
    ...(flags.minutes === undefined ? {} : { minutes: flags.minutes }),
    ...(flags.rounds === undefined ? {} : { rounds: flags.rounds }),
    ...(flags.datadog === undefined ? {} : { datadog: flags.datadog }),
  };
}
