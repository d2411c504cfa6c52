import type { BenchSession } from '../../model/bench.ts';
import type { BootSummary, VirtualBoot } from '../../model/boots/boot.ts';
import type { Failure } from '../../model/failure.ts';
import type { Finding } from '../../model/finding.ts';
import type { BuildPlace, GuestChoice, RunRequest } from '../../model/request.ts';

/** A step or boot as announced before it runs. `expectedMs` comes from earlier runs on this host. */
export interface PlannedUnit {
  readonly id: string;
  readonly expectedMs?: number;
  readonly cached: boolean;
}

/** Where a kernel is built, and why there. */
export interface BuildChoice {
  readonly where: BuildPlace;
  readonly reason: string;
}

/** Everything that happens in a run. The journal is the list of these; state is a fold of it. */
export type RunEvent =
  | {
      readonly type: 'run-started';
      readonly runId: string;
      readonly request: RunRequest;
      /** Which guest the run takes, and why; absent in older journals. */
      readonly guest?: GuestChoice;
      readonly steps: readonly PlannedUnit[];
      readonly boots: readonly PlannedUnit[];
      /** Sessions of container work; absent in older journals. */
      readonly benches?: readonly PlannedUnit[];
      readonly resumed: boolean;
    }
  | { readonly type: 'step-started'; readonly id: string; readonly fingerprint: string }
  | { readonly type: 'step-progress'; readonly id: string; readonly message: string; readonly fraction?: number }
  | {
      readonly type: 'step-finished';
      readonly id: string;
      readonly fingerprint: string;
      readonly cached: boolean;
      readonly durationMs: number;
      /** One line on what came out: which guest, which accelerator and why. */
      readonly summary?: string;
    }
  | { readonly type: 'boot-started'; readonly id: string; readonly order: number; readonly arm: string }
  | {
      readonly type: 'boot-finished';
      readonly id: string;
      readonly durationMs: number;
      /** Digest of everything that must match for boots to be pooled. */
      readonly condition: string;
      readonly summary: BootSummary;
    }
  | {
      readonly type: 'boot-repeated';
      readonly id: string;
      /** Why the boot is made once more: a sentence for each figure that does not count, or for what ended the boot. */
      readonly reasons: readonly string[];
    }
  | {
      readonly type: 'virtual-boot-finished';
      readonly id: string;
      readonly durationMs: number;
      readonly summary: VirtualBoot;
    }
  | { readonly type: 'bench-started'; readonly id: string; readonly place: string; readonly round: number }
  | {
      readonly type: 'bench-finished';
      readonly id: string;
      readonly durationMs: number;
      /** Digest of everything that must match for sessions to be pooled. */
      readonly condition: string;
      readonly session: BenchSession;
    }
  | { readonly type: 'finding'; readonly id: string; readonly finding: Finding }
  | { readonly type: 'run-finished'; readonly exitCode: number; readonly directory: string }
  | { readonly type: 'run-failed'; readonly id?: string; readonly failure: Failure };

/** An event with the wall time at which it was written, ISO 8601 UTC. */
export type JournalEntry = RunEvent & { readonly at: string };

export type Emit = (event: RunEvent) => void;
