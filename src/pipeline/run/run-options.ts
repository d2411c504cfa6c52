import type { Host } from '../../host/host.ts';
import type { Folders } from '../../stages/stage.ts';
import type { History } from '../../store/durations.ts';
import type { Store } from '../../store/store.ts';
import type { Emit } from '../events/event.ts';
import type { RunRequest } from '../../model/request.ts';
import type { PastRun } from '../events/journal.ts';

/** What a run is given. */
export interface RunOptions {
  readonly host: Host;
  readonly store: Store;
  readonly history: History;
  readonly folders: Folders;
  readonly request: RunRequest;
  readonly runId: string;
  readonly runDirectory: string;
  readonly version: string;
  readonly signal: AbortSignal;
  readonly emit: Emit;
  /** Set when an interrupted run goes on. */
  readonly past?: PastRun;
}
