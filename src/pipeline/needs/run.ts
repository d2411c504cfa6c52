import path from 'node:path';
import { Fault } from '../../host/fault.ts';
import { jsonText } from '../../json/text.ts';
import type { BenchSession } from '../../model/bench.ts';
import type { NeedsReport } from '../../model/needs.ts';
import { renderNeeds } from '../../report/needs/markdown.ts';
import { benchOnGuest } from '../../measure/bench-session.ts';
import { kernelTree } from '../../stages/shared/kernel-tree.ts';
import { watchNeeds } from '../../measure/needs-watch.ts';
import type { Watched } from '../../measure/needs-watch.ts';
import { sha256Text } from '../../store/canonical.ts';
import { withArmBoot } from '../run/boot-setup.ts';
import { openRepository } from '../run/bench-sessions.ts';
import { sessionWorkloads } from '../run/session.ts';
import type { BenchRequest } from '../../model/request.ts';
import { analyseNeeds } from './analysis.ts';
import type { BenchPlan } from '../plan/bench.ts';
import type { PlannedArm } from '../plan/arm.ts';
import { estimateRun, prepareRun } from '../plan/prepare.ts';
import type { PreparedRun } from '../plan/prepare.ts';
import type { RunOptions } from '../run/run-options.ts';
import { runSteps, StepError } from '../steps/run-steps.ts';
import { removeLeftovers } from '../steps/step.ts';

export interface NeedsOptions extends Omit<RunOptions, 'past'> {
  readonly trace: 'auto' | 'off';
}

/** Whose kernel is watched, whose symbols are judged, and the work that decides. */
export interface NeedsPlan {
  readonly watched: PlannedArm;
  readonly candidate: PlannedArm;
  readonly bench: BenchPlan;
  readonly request: BenchRequest;
}

/**
 * @throws Fault `usage` for a profile that has no stock kernel to watch, no kernel of its own to judge, or no work
 */
export function planNeeds(prepared: PreparedRun, request: BenchRequest | undefined): NeedsPlan {
  const { arms, bench } = prepared.plan;
  const watched = arms.find(({ spec }) => spec.role === 'baseline' && spec.kernel === 'stock');
  const candidate = arms.find(({ spec }) => spec.kernel !== 'stock');
  const lacks =
    watched === undefined
      ? 'no baseline with the stock kernel, which is what is watched'
      : candidate === undefined
        ? 'no kernel of its own, whose symbols could be judged'
        : 'no section bench:, and without work nothing is needed';
  if (watched === undefined || candidate === undefined || bench === undefined || request === undefined) {
    throw new Fault({
      kind: 'usage',
      headline: `The profile ${prepared.profile.name} has ${lacks}`,
      hint: 'pipelines/docker-min.yaml has all that `drydock needs` asks for.',
    });
  }
  return { watched, candidate, bench, request };
}

/**
 * Every initcall with its cost, in the ring buffer alone: the command line keeps its quiet. And as nothing is timed here, a guest
 * on a busy host may take its time to start: systemd would give up on containerd after 90 s.
 */
const WATCHED_CMDLINE = ['initcall_debug', 'systemd.default_timeout_start_sec=900'];

const SESSION = 'bench:00-needs';
const ANALYSIS = 'needs';

async function watchSession(
  options: NeedsOptions,
  prepared: PreparedRun,
  { watched: arm, bench, request }: NeedsPlan,
): Promise<{ readonly session: BenchSession; readonly watched: Watched; readonly directory: string }> {
  const { host, store, runDirectory, signal, emit } = options;
  const directory = path.join(runDirectory, 'session');
  const progress = (message: string): void => {
    emit({ type: 'step-progress', id: SESSION, message });
  };
  const watch = watchNeeds(host, { trace: options.trace, directory, progress });
  const scratchName = `needs-${sha256Text(runDirectory).slice(0, 12)}`;
  await removeLeftovers(host, store, scratchName);
  const scratch = await host.files.makeTempDirectory(store.workDir(), `${scratchName}-`);
  try {
    await using repository = await openRepository(options, bench, scratch);
    const stock = arm.built();
    const built = { ...stock, cmdline: [stock.cmdline, ...WATCHED_CMDLINE].join(' ') };
    const tools = { samplerPath: await store.use(bench.sampler.output().program), repository };
    const work = {
      round: 0,
      workloads: sessionWorkloads(bench, request, 0),
      watched: [],
      directory,
      runDirectory,
      progress,
      signal,
    };
    const { disk } = bench.disk.output();
    progress('booting');
    const session = await withArmBoot(
      options,
      prepared,
      { id: SESSION, arm: arm.name, built, disk, directory, scratchName },
      (boot) => benchOnGuest(host, { order: 0, boot, attend: ({ guest }) => watch.attend(guest) }, tools, work),
    );
    return { session, watched: watch.watched(), directory };
  } finally {
    await host.files.remove(scratch).catch(() => undefined);
  }
}

/** The fragments of a kernel as its configuration was made of them. */
async function fragmentsOf({ host, folders }: NeedsOptions, { spec }: PlannedArm) {
  if (spec.kernel === 'stock') return [];
  return Promise.all(
    [...spec.kernel.fragments, ...spec.kernel.patches].map(async (name) => ({
      name,
      text: await host.files.readText(path.join(folders.pipelines, 'kconfig', `${name}.config`)),
    })),
  );
}

/** The source that both kernels are made of; only its patch is the candidate's alone. */
async function sourceTree(options: NeedsOptions, candidate: PlannedArm): Promise<string> {
  const tree = candidate.tree();
  if (tree === undefined) throw new Error(`The arm ${candidate.name} has lost its source`);
  const { emit } = options;
  return kernelTree(tree, {
    ...options,
    workDir: options.store.workDir(),
    logPath: path.join(options.runDirectory, 'logs', 'needs.log'),
    progress: (progress) => {
      emit({ type: 'step-progress', id: ANALYSIS, ...progress });
    },
    finding: (finding) => {
      emit({ type: 'finding', id: ANALYSIS, finding });
    },
  });
}

/**
 * Watches one session of container work on the stock kernel and says what of a candidate's configuration it needed.
 * Everything before the session is the same as for a run with `--bench`, and comes from the same store.
 *
 * @returns the report, which stands in the run's folder as needs.json and needs.md
 * @throws StepError around the `Fault` of what failed
 */
export async function executeNeeds(options: NeedsOptions): Promise<NeedsReport> {
  const { host, store, history, emit, runId, request, runDirectory } = options;
  const startedAt = new Date(host.clock.nowMs()).toISOString();
  const prepared = await prepareRun(options);
  const plan = planNeeds(prepared, request.bench);
  const [first, ...rest] = prepared.plan.steps;
  if (first === undefined) throw new Error('The plan is empty');
  const early: Parameters<typeof emit>[0][] = [];
  await runSteps([first], { ...options, emit: (event) => early.push(event) }, history);
  const { steps } = await estimateRun(prepared, store, history);
  const session = { id: SESSION, cached: false };
  emit({ type: 'run-started', runId, request, resumed: false, steps, boots: [], benches: [session] });
  for (const event of early) emit(event);
  await runSteps(rest, options, history);
  try {
    emit({ type: 'bench-started', id: SESSION, place: plan.watched.name, round: 0 });
    const sessionStartedSec = host.clock.monotonicSec();
    const seen = await watchSession(options, prepared, plan);
    const durationMs = Math.round((host.clock.monotonicSec() - sessionStartedSec) * 1000);
    emit({ type: 'bench-finished', id: SESSION, durationMs, condition: '', session: seen.session });
    const report = await reportOf(options, prepared, plan, { ...seen, startedAt });
    await host.files.writeAtomic(path.join(runDirectory, 'needs.json'), `${jsonText(report, 1)}\n`);
    await host.files.writeAtomic(path.join(runDirectory, 'needs.md'), renderNeeds(report));
    return report;
  } catch (error) {
    throw new StepError(SESSION, error);
  } finally {
    await history.save();
  }
}

async function reportOf(
  options: NeedsOptions,
  prepared: PreparedRun,
  { watched: arm, candidate }: NeedsPlan,
  seen: Awaited<ReturnType<typeof watchSession>> & { readonly startedAt: string },
): Promise<NeedsReport> {
  const { host, store, emit, signal } = options;
  const { session, startedAt } = seen;
  const fragments = await fragmentsOf(options, candidate);
  const analysis = await analyseNeeds(host, {
    ...seen,
    treeDir: await sourceTree(options, candidate),
    stockConfig: await store.readText(arm.built().config),
    candidateConfig: await store.readText(candidate.built().config),
    fragments,
    kernelRelease: session.kernelRelease,
    signal,
    onProgress: (message, fraction) => {
      emit({ type: 'step-progress', id: ANALYSIS, message, ...(fraction === undefined ? {} : { fraction }) });
    },
  });
  return {
    format: 'drydock-needs/1',
    id: options.runId,
    drydockVersion: options.version,
    startedAt,
    finishedAt: new Date(host.clock.nowMs()).toISOString(),
    profile: prepared.profile.name,
    watched: { arm: arm.name, kernelRelease: session.kernelRelease, bootId: session.bootId ?? '' },
    candidate: { arm: candidate.name, fragments: fragments.map(({ name }) => name) },
    conditions: {
      accelerator: prepared.plan.accelerator.output().accelerator,
      qemu: prepared.plan.preflight.output().tools['qemu-system-x86'] ?? '',
      cpus: prepared.guest.machine.cpus,
      memoryMb: prepared.guest.machine.memoryMb,
      hostCpu: host.system.cpuModel,
      dockerVersion: session.dockerVersion,
      storageDriver: session.storageDriver,
      cgroupVersion: session.cgroupVersion,
    },
    ...analysis,
  };
}
