import type { RunRecord } from '../../model/record.ts';
import { CALIBRATION_NOTE, calibrationTables } from '../rows/calibration-rows.ts';
import { markup, type Markup } from '../text/markup.ts';

/** What an A/A run says of this host and of looking; empty for a run that is none. */
export function calibrationSection(record: RunRecord): Markup | undefined {
  if (record.calibration === undefined) return undefined;
  const { noiseHead, noise, looksHead, looks } = calibrationTables(record.calibration);
  return markup`<section><h2>Noise, false alarms and the cost of looking</h2>
<p class="dim">${CALIBRATION_NOTE}</p>
${plainTable('Noise of this host', noiseHead, noise)}
${plainTable('Cost of looking', looksHead, looks)}
</section>`;
}

function plainTable(caption: string, head: readonly string[], rows: readonly (readonly string[])[]): Markup {
  const cell = (text: string, index: number): Markup =>
    index === 0 ? markup`<th scope="row">${text}</th>` : markup`<td>${text}</td>`;
  return markup`<div class="scroll" tabindex="0" role="region" aria-label="${caption}"><table><caption>${caption}</caption>
<thead><tr>${head.map((text) => markup`<th scope="col">${text}</th>`)}</tr></thead>
<tbody>${rows.map((row) => markup`<tr>${row.map(cell)}</tr>`)}</tbody></table></div>`;
}
