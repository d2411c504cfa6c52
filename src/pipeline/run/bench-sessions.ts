import path from 'node:path';
import type { BootedArm } from '../../guest/booted-arm.ts';
import { openHostPlace } from '../../containers/places/host-place.ts';
import type { HostPlace } from '../../containers/places/host-place.ts';
import { Fault } from '../../host/fault.ts';
import type { FileServer } from '../../host/host.ts';
import { parseStatsdTarget } from '../../host/net/statsd-target.ts';
import type { StatsdSink } from '../../host/net/statsd.ts';
import { unpackRepository } from '../../images/containers/package-repository.ts';
import type { BenchPlace, BenchRecord, BenchSession } from '../../model/bench.ts';
import type { BootSummary } from '../../model/boots/boot.ts';
import type { Finding } from '../../model/finding.ts';
import type { Json } from '../../model/json.ts';
import { benchOnGuest, benchOnHost } from '../../measure/bench-session.ts';
import { readOutBoot } from '../../measure/boot.ts';
import type { SessionWork, SessionWorkload } from '../../measure/bench-session.ts';
import { canonicalJson, sha256Text } from '../../store/canonical.ts';
import { bootCondition, bootDirectory, bootReading, withArmBoot } from './boot-setup.ts';
import { sessionKind } from '../plan/bench-order.ts';
import type { PlannedBench } from '../plan/bench-order.ts';
import { benchRecord } from '../record/bench-record.ts';
import { workOf } from '../plan/bench-work.ts';
import type { BenchRequest } from '../../model/request.ts';
import { HOST_PLACE } from '../plan/bench.ts';
import type { BenchPlan } from '../plan/bench.ts';
import type { PlannedArm } from '../plan/arm.ts';
import type { PreparedRun } from '../plan/prepare.ts';
import type { RunOptions } from './run-options.ts';
import { removeLeftovers } from '../steps/step.ts';

/** The one workload whose time series are worth a place in the record: it is watched for their sake. */
const WATCHED = ['package-install'] as const;

interface MeasuredBenches {
  readonly record?: BenchRecord;
  readonly benchesSec: number;
  /** The measured boots that sessions began with, and how long they took. */
  readonly boots: readonly BootSummary[];
  readonly bootsSec: number;
}

/** What all sessions of a run share. */
interface BenchContext {
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
function conditionOf({ options, prepared, plan, request }: BenchContext, place: string): string {
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
interface Done {
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
async function guestSession(lab: BenchContext, { planned, arm, condition, first }: GuestSession): Promise<Done> {
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
    }
    return () => Promise.resolve();
  };
  const session = await withArmBoot(
    options,
    prepared,
    {
      id: planned.id,
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

async function hostSession(
  lab: BenchContext,
  planned: PlannedBench,
  place: HostPlace,
  condition: string,
): Promise<Done> {
  const { host } = lab.options;
  announce(lab, planned, 'session');
  const startedSec = host.clock.monotonicSec();
  const session = await benchOnHost(host, planned.order, place, lab, sessionWork(lab, planned));
  return { session, durationMs: Math.round((host.clock.monotonicSec() - startedSec) * 1000), condition };
}

/** The session as an interrupted run left it, with the boot that it began with: neither is whole without the other. */
function doneBefore(
  lab: BenchContext,
  planned: PlannedBench,
  arm: PlannedArm | undefined,
  condition: string,
): Done | undefined {
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

/** The physical machine with the images in its Docker; or why it takes no part. */
type HostSide = { readonly place: HostPlace } | { readonly absent: string };

/** What the daemon did not have before is taken out again: it may be the machine's own. */
async function bringImages({ options, plan }: BenchContext, place: HostPlace): Promise<readonly string[]> {
  const brought: string[] = [];
  for (const image of plan.images) {
    const { tag, tar } = image.tagged();
    if (await place.engine.hasImage(tag)) continue;
    brought.push(tag);
    await place.engine.importImage(await options.store.use(tar), tag);
  }
  return brought;
}

async function openHostSide(lab: BenchContext, directory: string): Promise<HostSide> {
  const { host, store, signal } = lab.options;
  const { repository } = lab;
  const folder = await host.files.makeTempDirectory(store.workDir(), `${lab.scratchName}-host-`);
  let place: HostPlace | undefined;
  try {
    place = await openHostPlace(host, { folder, logPath: path.join(directory, 'dockerd.log'), signal });
    const opened = place;
    const brought = await bringImages(lab, opened);
    const port = await repository?.listen({ address: opened.bridgeAddress });
    return {
      place: {
        ...opened,
        ...(port === undefined ? {} : { repositoryUrl: `http://${opened.bridgeAddress}:${String(port)}` }),
        async [Symbol.asyncDispose]() {
          try {
            for (const tag of brought) await opened.engine.removeImage(tag);
          } finally {
            await opened[Symbol.asyncDispose]();
          }
        },
      },
    };
  } catch (error) {
    await place?.[Symbol.asyncDispose]();
    if (!(error instanceof Fault) || error.failure.kind === 'interrupted') throw error;
    return { absent: error.failure.headline };
  }
}

/** Serves the package repository out of a scratch folder, where the plan has one. */
export async function openRepository(
  { host, store }: Pick<RunOptions, 'host' | 'store'>,
  plan: BenchPlan,
  scratch: string,
): Promise<FileServer | undefined> {
  if (plan.repository === undefined) return undefined;
  const folder = path.join(scratch, 'repository');
  await unpackRepository(host, await store.use(plan.repository.output().repository), folder);
  return host.servers.serveFolder(folder);
}

/**
 * Every planned session of container work, places interleaved, and what comes of it. A session that an interrupted run has
 * finished is not repeated; one that it had begun is, whole.
 */
export async function measureBenches(options: RunOptions, prepared: PreparedRun): Promise<MeasuredBenches> {
  const { host, store, runDirectory } = options;
  const { bench: plan } = prepared.plan;
  const { bench: request } = options.request;
  if (plan === undefined || request === undefined) return { benchesSec: 0, boots: [], bootsSec: 0 };
  const scratchName = `bench-${sha256Text(runDirectory).slice(0, 12)}`;
  await removeLeftovers(host, store, scratchName);
  const scratch = await host.files.makeTempDirectory(store.workDir(), `${scratchName}-`);
  try {
    await using repository = await openRepository(options, plan, scratch);
    const findings: Finding[] = [];
    const onTrouble = (message: string): void => {
      findings.push({ level: 'warning', message });
    };
    await using statsd =
      request.datadog === undefined
        ? undefined
        : host.metrics.createStatsd(parseStatsdTarget(request.datadog), { run: options.runId, onTrouble });
    const samplerPath = await store.use(plan.sampler.output().program);
    const lab = { options, prepared, plan, request, scratchName, samplerPath, repository, statsd };
    return await runSessions(lab, scratch, findings);
  } finally {
    await host.files.remove(scratch).catch(() => undefined);
  }
}

async function runSessions(lab: BenchContext, scratch: string, findings: readonly Finding[]): Promise<MeasuredBenches> {
  const { options, prepared, plan } = lab;
  const { emit, history, signal } = options;
  const sessions: BenchSession[] = [];
  const boots: BootSummary[] = [];
  const seen = new Set<string>();
  let benchesSec = 0;
  let bootsSec = 0;
  const side = await openHostSide(lab, scratch);
  await using place = 'place' in side ? side.place : undefined;
  const perform = (
    planned: PlannedBench,
    arm: PlannedArm | undefined,
    condition: string,
  ): Promise<Done> | undefined => {
    if (arm !== undefined) return guestSession(lab, { planned, arm, condition, first: !seen.has(arm.name) });
    return place && hostSession(lab, planned, place, condition);
  };
  for (const planned of plan.sessions) {
    signal.throwIfAborted();
    const arm = prepared.plan.arms.find(({ name }) => name === planned.place);
    if (arm === undefined && place === undefined) continue;
    const condition = conditionOf(lab, planned.place);
    const before = doneBefore(lab, planned, arm, condition);
    const done = before ?? (await perform(planned, arm, condition));
    if (done === undefined) continue;
    const { session, durationMs, boot } = done;
    if (before === undefined) {
      benchesSec += durationMs / 1000;
      history.note(sessionKind(planned), durationMs);
      if (boot !== undefined) {
        bootsSec += boot.durationMs / 1000;
        history.note(`boot:${planned.place}`, boot.durationMs);
      }
    }
    seen.add(planned.place);
    sessions.push(session);
    if (boot !== undefined) boots.push(boot.summary);
    emit({ type: 'bench-finished', id: planned.id, durationMs, condition, session });
  }
  const places: readonly BenchPlace[] = [
    'place' in side
      ? { name: HOST_PLACE, kind: 'host', status: 'measured', why: side.place.why }
      : { name: HOST_PLACE, kind: 'host', status: 'absent', why: side.absent },
    ...prepared.plan.arms.map(({ name }): BenchPlace => ({
      name,
      kind: 'vm',
      status: 'measured',
      why: 'booted for each session from one disk, its Docker reached through SSH',
    })),
  ];
  const record = benchRecord({
    arms: prepared.plan.arms.map(({ name, spec }) => ({ name, role: spec.role })),
    accelerator: prepared.plan.accelerator.output().accelerator,
    rounds: plan.spec.rounds,
    minutes: lab.request.minutes,
    workloads: plan.workloads,
    places,
    images: imageFacts(plan),
    sessions,
    findings,
  });
  return { record, benchesSec, boots, bootsSec };
}

/** What each image was made of. */
function imageFacts(plan: BenchPlan): Readonly<Record<string, Json>> {
  return Object.fromEntries(
    plan.images.map((image) => {
      const { origin, packages } = image.step.output();
      const { tag, tar } = image.tagged();
      return [image.name, { tag, sha256: tar.sha256, sizeBytes: tar.sizeBytes, origin, packages }];
    }),
  );
}
