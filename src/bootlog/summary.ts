import type { BootMarkers, BootPhase, CostlyStep } from '../model/boots/boot.ts';
import { costliestSteps } from './reading/costliest.ts';
import { findMarkers } from './reading/markers.ts';
import { bootMetrics } from './reading/metrics.ts';
import { oldInitrdWarnings } from './reading/old-initrd.ts';
import { parseBootLog } from './parse/parse.ts';
import { findPhases } from './reading/phases.ts';

/** What drydock keeps of one boot's log; the log-derived part of a `BootSummary`. */
export interface BootLogSummary {
  readonly markers: BootMarkers;
  readonly phases: readonly BootPhase[];
  readonly costliest: readonly CostlyStep[];
  readonly metrics: Readonly<Record<string, number>>;
  readonly warnings: readonly string[];
}

/**
 * Reads the last boot of a log: its markers, phases, hot list and metrics, and what a reader must know before believing
 * them. A text without timestamps yields empty parts and a warning that says so.
 */
export function summarizeBootLog(text: string): BootLogSummary {
  const log = parseBootLog(text);
  const boot = log.boots.at(-1);
  if (boot === undefined) return { markers: {}, phases: [], costliest: [], metrics: {}, warnings: log.warnings };
  const markers = findMarkers(boot);
  const chosen = log.boots.length > 1 ? [`the last of ${log.boots.length} boots is summarised`] : [];
  return {
    markers,
    phases: findPhases(boot, markers),
    costliest: costliestSteps(boot),
    metrics: bootMetrics(markers),
    warnings: [...log.warnings, ...chosen, ...boot.warnings, ...oldInitrdWarnings(markers)],
  };
}
