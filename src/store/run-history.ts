import path from 'node:path';
import { Fault } from '../host/fault.ts';
import type { Host } from '../host/host.ts';
import { parseJson } from '../json/parse.ts';
import type { RunRecord } from '../model/record.ts';
import { checkedJson } from './checked-json.ts';
import { readRecord } from './read-record.ts';
import { recordSchema } from '../model/record.ts';
import { filledLines } from '../text/lines.ts';

/** One line a run below the cache root: what `drydock history` needs when results/ has been cleaned. */
const FILE = path.join('history', 'runs.jsonl');

/** A record without what only its own report needs: what is left is every metric's samples and their conditions. */
function figuresOf(record: RunRecord): RunRecord {
  return {
    ...record,
    guest: { ...record.guest, packages: {} },
    arms: record.arms.map((arm) =>
      arm.configCheck === undefined ? arm : { ...arm, configCheck: { ...arm.configCheck, rows: [] } },
    ),
    boots: [],
    scores: [],
    stages: [],
    findings: [],
  };
}

/** Appends a finished run's figures to the ledger. */
export async function keepInLedger(host: Host, cacheRoot: string, record: RunRecord): Promise<void> {
  const file = path.join(cacheRoot, FILE);
  await host.files.makeDirectory(path.dirname(file));
  await host.files.appendText(file, `${checkedJson(recordSchema, figuresOf(record), FILE)}\n`);
}

/** The runs of a ledger and of a results folder, and what could not be read. */
export interface KnownRuns {
  /** Oldest first, each once. */
  readonly runs: readonly RunRecord[];
  /** One sentence each. */
  readonly unreadable: readonly string[];
}

async function runsOfLedger(host: Host, cacheRoot: string): Promise<KnownRuns> {
  const file = path.join(cacheRoot, FILE);
  if ((await host.files.stat(file)) === undefined) return { runs: [], unreadable: [] };
  const lines = filledLines(await host.files.readText(file));
  const parsed = lines.map((line) => recordSchema.safeParse(parseJson(line)));
  const lost = parsed.filter(({ success }) => !success).length;
  return {
    runs: parsed.flatMap(({ data }) => data ?? []),
    unreadable:
      lost === 0 ? [] : [`${String(lost)} of ${String(lines.length)} lines of ${file} are not of this version`],
  };
}

async function runsOfResults(host: Host, resultsRoot: string): Promise<KnownRuns> {
  const isFolder = (await host.files.stat(resultsRoot))?.kind === 'directory';
  const names = isFolder ? [...(await host.files.list(resultsRoot))].sort() : [];
  const runs: RunRecord[] = [];
  const unreadable: string[] = [];
  for (const name of names) {
    const folder = path.join(resultsRoot, name);
    // A run that did not finish has no record, and nothing to tell.
    if ((await host.files.stat(path.join(folder, 'record.json')))?.kind !== 'file') continue;
    try {
      runs.push(await readRecord(host, folder, resultsRoot));
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      unreadable.push([error.failure.headline, ...(error.failure.detail ?? [])].join('; '));
    }
  }
  return { runs, unreadable };
}

/** Every run that this host remembers: those below `resultsRoot`, and those of the ledger that are not there any more. */
export async function readKnownRuns(host: Host, cacheRoot: string, resultsRoot: string): Promise<KnownRuns> {
  const [kept, here] = [await runsOfLedger(host, cacheRoot), await runsOfResults(host, resultsRoot)];
  const byId = new Map([...kept.runs, ...here.runs].map((run) => [run.id, run]));
  const runs = [...byId.values()].sort((a, b) => (a.startedAt < b.startedAt ? -1 : a.startedAt > b.startedAt ? 1 : 0));
  return { runs, unreadable: [...kept.unreadable, ...here.unreadable] };
}
