import path from 'node:path';
import { z } from 'zod';
import type { Host } from '../host/host.ts';
import { parseJson } from '../json/parse.ts';
import { checkedJson } from './checked-json.ts';
import { jsonText } from '../json/text.ts';

const FILE = 'history.json';
const historySchema = z.record(z.string(), z.number());

/** How long steps and boots took the last time on this host, for "expected" columns; never used to decide anything. */
export interface History {
  expectedMs(key: string): number | undefined;
  note(key: string, durationMs: number): void;
  save(): Promise<void>;
}

/** Opens the history below a cache root; one that cannot be read counts as empty. */
export async function openHistory(host: Host, root: string): Promise<History> {
  const file = path.join(root, FILE);
  const durations = new Map<string, number>();
  if ((await host.files.stat(file)) !== undefined) {
    const parsed = historySchema.safeParse(parseJson(await host.files.readText(file)));
    if (parsed.success) for (const [key, ms] of Object.entries(parsed.data)) durations.set(key, ms);
  }
  return {
    expectedMs: (key) => durations.get(key),
    note: (key, ms) => {
      durations.set(key, Math.round(ms));
    },
    save: () => {
      const known = Object.fromEntries(durations);
      return host.files.writeAtomic(
        file,
        `${checkedJson(historySchema, known, FILE, (value) => jsonText(value, 1))}\n`,
      );
    },
  };
}
