import { Listr } from 'listr2';
import type { ListrTask, ListrTaskWrapper, DefaultRenderer, SimpleRenderer } from 'listr2';
import { durationText } from '../text/duration.ts';

type Wrapper = ListrTaskWrapper<unknown, typeof DefaultRenderer, typeof SimpleRenderer>;
/** How often a running row's elapsed time is redrawn. */
const REDRAW_MS = 1000;

interface Row {
  readonly id: string;
  readonly expectedMs: number | undefined;
  startedSec: number | undefined;
  wrapper: Wrapper | undefined;
  readonly finish: (title: string) => void;
  readonly fail: (why: string) => void;
  readonly done: Promise<string>;
}

/** The rows of the interactive task list, by id. An id without a row is passed over. */
export interface TaskRows {
  readonly add: (id: string, expectedMs: number | undefined) => void;
  /** Draws what was added until now, and goes on drawing until `close`. */
  readonly draw: () => void;
  /** The row's elapsed time is shown from now on. */
  readonly start: (id: string) => void;
  readonly stopClock: (id: string) => void;
  /** Shows a line below the row. */
  readonly say: (id: string, words: string) => void;
  /** Ends the row with this title; what comes first counts. */
  readonly finish: (id: string, title: string) => void;
  /** Ends all rows: `failed` with why, and where that is unknown, what runs. */
  readonly fail: (failed: string | undefined, why: string) => void;
  readonly finishAll: () => void;
  /** Ends what has not ended, and settles when everything is on the screen. */
  readonly close: () => Promise<void>;
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
    expectedMs,
    startedSec: undefined,
    wrapper: undefined,
    done,
    finish: (title) => {
      resolve(title);
    },
    fail: (why) => {
      reject(new Error(why));
    },
  };
}

function heading({ id, startedSec, expectedMs }: Row, nowSec: number): string {
  if (startedSec === undefined) return id;
  const elapsed = durationText(nowSec - startedSec);
  return expectedMs === undefined
    ? `${id}  ${elapsed}`
    : `${id}  ${elapsed} of about ${durationText(expectedMs / 1000)}`;
}

function taskOf(row: Row): ListrTask {
  return {
    title: row.id,
    task: async (_, wrapper) => {
      row.wrapper = wrapper;
      wrapper.title = await row.done;
    },
  };
}

/** Settles, never rejects, when every row has ended. */
function drawRows(rows: readonly Row[]): Promise<unknown> {
  const list = new Listr(rows.map(taskOf), {
    concurrent: true,
    exitOnError: false,
    // listr2 would end the process on Ctrl-C with exit code 127, before drydock has stopped what runs.
    registerSignalListeners: false,
    rendererOptions: { collapseErrors: false },
  });
  return list.run().catch(() => undefined);
}

/** Rows that listr2 draws, each with its own clock. */
export function createTaskRows(monotonicSec: () => number): TaskRows {
  const rows = new Map<string, Row>();
  let drawing: Promise<unknown> = Promise.resolve();
  let timer: NodeJS.Timeout | undefined;
  const finishAll = (): void => {
    for (const row of rows.values()) row.finish(row.id);
  };
  return {
    add(id, expectedMs) {
      rows.set(id, makeRow(id, expectedMs));
    },
    draw() {
      drawing = drawRows([...rows.values()]);
      timer = setInterval(() => {
        for (const row of rows.values()) {
          if (row.wrapper !== undefined && row.startedSec !== undefined)
            row.wrapper.title = heading(row, monotonicSec());
        }
      }, REDRAW_MS);
    },
    start(id) {
      const row = rows.get(id);
      if (row !== undefined) row.startedSec ??= monotonicSec();
    },
    stopClock(id) {
      const row = rows.get(id);
      if (row !== undefined) row.startedSec = undefined;
    },
    say(id, words) {
      const wrapper = rows.get(id)?.wrapper;
      if (wrapper !== undefined) wrapper.output = words;
    },
    finish(id, title) {
      rows.get(id)?.finish(title);
    },
    fail(failed, why) {
      for (const row of rows.values()) {
        const isRunning = row.startedSec !== undefined;
        if (failed === undefined ? isRunning : row.id === failed) row.fail(`${row.id}: ${why}`);
        else row.finish(`${row.id}  ${isRunning ? 'ended' : 'not run'}`);
        row.startedSec = undefined;
      }
    },
    finishAll,
    async close() {
      clearInterval(timer);
      finishAll();
      await drawing;
    },
  };
}
