import type { ThesisCheck, ThesisFigure, ThesisReport } from '../../model/boots/thesis.ts';
import {
  STATED_CHOICES,
  STATED_FIGURES,
  STATED_PHASES,
  STATED_PRESENCE,
  TABLE_4_1,
  THESIS_LOGS,
} from './thesis-2017.ts';
import type { QuotedLine } from './thesis-2017.ts';

const INITRD_FREED = 'Freeing initrd memory';

/**
 * Holds what the thesis says in one place against what it says in another, and its ratios against its lines. What does not
 * hold is a contradiction of the thesis's own; every finding is computed from the quoted data.
 */
export function checkThesis(report: ThesisReport): ThesisCheck[] {
  return [
    ...report.figures.map(checkRatio),
    ...report.figures.flatMap(checkElsewhere),
    checkInitrdOrder(),
    checkInitrdInTable(),
    checkInitrdSize(),
    checkTableOrder(),
    ...checkPhases(),
    ...report.presence.map((found) => checkPresenceOf(found)),
    ...checkChoices(),
  ];
}

function seconds(sec: number): string {
  return `${sec.toFixed(6)} s`;
}

function checkRatio({ metric, title, beforeSec, afterSec, ratio, statedRatio, where }: ThesisFigure): ThesisCheck {
  const holds = ratio.toFixed(2) === statedRatio.toFixed(2);
  return {
    id: `ratio:${metric}`,
    holds,
    what: `${title}: the stated ratio against before over after of its lines`,
    finding: `${beforeSec.toFixed(6)} / ${afterSec.toFixed(6)} = ${ratio.toFixed(4)}, stated ${statedRatio.toFixed(2)}`,
    values: [
      { where: `${where}, lines`, value: ratio.toFixed(4) },
      { where: `${where}, stated`, value: statedRatio.toFixed(2) },
    ],
  };
}

/** The same quantity, stated in two places: do they agree, and what would the ratio be with the other one? */
function checkElsewhere(figure: ThesisFigure): ThesisCheck[] {
  const { metric, title } = figure;
  const stated = STATED_FIGURES.find((one) => one.metric === metric);
  return (stated?.elsewhere ?? []).map(({ side, sec, where }) => {
    const own = side === 'before' ? figure.beforeSec : figure.afterSec;
    const other = side === 'before' ? sec / figure.afterSec : figure.beforeSec / sec;
    const holds = own === sec;
    const [told, would] = [figure.statedRatio.toFixed(2), other.toFixed(2)];
    const effect =
      told === would ? `either way the ratio is ${told}` : `with the latter the ratio is ${would}, not ${told}`;
    return {
      id: `value:${metric}:${side}:${where.replaceAll(' ', '-')}`,
      holds,
      what: `${title} ${side}, stated in two places`,
      finding: holds ? `both say ${seconds(sec)}` : `${seconds(own)} against ${seconds(sec)}; ${effect}`,
      values: [
        { where: figure.where, value: seconds(own) },
        { where, value: seconds(sec) },
      ],
    };
  });
}

function lineOf(lines: readonly QuotedLine[], start: string): QuotedLine {
  const line = lines.find(({ message }) => message.startsWith(start));
  if (line === undefined) throw new Error(`the thesis quotes no line "${start}"`);
  return line;
}

/** init/main.c frees init memory after the last initcall, and unpacking the initrd is one of them (init/initramfs.c, to 5.12). */
function checkInitrdOrder(): ThesisCheck {
  const freed = lineOf(THESIS_LOGS.before, INITRD_FREED);
  const kernelUp = lineOf(THESIS_LOGS.before, 'Freeing unused kernel memory');
  const [freedSec, upSec] = [freed.atSec ?? NaN, kernelUp.atSec ?? NaN];
  const holds = freedSec <= upSec;
  return {
    id: 'order:initrd-before-init-memory',
    holds,
    what: 'A 4.10 kernel frees the initrd before its own init memory: do the two lines of the boot before stand so?',
    finding: `"${freed.message}" at ${seconds(freedSec)}, "${kernelUp.message}" at ${seconds(upSec)}: ${holds ? 'they do' : 'they do not, so one of them is misread or of another boot'}`,
    values: [
      { where: freed.where, value: seconds(freedSec) },
      { where: kernelUp.where, value: seconds(upSec) },
    ],
  };
}

/** A row's stamp less its cost is the stamp of the line before it: no other line lies between. */
function checkInitrdInTable(): ThesisCheck {
  const freed = lineOf(THESIS_LOGS.before, INITRD_FREED);
  const atSec = freed.atSec ?? NaN;
  const around = TABLE_4_1.find((row) => {
    const end = row.atSec ?? NaN;
    return end > atSec && end - (row.costSec ?? NaN) < atSec;
  });
  return {
    id: 'order:initrd-within-table-4-1',
    holds: around === undefined,
    what: "Chapter 5's initrd line against the boot of table 4-1: may a line stand where it stands?",
    finding:
      around === undefined
        ? 'it falls into no gap of the table'
        : `no: at ${seconds(atSec)} it falls into the ${seconds(around.costSec ?? NaN)} before "${around.message}", in which that boot printed nothing; chapter 5 and table 4-1 do not quote one boot`,
    values: [
      { where: freed.where, value: seconds(atSec) },
      ...(around === undefined
        ? []
        : [
            {
              where: around.where,
              value: `nothing from ${seconds((around.atSec ?? NaN) - (around.costSec ?? NaN))} to ${seconds(around.atSec ?? NaN)}`,
            },
          ]),
    ],
  };
}

function checkInitrdSize(): ThesisCheck {
  const sizeOf = ({ message }: QuotedLine): number => Number(/(\d+)K/.exec(message)?.[1] ?? NaN);
  const [before, after] = [lineOf(THESIS_LOGS.before, INITRD_FREED), lineOf(THESIS_LOGS.after, INITRD_FREED)];
  const [from, to] = [sizeOf(before), sizeOf(after)];
  const holds = to < from;
  return {
    id: 'size:initrd',
    holds,
    what: 'An initrd that is released faster because it became smaller: did it?',
    finding: `${from}K before, ${to}K after: ${holds ? 'it did' : `${to === from ? 'no change' : `${to - from}K more`}, so its size explains no gain`}`,
    values: [
      { where: `${before.where}, before`, value: `${from}K` },
      { where: `${after.where}, after`, value: `${to}K` },
    ],
  };
}

function checkTableOrder(): ThesisCheck {
  const wrong = TABLE_4_1.filter((row, index) => {
    const previous = TABLE_4_1[index - 1];
    if (previous === undefined) return false;
    // A microsecond for the rounding of the two printed columns.
    return (row.atSec ?? NaN) - (row.costSec ?? NaN) < (previous.atSec ?? NaN) - 1e-6;
  });
  return {
    id: 'order:table-4-1',
    holds: wrong.length === 0,
    what: 'Table 4-1: does every row begin no earlier than the row above it ends?',
    finding: wrong.length === 0 ? `all ${TABLE_4_1.length} rows do` : `${wrong.length} row(s) do not`,
    values: wrong.map(({ where, message }) => ({ where, value: message })),
  };
}

function checkPhases(): ThesisCheck[] {
  return STATED_PHASES.slice(1).map((phase, index) => {
    const previous = STATED_PHASES[index];
    const shared = previous === undefined ? 0 : Math.max(0, previous.lastLine - phase.firstLine + 1);
    const range = (one: { firstLine: number; lastLine: number }): string => `lines ${one.firstLine} to ${one.lastLine}`;
    const place = (number: number): string => `section 4.1, phase ${number}`;
    return {
      id: `phases:${index + 1}-${index + 2}`,
      holds: shared === 0,
      what: `Phases ${index + 1} and ${index + 2}: do their line ranges stay apart?`,
      finding: shared === 0 ? 'they do' : `${shared} line(s) belong to both, so their times cannot be added`,
      values: [
        ...(previous === undefined ? [] : [{ where: place(index + 1), value: range(previous) }]),
        { where: place(index + 2), value: range(phase) },
      ],
    };
  });
}

function checkPresenceOf({ id, title, quotedBefore, quotedAfter }: ThesisReport['presence'][number]): ThesisCheck {
  const stated = STATED_PRESENCE.find((one) => one.id === id);
  const found = { before: quotedBefore > 0 ? 'present' : 'absent', after: quotedAfter > 0 ? 'present' : 'absent' };
  return {
    id: `presence:${id}`,
    holds: stated !== undefined && found.before === stated.before && found.after === stated.after,
    what: `${title}: the stated presence against the quoted lines`,
    finding: `${quotedBefore} of ${THESIS_LOGS.before.length} quoted lines before, ${quotedAfter} of ${THESIS_LOGS.after.length} after; stated ${stated?.before ?? 'nothing'} → ${stated?.after ?? 'nothing'}`,
    values: [
      { where: 'quoted lines', value: `${found.before} → ${found.after}` },
      { where: 'chapter 5', value: stated === undefined ? 'nothing' : `${stated.before} → ${stated.after}` },
    ],
  };
}

function checkChoices(): ThesisCheck[] {
  return STATED_CHOICES.map(({ part, says }) => {
    const holds = new Set(says.map(({ state }) => state)).size === 1;
    return {
      id: `choice:${part.replaceAll(' ', '-')}`,
      holds,
      what: `Configuration: ${part}, in or out?`,
      finding: says.map(({ where, state }) => `${state} by ${where}`).join(', '),
      values: says.map(({ where, state }) => ({ where, value: state })),
    };
  });
}
