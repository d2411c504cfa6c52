import path from 'node:path';
import { z } from 'zod';
import { createAppendLog } from '../../host/append-log.ts';
import { Fault } from '../../host/fault.ts';
import type { Host } from '../../host/host.ts';
import { parseJson } from '../../json/parse.ts';
import { jsonText } from '../../json/text.ts';
import { benchSessionSchema } from '../../model/bench.ts';
import type { BenchSession } from '../../model/bench.ts';
import { bootSummarySchema } from '../../model/boots/boot.ts';
import type { BootSummary } from '../../model/boots/boot.ts';
import { guestChoiceSchema, runRequestSchema } from '../../model/request.ts';
import type { GuestChoice, RunRequest } from '../../model/request.ts';
import { checkedJson } from '../../store/checked-json.ts';
import type { JournalEntry, RunEvent } from './event.ts';

const FILE = 'journal.jsonl';

const entrySchema = z.discriminatedUnion('type', [
  z.looseObject({
    type: z.literal('run-started'),
    at: z.string(),
    request: runRequestSchema,
    guest: z.exactOptional(guestChoiceSchema),
  }),
  z.looseObject({ type: z.literal('step-finished'), id: z.string() }),
  z.looseObject({
    type: z.literal('boot-finished'),
    id: z.string(),
    condition: z.string(),
    durationMs: z.number(),
    summary: bootSummarySchema,
  }),
  z.looseObject({
    type: z.literal('bench-finished'),
    id: z.string(),
    condition: z.string(),
    durationMs: z.number(),
    session: benchSessionSchema,
  }),
  z.looseObject({ type: z.literal('run-finished') }),
]);

/** The events that a resumed run reads; the others are for people. */
const READ_EVENTS: readonly string[] = entrySchema.options.map((option) => option.shape.type.value);

/** Events that are worth nothing once they are past. */
function isTransient(event: RunEvent): boolean {
  return event.type === 'step-progress';
}

/** Appends events to `results/<run-id>/journal.jsonl`, in order. */
export interface Journal {
  /** @throws Fault `internal` for an event that a resumed run could not read back */
  write(event: RunEvent): void;
  /** Settles when everything written so far is in the file; rejects if the disk refused it. */
  flush(): Promise<void>;
}

/** A kill may have cut the last line short; what is appended now must not become part of it. */
async function endTornLine(host: Host, file: string): Promise<void> {
  if ((await host.files.stat(file)) === undefined) return;
  const text = await host.files.readText(file);
  if (text !== '' && !text.endsWith('\n')) await host.files.appendText(file, '\n');
}

export function openJournal(host: Host, runDirectory: string): Journal {
  const file = path.join(runDirectory, FILE);
  const log = createAppendLog(host.files, file, { after: endTornLine(host, file) });
  return {
    write(event) {
      if (isTransient(event)) return;
      const entry: JournalEntry = { ...event, at: new Date(host.clock.nowMs()).toISOString() };
      const line = READ_EVENTS.includes(entry.type)
        ? checkedJson(entrySchema, entry, `"${entry.type}" into ${FILE}`)
        : jsonText(entry);
      log.append(`${line}\n`);
    },
    flush: () => log.flush(),
  };
}

/** What a resumed run needs to know of the past. */
export interface PastRun {
  readonly request: RunRequest;
  /** The guest it has been made with so far: what was decided once is not decided again. */
  readonly guest?: GuestChoice;
  readonly startedAt: string;
  readonly finished: boolean;
  /** Boots that were finished, by boot id, with the condition they ran under. */
  readonly boots: ReadonlyMap<
    string,
    { readonly condition: string; readonly summary: BootSummary; readonly durationMs: number }
  >;
  /** Sessions of container work that were finished, by their id. */
  readonly benches: ReadonlyMap<
    string,
    { readonly condition: string; readonly session: BenchSession; readonly durationMs: number }
  >;
}

/** Default guest for journals that were written before drydock could choose a guest. */
const ONLY_GUEST_THEN: GuestChoice = { name: 'debian-12-minimal', reason: 'taken when the run began' };

/** Folds a run's journal. A last line cut short by a kill is ignored: its event had not happened yet. */
export async function readPastRun(host: Host, runDirectory: string): Promise<PastRun> {
  const file = path.join(runDirectory, FILE);
  if ((await host.files.stat(file)) === undefined) {
    throw new Fault({
      kind: 'usage',
      headline: `There is no run in ${runDirectory}`,
      hint: 'Give the path of a run in results/; a failed run prints it.',
    });
  }
  let request: RunRequest | undefined;
  let guest: GuestChoice | undefined;
  let startedAt = '';
  let finished = false;
  const boots = new Map<string, { condition: string; summary: BootSummary; durationMs: number }>();
  const benches = new Map<string, { condition: string; session: BenchSession; durationMs: number }>();
  for (const line of (await host.files.readText(file)).split('\n')) {
    const entry = entrySchema.safeParse(parseJson(line));
    if (!entry.success) continue;
    const { data } = entry;
    if (data.type === 'run-started') {
      request ??= data.request;
      guest ??= data.guest;
      if (startedAt === '') startedAt = data.at;
    }
    if (data.type === 'step-finished' && data.id === 'image') guest ??= ONLY_GUEST_THEN;
    if (data.type === 'boot-finished') {
      boots.set(data.id, { condition: data.condition, summary: data.summary, durationMs: data.durationMs });
    }
    if (data.type === 'bench-finished') {
      benches.set(data.id, { condition: data.condition, session: data.session, durationMs: data.durationMs });
    }
    if (data.type === 'run-finished') finished = true;
  }
  if (request === undefined) {
    throw new Fault({ kind: 'usage', headline: `${file} does not say what was asked`, hint: 'Start a new run.' });
  }
  return { request, ...(guest === undefined ? {} : { guest }), startedAt, finished, boots, benches };
}
