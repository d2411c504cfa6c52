import type { Accelerator } from './environment.ts';
import type { RequirementRow } from './record.ts';
import type { WorkloadName } from './workloads.ts';

/** A function that ran while it was watched: once, at its first call. The trace tells its name, not whose it is. */
export interface RanFunction {
  readonly name: string;
  /** Guest uptime. */
  readonly atSec: number;
  /** Command name of the task that called it first, blanks as underscores. */
  readonly task: string;
}

/** A module as /proc/modules showed it at some moment. */
export interface ModuleState {
  readonly name: string;
  readonly sizeBytes: number;
  readonly references: number;
  /** Modules that use it. */
  readonly users: readonly string[];
  /** Guest uptime. */
  readonly atSec: number;
}

/** What became of function tracing. */
export type Tracing =
  | {
      readonly status: 'traced';
      /** Functions that could be traced when the watch began. */
      readonly armed: number;
      /** How long arming them took. */
      readonly armSec: number;
      readonly ran: number;
      /** Events that the guest's ring buffer had no room for: calls that were not seen. */
      readonly lost: number;
      /** Functions that were taken out of the trace and never seen to run: their silence proves nothing. */
      readonly disarmedUnseen: number;
    }
  | { readonly status: 'absent'; readonly why: string };

/** Everything that the observer in the guest saw, each thing once. */
export interface ObserverLog {
  readonly readySec: number;
  readonly tracing: Tracing;
  readonly functions: readonly RanFunction[];
  readonly modules: readonly ModuleState[];
  /** Types of mounted file systems, of all mount namespaces. */
  readonly mounts: readonly string[];
  /** Kinds of namespace of which there were several at a time. */
  readonly namespaces: readonly string[];
  /** Controllers that the root hands down, and those that a container's cgroup has. */
  readonly controllers: readonly string[];
  readonly delegated: readonly string[];
  /** `pids.max 512`: limits of containers that are not at their default. */
  readonly knobs: readonly string[];
  /** Modes of /proc/pid/status: 1 strict, 2 filter. */
  readonly seccomp: readonly string[];
  /** Labels of a Linux security module that confined somebody. */
  readonly labels: readonly string[];
  /** Lines that could not be read. */
  readonly unread: number;
}

/** modinfo(8) of one module. */
export interface ModuleFacts {
  readonly name: string;
  readonly description?: string;
  readonly license?: string;
  readonly depends: readonly string[];
  readonly filename?: string;
}

/** What iptables-save(8) and ip6tables-save show. */
export interface PacketFilter {
  /** `nf_tables` or `legacy`, as `iptables --version` says. */
  readonly backend: 'nf_tables' | 'legacy' | 'unknown';
  readonly tables: readonly { readonly family: 'ipv4' | 'ipv6'; readonly name: string; readonly rules: number }[];
  readonly matches: readonly string[];
  readonly targets: readonly string[];
}

/** A stretch of the watched time. */
export interface NeedsPhase {
  readonly name: WorkloadName | 'dockerd restart';
  /** Guest uptime. */
  readonly fromSec: number;
  readonly toSec: number;
  readonly status: 'done' | 'failed';
}

export type EvidenceKind =
  'function' | 'module' | 'controller' | 'packet filter' | 'file system' | 'namespace' | 'seccomp' | 'confinement';

/** Something seen that a symbol makes possible. */
export interface Evidence {
  readonly kind: EvidenceKind;
  /** One clause. */
  readonly detail: string;
}

/**
 * `used`: its code ran, or what it makes possible was in use · `idle`: it has code that was watched, and none of it ran ·
 * `not in stock`: the watched kernel has it not · `no evidence`: nothing of it can be watched.
 */
export type NeedVerdict = 'used' | 'idle' | 'not in stock' | 'no evidence';

/** A symbol that the candidate's fragments ask for. */
export interface SymbolNeed {
  readonly symbol: string;
  readonly fragments: readonly string[];
  /** Its value in the watched kernel. */
  readonly stock: string;
  readonly verdict: NeedVerdict;
  /** One clause: the best evidence, or why there is none. */
  readonly why: string;
  /** The best first. */
  readonly evidence: readonly Evidence[];
  /** Its functions that could be traced, and how many of them ran. */
  readonly functions: { readonly traceable: number; readonly ran: number };
  /** Its own initcalls at boot, under initcall_debug. */
  readonly boot?: { readonly initcalls: readonly string[]; readonly usecs: number };
  /** Used symbols that depend on it in Kconfig, or symbols that such ones depend on; said of symbols that are not used. */
  readonly neededBy?: readonly string[];
  /** What Docker's check-config.sh calls it. */
  readonly docker?: RequirementRow['section'];
}

/** A module that was loaded in the watched kernel. */
export interface ModuleNeed {
  readonly name: string;
  readonly symbol?: string;
  readonly sizeBytes: number;
  readonly description?: string;
  readonly license?: string;
  /** The most at any look, and the modules among its users. */
  readonly references: number;
  readonly users: readonly string[];
  /** References beyond those of other modules: rules, mounts, open files, devices. */
  readonly heldOtherwise: number;
  /** Cost of its initcalls at boot; absent where the log has none of them. */
  readonly bootUsecs?: number;
  readonly loaded: 'boot' | 'work';
  readonly functions: { readonly traceable: number; readonly ran: number };
  /** What the candidate's configuration makes of its symbol. */
  readonly candidate: 'built in' | 'module' | 'absent' | 'unknown';
  readonly verdict: 'used' | 'idle';
}

/** A symbol whose code ran, and which the candidate's configuration does not have. */
export interface UnaskedSymbol {
  readonly symbol: string;
  readonly functions: { readonly traceable: number; readonly ran: number };
  readonly example: string;
}

/** `results/<run-id>/needs.json`. */
export interface NeedsReport {
  readonly format: 'drydock-needs/1';
  readonly id: string;
  readonly drydockVersion: string;
  /** ISO 8601, UTC. */
  readonly startedAt: string;
  readonly finishedAt: string;
  readonly profile: string;
  /** Whose kernel was watched, and whose symbols are judged. */
  readonly watched: { readonly arm: string; readonly kernelRelease: string; readonly bootId: string };
  readonly candidate: { readonly arm: string; readonly fragments: readonly string[] };
  readonly conditions: {
    readonly accelerator: Accelerator;
    readonly qemu: string;
    readonly cpus: number;
    readonly memoryMb: number;
    readonly hostCpu: string;
    readonly dockerVersion: string;
    readonly storageDriver: string;
    readonly cgroupVersion: string;
  };
  readonly phases: readonly NeedsPhase[];
  readonly tracing: Tracing;
  readonly packetFilter: PacketFilter;
  readonly seen: Pick<
    ObserverLog,
    'mounts' | 'namespaces' | 'controllers' | 'delegated' | 'knobs' | 'seccomp' | 'labels'
  >;
  readonly symbols: readonly SymbolNeed[];
  readonly modules: readonly ModuleNeed[];
  readonly unasked: readonly UnaskedSymbol[];
  readonly functions: {
    /** Ran, and several files define one of that name for different symbols. */
    readonly ambiguous: number;
    /** Ran, and no definition was found: made by a macro, or not C. */
    readonly unknown: number;
  };
  readonly warnings: readonly string[];
}
