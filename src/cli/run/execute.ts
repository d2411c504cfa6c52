import path from 'node:path';
import { stringify } from 'yaml';
import { Fault } from '../../host/fault.ts';
import type { Failure } from '../../model/failure.ts';
import type { RunRecord } from '../../model/record.ts';
import type { RunRequest } from '../../model/request.ts';
import type { Emit } from '../../pipeline/events/event.ts';
import { exitCodeOf, renderFailure, toFailure } from '../../pipeline/events/failure.ts';
import { openJournal, readPastRun } from '../../pipeline/events/journal.ts';
import type { PastRun } from '../../pipeline/events/journal.ts';
import { checkSources, prepareRun } from '../../pipeline/plan/prepare.ts';
import { executeRun } from '../../pipeline/run/run.ts';
import { StepError } from '../../pipeline/steps/run-steps.ts';
import { loadProfile } from '../../profile/load.ts';
import type { Profile } from '../../profile/schema.ts';
import { jsonlReporter } from '../../progress/jsonl.ts';
import { listrReporter } from '../../progress/listr.ts';
import { plainReporter } from '../../progress/plain.ts';
import type { Reporter } from '../../progress/reporter.ts';
import { finalTable } from '../../report/formats/terminal.ts';
import { openHistory } from '../../store/durations.ts';
import { keepInLedger } from '../../store/run-history.ts';
import { openStore } from '../../store/store.ts';
import { shellWord } from '../../text/shell-word.ts';
import type { CommandContext } from '../context.ts';
import { cacheRoot, folders, resultsRoot } from '../locations.ts';
import { showPlan } from './dry-run.ts';
import { requestOf } from './request.ts';
import type { RunOptions } from './request.ts';
import { freshRunId } from './run-folder.ts';

/** Exit code of everything that the user has to fix first. */
const USAGE = 2;

/** Where a run and its cache are kept, and how it is reported. */
interface RunPlaces {
  readonly json: boolean;
  readonly failOn: 'worse' | 'never';
  readonly cacheRoot: string;
  readonly resultsRoot: string;
}

export interface RunCommandOptions extends RunPlaces, RunOptions {
  readonly profile: string;
  /** Makes the profile that is run from the one that was named: an ablation, a calibration. */
  readonly derive?: (profile: Profile) => Profile;
  readonly dryRun: boolean;
}

export interface ResumeOptions extends RunPlaces {
  readonly run: string;
}

function chooseReporter(context: CommandContext, json: boolean): Reporter {
  const { host, stdout } = context;
  if (json) return jsonlReporter(stdout, () => host.clock.nowMs());
  if (stdout.isTerminal) return listrReporter(() => host.clock.monotonicSec());
  return plainReporter(stdout, () => host.clock.monotonicSec());
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
  return ['npm run drydock -- resume', ...[run, ...flags].map(shellWord)].join(' ');
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
  // A run is its profile's text: a derived one is kept with the run like any other.
  const profile = options.derive?.(loaded.value) ?? loaded.value;
  const text = options.derive === undefined ? loaded.text : stringify(profile);
  const request = await requestOf(host, { path: loaded.path, text, profile }, options);
  if (options.dryRun) return showPlan(context, options, request);
  await checkSources(host, await prepareRun({ host, folders, request }));
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
