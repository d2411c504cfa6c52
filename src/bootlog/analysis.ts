import type { BootAnalysis, LogAnalysis, MarkerFinding, StartupFinding } from '../model/boots/analysis.ts';
import { MARKER_IDS } from '../model/boots/boot.ts';
import type { BootMarkers, MarkerId } from '../model/boots/boot.ts';
import type { Boot, BootLog, InitcallReport } from '../model/boots/bootlog.ts';
import { costliestSteps } from './reading/costliest.ts';
import { attributeInitcalls } from './reading/initcalls.ts';
import { findMarkers } from './reading/markers.ts';
import { metricFindings } from './reading/metric-findings.ts';
import { oldInitrdWarnings } from './reading/old-initrd.ts';
import { findPhases } from './reading/phases.ts';
import { checkPresence } from './reading/presence.ts';
import type { PresenceCheck } from './reading/presence.ts';
import { parseStartupFinished } from './reading/startup.ts';
import { thesisReadings } from './thesis/thesis.ts';

export interface AnalysisOptions {
  /** How the text is called in the output. */
  readonly source: string;
  /** The boots of the log to look at. */
  readonly boots: readonly Boot[];
  /** Length of the hot list. */
  readonly top: number;
  readonly presence: readonly PresenceCheck[];
}

/** Markers that most logs lack: the analysis lists them only where they are found. */
const RARE: ReadonlySet<MarkerId> = new Set(['initrd-mounted', 'initrd-left', 'hand-over']);

/** Everything that drydock reads out of a boot log, as one plain object (`LogAnalysis` says what is in it). */
export function analyzeBootLog(log: BootLog, options: AnalysisOptions): LogAnalysis {
  return {
    format: 'drydock-analysis/1',
    source: options.source,
    bootsInText: log.boots.length,
    warnings: log.warnings,
    boots: options.boots.map((boot) => analyzeBoot(boot, options)),
  };
}

function analyzeBoot(boot: Boot, { top, presence }: AnalysisOptions): BootAnalysis {
  const markers = findMarkers(boot);
  return {
    boot: boot.index + 1,
    kernelRelease: boot.kernelRelease ?? null,
    clock: boot.clock,
    lines: boot.lines.length,
    firstLine: boot.lines[0]?.line ?? 0,
    lastLine: boot.lines.at(-1)?.line ?? 0,
    startSec: boot.lines[0]?.atSec ?? 0,
    endSec: boot.lines.reduce((latest, { atSec }) => Math.max(latest, atSec), 0),
    warnings: [...boot.warnings, ...oldInitrdWarnings(markers)],
    markers: MARKER_IDS.filter((id) => markers[id] !== undefined || !RARE.has(id)).map((id) =>
      markerFinding(id, markers),
    ),
    metrics: metricFindings(boot, markers),
    thesisReadings: thesisReadings(boot),
    phases: findPhases(boot, markers),
    hotList: costliestSteps(boot, top),
    startup: startupFinding(markers),
    presence: checkPresence(boot, presence),
    initcalls: initcallsOf(boot),
  };
}

function markerFinding(id: MarkerId, markers: BootMarkers): MarkerFinding {
  const marker = markers[id];
  if (marker === undefined) return { id, found: false };
  const { atSec, deltaSec, line, text } = marker;
  return { id, found: true, atSec, deltaSec, line, text };
}

function startupFinding(markers: BootMarkers): StartupFinding | null {
  const marker = markers['startup-finished'];
  const times = marker === undefined ? undefined : parseStartupFinished(marker.text);
  if (marker === undefined || times === undefined) return null;
  const spans = [
    { name: 'firmware', sec: times.firmwareSec },
    { name: 'loader', sec: times.loaderSec },
    { name: 'kernel', sec: times.kernelSec },
    { name: 'initrd', sec: times.initrdSec },
    { name: 'userspace', sec: times.userspaceSec },
  ] as const;
  return {
    line: marker.line,
    text: marker.text,
    spans: spans.flatMap(({ name, sec }) => (sec === undefined ? [] : [{ name, sec }])),
    totalSec: times.totalSec,
  };
}

function initcallsOf(boot: Boot): InitcallReport | null {
  const report = attributeInitcalls(boot);
  return report.spans.length === 0 && report.unfinished.length === 0 ? null : report;
}
