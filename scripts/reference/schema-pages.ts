import { z } from 'zod';
import { jsonText } from '../../src/json/text.ts';
import { recordSchema } from '../../src/model/record.ts';
import { guestSchema } from '../../src/profile/guest-schema.ts';
import { profileJsonSchema } from '../../src/profile/schema.ts';
import { schemaNodeOf } from './json-schema.ts';
import type { SchemaNode } from './json-schema.ts';
import { keySections } from './keys.ts';
import { page } from './markdown.ts';

const PATHS = 'In keys, `<name>` is a name of your choice and `[]` an entry of a list.';

/** The schemas whose keys the pages list. */
export const SCHEMAS = {
  profile: schemaNodeOf(profileJsonSchema()),
  guest: schemaNodeOf(z.toJSONSchema(guestSchema, { io: 'input' })),
  record: schemaNodeOf(z.toJSONSchema(recordSchema)),
} as const;

/** The keys of a profile. */
export function profilePage(): string {
  return page([
    '# Profile',
    '<!-- Made by `npm run docs` from src/profile/schema.ts. Change the code, not this page. -->',
    `A profile is a YAML file that says what a run builds, boots and compares. The profiles that come with drydock are in
[pipelines/](../../pipelines/), small ones to copy in [examples/](../../examples/). Editors check a profile against
[schema.json](../../pipelines/schema.json). ${PATHS}`,
    ...keySections(SCHEMAS.profile, 'file'),
  ]);
}

/** A schema with only those of its keys that `isKept`. */
function withKeys(node: SchemaNode, isKept: (key: string) => boolean): SchemaNode {
  const properties = Object.fromEntries(Object.entries(node.properties ?? {}).filter(([key]) => isKept(key)));
  return { ...node, properties };
}

/** The keys of a guest definition: those of every guest, then those of each way in which a guest is made. */
export function guestPage(): string {
  const [bootstrapped = {}, installed = {}] = SCHEMAS.guest.oneOf ?? [];
  const isCommon = (key: string): boolean =>
    jsonText(bootstrapped.properties?.[key] ?? null) === jsonText(installed.properties?.[key] ?? null);
  const section = (title: string, node: SchemaNode): readonly string[] => [
    `## ${title}`,
    ...keySections(node, 'file').map((block) => block.replace(/^## /, '### ')),
  ];
  return page([
    '# Guest definition',
    '<!-- Made by `npm run docs` from src/profile/guest-schema.ts. Change the code, not this page. -->',
    `A guest definition is a YAML file that says what a run builds its VM from. Those that come with drydock are in
[vm-images/](../../vm-images/); [own-guest.md](../how-to/own-guest.md) says how to write one. ${PATHS}`,
    ...section('Every guest', withKeys(bootstrapped, isCommon)),
    ...section(
      'A guest made of packages (Debian)',
      withKeys(bootstrapped, (key) => !isCommon(key)),
    ),
    ...section(
      'A guest that an installer makes (CentOS)',
      withKeys(installed, (key) => !isCommon(key)),
    ),
  ]);
}

/** The keys of `record.json`. */
export function recordPage(): string {
  return page([
    '# Run record',
    '<!-- Made by `npm run docs` from src/model/record.ts. Change the code, not this page. -->',
    `\`results/<run-id>/record.json\` holds everything that a run found; the reports are made from it. The same as a JSON Schema:
[record.schema.json](../record.schema.json). A key that is absent does not apply to the run, or the record is older than the key.
${PATHS}`,
    ...keySections(SCHEMAS.record, 'output'),
  ]);
}
