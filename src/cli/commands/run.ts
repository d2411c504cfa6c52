import path from 'node:path';
import { stringify } from 'yaml';
import { Fault } from '../../host/fault.ts';
import { quoteCommand } from '../../host/process/shell-quote.ts';
import { jsonText } from '../../json/text.ts';
import type { Failure } from '../../model/failure.ts';
import type { RunRecord } from '../../model/record.ts';
import type { BuildChoice, Emit, PlannedUnit } from '../../pipeline/events/event.ts';
import type { RunRequest } from '../../model/request.ts';
import { exitCodeOf, renderFailure, toFailure } from '../../pipeline/events/failure.ts';
import { whyNotHere } from '../../pipeline/plan/guest-choice.ts';
import { openJournal, readPastRun } from '../../pipeline/events/journal.ts';
import type { PastRun } from '../../pipeline/events/journal.ts';
import { estimateRun, prepareRun } from '../../pipeline/plan/prepare.ts';
import type { PreparedRun } from '../../pipeline/plan/prepare.ts';
import { executeRun } from '../../pipeline/run/run.ts';
import { StepError } from '../../pipeline/steps/run-steps.ts';
import { profileFor } from '../../profile/for-guest.ts';
import { loadProfile } from '../../profile/load.ts';
import type { Profile } from '../../profile/schema.ts';
import { jsonlReporter } from '../../progress/jsonl.ts';
import { listrReporter } from '../../progress/listr.ts';
import { plainReporter } from '../../progress/plain.ts';
import { durationText } from '../../text/duration.ts';
import type { Reporter } from '../../progress/reporter.ts';
import { finalTable } from '../../report/formats/terminal.ts';
import { openHistory } from '../../store/durations.ts';
import { keepInLedger } from '../../store/run-history.ts';
import { openStore } from '../../store/store.ts';
import type { BenchFlags } from '../flags/bench.ts';
import { bootModeAsked } from '../flags/boot-mode.ts';
import type { BootModeFlags } from '../flags/boot-mode.ts';
import type { BootFlags } from '../flags/boots.ts';
import type { CommandContext } from '../context.ts';
import { imageAsked } from '../flags/image.ts';
import type { ImageFlags } from '../flags/image.ts';
import { cacheRoot, folders, resultsRoot } from '../locations.ts';
import { measuringAsked } from '../flags/measuring.ts';

/** Exit code of everything that the user has to fix first. */
const USAGE = 2;

export interface RunCommandOptions extends BootFlags, BenchFlags, BootModeFlags, ImageFlags {
  readonly profile: string;
  readonly guest: string;
  readonly accel: 'auto' | 'kvm' | 'tcg';
  /** Where kernels are built; absent: as the profile says. */
  readonly build?: 'auto' | 'host' | 'guest' | undefined;
  /** Makes the profile that is run from the one that was named: an ablation, a calibration. */
  readonly derive?: (profile: Profile) => Profile;
  readonly install: boolean;
  readonly refreshImage: boolean;
  /** Samples a second of the process collector; absent: none. */
  readonly collect?: number | undefined;
  readonly json: boolean;
  readonly dryRun: boolean;
  readonly failOn: 'worse' | 'never';
  readonly cacheRoot: string;
  readonly resultsRoot: string;
}

export interface ResumeOptions {
  readonly run: string;
  readonly json: boolean;
  readonly failOn: 'worse' | 'never';
  readonly cacheRoot: string;
  readonly resultsRoot: string;
}

function chooseReporter(context: CommandContext, json: boolean): Reporter {
  const { host, stdout } = context;
  if (json) return jsonlReporter(stdout, () => host.clock.nowMs());
  if (stdout.isTerminal) return listrReporter(() => host.clock.monotonicSec());
  return plainReporter(stdout, () => host.clock.monotonicSec());
}

/** `20261123-153012-docker-min`: sorts by time, says what it was. */
function newRunId(nowMs: number, profile: string): string {
  const stamp = new Date(nowMs).toISOString().replace(/[-:]/g, '').replace('T', '-').slice(0, 15);
  return `${stamp}-${profile}`;
}

/** A run id whose folder does not exist yet. */
export async function freshRunId(context: CommandContext, resultsRoot: string, profile: string): Promise<string> {
  const { files, clock } = context.host;
  const id = newRunId(clock.nowMs(), profile);
  for (let suffix = 0; ; suffix += 1) {
    const candidate = suffix === 0 ? id : `${id}-${suffix}`;
    if ((await files.stat(path.join(resultsRoot, candidate))) === undefined) return candidate;
  }
}

interface Execution {
  readonly runId: string;
  readonly runDirectory: string;
  /** What was asked, and what an interrupted run has done already; called while this process holds the run's lock. */
  load(): Promise<{ readonly request: RunRequest; readonly past?: PastRun }>;
  readonly json: boolean;
  readonly failOn: 'worse' | 'never';
  readonly cacheRoot: string;
}

/** The command that goes on with this run from where the user stands. */
function resumeLine({ runId, runDirectory, cacheRoot: cache }: Execution): string {
  const run = runDirectory === path.join(resultsRoot(undefined), runId) ? runId : runDirectory;
  const flags = cache === cacheRoot(undefined) ? [] : ['--cache-dir', cache];
  const word = (text: string): string => (/^[\w@%+=:,./-]+$/.test(text) ? text : quoteCommand([text]));
  return ['npm run drydock -- resume', ...[run, ...flags].map(word)].join(' ');
}

function verdictCode(record: RunRecord, failOn: 'worse' | 'never'): number {
  const scores = [...record.scores, ...(record.bench?.scores ?? [])];
  return failOn === 'worse' && scores.some((score) => score.verdict === 'worse') ? 1 : 0;
}

async function execute(context: CommandContext, execution: Execution): Promise<number> {
  const { host, signal, stdout, stderr } = context;
  const { runId, runDirectory, json } = execution;
  await host.files.makeDirectory(runDirectory);
  await using lock = await host.locks.acquire(path.join(runDirectory, 'run'), {
    signal,
    onWait: (holder) => {
      stderr.write(`Waiting for ${holder}, which holds this run.\n`);
    },
  });
  const { request, past } = await execution.load();
  const journal = openJournal(host, runDirectory);
  const reporter = chooseReporter(context, json);
  const emit: Emit = (event) => {
    journal.write(event);
    reporter.event(event);
  };
  try {
    const store = openStore(host, execution.cacheRoot);
    const record = await executeRun({
      host,
      store,
      history: await openHistory(host, execution.cacheRoot),
      folders,
      request,
      runId,
      runDirectory,
      version: context.version,
      signal: AbortSignal.any([signal, lock.lost]),
      emit,
      ...(past === undefined ? {} : { past }),
    });
    await keepInLedger(host, execution.cacheRoot, record);
    const exitCode = verdictCode(record, execution.failOn);
    emit({ type: 'run-finished', exitCode, directory: runDirectory });
    await journal.flush();
    await reporter.close();
    if (json) return exitCode;
    stdout.write(`\n${finalTable(record, { columns: stdout.columns, colour: stdout.isTerminal })}\n`);
    stdout.write(`\nReport: ${path.join(runDirectory, 'report.html')}\n`);
    if (exitCode !== 0) stdout.write('A metric got worse: exit 1. --fail-on never turns that off.\n');
    return exitCode;
  } catch (error) {
    const stepId = error instanceof StepError ? error.stepId : undefined;
    const cause: unknown = lock.lost.aborted ? lock.lost.reason : error instanceof StepError ? error.cause : error;
    const failure = toFailure(cause, signal);
    emit({ type: 'run-failed', ...(stepId === undefined ? {} : { id: stepId }), failure });
    await reporter.close();
    // The disk may be what failed; the failure itself still has to reach the terminal.
    await journal.flush().catch(() => undefined);
    const exitCode = exitCodeOf(failure);
    const place = {
      ...(stepId === undefined ? {} : { step: stepId }),
      // A resumed run keeps the profile as it was read; a wrong profile needs a new run.
      ...(exitCode === USAGE ? {} : { resume: resumeLine(execution) }),
    };
    if (!json) stderr.write(`\n${renderFailure(failure, place)}\n`);
    return exitCode;
  }
}

function unitLine(unit: PlannedUnit): string {
  const expected =
    unit.expectedMs === undefined ? 'not timed on this host yet' : `about ${durationText(unit.expectedMs / 1000)}`;
  return `  ${unit.id.padEnd(28)} ${unit.cached ? 'cached' : expected}`;
}

function keptWords({ keepKernel }: RunRequest): string {
  return keepKernel === undefined ? '' : `; a disk is kept whose default is the kernel of ${keepKernel}`;
}

/** `, built on the host (auto: current compilers build Linux 6.1)` */
function builtWhere(choice: BuildChoice | undefined): string {
  if (choice === undefined) return '';
  return `, built ${choice.where === 'host' ? 'on the host' : 'in the guest'} (${choice.reason})`;
}

/** `--dry-run`: arms, stages, what is cached, how long it may take. Nothing is built, booted or installed. */
async function showPlan(context: CommandContext, options: RunCommandOptions, request: RunRequest): Promise<number> {
  const { host, stdout } = context;
  const store = openStore(host, options.cacheRoot);
  const history = await openHistory(host, options.cacheRoot);
  const prepared: PreparedRun = await prepareRun({ host, folders, request: { ...request, install: false } });
  const runtime = { host, store, folders, signal: context.signal, emit: () => undefined };
  const scratch = await host.files.makeTempDirectory(store.workDir(), 'plan-');
  let missing: string | undefined;
  try {
    await prepared.plan.preflight.run({ ...runtime, runDirectory: scratch });
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    const { kind } = error.failure;
    missing =
      kind === 'missing-tool'
        ? `${error.message}; a real run would install it`
        : `${error.message}: a real run would stop with this error`;
  } finally {
    await host.files.remove(scratch);
  }
  const { steps, boots, benches = [] } = await estimateRun(prepared, store, history);
  const absent = await whyNotHere(host, prepared.guest, request, steps, context.signal);
  const ahead = [...steps.filter((unit) => !unit.cached), ...boots, ...benches];
  const known = ahead.filter((unit) => unit.expectedMs !== undefined);
  const totalMs = known.reduce((sum, unit) => sum + (unit.expectedMs ?? 0), 0);
  if (options.json) {
    const arms = prepared.plan.arms.map(({ name, spec, buildPlanned }) => ({
      name,
      ...spec,
      ...(buildPlanned === undefined ? {} : { build: buildPlanned }),
    }));
    stdout.write(
      `${jsonText({ profile: prepared.profile.name, guest: prepared.choice, boot: request.boot ?? 'direct', arms, steps, boots, benches }, 1)}\n`,
    );
    return 0;
  }
  const cmdline = (name: string): string => prepared.profile.arms[name]?.cmdline.join(' ') ?? '';
  stdout.write(
    [
      `${prepared.profile.name}: ${prepared.profile.description}`,
      `guest ${prepared.choice.name} (${prepared.choice.reason})`,
      ...(request.boot === undefined ? [] : [`boot  GRUB, from the guest's own disk${keptWords(request)}`]),
      ...[missing, absent].flatMap((note) => (note === undefined ? [] : [`note: ${note}`])),
      '',
      'Arms',
      ...prepared.plan.arms.map(({ name, spec, buildPlanned }) => {
        const kernel =
          spec.kernel === 'stock'
            ? 'stock kernel'
            : `kernel from ${spec.kernel.base} + ${spec.kernel.fragments.join(', ')}${builtWhere(buildPlanned)}`;
        return `  ${name.padEnd(14)} ${spec.role.padEnd(10)} ${kernel}; initrd ${spec.initrd}; ${cmdline(name)}`.trimEnd();
      }),
      `  every arm      ${profileFor(prepared.profile, prepared.guest.name).cmdline.join(' ')}`,
      '',
      'Stages',
      ...steps.map(unitLine),
      '',
      ...(prepared.plan.virtualBoots.length === 0
        ? []
        : [`Boots on the virtual clock: ${prepared.plan.virtualBoots.map((boot) => boot.arm).join(' ')}`]),
      `Measured boots, interleaved${request.sequential === undefined ? '' : ', up to'}${request.bench?.measuresBoots === true ? ', one as each session begins' : ''}: ${prepared.plan.boots.map((boot) => boot.arm).join(' ') || 'none'}`,
      ...[...new Map(prepared.plan.boots.map((boot, index) => [boot.arm, boots[index]])).entries()].flatMap(
        ([arm, unit]) => (unit === undefined ? [] : [unitLine({ ...unit, id: `one of ${arm}` })]),
      ),
      ...(benches.length === 0
        ? []
        : [
            `Container work (${request.bench?.workloads.join(', ') ?? ''}), interleaved: ${benches.map(({ id }) => id.split(':').at(-1) ?? '').join(' ')}`,
          ]),
      '',
      known.length === 0
        ? 'Expected duration: nothing of this has been timed on this host yet.'
        : `Expected duration: ${request.sequential === undefined ? '' : 'up to '}${durationText(totalMs / 1000)}${known.length < ahead.length ? ', plus what has not been timed yet' : ''}.`,
      '',
    ].join('\n'),
  );
  return 0;
}

/** A run that was interrupted before it had a folder: there is nothing to resume. */
function notBegun({ stderr }: CommandContext): number {
  const failure: Failure = {
    kind: 'interrupted',
    headline: 'Interrupted before the run began',
    hint: 'Nothing was built: start it again.',
  };
  stderr.write(`\n${renderFailure(failure)}\n`);
  return exitCodeOf(failure);
}

/** `drydock run`: plans, runs, reports; the exit code. */
export async function runCommand(context: CommandContext, options: RunCommandOptions): Promise<number> {
  const { host } = context;
  const loaded = await loadProfile(host.files, options.profile, folders.pipelines);
  const profilePath = loaded.path;
  // A run is its profile's text: a derived one is kept with the run like any other.
  const profile = options.derive?.(loaded.value) ?? loaded.value;
  const text = options.derive === undefined ? loaded.text : stringify(profile);
  const { bench, ...boots } = measuringAsked(profile, options);
  const request: RunRequest = {
    profilePath,
    profileText: text,
    guest: options.guest,
    ...(await imageAsked(host, options)),
    accelerator: options.accel,
    ...bootModeAsked(profile, options),
    ...(options.build === undefined ? {} : { build: options.build }),
    ...boots,
    install: options.install,
    refresh: options.refreshImage ? new Date(host.clock.nowMs()).toISOString() : '',
    ...(options.collect === undefined ? {} : { collectHz: options.collect }),
    ...(bench === undefined ? {} : { bench }),
    ...(options.openmetrics === true ? { openMetrics: true } : {}),
  };
  if (options.accel === 'kvm' && options.clock === 'virtual') {
    throw new Fault({
      kind: 'usage',
      headline: '--accel kvm and --clock virtual exclude each other: only TCG counts instructions',
      hint: 'Omit --accel, or measure with --clock wall (or both).',
    });
  }
  if (options.collect !== undefined && options.clock === 'virtual') {
    throw new Fault({
      kind: 'usage',
      headline: '--collect watches measured boots on the wall clock, and --clock virtual makes none',
      hint: 'Omit --collect, or measure with --clock wall (or both).',
    });
  }
  if (request.boots === 0 && (request.virtualBoots ?? 0) === 0 && bench === undefined) {
    throw new Fault({
      kind: 'usage',
      headline: '--boots 0 leaves nothing to measure',
      hint: 'With container work, boots can be omitted: --boots 0 --bench all.',
    });
  }
  if (request.boots === 0 && bench === undefined && request.boot === 'grub') {
    throw new Fault({
      kind: 'usage',
      headline:
        '--boot grub is for measured boots and container work, and --boots 0 leaves neither: boots on the virtual clock have no disk',
      hint: 'Run with --boot direct, or with at least --boots 1.',
    });
  }
  if (bench !== undefined && options.clock === 'virtual') {
    throw new Fault({
      kind: 'usage',
      headline: '--bench runs containers, and a boot on the virtual clock has no disk for them',
      hint: 'Omit --bench, or measure with --clock wall (or both); --boots 0 leaves the measured boots out.',
    });
  }
  if (options.dryRun) return showPlan(context, options, request);
  await prepareRun({ host, folders, request });
  if (context.signal.aborted) return notBegun(context);
  const runId = await freshRunId(context, options.resultsRoot, profile.name);
  const load = () => Promise.resolve({ request });
  return execute(context, { ...options, load, runId, runDirectory: path.join(options.resultsRoot, runId) });
}

/** `drydock resume`: goes on with an interrupted or failed run; what was verified is not done again. */
export async function resumeCommand(context: CommandContext, options: ResumeOptions): Promise<number> {
  const runId = path.basename(options.run);
  const runDirectory = options.run.includes('/') ? path.resolve(options.run) : path.join(options.resultsRoot, runId);
  const load = async () => {
    const past = await readPastRun(context.host, runDirectory);
    if (!past.finished) return { request: past.request, past };
    throw new Fault({
      kind: 'usage',
      headline: `The run ${runId} is finished: there is nothing to resume`,
      hint: `Its report is ${path.join(runDirectory, 'report.html')}. Start a new run to measure again.`,
    });
  };
  // Said before a folder is made for the lock of a run that never was.
  await load();
  return execute(context, { ...options, load, runId, runDirectory });
}
