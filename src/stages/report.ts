import path from 'node:path';
import type { Host } from '../host/host.ts';
import type { RunRecord } from '../model/record.ts';
import { renderHtml } from '../report/html.ts';
import { renderJson } from '../report/json.ts';
import { renderJunit } from '../report/junit.ts';
import { renderMarkdown } from '../report/markdown.ts';

const REPORTS: readonly { readonly file: string; readonly render: (record: RunRecord) => string }[] = [
  { file: 'record.json', render: renderJson },
  { file: 'report.html', render: renderHtml },
  { file: 'report.md', render: renderMarkdown },
  { file: 'junit.xml', render: renderJunit },
];

/** Writes the record and every report of it into the run's folder. */
export async function writeReports(host: Host, record: RunRecord, directory: string): Promise<void> {
  for (const { file, render } of REPORTS) await host.files.writeAtomic(path.join(directory, file), render(record));
}
