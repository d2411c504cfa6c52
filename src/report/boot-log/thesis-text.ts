import type { ThesisCheck, ThesisReport } from '../../model/boots/thesis.ts';
import { plural } from '../text/format.ts';
import { textTable } from '../text/text-table.ts';
import type { TextColumn } from '../text/text-table.ts';

const left = (head: string): TextColumn => ({ head, align: 'left' });
const right = (head: string): TextColumn => ({ head, align: 'right' });

/** The thesis's figures as read from its own lines and, where they were asked for, its contradictions. */
export function thesisText(report: ThesisReport, columns: number | undefined): string {
  const { figures, table, presence, bootsASide, checks } = report;
  const lines = [
    `The thesis's figures, read from its own lines (${plural(bootsASide, 'boot')} a side, so without a spread):`,
    '',
    ...textTable(
      [left('Figure'), right('Before, s'), right('After, s'), right('Ratio'), right('Stated'), left('Where')],
      figures.map(({ title, beforeSec, afterSec, ratio, statedRatio, where }) => [
        title,
        stamp(beforeSec),
        stamp(afterSec),
        ratio.toFixed(2),
        statedRatio.toFixed(2),
        where,
      ]),
      { columns },
    ),
    '',
    'End points:',
    ...figures.map(({ title, endPoints }) => `  ${title}: ${endPoints}`),
    '',
    `Table 4-1, the ${table.length} costly steps before:`,
    '',
    ...textTable(
      [right('At, s'), right('Cost, s'), left('Message')],
      table.map(({ atSec, deltaSec, message }) => [stamp(atSec), stamp(deltaSec), message]),
      { columns },
    ),
    '',
    ...textTable(
      [left('Presence'), right('Quoted before'), right('Quoted after'), right('Counted before')],
      presence.map(({ title, quotedBefore, quotedAfter, countedBefore }) => [
        title,
        String(quotedBefore),
        quotedAfter === 0 ? 'none' : String(quotedAfter),
        countedBefore === null ? 'not given' : String(countedBefore),
      ]),
      { columns },
    ),
    ...(checks === undefined ? [] : checksText(checks)),
  ];
  return `${lines.join('\n')}\n`;
}

function checksText(checks: readonly ThesisCheck[]): string[] {
  const broken = checks.filter(({ holds }) => !holds);
  const sound = checks.filter(({ holds }) => holds);
  return [
    '',
    `Contradicts itself in ${broken.length} of ${plural(checks.length, 'check')}:`,
    ...broken.flatMap((check) => ['', ...checkText(check, '✗')]),
    '',
    'Holds:',
    ...sound.map(({ what, finding }) => `  ✓ ${what}: ${finding}`),
  ];
}

function checkText({ what, finding, values }: ThesisCheck, mark: string): string[] {
  return [`  ${mark} ${what}`, `    ${finding}`, ...values.map(({ where, value }) => `    ${where}: ${value}`)];
}

function stamp(sec: number): string {
  return sec.toFixed(6);
}
