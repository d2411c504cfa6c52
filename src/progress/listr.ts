import type { PlannedUnit, RunEvent } from '../pipeline/events/event.ts';
import { handOverWords, hostReadyWords, workloadWords } from './reporter.ts';
import { createTaskRows } from './task-rows.ts';
import type { TaskRows } from './task-rows.ts';
import { durationText } from '../text/duration.ts';
import type { Reporter } from './reporter.ts';

/** How long all of them take; unknown when one of them is. */
function expectedOf(units: readonly PlannedUnit[]): number | undefined {
  const times = units.map((unit) => unit.expectedMs);
  return times.every((ms) => ms !== undefined) ? times.reduce((sum, ms) => sum + ms, 0) : undefined;
}

/** The row of a unit: all boots are one, and so are all sessions. */
function rowOf(id: string | undefined): string | undefined {
  if (id?.startsWith('bench:') === true) return 'benches';
  return id?.startsWith('boot:') === true || id?.startsWith('virtual:') === true ? 'boots' : id;
}

/** One row for units of a kind, which counts them. */
interface CountedRow {
  /** @param atMost `at most `, where it may end before the last unit */
  readonly plan: (units: readonly PlannedUnit[], expectedMs: number | undefined, atMost: string) => void;
  readonly start: (unit: string) => void;
  /** One more unit is done; the row ends with the last. */
  readonly count: (words: string) => void;
  /** No more units come. */
  readonly end: () => void;
}

/** @param doneWords follows the number of units in the row's last title */
function createCountedRow(rows: TaskRows, id: 'boots' | 'benches', doneWords: string): CountedRow {
  let wanted = 0;
  let done = 0;
  let most = '';
  const end = (): void => {
    rows.stopClock(id);
    rows.finish(id, `${id}  ${String(done)} ${doneWords}`);
  };
  return {
    plan(units, expectedMs, atMost) {
      wanted = units.length;
      most = atMost;
      if (units.length > 0) rows.add(id, expectedMs);
    },
    start(unit) {
      rows.start(id);
      rows.say(id, `${unit}, ${String(done + 1)} of ${most}${String(wanted)}`);
    },
    count(words) {
      done += 1;
      rows.say(id, words);
      if (done === wanted) end();
    },
    end,
  };
}

/** `cached` or how long it took, and what came out. */
function finishedTitle(
  { id, cached, durationMs }: Extract<RunEvent, { type: 'step-finished' }>,
  summary: string | undefined,
): string {
  const how = cached ? 'cached' : durationText(durationMs / 1000);
  return `${id}  ${how}${summary === undefined ? '' : `  ${summary}`}`;
}

/** The interactive task list: listr2 draws, events drive. */
export function listrReporter(monotonicSec: () => number): Reporter {
  const rows = createTaskRows(monotonicSec);
  const boots = createCountedRow(rows, 'boots', 'measured');
  const benches = createCountedRow(rows, 'benches', 'sessions');
  const bootTimes: string[] = [];
  let guest: string | undefined;

  const begin = ({ request, steps, ...event }: Extract<RunEvent, { type: 'run-started' }>): void => {
    const sessions = event.benches ?? [];
    const isInterleaved = request.bench?.measuresBoots === true;
    if (event.guest !== undefined) guest = `guest ${event.guest.name} (${event.guest.reason})`;
    for (const unit of steps) rows.add(unit.id, unit.cached ? undefined : unit.expectedMs);
    const atMost = request.sequential === undefined ? '' : 'at most ';
    boots.plan(event.boots, isInterleaved ? undefined : expectedOf(event.boots), atMost);
    benches.plan(sessions, expectedOf(sessions), '');
    rows.draw();
  };

  const bootDone = (words: string): void => {
    bootTimes.push(words);
    boots.count(bootTimes.slice(-4).join(', '));
  };

  const failed = (id: string | undefined, why: string): void => {
    const row = rowOf(id);
    // Boots that sessions begin with are under way as long as the sessions are; only one of the two has failed.
    if (row === 'benches') boots.end();
    if (row === 'boots') benches.end();
    rows.fail(row, why);
  };

  const show = (event: RunEvent): void => {
    switch (event.type) {
      case 'run-started':
        begin(event);
        return;
      case 'step-started':
        rows.start(event.id);
        return;
      case 'boot-started':
        boots.start(event.arm);
        return;
      case 'bench-started':
        benches.start(event.place);
        return;
      case 'bench-finished':
        benches.count(`${event.session.place}: ${workloadWords(event.session)}`);
        return;
      case 'step-progress': {
        const percent = event.fraction === undefined ? '' : `${String(Math.floor(event.fraction * 100))} % `;
        rows.say(rowOf(event.id) ?? event.id, `${percent}${event.message}`);
        return;
      }
      case 'finding':
        rows.say(event.id, event.finding.message);
        return;
      case 'step-finished':
        rows.stopClock(event.id);
        // The guest is chosen once the host has been checked.
        rows.finish(event.id, finishedTitle(event, event.id === 'preflight' ? guest : event.summary));
        return;
      case 'boot-repeated':
        for (const reason of event.reasons) rows.say('boots', `${reason}; repeating the boot`);
        return;
      case 'virtual-boot-finished':
        bootDone(`${event.summary.arm} ${handOverWords(event.summary)}`);
        return;
      case 'boot-finished':
        bootDone(hostReadyWords(event.summary));
        return;
      case 'run-failed':
        failed(event.id, event.failure.headline);
        return;
      case 'run-finished':
        // A run that stops by itself ends before the most it might have made.
        boots.end();
        rows.finishAll();
    }
  };

  return { event: show, close: rows.close };
}
