import { FAILURE_KINDS } from '../../src/pipeline/events/failure.ts';
import { code, page, plain, table } from './markdown.ts';

type ExitCode = (typeof FAILURE_KINDS)[keyof typeof FAILURE_KINDS]['exitCode'];

const WHOSE: Readonly<Record<ExitCode, string>> = {
  1: 'The kernel under test failed, or a metric got worse',
  2: 'Usage or profile: the command line or a file has a mistake',
  3: 'Infrastructure: SSH, disk, QEMU, network or a tool',
  70: 'A bug of drydock',
  130: 'Interrupted',
};

/** Exit codes, and the kinds of failures behind each. */
export function exitCodesPage(): string {
  const codes = [1, 2, 3, 70, 130] as const;
  const kindsOf = (exitCode: ExitCode) =>
    Object.entries(FAILURE_KINDS).filter(([, facts]) => facts.exitCode === exitCode);
  return page([
    '# Exit codes',
    '<!-- Made by `npm run docs` from src/pipeline/events/failure.ts. Change the code, not this page. -->',
    'The exit code says who has to act.',
    table(['Code', 'Meaning'], [['0', 'Done'], ...codes.map((exitCode) => [String(exitCode), WHOSE[exitCode]])]),
    `These commands also end with 1 when nothing failed: \`run\` and \`resume\` when a metric is worse than the baseline (\`--fail-on never\`
turns that off), \`compare\` when a metric got worse (the same flag), \`check-config\` when an option that Docker needs is missing.`,
    `## Kinds of failures`,
    `The event \`run-failed\` of \`--json\` and of \`journal.jsonl\` names the kind in \`failure.kind\` ([events.md](events.md)).`,
    table(
      ['Kind', 'Code', 'Meaning'],
      codes.flatMap((exitCode) =>
        kindsOf(exitCode).map(([kind, { meaning }]) => [code(kind), String(exitCode), plain(meaning)]),
      ),
    ),
  ]);
}
