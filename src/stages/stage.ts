import type { z } from 'zod';
import type { Host } from '../host/host.ts';
import type { Finding } from '../model/finding.ts';
import type { Json } from '../model/json.ts';
import type { Store } from '../store/store.ts';

/** What a stage tells while it works. */
export interface StageProgress {
  readonly message: string;
  /** 0 to 1, where the stage can tell. */
  readonly fraction?: number;
}

/** Everything a stage may use. */
export interface StageContext {
  readonly host: Host;
  readonly store: Store;
  readonly signal: AbortSignal;
  /** Scratch folder of this execution, on the store's filesystem; removed afterwards. */
  readonly workDir: string;
  /** Where the stage's full output goes. */
  readonly logPath: string;
  /** drydock's own data folders. */
  readonly folders: Folders;
  progress(progress: StageProgress): void;
  finding(finding: Finding): void;
}

/** Folders of the checkout or package that hold drydock's data. */
export interface Folders {
  readonly pipelines: string;
  readonly guests: string;
}

/**
 * One step of a run: pure data in, pure data out, files by digest. What it is given decides its fingerprint, so an
 * input carries everything that matters to the result and nothing else.
 */
export interface Stage<In extends Json, Out extends Json> {
  readonly name: string;
  /** Bump when `run` changes meaning. */
  readonly version: number;
  /** `content`: the output is restored when the fingerprint is known. Boots and preflight: `never`. */
  readonly cache: 'content' | 'never';
  /** It has work for every processor, or must not be disturbed: it runs alone. Absent: it keeps about one CPU busy. */
  readonly fillsMachine?: true;
  /** Checks an output restored from the store. */
  readonly output: z.ZodType<Out>;
  run(input: In, context: StageContext): Promise<Out>;
}
