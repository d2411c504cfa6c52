import type { Command } from 'commander';
import { readProcessLog } from '../../bootlog/processes/read.ts';
import { Fault } from '../../host/fault.ts';
import { jsonText } from '../../json/text.ts';
import type { ProcessLog } from '../../model/boots/processes.ts';
import { processTable, topProcesses } from '../../report/rows/process-table.ts';
import { processesSvg } from '../../report/charts/processes.ts';
import type { CommandContext } from '../context.ts';
import { wholeNumber } from '../flags/options.ts';

interface ProcessesFlags {
  readonly json: boolean;
  readonly top?: number;
  readonly svg?: string;
}

const CHART_WIDTH_PX = 1400;

async function readLog({ host }: CommandContext, file: string): Promise<ProcessLog> {
  const hint =
    "Name drydock's processes.log, a bootchart or bootchart2 tarball, or the SVG that systemd-bootchart leaves in /run/log.";
  if ((await host.files.stat(file))?.kind !== 'file') {
    throw new Fault({ kind: 'usage', headline: `There is no file ${file}`, hint });
  }
  try {
    return readProcessLog(await host.files.readBytes(file));
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new Fault({ kind: 'usage', headline: `${file} cannot be read: ${error.message}`, hint }, { cause: error });
  }
}

async function showProcesses(context: CommandContext, file: string, flags: ProcessesFlags): Promise<number> {
  const log = await readLog(context, file);
  if (flags.svg !== undefined) {
    const label = `Processes of ${file}`;
    const options = { widthPx: CHART_WIDTH_PX, label, ...(flags.top === undefined ? {} : { maxRows: flags.top }) };
    await context.host.files.writeAtomic(flags.svg, `${processesSvg(log, options).source}\n`);
  }
  const shown = flags.json
    ? `${jsonText({ ...log, processes: topProcesses(log, flags.top) }, 1)}\n`
    : processTable(log, flags.top);
  context.stdout.write(shown);
  return 0;
}

/** `drydock processes`: what a collector saw of a boot's processes, as a table, JSON or a chart. */
export function addProcessesCommand(program: Command, context: CommandContext, finish: (code: number) => void): void {
  program
    .command('processes <file>')
    .description(
      "show the processes of a boot: drydock's processes.log, a bootchart tarball, or systemd-bootchart's SVG",
    )
    .option('--top <n>', 'only the n processes with the most processor time', wholeNumber(1))
    .option('--svg <file>', 'also draw the process chart into this file')
    .option('--json', 'print the log as JSON', false)
    .addHelpText(
      'after',
      `
Examples:
  npm run drydock -- processes results/<run>/boots/boot-00-stock/processes.log --top 30
  npm run drydock -- processes /var/log/bootchart.tgz --svg chart.svg
  npm run drydock -- processes /run/log/bootchart-20261123-2006.svg --json`,
    )
    .action(async (file: string, flags: ProcessesFlags) => {
      finish(await showProcesses(context, file, flags));
    });
}
