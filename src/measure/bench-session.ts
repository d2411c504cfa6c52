import path from 'node:path';
import { pauseWarnings } from '../bench/series/pauses.ts';
import { guestPlace } from '../containers/places/guest-place.ts';
import type { Place } from '../containers/place.ts';
import { openRepositoryAccess } from '../containers/places/repository-access.ts';
import { startSampler } from '../containers/sampler/sampler.ts';
import type { Sampler } from '../containers/sampler/sampler.ts';
import type { Workload } from '../containers/workloads/workload.ts';
import { withBootedArm } from '../guest/booted-arm.ts';
import type { ArmBoot, BootedArm } from '../guest/booted-arm.ts';
import { Fault } from '../host/fault.ts';
import type { FileServer, Host } from '../host/host.ts';
import { jsonText } from '../json/text.ts';
import type { BenchEvent, BenchFailure, BenchSession, SeriesPoint, WorkloadRun } from '../model/bench.ts';
import type { WorkloadName } from '../model/workloads.ts';

/** A workload, and the images that its containers run. */
export interface SessionWorkload {
  readonly workload: Workload;
  /** Role in the workload → tag in the daemon. */
  readonly images: Readonly<Record<string, string>>;
}

/** What is done in one session, wherever it is. */
export interface SessionWork {
  readonly round: number;
  readonly workloads: readonly SessionWorkload[];
  /** Workloads whose time series the record keeps; every other one stands in the session's folder alone. */
  readonly watched: readonly WorkloadName[];
  /** Folder of the session's logs and series. */
  readonly directory: string;
  /** Folder of the run, which log paths in the record are relative to. */
  readonly runDirectory: string;
  readonly progress: (message: string) => void;
  /** Told every sample as it comes; for exports. */
  readonly onPoint?: (subject: string, point: SeriesPoint) => void;
  /** Told every workload that has ended; for exports. */
  readonly onRun?: (run: WorkloadRun) => void;
  readonly signal: AbortSignal;
}

/** Whether the run as a whole has to end: only when its user wants it to. */
function endsTheRun(error: unknown, signal: AbortSignal): boolean {
  return signal.aborted || !(error instanceof Fault) || error.failure.kind === 'interrupted';
}

function failureOf(error: Fault, logPath: string): BenchFailure {
  const { headline, hint, detail = [], consoleTail = [] } = error.failure;
  return { headline, hint, detail: [...detail, ...consoleTail], logPath };
}

/**
 * Runs the workloads of a session one after another. One that fails is a failed row with its log, and the next one is
 * tried all the same; what is interrupted, or a bug of ours, ends the run.
 */
async function runWorkloads(
  host: Host,
  place: Place,
  sampler: Sampler,
  work: SessionWork,
): Promise<readonly WorkloadRun[]> {
  const runs: WorkloadRun[] = [];
  for (const planned of work.workloads) {
    work.signal.throwIfAborted();
    runs.push(await runOne(host, place, sampler, work, planned));
  }
  return runs;
}

async function runOne(
  host: Host,
  place: Place,
  sampler: Sampler,
  work: SessionWork,
  { workload, images }: SessionWorkload,
): Promise<WorkloadRun> {
  const { clock, files } = host;
  const logFile = path.join(work.directory, `${workload.name}.log`);
  const lines: string[] = [];
  const events: BenchEvent[] = [];
  const say = (message: string): void => {
    work.progress(`${workload.name}: ${message}`);
  };
  say('begins');
  using watch = host.eventLoop.watch();
  const fromSec = clock.monotonicSec();
  const startedAt = new Date(clock.nowMs()).toISOString();
  let outcome: Pick<WorkloadRun, 'status' | 'metrics' | 'warnings' | 'repeats' | 'failure'>;
  try {
    const done = await workload.run({
      place,
      clock,
      signal: work.signal,
      sampler,
      images,
      round: work.round,
      event: (event) => events.push(event),
      log: (line) => lines.push(`${(clock.monotonicSec() - fromSec).toFixed(3).padStart(9)}  ${line}`),
      progress: say,
    });
    outcome = { status: 'done', ...done };
  } catch (error) {
    if (endsTheRun(error, work.signal) || !(error instanceof Fault)) throw error;
    const { headline, hint, detail = [] } = error.failure;
    lines.push(`FAILED: ${headline}`, ...detail, hint);
    const failure = failureOf(error, path.relative(work.runDirectory, logFile));
    outcome = { status: 'failed', metrics: {}, warnings: [], failure };
  }
  const toSec = clock.monotonicSec();
  const series = sampler.between(fromSec, toSec);
  const cost = sampler.cost(fromSec, toSec);
  await files.writeAtomic(logFile, `${lines.join('\n')}\n`);
  await files.writeAtomic(path.join(work.directory, `${workload.name}.series.json`), `${jsonText(series)}\n`);
  const run: WorkloadRun = {
    workload: workload.name,
    startedAt,
    durationSec: toSec - fromSec,
    ...outcome,
    events,
    warnings: [
      ...outcome.warnings,
      ...pauseWarnings(watch.pauses(), fromSec, toSec),
      ...sampler.warnings(fromSec, toSec),
    ],
    ...(work.watched.includes(workload.name) ? { series } : {}),
    ...(cost === undefined ? {} : { sampler: cost }),
  };
  work.onRun?.(run);
  return run;
}

/** A session in a guest: its boot, from the disk with the container images. */
export interface GuestBench {
  readonly order: number;
  readonly boot: ArmBoot;
  /** Given the guest before its workloads; what it returns is called when they have ended. */
  readonly attend?: (booted: BootedArm) => Promise<() => Promise<void>>;
}

/** What both kinds of place are given beside the work. */
export interface SessionTools {
  readonly samplerPath: string;
  /** The package repository, for sessions that install from it. */
  readonly repository: FileServer | undefined;
}

async function sessionAt(
  host: Host,
  place: Place,
  tools: SessionTools,
  work: SessionWork,
): Promise<Omit<BenchSession, 'order' | 'kernelRelease' | 'bootId'>> {
  const facts = await place.engine.facts();
  const { clock } = host;
  let tell = (): void => undefined;
  await using sampler = await startSampler(place, tools.samplerPath, clock, () => {
    tell();
  });
  const { onPoint } = work;
  if (onPoint !== undefined) {
    let toldSec = clock.monotonicSec();
    tell = () => {
      const nowSec = clock.monotonicSec();
      for (const { subject, points } of sampler.between(toldSec, nowSec)) {
        for (const point of points) onPoint(subject, point);
      }
      toldSec = nowSec;
    };
  }
  const runs = await runWorkloads(host, place, sampler, work);
  return {
    round: work.round,
    place: place.name,
    dockerVersion: facts.version,
    storageDriver: facts.storageDriver,
    cgroupVersion: facts.cgroupVersion,
    runs,
  };
}

/**
 * Boots an arm and runs the session's workloads there.
 *
 * @throws Fault with the console's last words when the guest does not get to a ready Docker
 */
export async function benchOnGuest(
  host: Host,
  { order, boot, attend }: GuestBench,
  tools: SessionTools,
  work: SessionWork,
): Promise<BenchSession> {
  return withBootedArm(host, boot, async (booted) => {
    const { guest } = booted;
    const { release, bootId } = await booted.identity();
    const leave = await attend?.(booted);
    const bare = await guestPlace(guest, host, { name: boot.arm.name });
    await using access =
      tools.repository === undefined
        ? undefined
        : await openRepositoryAccess(guest, bare.bridgeAddress, tools.repository);
    const place = access === undefined ? bare : { ...bare, repositoryUrl: access.url };
    const session = await sessionAt(host, place, tools, work);
    await leave?.();
    return { order, kernelRelease: release, bootId, ...session };
  });
}

/** A session on the physical machine. */
export async function benchOnHost(
  host: Host,
  order: number,
  place: Place,
  tools: SessionTools,
  work: SessionWork,
): Promise<BenchSession> {
  const session = await sessionAt(host, place, tools, work);
  return { order, kernelRelease: host.system.kernel, ...session };
}
