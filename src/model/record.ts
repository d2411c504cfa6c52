import type { Ablation } from './verdicts/ablation.ts';
import type { BenchRecord } from './bench.ts';
import type { Calibration } from './verdicts/calibration.ts';
import type { BootSummary, VirtualBoot } from './boots/boot.ts';
import type { Environment } from './environment.ts';
import type { Finding } from './finding.ts';
import type { Measurement, Score } from './verdicts/measure.ts';
import type { StoppingRecord } from './verdicts/stopping.ts';

/** One requirement of Docker's `check-config.sh`, judged on a built `.config`. */
export interface RequirementRow {
  readonly section: 'necessary' | 'optional' | 'network' | 'storage';
  readonly symbol: string;
  readonly value: 'enabled' | 'module' | 'missing';
}

/** What shows that Docker works on an arm's kernel: the container's own words, not an exit code alone. */
export interface DockerProof {
  readonly command: readonly string[];
  readonly exitCode: number;
  /** What the container printed: its own eth0 address, default route and the answer of the bridge's gateway. */
  readonly stdout: string;
  readonly network: 'bridge';
  readonly serverVersion: string;
  readonly storageDriver: string;
  readonly cgroupVersion: string;
}

/** check-config.sh of the guest's docker.io package beside drydock's own check, on the same configuration. */
export interface ConfigCheck {
  readonly rows: readonly RequirementRow[];
  /** Symbols on which the two disagree; empty when they agree line by line. */
  readonly disagreements: readonly string[];
  /** Generally necessary symbols that are missing. */
  readonly missingNecessary: readonly string[];
}

/** Where and with what a kernel was built. */
export interface BuildRecord {
  readonly where: 'host' | 'guest';
  /** e.g. `gcc 12.2.0`; in a guest the compiler's own words. */
  readonly compiler: string;
  readonly reason: string;
}

export interface ArmRecord {
  readonly name: string;
  /** `variant`: measured beside the pair and not scored, a cell of an ablation. */
  readonly role: 'baseline' | 'candidate' | 'variant';
  readonly kernelRelease: string;
  /** e.g. `linux-image-6.1.0-49-amd64 6.1.176-1` or `linux-source-6.1 6.1.176-1 + docker-min fragments`. */
  readonly kernelOrigin: string;
  /** Absent for a kernel that was not built here, and in records that are older than the choice. */
  readonly build?: BuildRecord;
  readonly initrd: 'stock' | 'stock-busybox' | 'distribution' | 'busybox' | 'busybox-image' | 'none';
  readonly cmdline: string;
  readonly kernelSizeBytes: number;
  readonly initrdSizeBytes: number;
  readonly kernelSha256: string;
  readonly configSymbols?: { readonly builtIn: number; readonly modules: number };
  /** What shows that the profile's kernel patch is in the machine code, one sentence a witness. */
  readonly patchProof?: readonly string[];
  readonly docker?: DockerProof;
  readonly configCheck?: ConfigCheck;
  /** Proof of the reboot into this kernel: boot ids before and after, and `uname -r` after. */
  readonly reboot?: { readonly bootIdBefore: string; readonly bootIdAfter: string; readonly unameRelease: string };
}

/** A guest's disk that boots an arm's kernel by itself. */
export interface KeptKernelRecord {
  readonly arm: string;
  /** File in the run's folder, a qcow2. */
  readonly disk: string;
  readonly sha256: string;
  readonly reboot: { readonly bootIdBefore: string; readonly bootIdAfter: string; readonly unameRelease: string };
}

export interface StageRecord {
  readonly name: string;
  readonly arm?: string;
  readonly cached: boolean;
  readonly durationMs: number;
  readonly fingerprint: string;
}

/** The whole run as kept in `results/<run-id>/record.json`. */
export interface RunRecord {
  readonly schema: 1;
  readonly id: string;
  readonly drydockVersion: string;
  /** ISO 8601, UTC. */
  readonly startedAt: string;
  readonly finishedAt: string;
  readonly profile: { readonly name: string; readonly description: string; readonly sha256: string };
  readonly guest: {
    readonly name: string;
    /** Which guest was taken and why. */
    readonly reason: string;
    readonly imageSha256: string;
    readonly packages: Readonly<Record<string, string>>;
  };
  readonly environment: Environment;
  /** The disk that was asked for with a kernel as its default, and the boot that proved it; absent: none was. */
  readonly keptKernel?: KeptKernelRecord;
  readonly bootsPerArm: number;
  /** Only for runs that booted until their intervals decided. */
  readonly stopping?: StoppingRecord;
  /** Arm names in the order the boots ran, e.g. stock, docker-min, docker-min, stock. */
  readonly bootOrder: readonly string[];
  readonly arms: readonly ArmRecord[];
  readonly boots: readonly BootSummary[];
  /** Boots on the virtual clock; absent when there were none. Their metrics have ids of their own. */
  readonly virtualBoots?: readonly VirtualBoot[];
  readonly measurements: Readonly<Record<string, readonly Measurement[]>>;
  readonly scores: readonly Score[];
  readonly ablation?: Ablation;
  readonly calibration?: Calibration;
  /** What containers did; absent where no workload was asked for. */
  readonly bench?: BenchRecord;
  readonly stages: readonly StageRecord[];
  readonly findings: readonly Finding[];
  /**
   * Seconds of this run spent in boots, in sessions of container work, and outside both (drydock's own cost plus uncached
   * stages).
   */
  readonly time: {
    readonly totalSec: number;
    readonly bootsSec: number;
    readonly benchesSec?: number;
    readonly outsideSec: number;
  };
}
