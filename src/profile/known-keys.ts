import { z } from 'zod';

/** The part of a JSON Schema (draft 2020-12) that says where keys may stand, as zod writes it: without references. */
const schemaNode = z.looseObject({
  properties: z.record(z.string(), z.unknown()).optional(),
  additionalProperties: z.unknown().optional(),
  items: z.unknown().optional(),
  prefixItems: z.array(z.unknown()).optional(),
  anyOf: z.array(z.unknown()).optional(),
  oneOf: z.array(z.unknown()).optional(),
  allOf: z.array(z.unknown()).optional(),
});
type SchemaNode = z.infer<typeof schemaNode>;

/** A schema and every alternative in it. */
function alternatives(schema: unknown): readonly SchemaNode[] {
  const parsed = schemaNode.safeParse(schema);
  if (!parsed.success) return [];
  const { anyOf = [], oneOf = [], allOf = [] } = parsed.data;
  return [parsed.data, ...[...anyOf, ...oneOf, ...allOf].flatMap(alternatives)];
}

function below(schema: unknown, key: PropertyKey): readonly unknown[] {
  return alternatives(schema).flatMap(({ properties, additionalProperties, items, prefixItems }) =>
    typeof key === 'number' ? [items, prefixItems?.[key]] : [properties?.[String(key)] ?? additionalProperties],
  );
}

/** Keys that a JSON Schema allows in the object at this path. */
export function keysAt(schema: unknown, path: readonly PropertyKey[]): readonly string[] {
  const here = path.reduce<readonly unknown[]>((schemas, key) => schemas.flatMap((one) => below(one, key)), [schema]);
  return [...new Set(here.flatMap(alternatives).flatMap(({ properties = {} }) => Object.keys(properties)))];
}
