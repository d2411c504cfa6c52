import type { ThesisReading } from '../../model/boots/analysis.ts';
import type { Boot } from '../../model/boots/bootlog.ts';
import type { ThesisFigure, ThesisPresence, ThesisReport } from '../../model/boots/thesis.ts';
import { METRICS } from '../reading/metrics.ts';
import { parseBootLog } from '../parse/parse.ts';
import { checkPresence } from '../reading/presence.ts';
import { BOOTS_A_SIDE, STATED_FIGURES, STATED_PRESENCE, TABLE_4_1, THESIS_LOGS } from './thesis-2017.ts';
import type { QuotedLine } from './thesis-2017.ts';
import { thesisReadings } from './thesis.ts';

/**
 * Quoted lines as a text that any parser of boot logs reads: both columns as scripts/show_delta prints them where the cost
 * is known, else the stamp alone. A stamp that the thesis does not print is that of the line before, so nothing may be
 * read from it.
 */
export function quotedText(lines: readonly QuotedLine[]): string {
  let latestSec = 0;
  const printed = lines.map(({ atSec, costSec, message }) => {
    latestSec = atSec ?? latestSec;
    const stamp = latestSec.toFixed(6);
    return costSec === null ? `[${stamp.padStart(12)}] ${message}` : `[${stamp} < ${costSec.toFixed(6)} >] ${message}`;
  });
  return `${printed.join('\n')}\n`;
}

/** The boot that quoted lines tell of, parsed like any other log. */
function quotedBoot(lines: readonly QuotedLine[]): Boot {
  const boot = parseBootLog(quotedText(lines)).boots[0];
  if (boot === undefined) throw new Error('the quoted lines hold no boot');
  return boot;
}

/** The thesis's figures, table 4-1 and presence table, read from its own lines by the code that reads every other log. */
export function thesisReport(): ThesisReport {
  const before = quotedBoot(THESIS_LOGS.before);
  const after = quotedBoot(THESIS_LOGS.after);
  return {
    format: 'drydock-thesis/1',
    bootsASide: BOOTS_A_SIDE,
    figures: figures(before, after),
    table: quotedBoot(TABLE_4_1).lines.map(({ atSec, deltaSec, message }) => ({ atSec, deltaSec, message })),
    presence: presence(before, after),
  };
}

function figures(before: Boot, after: Boot): ThesisFigure[] {
  const [from, to] = [thesisReadings(before), thesisReadings(after)];
  return STATED_FIGURES.map(({ metric, title, where, ratio: statedRatio }) => {
    const { wanted, column, valueSec: beforeSec } = reading(from, metric);
    const { valueSec: afterSec } = reading(to, metric);
    const endPoints = METRICS.find(({ id }) => id === metric)?.thesis?.endPoints ?? '';
    const ratio = beforeSec / afterSec;
    return { metric, title, line: wanted, column, endPoints, where, beforeSec, afterSec, ratio, statedRatio };
  });
}

function reading(readings: readonly ThesisReading[], metric: string): ThesisReading & { readonly valueSec: number } {
  const found = readings.find((one) => one.metric === metric);
  if (found?.valueSec == null) throw new Error(`the quoted lines do not hold ${metric}`);
  return { ...found, valueSec: found.valueSec };
}

function presence(before: Boot, after: Boot): ThesisPresence[] {
  const gone = new Map(checkPresence(after).map(({ id, lines }) => [id, lines]));
  return checkPresence(before).map(({ id, title, lines }) => ({
    id,
    title,
    quotedBefore: lines,
    quotedAfter: gone.get(id) ?? 0,
    countedBefore: STATED_PRESENCE.find((stated) => stated.id === id)?.linesBefore ?? null,
  }));
}
