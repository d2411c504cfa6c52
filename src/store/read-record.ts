import path from 'node:path';
import { Fault } from '../host/fault.ts';
import type { Host } from '../host/host.ts';
import type { RunRecord } from '../model/record.ts';
import { recordSchema } from '../model/record.ts';

const SHOWN_ISSUES = 5;

/** The file that a run's id, its folder or its record's own path means. */
async function recordFile(host: Host, asked: string, resultsRoot: string): Promise<string> {
  const candidates = asked.includes('/') || asked.endsWith('.json') ? [asked] : [path.join(resultsRoot, asked), asked];
  for (const candidate of candidates) {
    const kind = (await host.files.stat(candidate))?.kind;
    if (kind === 'file') return candidate;
    if (kind !== 'directory') continue;
    const file = path.join(candidate, 'record.json');
    if ((await host.files.stat(file))?.kind === 'file') return file;
    throw new Fault({
      kind: 'usage',
      headline: `The run in ${candidate} has no record.json: it did not finish`,
      hint: `Go on with it: npm run drydock -- resume ${asked}`,
    });
  }
  throw new Fault({
    kind: 'usage',
    headline: `There is no record ${asked}`,
    hint: `Name a record.json, the folder it is in, or a run of ${resultsRoot}.`,
  });
}

/**
 * Reads a run's record.
 *
 * @param asked path of a record.json or of its folder, or the id of a run below `resultsRoot`
 * @throws Fault of kind `usage` that names the cause: no such file, no JSON, or which field is not as the schema has it
 */
export async function readRecord(host: Host, asked: string, resultsRoot: string): Promise<RunRecord> {
  const file = await recordFile(host, asked, resultsRoot);
  let content: unknown;
  try {
    content = JSON.parse(await host.files.readText(file));
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new Fault({
      kind: 'usage',
      headline: `${file} is not JSON: ${error.message}`,
      hint: 'Is it incomplete? Its run can write it again.',
    });
  }
  const parsed = recordSchema.safeParse(content);
  if (parsed.success) return parsed.data;
  throw new Fault({
    kind: 'usage',
    headline: `${file} is not a record of this version of drydock`,
    hint: 'docs/record.schema.json says what a record holds.',
    detail: parsed.error.issues
      .slice(0, SHOWN_ISSUES)
      .map(({ path: at, message }) => `${at.length === 0 ? 'the whole file' : at.join('.')}: ${message}`),
  });
}
