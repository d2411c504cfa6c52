import type { RunRecord } from '../../model/record.ts';
import { ledgerTables, LEDGER_NOTE } from '../rows/ablation-rows.ts';
import { CALIBRATION_NOTE, calibrationTables } from '../rows/calibration-rows.ts';
import { benchTables, type BenchCell, type BenchTable } from '../rows/bench-rows.ts';
import { benchHeadline, benchNotes, benchNotices, benchVerdict, failedRows, placeRows } from '../rows/bench-summary.ts';
import { environmentFacts } from '../rows/environment-facts.ts';
import { plural, secondsDigits } from '../text/format.ts';
import { durationText } from '../../text/duration.ts';
import { replaceUnprintable } from '../text/markup.ts';
import { medianBoot } from '../rows/median-boot.ts';
import { configProof, dockerProof, rebootProof, type ProofState } from '../rows/proofs.ts';
import { reproduceCommand } from '../rows/reproduce.ts';
import { timeWords } from '../rows/run-time.ts';
import { armsBaselineFirst, headline, scoreGroups, type ScoreGroup } from '../rows/score-rows.ts';

// Few enough for a job summary; the page has them all.
const stepsShown = 5;

/** The report as GitHub-flavoured Markdown, fit for a job summary: result, end points, conditions, proofs, costs. */
export function renderMarkdown(record: RunRecord): string {
  const warnings = [
    ...record.findings.filter((finding) => finding.level === 'warning').map((finding) => finding.message),
    ...record.boots.flatMap((boot) =>
      boot.warnings.map((warning) => `boot ${boot.order + 1}, ${boot.arm}: ${warning}`),
    ),
  ];
  const sections = [
    `# ${markdownText(record.profile.name)}: drydock run ${markdownText(record.id)}`,
    `**${markdownText(headline(record))}**`,
    ...scoreGroups(record).flatMap(scoreTable),
    ...ablation(record),
    ...calibration(record),
    ...containers(record),
    '## Conditions',
    markdownTable(
      ['Condition', 'Value', 'Why'],
      environmentFacts(record).map((fact) => [fact.name, fact.value, fact.why ?? '']),
    ),
    '## Proofs',
    proofTable(record),
    ...containerOutputs(record),
    ...costliest(record),
    ...(warnings.length === 0 ? [] : ['## Warnings', markdownList(warnings)]),
    '## Run it again',
    fence(reproduceCommand(record)),
    `${plural(record.stages.length, 'stage')}, ${record.stages.filter((stage) => stage.cached).length} from cache; ${durationText(record.time.totalSec)} in all: ${timeWords(record)}.`,
  ];
  return `${sections.join('\n\n')}\n`;
}

function scoreTable({ clock, baseline, candidate, rows }: ScoreGroup): readonly string[] {
  const head = ['Metric', baseline, candidate, 'Ratio', '95 % interval', 'p', 'Verdict', 'Thesis (before → after)'];
  const body = rows.map((row) => [
    row.metric,
    row.baseline,
    row.candidate,
    row.ratio,
    row.interval,
    row.p,
    row.verdict,
    row.thesis === undefined ? 'none' : `${row.thesis.before} → ${row.thesis.after}, ${row.thesis.ratio}`,
  ]);
  const endPoints = rows.map((row) => {
    const thesis = row.thesis === undefined ? '' : ` (in the thesis of 2017: ${row.thesis.endPoints})`;
    const notes = row.notes.length === 0 ? '' : `; ${row.notes.join('; ')}`;
    return `${row.metric}: ${row.endPoints}${thesis}. ${row.verdict}: ${row.reason}${notes}`;
  });
  return [
    `## ${markdownText(candidate)} against ${markdownText(baseline)}${clock === '' ? '' : ` ${clock}`}`,
    markdownTable(head, body, 'lrrrrrlr'),
    'Ratio = median of the baseline / median of the candidate: above 1 the candidate is lower. What each metric measures, and the reason of its verdict:',
    markdownList(endPoints),
  ];
}

function calibration(record: RunRecord): readonly string[] {
  if (record.calibration === undefined) return [];
  const { noiseHead, noise, looksHead, looks } = calibrationTables(record.calibration);
  return [
    '## Noise, false alarms and the cost of looking',
    markdownText(CALIBRATION_NOTE),
    markdownTable(noiseHead, noise, 'llrrrrll'),
    markdownTable(looksHead, looks, 'lllrrrrl'),
  ];
}

function ablation(record: RunRecord): readonly string[] {
  if (record.ablation === undefined) return [];
  return [
    '## What each change saved',
    ...ledgerTables(record.ablation).flatMap(({ title, endPoints, head, rows, interactions, doubts }) => [
      `**${markdownText(title)}**`,
      markdownTable(head, rows, 'lrrrrrrl'),
      markdownList([endPoints, ...interactions, ...doubts]),
    ]),
    markdownText(LEDGER_NOTE),
  ];
}

function containers({ bench, environment }: RunRecord): readonly string[] {
  if (bench === undefined) return [];
  const failed = failedRows(bench);
  const verdict = benchVerdict(bench);
  const notices = benchNotices(bench);
  return [
    '## Containers',
    `**${markdownText(benchHeadline(bench))}**`,
    ...(verdict.length === 0 ? [] : [markdownList(verdict)]),
    markdownTable(
      ['Place', 'What', 'How reached, or why absent', 'Ran'],
      placeRows(bench).map(({ name, kind, status, why, runs }) => [
        name,
        status === 'absent' ? `${kind}, absent` : kind,
        why,
        runs,
      ]),
    ),
    ...(failed.length === 0
      ? []
      : [
          'Failed rows:',
          markdownTable(
            ['Workload', 'Place', 'Round', 'What happened', 'Next step', 'Log'],
            failed.map(({ workload, place, round, headline: words, hint, logPath }) => [
              ...[workload, place, String(round), words, hint, logPath],
            ]),
          ),
        ]),
    ...benchTables(bench, environment.accelerator).flatMap(benchTable),
    markdownList(benchNotes(bench, environment.accelerator)),
    ...(notices.length === 0 ? [] : ['What the workloads noticed:', markdownList(notices)]),
  ];
}

function benchTable({ workload, baseline, candidate, host, rows }: BenchTable): readonly string[] {
  const figure = ({ value, spread }: BenchCell): string => (spread === '' ? value : `${value} (${spread})`);
  const head = [
    ...['Metric', 'Better', ...(host === undefined ? [] : [host])],
    ...[baseline, candidate, 'Change', 'Ratio', '95 % interval', 'p', 'Verdict'],
  ];
  const body = rows.map((row) => [
    ...[row.metric, row.better, ...(row.host === undefined ? [] : [figure(row.host)])],
    ...[figure(row.baseline), figure(row.candidate), row.change, row.ratio, row.interval, row.p, row.verdict],
  ]);
  const words = rows.map(
    (row) => `${row.metric}: ${[row.meaning, row.reason, row.endPoints, ...row.notes].join('. ')}`,
  );
  return [
    `**${markdownText(`${workload}: ${candidate} against ${baseline}`)}**`,
    markdownTable(head, body, host === undefined ? 'llrrrrrrl' : 'llrrrrrrrl'),
    markdownList(words),
  ];
}

function proofTable(record: RunRecord): string {
  const words = ({ state, words: said }: ProofState): string =>
    `${{ holds: 'proven', fails: 'FAILED', absent: 'no proof' }[state]}: ${said}`;
  return markdownTable(
    ['Arm', 'Docker', 'check-config.sh', 'Reboot'],
    armsBaselineFirst(record).map((arm) => [
      arm.name,
      words(dockerProof(arm)),
      words(configProof(arm)),
      words(rebootProof(arm)),
    ]),
  );
}

function containerOutputs(record: RunRecord): readonly string[] {
  return armsBaselineFirst(record).flatMap(({ name, docker }) =>
    docker === undefined
      ? []
      : [
          `What the container printed on ${markdownText(name)}:`,
          fence(`$ ${docker.command.join(' ')}\n${docker.stdout.trimEnd()}`),
        ],
  );
}

function costliest(record: RunRecord): readonly string[] {
  const tables = armsBaselineFirst(record).flatMap(({ name }) => {
    const steps = medianBoot(record, name)?.boot.costliest.slice(0, stepsShown) ?? [];
    if (steps.length === 0) return [];
    const rows = steps.map((step) => [secondsDigits(step.deltaSec), secondsDigits(step.atSec), step.message]);
    return [
      `${markdownText(name)}, its median boot:`,
      markdownTable(['Cost, s', 'At, s', 'Message at its end'], rows, 'rrl'),
    ];
  });
  return tables.length === 0 ? [] : ['## Costliest steps', ...tables];
}

/** A table; `align` has an `r` for every column that is set to the right. */
export function markdownTable(head: readonly string[], rows: readonly (readonly string[])[], align = ''): string {
  const line = (cells: readonly string[]): string => `| ${cells.map(markdownText).join(' | ')} |`;
  const rule = head.map((_, index) => (align.charAt(index) === 'r' ? '---:' : '---'));
  return [line(head), `| ${rule.join(' | ')} |`, ...rows.map(line)].join('\n');
}

/** One item a line. */
export function markdownList(items: readonly string[]): string {
  return items.map((item) => `- ${markdownText(item)}`).join('\n');
}

/** Text on one line that Markdown takes for nothing but text: no markup, links, mentions or cell ends. */
export function markdownText(value: string): string {
  return replaceUnprintable(value)
    .replaceAll(/\s+/g, ' ')
    .trim()
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll(/[\\`*_[\]|~]/g, '\\$&')
    .replaceAll('@', '&#64;')
    .replaceAll('://', '&#58;//')
    .replace(/^(#|[-+]\s|\d+[.)]\s)/, '\\$1');
}

/** A code block whose fence is longer than any run of backticks inside. */
function fence(content: string): string {
  const longest = Math.max(0, ...[...content.matchAll(/`+/g)].map((run) => run[0].length));
  const ticks = '`'.repeat(Math.max(3, longest + 1));
  return `${ticks}text\n${replaceUnprintable(content).replaceAll('\r', '')}\n${ticks}`;
}
