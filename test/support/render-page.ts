import { readFileSync } from 'node:fs';
import { packageFile } from '../../src/host/package-file.ts';
import type { RunRecord } from '../../src/model/record.ts';
import { renderHtml } from '../../src/report/html/page.ts';
import type { PageParts } from '../../src/report/html/page.ts';

const script = readFileSync(packageFile('src/report/browser/zoom.js'), 'utf8');

/** A run's page with the script that it has in a run. */
export function renderPage(
  record: RunRecord,
  timelines?: PageParts['timelines'],
  processes?: PageParts['processes'],
): string {
  return renderHtml(record, {
    script,
    ...(timelines === undefined ? {} : { timelines }),
    ...(processes === undefined ? {} : { processes }),
  });
}
