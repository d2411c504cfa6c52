import type { Command } from 'commander';
import { checkThesis } from '../../bootlog/thesis/thesis-check.ts';
import { thesisReport } from '../../bootlog/thesis/thesis-report.ts';
import { jsonText } from '../../json/text.ts';
import { thesisText } from '../../report/boot-log/thesis-text.ts';
import type { CommandContext } from '../context.ts';

/** `drydock thesis`: the figures that this project reproduces, read from the thesis's own lines, and what is odd about them. */
export function addThesisCommand(program: Command, { stdout }: CommandContext, finish: (code: number) => void): void {
  program
    .command('thesis')
    .description("the thesis's figures, costly steps and presence table, read from its own log lines")
    .option('--check', 'check the thesis against itself: what agrees, and where it contradicts itself', false)
    .option('--json', 'print one JSON object (its shape: src/model/boots/thesis.ts)', false)
    .addHelpText(
      'after',
      '\nExamples:\n  npm run drydock -- thesis\n  npm run drydock -- thesis --check\n  npm run drydock -- thesis --check --json',
    )
    .action((flags: { check: boolean; json: boolean }) => {
      const figures = thesisReport();
      const report = flags.check ? { ...figures, checks: checkThesis(figures) } : figures;
      const columns = stdout.isTerminal ? stdout.columns : undefined;
      stdout.write(flags.json ? `${jsonText(report, 1)}\n` : thesisText(report, columns));
      finish(0);
    });
}
