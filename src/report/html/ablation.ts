import type { RunRecord } from '../../model/record.ts';
import { ledgerTables, LEDGER_NOTE, type LedgerTable } from '../rows/ablation-rows.ts';
import { markup, type Markup } from '../text/markup.ts';

/** What each change of an ablation saved; empty for a run that is none. */
export function ablationSection(record: RunRecord): Markup | undefined {
  if (record.ablation === undefined) return undefined;
  return markup`<section><h2>What each change saved</h2>
<p class="dim">${LEDGER_NOTE}</p>
${ledgerTables(record.ablation).map(ledger)}
</section>`;
}

/** All columns but the change's name and the verdict. */
const isNumber = (index: number): boolean => index > 0 && index < 7;

function ledger({ title, endPoints, head, rows, interactions, doubts }: LedgerTable): Markup {
  const cell = (text: string, index: number): Markup =>
    index === 0
      ? markup`<th scope="row">${text}</th>`
      : markup`<td class="${isNumber(index) ? 'num' : ''}">${text}</td>`;
  return markup`<div class="scroll" tabindex="0" role="region" aria-label="${title}"><table><caption>${title}</caption>
<thead><tr>${head.map((text, index) => markup`<th scope="col" class="${isNumber(index) ? 'num' : ''}">${text}</th>`)}</tr></thead>
<tbody>${rows.map((row) => markup`<tr>${row.map(cell)}</tr>`)}</tbody></table></div>
<p class="dim">${endPoints}</p>
<ul>${[...interactions, ...doubts].map((text) => markup`<li>${text}</li>`)}</ul>`;
}
