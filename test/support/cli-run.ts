import { mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { RunRecord } from '../../src/model/record.ts';
import { recordSchema } from '../../src/model/record.ts';
import { runMain } from './drydock-main.ts';

export interface CliRun {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Folder of the run. */
  readonly directory: string;
  /** Folder that holds it, for the test to remove. */
  readonly results: string;
  record(): RunRecord;
}

/** Runs `drydock run` for real, with a results folder of its own. */
export async function runDrydock(...options: readonly string[]): Promise<CliRun> {
  const results = mkdtempSync(path.join(tmpdir(), 'drydock-run-'));
  const { code, stdout, stderr } = await runMain(['run', ...options, '--results-dir', results]);
  const directory = path.join(results, readdirSync(results)[0] ?? '');
  const record = (): RunRecord =>
    recordSchema.parse(JSON.parse(readFileSync(path.join(directory, 'record.json'), 'utf8')));
  return { exitCode: code, stdout, stderr, directory, results, record };
}
