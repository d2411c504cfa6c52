import { Listr } from 'listr2';
import type { ListrTask, ListrTaskWrapper, DefaultRenderer, SimpleRenderer } from 'listr2';
import type { PlannedUnit, RunEvent } from '../pipeline/events/event.ts';
import { handOverWords, hostReadyWords, workloadWords } from './reporter.ts';
import { durationText } from '../text/duration.ts';
import type { Reporter } from './reporter.ts';

type Wrapper = ListrTaskWrapper<unknown, typeof DefaultRenderer, typeof SimpleRenderer>;
/** How often a running row's elapsed time is redrawn. */
const REDRAW_MS = 1000;

interface Row {
  readonly id: string;
  title: string;
  expectedMs: number | undefined;
  startedSec: number | undefined;
  wrapper: Wrapper | undefined;
  readonly settled: Promise<void>;
  finish(title: string): void;
  fail(why: string): void;
  readonly done: Promise<string>;
}

function makeRow(id: string, expectedMs: number | undefined): Row {
  let resolve: (title: string) => void = () => undefined;
  let reject: (error: Error) => void = () => undefined;
  const done = new Promise<string>((onFinish, onFail) => {
    resolve = onFinish;
    reject = onFail;
  });
  done.catch(() => undefined);
  return {
    id,
    title: id,
    expectedMs,
    startedSec: undefined,
    wrapper: undefined,
    settled: done.then(
      () => undefined,
      () => undefined,
    ),
    done,
    finish: (title) => {
      resolve(title);
    },
    fail: (why) => {
      reject(new Error(why));
    },
  };
}

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

/** The interactive task list: listr2 draws, events drive. */
export function listrReporter(monotonicSec: () => number): Reporter {
  const rows = new Map<string, Row>();
  let drawing: Promise<unknown> = Promise.resolve();
  let timer: NodeJS.Timeout | undefined;
  const bootTimes: string[] = [];
  let bootsWanted = 0;
  let bootsDone = 0;
  let guest: string | undefined;
  let most = '';
  let benchesWanted = 0;
  let benchesDone = 0;

  const heading = (row: Row): string => {
    if (row.startedSec === undefined) return row.title;
    const elapsed = durationText(monotonicSec() - row.startedSec);
    return row.expectedMs === undefined
      ? `${row.title}  ${elapsed}`
      : `${row.title}  ${elapsed} of about ${durationText(row.expectedMs / 1000)}`;
  };

  const begin = (
    steps: readonly PlannedUnit[],
    boots: readonly PlannedUnit[],
    benches: readonly PlannedUnit[],
    interleaved: boolean,
  ): void => {
    for (const unit of steps) rows.set(unit.id, makeRow(unit.id, unit.cached ? undefined : unit.expectedMs));
    bootsWanted = boots.length;
    if (boots.length > 0) rows.set('boots', makeRow('boots', interleaved ? undefined : expectedOf(boots)));
    benchesWanted = benches.length;
    if (benches.length > 0) rows.set('benches', makeRow('benches', expectedOf(benches)));
    const tasks = [...rows.values()].map((row): ListrTask => ({
      title: row.id,
      task: async (_, wrapper) => {
        row.wrapper = wrapper;
        wrapper.title = await row.done;
      },
    }));
    const list = new Listr(tasks, {
      concurrent: true,
      exitOnError: false,
      // listr2 would end the process on Ctrl-C with exit code 127, before drydock has stopped what runs.
      registerSignalListeners: false,
      rendererOptions: { collapseErrors: false },
    });
    drawing = list.run().catch(() => undefined);
    timer = setInterval(() => {
      for (const row of rows.values()) {
        if (row.wrapper !== undefined && row.startedSec !== undefined) row.wrapper.title = heading(row);
      }
    }, REDRAW_MS);
  };

  const started = (id: string): void => {
    const row = rows.get(id);
    if (row !== undefined) row.startedSec ??= monotonicSec();
  };

  const say = (id: string, words: string): void => {
    const wrapper = rows.get(id)?.wrapper;
    if (wrapper !== undefined) wrapper.output = words;
  };

  const show = (event: RunEvent): void => {
    switch (event.type) {
      case 'run-started':
        most = event.request.sequential === undefined ? '' : 'at most ';
        if (event.guest !== undefined) guest = `guest ${event.guest.name} (${event.guest.reason})`;
        begin(event.steps, event.boots, event.benches ?? [], event.request.bench?.measuresBoots === true);
        return;
      case 'step-started':
        started(event.id);
        return;
      case 'boot-started':
        started('boots');
        say('boots', `${event.arm}, ${String(bootsDone + 1)} of ${most}${String(bootsWanted)}`);
        return;
      case 'bench-started':
        started('benches');
        say('benches', `${event.place}, ${String(benchesDone + 1)} of ${String(benchesWanted)}`);
        return;
      case 'bench-finished':
        benchesDone += 1;
        say('benches', `${event.session.place}: ${workloadWords(event.session)}`);
        if (benchesDone === benchesWanted) rows.get('benches')?.finish(`benches  ${String(benchesDone)} sessions`);
        return;
      case 'step-progress': {
        const percent = event.fraction === undefined ? '' : `${String(Math.floor(event.fraction * 100))} % `;
        say(rowOf(event.id) ?? event.id, `${percent}${event.message}`);
        return;
      }
      case 'finding':
        say(event.id, event.finding.message);
        return;
      case 'step-finished': {
        const row = rows.get(event.id);
        if (row === undefined) return;
        row.startedSec = undefined;
        const how = event.cached ? 'cached' : durationText(event.durationMs / 1000);
        // The guest is chosen once the host has been checked.
        const summary = event.id === 'preflight' ? guest : event.summary;
        row.finish(`${event.id}  ${how}${summary === undefined ? '' : `  ${summary}`}`);
        return;
      }
      case 'boot-repeated':
        for (const reason of event.reasons) say('boots', `${reason}; repeating the boot`);
        return;
      case 'virtual-boot-finished':
      case 'boot-finished': {
        bootsDone += 1;
        bootTimes.push(
          event.type === 'boot-finished'
            ? hostReadyWords(event.summary)
            : `${event.summary.arm} ${handOverWords(event.summary)}`,
        );
        say('boots', bootTimes.slice(-4).join(', '));
        if (bootsDone === bootsWanted) rows.get('boots')?.finish(`boots  ${String(bootsDone)} measured`);
        return;
      }
      case 'run-failed': {
        const failed = rowOf(event.id);
        // Boots that sessions begin with are under way as long as the sessions are; only one of the two has failed.
        if (failed === 'benches') rows.get('boots')?.finish(`boots  ${String(bootsDone)} measured`);
        if (failed === 'boots') rows.get('benches')?.finish(`benches  ${String(benchesDone)} sessions`);
        for (const row of rows.values()) {
          const isFailed = failed === undefined ? row.startedSec !== undefined : row.id === failed;
          if (isFailed) row.fail(`${row.id}: ${event.failure.headline}`);
          else row.finish(`${row.id}  ${row.startedSec === undefined ? 'not run' : 'ended'}`);
          row.startedSec = undefined;
        }
        return;
      }
      case 'run-finished':
        // A run that stops by itself ends before the most it might have made.
        rows.get('boots')?.finish(`boots  ${String(bootsDone)} measured`);
        for (const row of rows.values()) row.finish(row.id);
    }
  };

  return {
    event: show,
    async close() {
      clearInterval(timer);
      for (const row of rows.values()) row.finish(row.title);
      await drawing;
    },
  };
}
