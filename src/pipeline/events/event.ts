import type { BenchSession } from '../../model/bench.ts';
import type { BootSummary, VirtualBoot } from '../../model/boots/boot.ts';
import type { Failure } from '../../model/failure.ts';
import type { Finding } from '../../model/finding.ts';
import type { BuildPlace, GuestChoice, RunRequest } from '../../model/request.ts';

/** A step or boot as announced before it runs. `expectedMs` comes from earlier runs on this host. */
export interface PlannedUnit {
  /** The name that its events have. */
  readonly id: string;
  /** Expected duration; absent where nothing like it has been timed. */
  readonly expectedMs?: number;
  /** A finished result exists and is used again. */
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
      /** The run begins, or goes on after `resume`. The host has been checked and the plan is made. */
      readonly type: 'run-started';
      /** The name of the run's folder in `results/`. */
      readonly runId: string;
      readonly request: RunRequest;
      /** Which guest the run takes, and why; absent in older journals. */
      readonly guest?: GuestChoice;
      /** What is prepared, in the order of the plan. */
      readonly steps: readonly PlannedUnit[];
      /** The boots, in the order in which they are made. */
      readonly boots: readonly PlannedUnit[];
      /** Sessions of container work; absent in older journals. */
      readonly benches?: readonly PlannedUnit[];
      /** Whether it goes on with an earlier run. */
      readonly resumed: boolean;
    }
  | {
      /** A step of the preparation begins. Its result may still come from the cache. */
      readonly type: 'step-started';
      /** Such as `build:docker-min`. */
      readonly id: string;
      /** Digest of everything that goes into the step; its key in the cache. */
      readonly fingerprint: string;
    }
  | {
      /** News of a running step. On standard output only, never in the journal. */
      readonly type: 'step-progress';
      readonly id: string;
      /** What it does now. */
      readonly message: string;
      /** Share of the step that is done, 0 to 1; absent where it is not known. */
      readonly fraction?: number;
    }
  | {
      /** A step is done, or its result was taken from the cache. */
      readonly type: 'step-finished';
      readonly id: string;
      readonly fingerprint: string;
      /** Its result came from the cache. */
      readonly cached: boolean;
      readonly durationMs: number;
      /** One line on what came out: which guest, which accelerator and why. */
      readonly summary?: string;
    }
  | {
      /** A measured boot begins, on either clock. */
      readonly type: 'boot-started';
      /** Name of the boot in the plan. */
      readonly id: string;
      /** 0-based position in the order of all boots. */
      readonly order: number;
      /** The arm that is booted. */
      readonly arm: string;
    }
  | {
      /** A measured boot on the wall clock is done, with its figures. */
      readonly type: 'boot-finished';
      readonly id: string;
      readonly durationMs: number;
      /** Digest of everything that must match for boots to be pooled. */
      readonly condition: string;
      readonly summary: BootSummary;
    }
  | {
      /** A boot is made once more, because the first one does not count. */
      readonly type: 'boot-repeated';
      readonly id: string;
      /** Why the boot is made once more: a sentence for each figure that does not count, or for what ended the boot. */
      readonly reasons: readonly string[];
    }
  | {
      /** A boot on the virtual clock is done, with its figures. */
      readonly type: 'virtual-boot-finished';
      readonly id: string;
      readonly durationMs: number;
      readonly summary: VirtualBoot;
    }
  | {
      /** A session of container work begins: one place, all workloads. */
      readonly type: 'bench-started';
      /** Name of the session in the plan. */
      readonly id: string;
      /** `host`, or the name of an arm. */
      readonly place: string;
      /** 0-based; a round has one session at every place. */
      readonly round: number;
    }
  | {
      /** A session of container work is done, with its figures. */
      readonly type: 'bench-finished';
      readonly id: string;
      readonly durationMs: number;
      /** Digest of everything that must match for sessions to be pooled. */
      readonly condition: string;
      readonly session: BenchSession;
    }
  | {
      /** Something that a reader of the run should know; it does not stop the run. */
      readonly type: 'finding';
      /** The step or boot that noticed it. */
      readonly id: string;
      readonly finding: Finding;
    }
  | {
      /** The run is done and its reports are written. */
      readonly type: 'run-finished';
      /** 0, or 1 when a metric got worse and `--fail-on` says so. */
      readonly exitCode: number;
      /** The run's folder. */
      readonly directory: string;
    }
  | {
      /** The run stopped. What was finished is kept. */
      readonly type: 'run-failed';
      /** The step that failed; absent when no step did. */
      readonly id?: string;
      readonly failure: Failure;
    };

/** An event with the wall time at which it was written, ISO 8601 UTC. */
export type JournalEntry = RunEvent & { readonly at: string };

export type Emit = (event: RunEvent) => void;
