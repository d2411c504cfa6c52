import path from 'node:path';
import type { Host } from '../../host/host.ts';
import { DISTROS } from '../../guest/distro/table.ts';
import { METRICS } from '../../bootlog/reading/metrics.ts';
import type { MetricDefinition } from '../../bootlog/reading/metrics.ts';
import { VIRTUAL_METRICS } from '../../bootlog/reading/virtual-metrics.ts';
import type { BenchRecord } from '../../model/bench.ts';
import type { BootSummary, VirtualBoot } from '../../model/boots/boot.ts';
import type { Environment } from '../../model/environment.ts';
import type { Finding } from '../../model/finding.ts';
import type { Measurement, Score } from '../../model/verdicts/measure.ts';
import type { ArmRecord, ConfigCheck, RunRecord, StageRecord } from '../../model/record.ts';
import type { StoppingRecord } from '../../model/verdicts/stopping.ts';
import { scoreAll } from '../../stats/score.ts';
import type { ScoreOptions } from '../../stats/score.ts';
import { sha256Text } from '../../store/canonical.ts';
import { ablationOf } from './ablation.ts';
import { calibrationFrom } from './calibration.ts';
import type { Profile } from '../../profile/schema.ts';
import { repeatedFlags } from '../../model/request.ts';
import type { RunRequest } from '../../model/request.ts';
import type { Folders } from '../../stages/stage.ts';
import type { PlannedArm } from '../plan/arm.ts';
import type { Plan } from '../plan/plan.ts';
import type { PreparedRun } from '../plan/prepare.ts';
import { sampleFindings } from './sample-findings.ts';
import { measurementsOf } from './measurements.ts';

/** The file of a run's folder that `--keep-kernel` asks for. */
export const KEPT_DISK = 'disk.qcow2';

interface AssembleInput {
  readonly host: Host;
  readonly folders: Folders;
  readonly prepared: PreparedRun;
  readonly request: RunRequest;
  readonly runId: string;
  readonly version: string;
  readonly startedAt: string;
  readonly stages: readonly StageRecord[];
  readonly findings: readonly Finding[];
  readonly boots: readonly BootSummary[];
  readonly virtualBoots: readonly VirtualBoot[];
  readonly stopping?: StoppingRecord;
  readonly bench?: BenchRecord;
  readonly time: { readonly totalSec: number; readonly bootsSec: number; readonly benchesSec?: number };
}

/** Whether no guest with a disk was booted at all. */
function isVirtualOnly({ boots, bench }: Plan): boolean {
  return boots.length === 0 && bench === undefined;
}

function armRecord(prepared: PreparedRun, arm: PlannedArm): ArmRecord {
  const { plan } = prepared;
  const built = arm.measured();
  const proof = isVirtualOnly(plan) ? undefined : plan.install.output().arms.find((one) => one.name === arm.name);
  const symbols = arm.configSymbols();
  const patchProof = arm.patchProof() ?? [];
  const build = arm.kernelBuild();
  return {
    name: arm.name,
    role: arm.spec.role,
    kernelRelease: built.release,
    kernelOrigin: arm.kernelOrigin(),
    ...(build === undefined ? {} : { build }),
    initrd: arm.spec.initrd,
    cmdline: built.cmdline,
    kernelSizeBytes: built.kernel.sizeBytes,
    initrdSizeBytes: built.initrd?.sizeBytes ?? 0,
    kernelSha256: built.kernel.sha256,
    ...(symbols === undefined ? {} : { configSymbols: symbols }),
    ...(patchProof.length === 0 ? {} : { patchProof }),
    ...(proof === undefined ? {} : { docker: proof.docker, configCheck: comparedCheck(prepared, proof.configCheck) }),
    ...(proof?.reboot == null ? {} : { reboot: proof.reboot }),
  };
}

/** A guest without check-config.sh agrees with nothing: the record says that nothing was compared. */
function comparedCheck({ guest }: PreparedRun, check: ConfigCheck): ConfigCheck {
  if (DISTROS[guest.family].hasCheckConfig) return check;
  return { ...check, notCompared: `the Docker package of ${guest.name} has no check-config.sh` };
}

interface Scored {
  readonly scores: readonly Score[];
  readonly findings: readonly Finding[];
}

/** Scores every candidate against the baseline; a metric that one side lacks is a finding, never a number. */
function scoreArms(
  definitions: readonly MetricDefinition[],
  arms: readonly PlannedArm[],
  measurements: Readonly<Record<string, readonly Measurement[]>>,
  options: ScoreOptions,
): Scored {
  const baseline = arms.find((arm) => arm.spec.role === 'baseline');
  if (baseline === undefined) return { scores: [], findings: [] };
  const scores: Score[] = [];
  const findings: Finding[] = [];
  for (const candidate of arms.filter((arm) => arm.spec.role === 'candidate')) {
    const side = (arm: PlannedArm) => ({ arm: arm.name, measurements: measurements[arm.name] ?? [] });
    const result = scoreAll(definitions, side(baseline), side(candidate), () => options);
    scores.push(...result.scores);
    for (const { metric, reason } of result.missing) {
      findings.push({ level: 'info', message: `${candidate.name}: no score for ${metric}: ${reason}` });
    }
  }
  return { scores, findings };
}

/** Images are part of the disk that sessions boot from; it is theirs alone, by content. */
function guestDiskOf({ bench }: Plan, request: RunRequest): Pick<Environment, 'guestDisk'> {
  if (bench === undefined || request.bench?.measuresBoots !== true) return {};
  return { guestDisk: `with ${bench.images.map((image) => image.tagged().tag).join(', ')}` };
}

function bootModeOf(profile: Profile, { boot }: RunRequest): Pick<Environment, 'boot'> {
  if (boot !== undefined) return { boot };
  return profile.boot === 'grub' ? { boot: 'direct' } : {};
}

function flagsOf(request: RunRequest): Pick<RunRecord, 'flags'> {
  const flags = repeatedFlags(request);
  return Object.keys(flags).length === 0 ? {} : { flags };
}

/** The disk that was kept, by the name it has in the run's folder. */
function keptKernelOf({ keepKernel }: Plan, { keepKernel: arm }: RunRequest): Pick<RunRecord, 'keptKernel'> {
  if (keepKernel === undefined || arm === undefined) return {};
  const { disk, reboot } = keepKernel.output();
  return { keptKernel: { arm, disk: KEPT_DISK, sha256: disk.sha256, reboot } };
}

/** Puts together what `record.json` says of a run. */
export function assembleRecord(input: AssembleInput): RunRecord {
  const { host, prepared, boots, virtualBoots, time } = input;
  const { plan, guest, profile, choice } = prepared;
  const { accelerator, reason } = isVirtualOnly(plan)
    ? { accelerator: 'tcg' as const, reason: 'the virtual clock counts instructions, which only TCG does' }
    : plan.accelerator.output();
  const definitions = [
    ...(plan.boots.length === 0 ? [] : METRICS),
    ...(plan.virtualBoots.length === 0 ? [] : VIRTUAL_METRICS),
  ];
  const measurements = Object.fromEntries(
    plan.arms.map(({ name }) => [
      name,
      [...measurementsOf(name, boots, METRICS), ...measurementsOf(name, virtualBoots, VIRTUAL_METRICS)],
    ]),
  );
  const ablation = ablationOf(profile, definitions, measurements);
  const calibration = calibrationFrom(profile, definitions, measurements);
  // The last look's own boundary and intervals, so that having looked before does not make the verdicts bolder.
  const look = input.stopping?.looks.at(-1);
  const significance = look === undefined ? {} : { significance: look.nominalP };
  const scored = scoreArms(definitions, plan.arms, measurements, significance);
  const image = plan.image.output();
  return {
    schema: 1,
    id: input.runId,
    drydockVersion: input.version,
    startedAt: input.startedAt,
    finishedAt: new Date(host.clock.nowMs()).toISOString(),
    profile: {
      name: profile.name,
      description: profile.description,
      sha256: sha256Text(input.request.profileText),
      ...(path.dirname(input.request.profilePath) === input.folders.pipelines
        ? {}
        : { path: input.request.profilePath }),
    },
    guest: { name: choice.name, reason: choice.reason, imageSha256: image.disk.sha256, packages: image.packages },
    environment: {
      accelerator,
      acceleratorReason: reason,
      cpuModel: host.system.cpuModel,
      cpuCount: host.system.cpuCount,
      hostKernel: host.system.kernel,
      hostOs: host.system.os,
      qemuVersion: plan.preflight.output().tools['qemu-system-x86'] ?? 'unknown',
      guest: guest.name,
      guestCpus: guest.machine.cpus,
      guestMemoryMb: guest.machine.memoryMb,
      ...guestDiskOf(plan, input.request),
      ...bootModeOf(profile, input.request),
    },
    ...keptKernelOf(plan, input.request),
    ...flagsOf(input.request),
    bootsPerArm: look?.bootsPerArm ?? input.request.boots,
    ...(input.stopping === undefined ? {} : { stopping: input.stopping }),
    bootOrder: boots.map((boot) => boot.arm),
    arms: plan.arms.map((arm) => armRecord(prepared, arm)),
    boots,
    ...(virtualBoots.length === 0 ? {} : { virtualBoots }),
    measurements,
    scores: scored.scores,
    ...(ablation === undefined ? {} : { ablation }),
    ...(calibration === undefined ? {} : { calibration }),
    ...(input.bench === undefined ? {} : { bench: input.bench }),
    stages: input.stages,
    findings: [...input.findings, ...scored.findings, ...sampleFindings(boots, scored.scores)],
    time: { ...time, outsideSec: time.totalSec - time.bootsSec - (time.benchesSec ?? 0) },
  };
}
