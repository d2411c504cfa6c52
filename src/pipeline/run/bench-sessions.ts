import path from 'node:path';
import type { FileServer } from '../../host/host.ts';
import { parseStatsdTarget } from '../../host/net/statsd-target.ts';
import { unpackRepository } from '../../images/containers/package-repository.ts';
import type { BenchPlace, BenchRecord, BenchSession } from '../../model/bench.ts';
import type { BootSummary } from '../../model/boots/boot.ts';
import type { Finding } from '../../model/finding.ts';
import type { Json } from '../../model/json.ts';
import { sha256Text } from '../../store/canonical.ts';
import { sessionKind } from '../plan/bench-order.ts';
import type { PlannedBench } from '../plan/bench-order.ts';
import { benchRecord } from '../record/bench-record.ts';
import { HOST_PLACE } from '../plan/bench.ts';
import type { BenchPlan } from '../plan/bench.ts';
import type { PlannedArm } from '../plan/arm.ts';
import type { PreparedRun } from '../plan/prepare.ts';
import { openHostSide } from './host-side.ts';
import type { HostSide } from './host-side.ts';
import type { RunOptions } from './run-options.ts';
import { conditionOf, doneBefore, guestSession, hostSession } from './session.ts';
import type { BenchContext, DoneSession } from './session.ts';
import { removeLeftovers } from '../steps/step.ts';

interface MeasuredBenches {
  readonly record?: BenchRecord;
  readonly benchesSec: number;
  /** The measured boots that sessions began with, and how long they took. */
  readonly boots: readonly BootSummary[];
  readonly bootsSec: number;
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

/** Performs the planned sessions in their order, or takes them from before an interruption. */
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
  ): Promise<DoneSession> | undefined => {
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
  return { record: recordOf(lab, side, sessions, findings), benchesSec, boots, bootsSec };
}

function recordOf(
  { prepared, plan, request }: BenchContext,
  side: HostSide,
  sessions: readonly BenchSession[],
  findings: readonly Finding[],
): BenchRecord {
  const { arms, accelerator } = prepared.plan;
  return benchRecord({
    arms: arms.map(({ name, spec }) => ({ name, role: spec.role })),
    accelerator: accelerator.output().accelerator,
    rounds: plan.spec.rounds,
    minutes: request.minutes,
    workloads: plan.workloads,
    places: placesOf(side, arms),
    images: imageFacts(plan),
    sessions,
    findings,
  });
}

/** Where sessions took place, the host first, and why there or why not. */
function placesOf(side: HostSide, arms: readonly PlannedArm[]): readonly BenchPlace[] {
  return [
    'place' in side
      ? { name: HOST_PLACE, kind: 'host', status: 'measured', why: side.place.why }
      : { name: HOST_PLACE, kind: 'host', status: 'absent', why: side.absent },
    ...arms.map(({ name }): BenchPlace => ({
      name,
      kind: 'vm',
      status: 'measured',
      why: 'booted for each session from one disk, its Docker reached through SSH',
    })),
  ];
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
