import path from 'node:path';
import { parseCollectorLog } from '../../bootlog/processes/collector-log.ts';
import type { Host } from '../../host/host.ts';
import { packageFile } from '../../host/package-file.ts';
import { parseJson } from '../../json/parse.ts';
import type { ProcessLog } from '../../model/boots/processes.ts';
import type { RunRecord } from '../../model/record.ts';
import type { BootTimeline } from '../../model/boots/timeline.ts';
import { renderHtml } from '../../report/html/page.ts';
import type { PageParts } from '../../report/html/page.ts';
import type { ProcessLogs } from '../../report/html/processes.ts';
import { renderJson } from '../../report/formats/json.ts';
import { renderJunit } from '../../report/formats/junit.ts';
import { openMetricsText } from '../../report/formats/openmetrics.ts';
import { renderMarkdown } from '../../report/formats/markdown.ts';
import { medianBoot } from '../../report/rows/median-boot.ts';
import { checkedJson } from '../../store/checked-json.ts';
import { recordSchema } from '../../model/record.ts';
import { timelineSchema } from '../../model/boots/timeline.ts';

type Timelines = ReadonlyMap<number, BootTimeline>;

const PAGE_SCRIPT = packageFile('src/report/browser/zoom.js');
const RECORD = 'record.json';
const REPORTS: readonly {
  readonly file: string;
  readonly render: (record: RunRecord, parts: PageParts) => string;
}[] = [
  { file: RECORD, render: renderJson },
  { file: 'report.html', render: renderHtml },
  { file: 'report.md', render: renderMarkdown },
  { file: 'junit.xml', render: renderJunit },
];

/**
 * The timelines that the boots of a run have left in its folder, by boot order. A boot without one (an older run, a copy
 * of the record alone) is left out; so is one whose file is of another form, for its logs are still there.
 */
export async function readTimelines(host: Host, directory: string): Promise<Timelines> {
  const boots = path.join(directory, 'boots');
  const timelines = new Map<number, BootTimeline>();
  if ((await host.files.stat(boots)) === undefined) return timelines;
  for (const name of await host.files.list(boots)) {
    const file = path.join(boots, name, 'timeline.json');
    if ((await host.files.stat(file)) === undefined) continue;
    const timeline = timelineSchema.safeParse(parseJson(await host.files.readText(file)));
    if (timeline.success) timelines.set(timeline.data.order, timeline.data);
  }
  return timelines;
}

/** What the process collector saw of each arm's median boot; the boots that could not be read say so in their warnings. */
async function processLogs(host: Host, record: RunRecord, directory: string): Promise<ProcessLogs> {
  const logs = new Map<string, ProcessLog>();
  for (const { name } of record.arms) {
    const order = medianBoot(record, name)?.boot.order;
    if (order === undefined) continue;
    const file = path.join(directory, 'boots', `boot-${String(order).padStart(2, '0')}-${name}`, 'processes.log');
    if ((await host.files.stat(file)) === undefined) continue;
    try {
      logs.set(name, parseCollectorLog(await host.files.readText(file)));
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
    }
  }
  return logs;
}

/**
 * Writes the record and every report of it into the run's folder; its figures as OpenMetrics too, where that was asked for.
 *
 * @throws Fault `internal`, before anything is written, when the record is not as its schema has it
 */
export async function writeReports(
  host: Host,
  record: RunRecord,
  directory: string,
  { openMetrics = false }: { readonly openMetrics?: boolean } = {},
): Promise<void> {
  // First of all: no report is made of a record that could not be read again.
  checkedJson(recordSchema, record, RECORD, () => renderJson(record));
  // Before anything else can fail: the figures are hours of work, and the other reports can be made of them again.
  await host.files.writeAtomic(path.join(directory, RECORD), renderJson(record));
  const parts: PageParts = {
    script: await host.files.readText(PAGE_SCRIPT),
    timelines: await readTimelines(host, directory),
    processes: await processLogs(host, record, directory),
  };
  for (const { file, render } of REPORTS)
    await host.files.writeAtomic(path.join(directory, file), render(record, parts));
  if (openMetrics) {
    await host.files.writeAtomic(path.join(directory, 'metrics.openmetrics'), openMetricsText(record));
  }
}
