import type { Verdict } from '../../model/verdicts/measure.ts';
import type { RunRecord } from '../../model/record.ts';
import { benchTables, type BenchTable } from '../rows/bench-rows.ts';
import { failedRows } from '../rows/bench-summary.ts';
import { markup, type Markup } from '../text/markup.ts';
import { configProof, dockerProof, rebootProof, type ProofState } from '../rows/proofs.ts';
import { armsBaselineFirst, scoreGroups, type ScoreGroup, type ScoreRow } from '../rows/score-rows.ts';

type Outcome = 'passed' | 'failed' | 'skipped';

interface TestCase {
  readonly suite: string;
  readonly name: string;
  readonly outcome: Outcome;
  readonly message: string;
  readonly output: string;
}

const outcomeOfVerdict: Readonly<Record<Verdict, Outcome>> = {
  better: 'passed',
  same: 'passed',
  worse: 'failed',
  // What was not decided neither passed nor failed.
  undecided: 'skipped',
  incomparable: 'skipped',
};

const outcomeOfProof: Readonly<Record<ProofState['state'], Outcome>> = {
  holds: 'passed',
  fails: 'failed',
  absent: 'skipped',
};

/**
 * One JUnit test suite: a case for each score (failed when worse, skipped when undecided), of boots and of container work, a
 * failed case for each workload that did not come to its end, and for each arm its proofs:
 * Docker and reboot of candidates, check-config of every arm that was checked.
 */
export function renderJunit(record: RunRecord): string {
  const cases = [...scoreGroups(record).flatMap(scoreCases), ...benchCases(record), ...proofCases(record)];
  const count = (outcome: Outcome): number => cases.filter((one) => one.outcome === outcome).length;
  const document = markup`<?xml version="1.0" encoding="UTF-8"?>
<testsuites>
<testsuite name="${`drydock ${record.profile.name}`}" tests="${cases.length}" failures="${count('failed')}" errors="0" skipped="${count('skipped')}" time="${seconds(record.time.totalSec)}" timestamp="${record.startedAt.replace(/(\.\d+)?Z$/, '')}">
<properties>
${properties(record)}
</properties>
${cases.map(testCase)}
</testsuite>
</testsuites>
`;
  return document.source;
}

function scoreCases({ baseline, candidate, rows }: ScoreGroup): readonly TestCase[] {
  return rows.map((row) => ({
    suite: `${candidate} against ${baseline}`,
    name: row.metric,
    outcome: outcomeOfVerdict[row.verdict],
    message: `${row.verdict}: ${row.reason}`,
    output: scoreOutput(row, baseline, candidate),
  }));
}

function scoreOutput(row: ScoreRow, baseline: string, candidate: string): string {
  const thesis =
    row.thesis === undefined
      ? []
      : [`thesis ${row.thesis.before} -> ${row.thesis.after}, ${row.thesis.ratio} (${row.thesis.endPoints})`];
  return [
    `${baseline} ${row.baseline}, ${candidate} ${row.candidate}`,
    `ratio ${row.ratio}, 95 % interval ${row.interval}, p ${row.p}`,
    ...row.notes,
    row.endPoints,
    ...thesis,
  ].join('\n');
}

function benchCases({ bench, environment }: RunRecord): readonly TestCase[] {
  if (bench === undefined) return [];
  const failed = failedRows(bench).map(({ workload, place, round, headline, hint, detail, logPath }): TestCase => ({
    suite: `${workload} on ${place}`,
    name: `round ${round}`,
    outcome: 'failed',
    message: headline,
    output: [hint, ...detail, ...(logPath === '' ? [] : [`log: ${logPath}`])].join('\n'),
  }));
  return [...benchTables(bench, environment.accelerator).flatMap(tableCases), ...failed];
}

function tableCases({ workload, baseline, candidate, rows }: BenchTable): readonly TestCase[] {
  return rows.flatMap((row): readonly TestCase[] => {
    const { verdict } = row;
    if (verdict === 'not scored') return [];
    const figures = `${baseline} ${row.baseline.value} (${row.baseline.spread}), ${candidate} ${row.candidate.value} (${row.candidate.spread})`;
    return [
      {
        suite: `${workload}: ${candidate} against ${baseline}`,
        name: row.metric,
        outcome: outcomeOfVerdict[verdict],
        message: `${verdict}: ${row.reason}`,
        output: [
          figures,
          `ratio ${row.ratio}, 95 % interval ${row.interval}, p ${row.p}`,
          ...[row.meaning, ...row.notes, row.endPoints],
        ].join('\n'),
      },
    ];
  });
}

function proofCases(record: RunRecord): readonly TestCase[] {
  return armsBaselineFirst(record).flatMap((arm) => {
    const ofProof = (name: string, proof: ProofState, output = ''): TestCase => ({
      suite: arm.name,
      name,
      outcome: outcomeOfProof[proof.state],
      message: proof.words,
      output,
    });
    const config = ofProof('check-config: generally necessary symbols', configProof(arm));
    if (arm.role === 'baseline') return arm.configCheck === undefined ? [] : [config];
    return [
      ofProof('reboot into the kernel', rebootProof(arm)),
      ofProof('docker run with bridge networking', dockerProof(arm), arm.docker?.stdout ?? ''),
      config,
    ];
  });
}

function testCase({ suite, name, outcome, message, output }: TestCase): Markup {
  const result = {
    passed: undefined,
    failed: markup`<failure message="${oneLine(message)}">${message}</failure>`,
    skipped: markup`<skipped message="${oneLine(message)}"/>`,
  }[outcome];
  const printed = output === '' ? message : `${message}\n${output}`;
  return markup`<testcase classname="${oneLine(suite)}" name="${oneLine(name)}" time="0">${result}<system-out>${printed}</system-out></testcase>`;
}

function properties(record: RunRecord): readonly Markup[] {
  const { environment } = record;
  const entries: readonly (readonly [string, string])[] = [
    ['run', record.id],
    ['accelerator', environment.accelerator],
    ['cpu', environment.cpuModel],
    ['qemu', environment.qemuVersion],
    ['guest', record.guest.name],
    ['bootsPerArm', String(record.bootsPerArm)],
  ];
  return entries.map(([name, value]) => markup`<property name="${name}" value="${oneLine(value)}"/>`);
}

function seconds(value: number): string {
  return Number.isFinite(value) ? value.toFixed(3) : '0';
}

// A parser would turn the line ends of an attribute into spaces anyway.
function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ').trim();
}
