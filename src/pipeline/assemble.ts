import type { Host } from '../host/host.ts';
import { METRICS } from '../bootlog/metrics.ts';
import type { BootSummary } from '../model/boot.ts';
import type { Finding } from '../model/finding.ts';
import type { Measurement, Score } from '../model/measure.ts';
import type { ArmRecord, RunRecord, StageRecord } from '../model/record.ts';
import { scoreAll } from '../stats/score.ts';
import { sha256Text } from '../store/canonical.ts';
import type { RunRequest } from './event.ts';
import type { PlannedArm } from './plan.ts';
import type { PreparedRun } from './prepare.ts';
import { measurementsOf } from './score.ts';

interface AssembleInput {
  readonly host: Host;
  readonly prepared: PreparedRun;
  readonly request: RunRequest;
  readonly runId: string;
  readonly version: string;
  readonly startedAt: string;
  readonly stages: readonly StageRecord[];
  readonly findings: readonly Finding[];
  readonly boots: readonly BootSummary[];
  readonly time: { readonly totalSec: number; readonly bootsSec: number };
}

function armRecord(prepared: PreparedRun, arm: PlannedArm): ArmRecord {
  const built = arm.built();
  const proof = prepared.plan.install.output().arms.find((one) => one.name === arm.name);
  const symbols = arm.configSymbols();
  const patchProof = arm.patchProof() ?? [];
  return {
    name: arm.name,
    role: arm.spec.role,
    kernelRelease: built.release,
    kernelOrigin: arm.kernelOrigin(),
    initrd: arm.spec.initrd,
    cmdline: built.cmdline,
    kernelSizeBytes: built.kernel.sizeBytes,
    initrdSizeBytes: built.initrd?.sizeBytes ?? 0,
    kernelSha256: built.kernel.sha256,
    ...(symbols === undefined ? {} : { configSymbols: symbols }),
    ...(patchProof.length === 0 ? {} : { patchProof }),
    ...(proof === undefined ? {} : { docker: proof.docker, configCheck: proof.configCheck }),
    ...(proof?.reboot == null ? {} : { reboot: proof.reboot }),
  };
}

interface Scored {
  readonly scores: readonly Score[];
  readonly findings: readonly Finding[];
}

/** Scores every candidate against the baseline; a metric that one side lacks is a finding, never a number. */
function scoreArms(
  arms: readonly PlannedArm[],
  measurements: Readonly<Record<string, readonly Measurement[]>>,
): Scored {
  const baseline = arms.find((arm) => arm.spec.role === 'baseline');
  if (baseline === undefined) return { scores: [], findings: [] };
  const scores: Score[] = [];
  const findings: Finding[] = [];
  for (const candidate of arms.filter((arm) => arm.spec.role === 'candidate')) {
    const side = (arm: PlannedArm) => ({ arm: arm.name, measurements: measurements[arm.name] ?? [] });
    const result = scoreAll(METRICS, side(baseline), side(candidate));
    scores.push(...result.scores);
    for (const { metric, reason } of result.missing) {
      findings.push({ level: 'info', message: `${candidate.name}: no score for ${metric}: ${reason}` });
    }
  }
  return { scores, findings };
}

/** Puts together what `record.json` says of a run. */
export function assembleRecord(input: AssembleInput): RunRecord {
  const { host, prepared, boots, time } = input;
  const { plan, guest, profile, choice } = prepared;
  const { accelerator, reason } = plan.accelerator.output();
  const measurements = Object.fromEntries(plan.arms.map((arm) => [arm.name, measurementsOf(arm.name, boots)]));
  const scored = scoreArms(plan.arms, measurements);
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
      guest: choice.name,
      guestCpus: guest.machine.cpus,
      guestMemoryMb: guest.machine.memoryMb,
    },
    bootsPerArm: input.request.boots,
    bootOrder: plan.boots.map((boot) => boot.arm),
    arms: plan.arms.map((arm) => armRecord(prepared, arm)),
    boots,
    measurements,
    scores: scored.scores,
    stages: input.stages,
    findings: [...input.findings, ...scored.findings],
    time: { ...time, outsideSec: time.totalSec - time.bootsSec },
  };
}
