import path from 'node:path';
import { Option } from 'commander';
import type { Command } from 'commander';
import { jsonText } from '../../json/text.ts';
import type { WorkloadName } from '../../model/workloads.ts';
import { exitCodeOf, renderFailure, toFailure } from '../../pipeline/events/failure.ts';
import type { RunRequest } from '../../model/request.ts';
import { executeNeeds, planNeeds } from '../../pipeline/needs/run.ts';
import { checkSources, estimateRun, prepareRun } from '../../pipeline/plan/prepare.ts';
import { StepError } from '../../pipeline/steps/run-steps.ts';
import { loadProfile } from '../../profile/load.ts';
import { listrReporter } from '../../progress/listr.ts';
import { plainReporter } from '../../progress/plain.ts';
import { needsSummary } from '../../report/needs/terminal.ts';
import { openHistory } from '../../store/durations.ts';
import { openStore } from '../../store/store.ts';
import { requestedBench, workloadList } from '../flags/bench.ts';
import type { CommandContext } from '../context.ts';
import { cacheRoot, folders, resultsRoot } from '../locations.ts';
import { cacheDirOption, guestOption, resultsDirOption } from '../flags/options.ts';
import { runFlagOption, runFlagsOf } from '../flags/run-flags.ts';
import { preflightDry, unitLine } from '../run/dry-run.ts';
import { freshRunId } from '../run/run-folder.ts';

interface NeedsFlags {
  readonly profile: string;
  readonly bench: readonly WorkloadName[] | 'all';
  readonly trace: 'auto' | 'off';
  readonly guest: string;
  readonly json: boolean;
  readonly dryRun: boolean;
  readonly cacheDir?: string;
  readonly resultsDir?: string;
}

/** Idle containers show nothing new of a kernel, so package-install is not watched beyond its work. */
const WATCH_MINUTES = 0.01;

const AGAIN = 'What was prepared is kept: the same command goes on from there, and watches a session from its start.';

/** `drydock needs`: what of the profile's kernel the workloads used, as seen on the stock kernel. */
export function addNeedsCommand(program: Command, context: CommandContext, finish: (code: number) => void): void {
  program
    .command('needs')
    .description(
      "run the workloads on the stock kernel, and list the symbols of the profile's kernel that none of them used",
    )
    .option('--profile <name|file>', 'profile whose kernel is judged and whose workloads are run', 'docker-min')
    .addOption(
      new Option('--bench <workloads>', 'all, or names of the profile’s workloads, comma-separated')
        .argParser(workloadList)
        .default('all'),
    )
    .addOption(
      new Option(
        '--trace <how>',
        'auto: trace functions where the kernel supports it; off: modules, mounts and rules only',
      )
        .choices(['auto', 'off'])
        .default('auto'),
    )
    .addOption(runFlagOption('accelerator'))
    .addOption(guestOption())
    .addOption(runFlagOption('install'))
    .option('--dry-run', 'show what would be prepared, what is cached and how long it may take', false)
    .option('--json', 'print the report as JSON; progress goes to standard error', false)
    .addOption(cacheDirOption())
    .addOption(resultsDirOption())
    .addHelpText(
      'after',
      `
One session on the stock kernel: dockerd restarts, the workloads run one after another, and drydock records what they use.
What it proves and what it does not: docs/explanation/needs.md.

Examples:
  npm run drydock -- needs
  npm run drydock -- needs --bench package-install,network
  npm run drydock -- needs --trace off --json

Exit codes: 0 finished, whatever was found · 1 the kernel failed · 2 usage or profile · 3 infrastructure
            70 a bug of drydock · 130 interrupted`,
    )
    .action(async (flags: NeedsFlags) => {
      finish(await needsCommand(context, flags));
    });
}

async function showPlan(context: CommandContext, root: string, request: RunRequest): Promise<number> {
  const { host, stdout } = context;
  const store = openStore(host, root);
  const prepared = await prepareRun({ host, folders, request: { ...request, install: false } });
  const plan = planNeeds(prepared, request.bench);
  await preflightDry(context, store, prepared);
  const { steps } = await estimateRun(prepared, store, await openHistory(host, root));
  stdout.write(
    [
      `Watched: ${plan.watched.name}, ${plan.request.workloads.join(', ')}`,
      `Judged:  ${plan.candidate.name}`,
      '',
      'Prepared before',
      ...steps.map(unitLine),
      '',
    ].join('\n'),
  );
  return 0;
}

async function needsCommand(context: CommandContext, flags: NeedsFlags): Promise<number> {
  const { host, stdout, stderr, signal } = context;
  const root = cacheRoot(flags.cacheDir);
  const results = resultsRoot(flags.resultsDir);
  const loaded = await loadProfile(host.files, flags.profile, folders.pipelines);
  const bench = requestedBench(loaded.value, flags);
  const request: RunRequest = {
    ...runFlagsOf({ ...flags }),
    profilePath: path.resolve(loaded.path),
    profileText: loaded.text,
    guest: flags.guest,
    boots: 0,
    refresh: '',
    ...(bench === undefined ? {} : { bench: { ...bench, minutes: WATCH_MINUTES } }),
  };
  if (flags.dryRun) return showPlan(context, root, request);
  const prepared = await prepareRun({ host, folders, request });
  await checkSources(host, prepared);
  planNeeds(prepared, request.bench);
  const runId = await freshRunId(context, results, `${loaded.value.name}-needs`);
  const runDirectory = path.join(results, runId);
  await host.files.makeDirectory(runDirectory);
  const clock = (): number => host.clock.monotonicSec();
  const reporter = flags.json
    ? plainReporter(stderr, clock)
    : stdout.isTerminal
      ? listrReporter(clock)
      : plainReporter(stdout, clock);
  try {
    const report = await executeNeeds({
      host,
      store: openStore(host, root),
      history: await openHistory(host, root),
      folders,
      request,
      runId,
      runDirectory,
      version: context.version,
      signal,
      emit: (event) => {
        reporter.event(event);
      },
      trace: flags.trace,
    });
    reporter.event({ type: 'run-finished', exitCode: 0, directory: runDirectory });
    await reporter.close();
    stdout.write(
      flags.json
        ? `${jsonText(report, 1)}\n`
        : `\n${needsSummary(report, stdout.columns)}\n\nReport: ${path.join(runDirectory, 'needs.md')}\n`,
    );
    return 0;
  } catch (error) {
    const step = error instanceof StepError ? error.stepId : undefined;
    const cause = toFailure(error instanceof StepError ? error.cause : error, signal);
    // There is nothing to resume: what was prepared is in the store, and a half-watched session is no evidence.
    const failure = cause.kind === 'interrupted' ? { ...cause, hint: AGAIN } : cause;
    reporter.event({ type: 'run-failed', ...(step === undefined ? {} : { id: step }), failure });
    await reporter.close();
    stderr.write(`\n${renderFailure(failure, step === undefined ? {} : { step })}\n`);
    return exitCodeOf(failure);
  }
}
