import { Fault } from '../../host/fault.ts';
import type { Host } from '../../host/host.ts';
import type { Accelerator } from '../../model/environment.ts';
import { startMachine } from './machine.ts';

/** A guest that boots in a second may be silent for this long before the probe gives up. */
const PROBE_SILENCE_MS = 20_000;
const PROBE_MEMORY_MB = 512;
const PROBE_CPUS = 2;
/** Printed by the probe initrd's /init (src/initrd/probe.sh). */
const PROBE_MARKER = /drydock: probe ok/;

export interface ProbeOptions {
  readonly kernelPath: string;
  /** An initrd whose init prints the probe marker and powers off. */
  readonly initrdPath: string;
  readonly directory: string;
  readonly signal?: AbortSignal;
}

export interface ProbeResult {
  readonly works: boolean;
  /** What happened, one clause: `a probe boot reached its init in 0.8 s`. */
  readonly evidence: string;
}

export interface AcceleratorDecision {
  readonly accelerator: Accelerator;
  readonly reason: string;
}

function whyNot(fault: Fault): string {
  const { headline, consoleTail } = fault.failure;
  const last = consoleTail?.at(-1);
  return last === undefined ? headline : `${headline} (last line: ${last.trim()})`;
}

/**
 * Boots `kernelPath` under KVM with a tiny initrd. Only that decides: /dev/kvm can open, create a VM and a vCPU and still
 * never get a kernel past its decompression.
 *
 * @throws Fault `interrupted` and `missing-tool` only; a KVM that does not work is an answer
 */
export async function probeKvm(host: Host, options: ProbeOptions): Promise<ProbeResult> {
  const { kernelPath, initrdPath, directory, signal } = options;
  try {
    await using machine = await startMachine(
      host,
      {
        accelerator: 'kvm',
        cpus: PROBE_CPUS,
        memoryMb: PROBE_MEMORY_MB,
        kernelPath,
        initrdPath,
        cmdline: 'console=ttyS0 earlyprintk=ttyS0 rdinit=/init panic=-1',
      },
      { directory, silenceMs: PROBE_SILENCE_MS, ...(signal === undefined ? {} : { signal }) },
    );
    const marker = await machine.waitFor(PROBE_MARKER);
    const seconds = (marker.atSec - machine.runningAtSec).toFixed(1);
    return { works: true, evidence: `a probe boot reached its init in ${seconds} s` };
  } catch (error) {
    if (!(error instanceof Fault) || ['interrupted', 'missing-tool', 'internal'].includes(error.failure.kind))
      throw error;
    return { works: false, evidence: `a probe boot failed: ${whyNot(error)}` };
  }
}

/**
 * Decides between KVM and TCG and says why. The probe is asked only when KVM is in question.
 *
 * @throws Fault `unavailable` when KVM was asked for by name and does not work
 */
export async function chooseAccelerator(
  asked: 'auto' | Accelerator,
  probe: () => Promise<ProbeResult>,
): Promise<AcceleratorDecision> {
  if (asked === 'tcg') return { accelerator: 'tcg', reason: 'TCG was asked for' };
  const { works, evidence } = await probe();
  if (works) return { accelerator: 'kvm', reason: `KVM works here: ${evidence}` };
  if (asked === 'auto') return { accelerator: 'tcg', reason: `KVM does not work here: ${evidence}` };
  throw new Fault({
    kind: 'unavailable',
    headline: `KVM was asked for but does not work here: ${evidence}`,
    hint: 'Use --accel auto or tcg, or run on a machine whose KVM works (nested virtualisation must be on inside a VM).',
  });
}
