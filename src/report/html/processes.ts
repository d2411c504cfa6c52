import type { ProcessLog } from '../../model/boots/processes.ts';
import type { RunRecord } from '../../model/record.ts';
import { markup, type Markup } from '../text/markup.ts';
import { medianBoot } from '../rows/median-boot.ts';
import { countProcesses } from '../rows/process-table.ts';
import { armsBaselineFirst } from '../rows/score-rows.ts';
import { processesSvg } from '../charts/processes.ts';

/** By the name of the arm: what the collector saw of its median boot. */
export type ProcessLogs = ReadonlyMap<string, ProcessLog>;

/** More rows than this are no picture; the rest is in processes.json. */
const SHOWN = 60;

/** The processes of each arm's median boot up to its end, all arms on one scale; `undefined` without any log. */
export function processesSection(record: RunRecord, logs: ProcessLogs): Markup | undefined {
  const arms = armsBaselineFirst(record).flatMap(({ name }) => {
    const log = logs.get(name);
    const boot = medianBoot(record, name)?.boot;
    return log === undefined || boot === undefined ? [] : [{ name, log, boot }];
  });
  if (arms.length === 0) return undefined;
  const untilSec = Math.max(...arms.map(({ boot }) => Math.max(0, ...boot.phases.map((phase) => phase.endSec))));
  const figures = arms.map(({ name, log, boot }) => {
    const exactness = log.hasEvents
      ? 'starts and ends are events of the kernel'
      : 'ends lie between two samples, and what lived shorter than that may be missing';
    const cost =
      log.collectorCpuSec === undefined
        ? ''
        : ` The collector took ${log.collectorCpuSec.toFixed(2)} s of processor time.`;
    const shown = Math.min(SHOWN, log.processes.length);
    const caption = `${name}, boot ${boot.order + 1}: the busiest ${shown} of ${countProcesses(log.processes.length)}, in the order of the tree; ${exactness}.${cost}`;
    const draw = (widthPx: number): Markup => processesSvg(log, { widthPx, label: caption, maxRows: SHOWN, untilSec });
    return markup`<figure><figcaption>${caption}</figcaption>
<div class="wide">${draw(1120)}</div>
<div class="narrow">${draw(366)}</div></figure>`;
  });
  return markup`<section><h2>Processes</h2>
<p class="dim">The darker a bar, the more of a processor the process used. Seconds of the guest's monotonic clock, which starts within
moments of the kernel log's.</p>
${figures}
</section>`;
}
