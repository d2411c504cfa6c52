import { Option } from 'commander';
import type { Command } from 'commander';
import { METRICS } from '../../bootlog/reading/metrics.ts';
import { VIRTUAL_METRICS } from '../../bootlog/reading/virtual-metrics.ts';
import { Fault } from '../../host/fault.ts';
import { jsonText } from '../../json/text.ts';
import type { RunRecord } from '../../model/record.ts';
import { comparisonMarkdown, comparisonTable } from '../../report/across-runs/comparison.ts';
import { compareRuns } from '../../stats/across-runs/compare.ts';
import { readRecord } from '../../store/read-record.ts';
import type { CommandContext } from '../context.ts';
import { resultsRoot } from '../locations.ts';
import { resultsDirOption } from '../flags/options.ts';

interface CompareFlags {
  readonly arm?: string;
  readonly failOn: 'worse' | 'never';
  readonly json: boolean;
  readonly markdown?: string;
  readonly resultsDir?: string;
}

/** The arm that was asked for, else the only candidate, else the only arm. */
function armOf(record: RunRecord, asked: string | undefined): string {
  const names = record.arms.map(({ name }) => name);
  const candidates = record.arms.filter(({ role }) => role === 'candidate').map(({ name }) => name);
  const choice =
    asked === undefined ? (candidates.length > 0 ? candidates : names) : names.filter((one) => one === asked);
  const [only] = choice;
  if (only !== undefined && choice.length === 1) return only;
  throw new Fault({
    kind: 'usage',
    headline:
      asked === undefined
        ? `${record.id} has ${choice.length === 0 ? 'no arm' : 'several arms'} that could be compared`
        : `${record.id} has no arm ${asked}`,
    hint: names.length === 0 ? 'Compare another run.' : `Name one with --arm: ${names.join(', ')}.`,
  });
}

async function compareCommand(
  context: CommandContext,
  asked: readonly [before: string, after: string],
  flags: CompareFlags,
): Promise<number> {
  const { host, stdout } = context;
  const root = resultsRoot(flags.resultsDir);
  const before = await readRecord(host, asked[0], root);
  const after = await readRecord(host, asked[1], root);
  const comparison = compareRuns(
    { record: before, arm: armOf(before, flags.arm) },
    { record: after, arm: armOf(after, flags.arm) },
    [...METRICS, ...VIRTUAL_METRICS],
  );
  if (comparison.metrics.length === 0) {
    throw new Fault({
      kind: 'usage',
      headline: `Neither ${before.id} nor ${after.id} has a sample of a metric to compare`,
      hint: 'A gate that compares nothing would always pass: compare runs with measured boots.',
    });
  }
  if (flags.json) stdout.write(`${jsonText(comparison, 1)}\n`);
  else stdout.write(comparisonTable(comparison, stdout.isTerminal, stdout.isTerminal ? stdout.columns : undefined));
  // A job summary is shared by the steps of a job: what stands there stays.
  if (flags.markdown !== undefined) await host.files.appendText(flags.markdown, comparisonMarkdown(comparison));
  return flags.failOn === 'worse' && comparison.metrics.some(({ verdict }) => verdict === 'worse') ? 1 : 0;
}

/** `drydock compare`: an arm of one run against the same arm of a later one; exit 1 when a metric got worse. */
export function addCompareCommand(program: Command, context: CommandContext, finish: (code: number) => void): void {
  program
    .command('compare <before> <after>')
    .description('compare two runs, metric by metric; exit 1 when a metric got worse')
    .option('--arm <name>', 'arm to compare, the same in both runs (default: the candidate of each run)')
    .addOption(
      new Option('--fail-on <verdict>', 'exit 1 when a metric has this verdict')
        .choices(['worse', 'never'])
        .default('worse'),
    )
    .option('--json', 'print the comparison as JSON', false)
    .option('--markdown <file>', 'append the comparison to this file as Markdown, e.g. "$GITHUB_STEP_SUMMARY"')
    .addOption(resultsDirOption())
    .addHelpText(
      'after',
      `
A run is the path of a record.json, of its folder, or an id of results/. Where both runs measured the same baseline, times are
compared relative to it; otherwise a difference must exceed the drift between two runs. docs/explanation/measuring.md has the rules.

Examples:
  npm run drydock -- compare 20261123-171814-docker-min 20261124-090210-docker-min
  npm run drydock -- compare main/record.json branch/record.json --markdown "$GITHUB_STEP_SUMMARY"
  npm run drydock -- compare a/record.json b/record.json --arm stock --fail-on never --json

Exit codes: 0 nothing got worse · 1 a metric got worse · 2 a record cannot be read`,
    )
    .action(async (before: string, after: string, flags: CompareFlags) => {
      finish(await compareCommand(context, [before, after], flags));
    });
}
