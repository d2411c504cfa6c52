import type { RunRecord } from '../model/record.ts';
import { environmentFacts } from './environment-facts.ts';
import { formatDuration, plural, secondsDigits } from './format.ts';
import { replaceUnprintable } from './markup.ts';
import { medianBoot } from './median-boot.ts';
import { configProof, dockerProof, rebootProof, type ProofState } from './proofs.ts';
import { reproduceCommand } from './reproduce.ts';
import { armsBaselineFirst, headline, scoreGroups, type ScoreGroup } from './score-rows.ts';

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
    `# ${text(record.profile.name)}: drydock run ${text(record.id)}`,
    `**${text(headline(record))}**`,
    ...scoreGroups(record).flatMap(scoreTable),
    '## Conditions',
    table(
      ['Condition', 'Value', 'Why'],
      environmentFacts(record).map((fact) => [fact.name, fact.value, fact.why ?? '']),
    ),
    '## Proofs',
    proofTable(record),
    ...containerOutputs(record),
    ...costliest(record),
    ...(warnings.length === 0 ? [] : ['## Warnings', list(warnings)]),
    '## Run it again',
    fence(reproduceCommand(record)),
    `${plural(record.stages.length, 'stage')}, ${record.stages.filter((stage) => stage.cached).length} from cache; ${formatDuration(record.time.totalSec)} in all, ${formatDuration(record.time.bootsSec)} of it in boots.`,
  ];
  return `${sections.join('\n\n')}\n`;
}

function scoreTable({ baseline, candidate, rows }: ScoreGroup): readonly string[] {
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
    const thesis = row.thesis === undefined ? '' : ` — thesis: ${row.thesis.endPoints}`;
    return `${row.metric}: ${row.endPoints}${thesis}. ${row.verdict}: ${row.reason}`;
  });
  return [
    `## ${text(candidate)} against ${text(baseline)}`,
    table(head, body, 'lrrrrrlr'),
    'Ratio is baseline over candidate, medians: above 1 the candidate is lower. End points and reasons:',
    list(endPoints),
  ];
}

function proofTable(record: RunRecord): string {
  const words = ({ state, words: said }: ProofState): string =>
    `${{ holds: 'proven', fails: 'FAILED', absent: 'no proof' }[state]}: ${said}`;
  return table(
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
          `What the container printed on ${text(name)}:`,
          fence(`$ ${docker.command.join(' ')}\n${docker.stdout.trimEnd()}`),
        ],
  );
}

function costliest(record: RunRecord): readonly string[] {
  const tables = armsBaselineFirst(record).flatMap(({ name }) => {
    const steps = medianBoot(record, name)?.boot.costliest.slice(0, stepsShown) ?? [];
    if (steps.length === 0) return [];
    const rows = steps.map((step) => [secondsDigits(step.deltaSec), secondsDigits(step.atSec), step.message]);
    return [`${text(name)}, its median boot:`, table(['Cost, s', 'At, s', 'Message at its end'], rows, 'rrl')];
  });
  return tables.length === 0 ? [] : ['## Costliest steps', ...tables];
}

function table(head: readonly string[], rows: readonly (readonly string[])[], align = ''): string {
  const line = (cells: readonly string[]): string => `| ${cells.map(text).join(' | ')} |`;
  const rule = head.map((_, index) => (align.charAt(index) === 'r' ? '---:' : '---'));
  return [line(head), `| ${rule.join(' | ')} |`, ...rows.map(line)].join('\n');
}

function list(items: readonly string[]): string {
  return items.map((item) => `- ${text(item)}`).join('\n');
}

/** Text on one line that Markdown takes for nothing but text: no markup, links, mentions or cell ends. */
function text(value: string): string {
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
