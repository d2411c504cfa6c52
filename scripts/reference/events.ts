import ts from 'typescript';
import { z } from 'zod';
import { guestChoiceSchema, runRequestSchema } from '../../src/model/request.ts';
import { schemaNodeOf } from './json-schema.ts';
import { keySections } from './keys.ts';
import { code, page, plain, table } from './markdown.ts';

/** Where the page describes the types that events are made of. */
const LINKS: Readonly<Record<string, string>> = {
  RunRequest: '#runrequest',
  GuestChoice: '#guestchoice',
  PlannedUnit: '#plannedunit',
  Failure: '#failure',
  FailureKind: 'exit-codes.md#kinds-of-failures',
  BootSummary: 'record.md#boots',
  VirtualBoot: 'record.md#virtualboots',
  BenchSession: 'record.md#bench',
  Finding: 'record.md#findings',
};

interface Member {
  readonly name: string;
  readonly type: string;
  readonly isOptional: boolean;
  readonly doc: string;
}

/** The TSDoc comment before a node, as one line. */
function docOf(node: ts.Node, source: ts.SourceFile): string {
  const text = source.getFullText();
  const comments = ts.getLeadingCommentRanges(text, node.getFullStart()) ?? [];
  const doc = comments.map(({ pos, end }) => text.slice(pos, end)).findLast((one) => one.startsWith('/**'));
  return (doc ?? '')
    .replace(/^\/\*\*|\*\/$/g, '')
    .replaceAll(/\s*\n\s*\*?\s*/g, ' ')
    .trim();
}

function membersOf(members: ts.NodeArray<ts.TypeElement>, source: ts.SourceFile): readonly Member[] {
  return members.filter(ts.isPropertySignature).map((member) => ({
    name: member.name.getText(source),
    type: member.type?.getText(source).replaceAll('readonly ', '') ?? '',
    isOptional: member.questionToken !== undefined,
    doc: docOf(member, source),
  }));
}

function typeCell(type: string): string {
  const [, name = '', list = ''] = /^(\w+)((?:\[\])?)$/.exec(type) ?? [];
  const link = LINKS[name];
  if (link !== undefined) return `[${name}](${link})${list === '' ? '' : ', a list'}`;
  return code(type);
}

function memberTable(members: readonly Member[]): string {
  return table(
    ['Field', 'Type', 'Present', 'Meaning'],
    members.map(({ name, type, isOptional, doc }) => [
      code(name),
      typeCell(type),
      isOptional ? 'may be absent' : 'always',
      plain(doc),
    ]),
  );
}

function interfaceTable(name: string, source: ts.SourceFile): string {
  const found = source.statements.filter(ts.isInterfaceDeclaration).find((one) => one.name.text === name);
  if (found === undefined) throw new Error(`${source.fileName} has no interface ${name}`);
  return memberTable(membersOf(found.members, source));
}

interface EventShape {
  readonly type: string;
  readonly doc: string;
  readonly fields: readonly Member[];
}

/** The members of the union `RunEvent`: the comment of `type` says what the event is. */
function eventsOf(source: ts.SourceFile): readonly EventShape[] {
  const union = source.statements.filter(ts.isTypeAliasDeclaration).find((one) => one.name.text === 'RunEvent')?.type;
  if (union === undefined || !ts.isUnionTypeNode(union)) throw new Error('RunEvent is not a union');
  return union.types.filter(ts.isTypeLiteralNode).map((literal) => {
    const [type, ...fields] = membersOf(literal.members, source);
    if (type?.name !== 'type' || type.doc === '')
      throw new Error(`An event lacks its meaning: ${literal.getText(source)}`);
    return { type: type.type.replaceAll("'", ''), doc: type.doc, fields };
  });
}

/** The tables of an object's schema, as sections below the heading of its type. */
const schemaTables = (schema: z.ZodType): readonly string[] =>
  keySections(schemaNodeOf(z.toJSONSchema(schema)), 'output').map((block) => block.replace(/^## /, '### '));

/**
 * The events of `--json` and of the journal.
 *
 * @param eventText text of src/pipeline/events/event.ts
 * @param failureText text of src/model/failure.ts
 */
export function eventsPage(eventText: string, failureText: string): string {
  const parse = (name: string, text: string) => ts.createSourceFile(name, text, ts.ScriptTarget.Latest, true);
  const source = parse('event.ts', eventText);
  const events = eventsOf(source);
  return page([
    '# Events',
    '<!-- Made by `npm run docs` from src/pipeline/events/event.ts. Change the code, not this page. -->',
    `With \`--json\`, \`run\`, \`resume\` and \`calibrate\` print one event a line, each a JSON object. The file
\`results/<run-id>/journal.jsonl\` holds the same events without \`step-progress\`; \`resume\` reads it. Every event has \`type\` and
\`at\`, the time at which it was written (ISO 8601, UTC). A failure is the last event, with the kind that decides the
[exit code](exit-codes.md). The other commands print one JSON object with \`--json\`, not events.`,
    table(
      ['Event', 'Meaning'],
      events.map(({ type, doc }) => [`[${type}](#${type})`, plain(doc)]),
    ),
    ...events.flatMap(({ type, doc, fields }) => [`## ${type}`, plain(doc), memberTable(fields)]),
    '## PlannedUnit',
    'A step, a boot or a session of the plan. `expectedMs` comes from earlier runs on this host.',
    interfaceTable('PlannedUnit', source),
    '## GuestChoice',
    'Which guest the run takes, and why.',
    ...schemaTables(guestChoiceSchema),
    '## Failure',
    'Why the run stopped.',
    interfaceTable('Failure', parse('failure.ts', failureText)),
    '## RunRequest',
    'What the run was asked to do: the flags of the command line, and the profile as it was read.',
    ...schemaTables(runRequestSchema),
  ]);
}
