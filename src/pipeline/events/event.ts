import type { BenchSession, WorkloadName } from '../../model/bench.ts';
import type { BootSummary, ExcludedFigure, VirtualBoot } from '../../model/boots/boot.ts';
import type { Failure } from '../../model/failure.ts';
import type { Finding } from '../../model/finding.ts';

/** A step or boot as announced before it runs. `expectedMs` comes from earlier runs on this host. */
export interface PlannedUnit {
  readonly id: string;
  readonly expectedMs?: number;
  readonly cached: boolean;
}

/** Which guest a run takes, and why. */
export interface GuestChoice {
  readonly name: string;
  readonly reason: string;
}

/** A machine that a kernel may be built on. */
export type BuildPlace = 'host' | 'guest';

/** Where a kernel is built, and why there. */
export interface BuildChoice {
  readonly where: BuildPlace;
  readonly reason: string;
}

/** A given disk. */
export interface AdoptRequest {
  /** Path of a qcow2. */
  readonly disk: string;
  /** Path of a private key that root of it lets in; absent: its cloud-init is told one. */
  readonly keyPath?: string;
  /** The device of its root; absent: the one of the guest's definition. */
  readonly root?: string;
}

/** What a run was asked to do; enough to go on with it after an interruption. */
export interface RunRequest {
  readonly profilePath: string;
  readonly profileText: string;
  readonly guest: string;
  /** Path of the installer's medium, for a guest that is made from one; absent: it is downloaded. */
  readonly image?: string;
  /** A disk on which the guest's distribution is installed already: the guest is made of it instead. */
  readonly adopt?: AdoptRequest;
  readonly accelerator: 'auto' | 'kvm' | 'tcg';
  /** GRUB in the guest boots; absent: QEMU does. The profile's wish is in here, too. */
  readonly boot?: 'grub';
  /** The arm whose kernel becomes the default of a disk that is kept with the run; absent: none is. */
  readonly keepKernel?: string;
  /** Where kernels are built; absent: as the profile says. */
  readonly build?: BuildPlace | 'auto';
  /** Measured boots per arm; the most there may be when `sequential` is there. */
  readonly boots: number;
  /** Boots an arm on the virtual clock; requests of before it existed have none. */
  readonly virtualBoots?: number;
  /** Boot until the intervals decide, or until measured boots have taken so long. */
  readonly sequential?: { readonly budgetMinutes?: number };
  readonly install: boolean;
  readonly refresh: string;
  /** Samples a second of the process collector; absent: no collector, in no arm. */
  readonly collectHz?: number;
  /** Container workloads; absent: none. */
  readonly bench?: BenchRequest;
  /** Also write `metrics.openmetrics`. */
  readonly openMetrics?: boolean;
}

/** Which of the profile's workloads are run, and how. */
export interface BenchRequest {
  readonly workloads: readonly WorkloadName[];
  /** How long package-install is watched; absent: as the profile says. */
  readonly minutes?: number;
  /** Sessions at every place; absent: as the profile says. */
  readonly rounds?: number;
  /** The boots that sessions in a guest begin with are the run's measured boots; absent: those are made for themselves. */
  readonly measuresBoots?: boolean;
  /** `host:port` of a Datadog Agent that is told every sample. */
  readonly datadog?: string;
}

/** Everything that happens in a run. The journal is the list of these; state is a fold of it. */
export type RunEvent =
  | {
      readonly type: 'run-started';
      readonly runId: string;
      readonly request: RunRequest;
      /** Which guest it is to be, and why; absent in journals of before there was a choice. */
      readonly guest?: GuestChoice;
      readonly steps: readonly PlannedUnit[];
      readonly boots: readonly PlannedUnit[];
      /** Sessions of container work; absent in journals of before they existed. */
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
      /** The figures that do not count; the boot is made once more for them. */
      readonly excluded: readonly ExcludedFigure[];
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
