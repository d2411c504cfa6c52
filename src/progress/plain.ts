import { excludedWords } from '../bootlog/timeline/standstill.ts';
import type { RunEvent } from '../pipeline/events/event.ts';
import { handOverWords, workloadWords } from './reporter.ts';
import { durationText } from '../text/duration.ts';
import type { Reporter, Terminal } from './reporter.ts';

/** Progress of one step is repeated no more often than this: a CI log is read later, by people. */
const PROGRESS_EVERY_SEC = 20;

/** One line an event: for logs, pipes and terminals that cannot redraw. */
export function plainReporter(terminal: Terminal, monotonicSec: () => number): Reporter {
  const startedSec = monotonicSec();
  const lastProgress = new Map<string, number>();
  const expected = new Map<string, number>();
  const say = (id: string, words: string): void => {
    const elapsed = durationText(monotonicSec() - startedSec).padStart(11);
    terminal.write(`${elapsed}  ${id.padEnd(24)} ${words}\n`);
  };

  const show = (event: RunEvent): void => {
    switch (event.type) {
      case 'run-started':
        for (const unit of [...event.steps, ...event.boots, ...(event.benches ?? [])]) {
          if (unit.expectedMs !== undefined && !unit.cached) expected.set(unit.id, unit.expectedMs);
        }
        say('run', `${event.runId}${event.resumed ? ' (resumed)' : ''}`);
        if (event.guest !== undefined) say('guest', `${event.guest.name} (${event.guest.reason})`);
        return;
      case 'step-started':
      case 'boot-started':
      case 'bench-started': {
        const ms = expected.get(event.id);
        say(event.id, ms === undefined ? 'started' : `started, about ${durationText(ms / 1000)} expected`);
        lastProgress.set(event.id, monotonicSec());
        return;
      }
      case 'step-progress': {
        const last = lastProgress.get(event.id) ?? Number.NEGATIVE_INFINITY;
        if (monotonicSec() - last < PROGRESS_EVERY_SEC) return;
        lastProgress.set(event.id, monotonicSec());
        const percent = event.fraction === undefined ? '' : `${String(Math.floor(event.fraction * 100))} % `;
        say(event.id, `… ${percent}${event.message}`);
        return;
      }
      case 'step-finished': {
        const how = event.cached ? 'cached' : `done in ${durationText(event.durationMs / 1000)}`;
        say(event.id, event.summary === undefined ? how : `${how}: ${event.summary}`);
        return;
      }
      case 'boot-finished':
        say(event.id, `ready after ${event.summary.hostReadySec.toFixed(2)} s on the host's clock`);
        for (const figure of event.summary.excluded ?? []) say(event.id, `warning: ${excludedWords(figure)}`);
        return;
      case 'boot-repeated':
        for (const reason of event.reasons) say(event.id, `warning: ${reason}; repeating the boot`);
        return;
      case 'virtual-boot-finished':
        say(event.id, `handed over after ${handOverWords(event.summary)}`);
        return;
      case 'bench-finished':
        say(event.id, `done in ${durationText(event.durationMs / 1000)}: ${workloadWords(event.session)}`);
        return;
      case 'finding':
        say(event.id, `${event.finding.level === 'warning' ? 'warning: ' : ''}${event.finding.message}`);
        return;
      case 'run-finished':
        say('run', `finished: ${event.directory}`);
        return;
      case 'run-failed':
        say(event.id ?? 'run', `FAILED: ${event.failure.headline}`);
    }
  };
  return { event: show, close: () => Promise.resolve() };
}
