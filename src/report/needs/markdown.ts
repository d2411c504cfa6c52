import type { NeedsReport } from '../../model/needs.ts';
import { durationText } from '../../text/duration.ts';
import { markdownList, markdownTable, markdownText } from '../formats/markdown.ts';
import {
  byFragment,
  COUNT_HEAD,
  countRows,
  MODULE_HEAD,
  moduleCells,
  NEED_VERDICTS,
  SYMBOL_HEAD,
  symbolCells,
  tracingWords,
  VERDICT_WORDS,
} from './rows.ts';

function conditions({ conditions: of, watched, candidate, profile, id }: NeedsReport): string {
  return markdownTable(
    ['Condition', 'Value'],
    [
      ['Run', id],
      ['Watched', `${watched.arm}, kernel ${watched.kernelRelease}, one session`],
      ['Judged', `${candidate.arm} of ${profile}: ${candidate.fragments.join(', ')}`],
      ['Machine', `QEMU ${of.qemu}, ${of.accelerator}, ${String(of.cpus)} CPUs, ${String(of.memoryMb)} MiB`],
      ['Docker', `${of.dockerVersion}, ${of.storageDriver}, cgroup v${of.cgroupVersion}`],
    ],
  );
}

function seenRows({ seen, packetFilter }: NeedsReport): readonly (readonly string[])[] {
  const list = (names: readonly string[]): string => names.join(', ') || 'none';
  const tables = packetFilter.tables.map(({ family, name, rules }) => `${family} ${name} (${String(rules)} rules)`);
  return [
    ['File systems mounted', list(seen.mounts)],
    ['Controllers enabled', list(seen.controllers)],
    ['Controllers of containers', list(seen.delegated)],
    ['Limits of containers', list(seen.knobs)],
    ['Namespaces, several of', list(seen.namespaces)],
    ['Seccomp modes', list(seen.seccomp)],
    ['Confined by', list(seen.labels)],
    [`Packet filter (${packetFilter.backend})`, list(tables)],
    ['Matches', list(packetFilter.matches)],
    ['Targets', list(packetFilter.targets)],
  ];
}

/** A needs report as Markdown: verdicts by fragment, modules, what else ran, conditions. */
export function renderNeeds(report: NeedsReport): string {
  const sections = [
    `# ${markdownText(report.candidate.arm)}: what the workloads needed of it`,
    markdownTable(COUNT_HEAD, countRows(report), 'lrrrrr'),
    markdownList(NEED_VERDICTS.map((verdict) => `${verdict}: ${VERDICT_WORDS[verdict]}`)),
    '## Conditions',
    conditions(report),
    `${markdownText(tracingWords(report))}.`,
    markdownTable(
      ['Work', 'From, s of uptime', 'Took', 'How'],
      report.phases.map(({ name, fromSec, toSec, status }) => [
        ...[name, fromSec.toFixed(0), durationText(toSec - fromSec), status],
      ]),
      'lrrl',
    ),
    ...(report.warnings.length === 0 ? [] : [markdownList(report.warnings)]),
    '## Symbols',
    ...byFragment(report).flatMap(([name, symbols]) => [
      `### ${markdownText(name)}`,
      markdownTable(SYMBOL_HEAD, symbols.map(symbolCells)),
    ]),
    '## Modules',
    markdownTable(MODULE_HEAD, report.modules.map(moduleCells), 'llrrlrlrll'),
    '## Ran on the watched kernel, and not in the candidate',
    markdownTable(
      ['Symbol', 'Functions ran', 'Example'],
      report.unasked.map(({ symbol, functions, example }) => [
        ...[symbol, `${String(functions.ran)}/${String(functions.traceable)}`, example],
      ]),
      'lrl',
    ),
    '## Also seen',
    markdownTable(['What', 'Seen'], seenRows(report)),
  ];
  return `${sections.join('\n\n')}\n`;
}
