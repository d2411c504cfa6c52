import type { Command } from 'commander';
import { jsonText } from '../../json/text.ts';
import { historyTable, renderHistory } from '../../report/across-runs/history.ts';
import { trendsOf } from '../../stats/across-runs/trends.ts';
import { readKnownRuns } from '../../store/run-history.ts';
import type { CommandContext } from '../context.ts';
import { cacheRoot, resultsRoot } from '../locations.ts';
import { cacheDirOption, resultsDirOption } from '../flags/options.ts';

interface HistoryFlags {
  readonly metric?: string;
  readonly arm?: string;
  readonly html?: string;
  readonly json: boolean;
  readonly cacheDir?: string;
  readonly resultsDir?: string;
}

async function historyCommand(context: CommandContext, flags: HistoryFlags): Promise<void> {
  const { host, stdout, stderr } = context;
  const known = await readKnownRuns(host, cacheRoot(flags.cacheDir), resultsRoot(flags.resultsDir));
  for (const words of known.unreadable) stderr.write(`left out: ${words}\n`);
  const environments = trendsOf(known.runs, {
    ...(flags.metric === undefined ? {} : { metric: flags.metric }),
    ...(flags.arm === undefined ? {} : { arm: flags.arm }),
  });
  if (flags.html !== undefined) {
    await host.files.writeAtomic(flags.html, renderHistory(environments, context.version));
  }
  if (flags.json) stdout.write(`${jsonText({ environments }, 1)}\n`);
  else {
    stdout.write(historyTable(environments, stdout.isTerminal ? stdout.columns : undefined));
    if (flags.html !== undefined) stdout.write(`\nCharts: ${flags.html}\n`);
  }
}

/** `drydock history`: every known run's metrics by environment, their trends and change points. */
export function addHistoryCommand(program: Command, context: CommandContext, finish: (code: number) => void): void {
  program
    .command('history')
    .description("every run's metrics by environment: trends and change points")
    .option('--metric <id>', 'only this metric, e.g. total_boot')
    .option('--arm <name>', 'only this arm')
    .option('--html <file>', 'write a page with a chart for each metric')
    .option('--json', 'print the trends as JSON', false)
    .addOption(cacheDirOption())
    .addOption(resultsDirOption())
    .addHelpText(
      'after',
      `
Reads the records of results/ and the run history in the cache, which keeps every run's figures when results/ is deleted.

Examples:
  npm run drydock -- history
  npm run drydock -- history --metric total_boot --arm docker-min
  npm run drydock -- history --html history.html`,
    )
    .action(async (flags: HistoryFlags) => {
      await historyCommand(context, flags);
      finish(0);
    });
}
