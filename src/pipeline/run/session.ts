import path from 'node:path';
import type { BootedArm } from '../../guest/booted-arm.ts';
import type { HostPlace } from '../../containers/places/host-place.ts';
import type { FileServer } from '../../host/host.ts';
import type { StatsdSink } from '../../host/net/statsd.ts';
import type { BenchSession } from '../../model/bench.ts';
import type { BootSummary } from '../../model/boots/boot.ts';
import type { Json } from '../../model/json.ts';
import { benchOnGuest, benchOnHost } from '../../measure/bench-session.ts';
import { readOutBoot } from '../../measure/boot.ts';
import type { SessionWork, SessionWorkload } from '../../measure/bench-session.ts';
import { canonicalJson, sha256Text } from '../../store/canonical.ts';
import { bootCondition, bootDirectory, bootReading, withArmBoot } from './boot-setup.ts';
import type { PlannedBench } from '../plan/bench-order.ts';
import { workOf } from '../plan/bench-work.ts';
import type { BenchRequest } from '../../model/request.ts';
import type { BenchPlan } from '../plan/bench.ts';
import type { PlannedArm } from '../plan/arm.ts';
import type { PreparedRun } from '../plan/prepare.ts';
import type { RunOptions } from './run-options.ts';

/** The one workload whose time series are worth a place in the record: it is watched for their sake. */
const WATCHED = ['package-install'] as const;

/** What all sessions of a run share. */
export interface BenchContext {
  readonly options: RunOptions;
  readonly prepared: PreparedRun;
  readonly plan: BenchPlan;
  readonly request: BenchRequest;
  readonly scratchName: string;
  readonly samplerPath: string;
  readonly repository: FileServer | undefined;
  readonly statsd: StatsdSink | undefined;
}

/** What must match for two sessions at a place to be samples of one thing. */
export function conditionOf({ options, prepared, plan, request }: BenchContext, place: string): string {
  const { host } = options;
  const arm = prepared.plan.arms.find(({ name }) => name === place);
  const condition: Json = {
    place,
    arm: arm === undefined ? null : arm.built(),
    images: plan.images.map((image) => image.tagged()),
    repository: plan.repository?.output().repository ?? null,
    sampler: plan.sampler.output().program,
    disk: plan.disk.output().disk,
    accelerator: prepared.plan.accelerator.output().accelerator,
    qemu: prepared.plan.preflight.output().tools['qemu-system-x86'] ?? '',
    machine: prepared.guest.machine,
    cpu: host.system.cpuModel,
    cpus: host.system.cpuCount,
    workloads: [...request.workloads],
    minutes: request.minutes ?? null,
    host: host.system.hostname,
    hostKernel: host.system.kernel,
  };
  return sha256Text(canonicalJson(condition));
}

/** The workloads of a round, their images by the tags that they have in a daemon. */
export function sessionWorkloads(plan: BenchPlan, request: BenchRequest, round: number): readonly SessionWorkload[] {
  const tags = new Map(plan.images.map((image) => [image.name, image.tagged().tag]));
  return workOf(plan.spec, request, round).map(({ workload, images }) => ({
    workload,
    images: Object.fromEntries(Object.entries(images).map(([role, name]) => [role, tags.get(name) ?? name])),
  }));
}

function sessionWork(lab: BenchContext, planned: PlannedBench): SessionWork {
  const { options, plan, request, statsd } = lab;
  return {
    round: planned.round,
    workloads: sessionWorkloads(plan, request, planned.round),
    watched: WATCHED,
    directory: path.join(options.runDirectory, 'benches', planned.id.replaceAll(':', '-')),
    runDirectory: options.runDirectory,
    progress: (message) => {
      options.emit({ type: 'step-progress', id: planned.id, message });
    },
    ...(statsd === undefined
      ? {}
      : {
          onPoint: (subject, point) => {
            statsd.series(planned.place, subject, point);
          },
          onRun: (run) => {
            for (const event of run.events) statsd.event(planned.place, event);
          },
        }),
    signal: options.signal,
  };
}

/** Result of a session, of this process or from before an interruption. */
export interface DoneSession {
  readonly session: BenchSession;
  readonly durationMs: number;
  readonly condition: string;
  readonly boot?: DoneBoot;
}

interface DoneBoot {
  readonly summary: BootSummary;
  readonly durationMs: number;
  readonly condition: string;
}

interface GuestSession {
  readonly planned: PlannedBench;
  readonly arm: PlannedArm;
  readonly condition: string;
  /** Whether it is the arm's first in this process. */
  readonly first: boolean;
}

function announce({ options }: BenchContext, { id, place, round, boot }: PlannedBench, unit: 'boot' | 'session'): void {
  if (unit === 'session') options.emit({ type: 'bench-started', id, place, round });
  else if (boot !== undefined) {
    options.emit({ type: 'boot-started', id: boot.id, order: boot.order, arm: boot.arm });
  }
}

function bootConditionOf({ options, prepared, plan }: BenchContext, arm: PlannedArm): string {
  return bootCondition(options, prepared, arm.measured(), plan.disk.output().disk);
}

/**
 * A session in a guest. Where its boot is measured, that is read out before the first workload, so that what the session
 * does is no part of it; the boot ends there, and the session begins.
 */
export async function guestSession(
  lab: BenchContext,
  { planned, arm, condition, first }: GuestSession,
): Promise<DoneSession> {
  const { options, prepared, plan } = lab;
  const { host, runDirectory, emit } = options;
  const work = sessionWork(lab, planned);
  const seconds = () => host.clock.monotonicSec();
  const bootDone = planned.boot && { planned: planned.boot, directory: bootDirectory(runDirectory, planned.boot) };
  let startedSec = seconds();
  const since = (): number => Math.round((seconds() - startedSec) * 1000);
  let boot: DoneBoot | undefined;
  announce(lab, planned, bootDone === undefined ? 'session' : 'boot');
  if (bootDone === undefined) work.progress('booting');
  const readOut = async (booted: BootedArm): Promise<() => Promise<void>> => {
    if (bootDone !== undefined) {
      const { order, id } = bootDone.planned;
      const reading = bootReading(prepared, arm, { order, directory: bootDone.directory, first });
      const summary = await readOutBoot(host, booted, reading);
      boot = { summary, durationMs: since(), condition: bootConditionOf(lab, arm) };
      emit({ type: 'boot-finished', id, ...boot });
      announce(lab, planned, 'session');
      startedSec = seconds();
    } else {
      // A measured boot's summary has them; this boot has none.
      for (const warning of booted.warnings) {
        const message = `session ${String(planned.round + 1)} of ${arm.name}: ${warning}`;
        emit({ type: 'finding', id: planned.id, finding: { level: 'warning', message } });
      }
    }
    return () => Promise.resolve();
  };
  const session = await withArmBoot(
    options,
    prepared,
    {
      id: planned.boot?.id ?? planned.id,
      arm: arm.name,
      built: arm.built(),
      disk: plan.disk.output().disk,
      directory: bootDone?.directory ?? work.directory,
      scratchName: lab.scratchName,
    },
    (armBoot) => benchOnGuest(host, { order: planned.order, boot: armBoot, attend: readOut }, lab, work),
  );
  return { session, durationMs: since(), condition, ...(boot === undefined ? {} : { boot }) };
}

/** A session on the host, whose daemon has the images. */
export async function hostSession(
  lab: BenchContext,
  planned: PlannedBench,
  place: HostPlace,
  condition: string,
): Promise<DoneSession> {
  const { host } = lab.options;
  announce(lab, planned, 'session');
  const startedSec = host.clock.monotonicSec();
  const session = await benchOnHost(host, planned.order, place, lab, sessionWork(lab, planned));
  return { session, durationMs: Math.round((host.clock.monotonicSec() - startedSec) * 1000), condition };
}

/** The session as an interrupted run left it, with the boot that it began with: neither is whole without the other. */
export function doneBefore(
  lab: BenchContext,
  planned: PlannedBench,
  arm: PlannedArm | undefined,
  condition: string,
): DoneSession | undefined {
  const { past, emit } = lab.options;
  const known = past?.benches.get(planned.id);
  if (known?.condition !== condition) return undefined;
  if (planned.boot === undefined || arm === undefined) {
    announce(lab, planned, 'session');
    return known;
  }
  const boot = past?.boots.get(planned.boot.id);
  // A boot of a later start, whose session was not finished, is not the one that this session began with.
  if (boot?.condition !== bootConditionOf(lab, arm) || boot.summary.bootId !== known.session.bootId) return undefined;
  announce(lab, planned, 'boot');
  emit({ type: 'boot-finished', id: planned.boot.id, ...boot });
  announce(lab, planned, 'session');
  return { ...known, boot };
}
