import type { ProcessLog, ProcessSpan } from '../../model/boots/processes.ts';
import { formatBytes, plural } from '../text/format.ts';
import { textTable } from '../text/text-table.ts';
import type { TextColumn } from '../text/text-table.ts';

const SOURCES: Readonly<Record<ProcessLog['source'], string>> = {
  drydock: "drydock's collector",
  bootchart2: 'a bootchart tarball',
  'systemd-bootchart': "systemd-bootchart's chart",
};

const bytes = (value: number | undefined): string => (value === undefined ? '-' : formatBytes(value));

const COLUMNS: readonly (TextColumn & { readonly cell: (span: ProcessSpan) => string })[] = [
  { head: 'start s', align: 'right', cell: (span) => span.startSec.toFixed(3) },
  { head: 'end s', align: 'right', cell: (span) => span.endSec?.toFixed(3) ?? '-' },
  { head: 'cpu s', align: 'right', cell: (span) => span.cpuSec.toFixed(3) },
  { head: 'read', align: 'right', cell: (span) => bytes(span.readBytes) },
  { head: 'written', align: 'right', cell: (span) => bytes(span.writeBytes) },
  { head: 'pid', align: 'right', cell: (span) => String(span.pid) },
  { head: 'ppid', align: 'right', cell: (span) => String(span.ppid) },
  { head: 'name', align: 'left', cell: (span) => span.name },
];

/** `1 process`, `2 processes`. */
export function countProcesses(count: number): string {
  return count === 1 ? '1 process' : `${count} processes`;
}

/** The processes with the most processor time, at most `top` of them, in order of their starts. */
export function topProcesses(log: ProcessLog, top: number | undefined): readonly ProcessSpan[] {
  if (top === undefined) return log.processes;
  const kept = new Set([...log.processes].sort((a, b) => b.cpuSec - a.cpuSec).slice(0, top));
  return log.processes.filter((span) => kept.has(span));
}

/** A log as text: where it is from, a line a process by start, sums, and what has to be known about it. */
export function processTable(log: ProcessLog, top: number | undefined): string {
  const shown = topProcesses(log, top);
  const cpuSec = log.processes.reduce((sum, span) => sum + span.cpuSec, 0);
  const disk = (side: 'readBytes' | 'writeBytes'): number => log.disks.reduce((sum, one) => sum + one[side], 0);
  const exactness = log.hasEvents ? 'starts and ends from kernel events' : 'starts and ends between samples';
  const lines = [
    `From ${SOURCES[log.source]}: ${plural(log.samples, 'sample')} from ${log.startSec.toFixed(3)} to ${log.endSec.toFixed(3)} s, ${exactness}.`,
    '',
    ...textTable(
      COLUMNS,
      shown.map((span) => COLUMNS.map(({ cell }) => cell(span))),
    ),
    '',
    `${countProcesses(log.processes.length)}${shown.length < log.processes.length ? `, ${shown.length} of them shown` : ''}; ${cpuSec.toFixed(3)} s of processor time in all.`,
    ...(log.disks.length === 0
      ? []
      : [
          `Disks: read ${formatBytes(disk('readBytes'))}, written ${formatBytes(disk('writeBytes'))} since the start of the machine.`,
        ]),
    ...(log.collectorCpuSec === undefined
      ? []
      : [`The collector itself took ${log.collectorCpuSec.toFixed(3)} s of processor time.`]),
    ...log.warnings.map((warning) => `note: ${warning}`),
  ];
  return `${lines.join('\n')}\n`;
}
