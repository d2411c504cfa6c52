import { z } from 'zod';

/** What drydock's schemas use of JSON Schema (draft 2020-12), as `z.toJSONSchema` writes it. */
export interface SchemaNode {
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly default?: unknown;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly required?: readonly string[];
  readonly items?: SchemaNode | boolean;
  readonly prefixItems?: readonly SchemaNode[];
  readonly additionalProperties?: SchemaNode | boolean;
  readonly anyOf?: readonly SchemaNode[];
  readonly oneOf?: readonly SchemaNode[];
}

const schemaNode: z.ZodType<SchemaNode> = z.lazy(() =>
  z.looseObject({
    type: z.exactOptional(z.union([z.string(), z.array(z.string())])),
    description: z.exactOptional(z.string()),
    enum: z.exactOptional(z.array(z.unknown())),
    pattern: z.exactOptional(z.string()),
    minimum: z.exactOptional(z.number()),
    maximum: z.exactOptional(z.number()),
    exclusiveMinimum: z.exactOptional(z.number()),
    properties: z.exactOptional(z.record(z.string(), schemaNode)),
    required: z.exactOptional(z.array(z.string())),
    items: z.exactOptional(z.union([z.boolean(), schemaNode])),
    prefixItems: z.exactOptional(z.array(schemaNode)),
    additionalProperties: z.exactOptional(z.union([z.boolean(), schemaNode])),
    anyOf: z.exactOptional(z.array(schemaNode)),
    oneOf: z.exactOptional(z.array(schemaNode)),
  }),
);

/** A JSON Schema with the types that the pages need. */
export function schemaNodeOf(jsonSchema: unknown): SchemaNode {
  return schemaNode.parse(jsonSchema);
}

/** The alternatives of a value; the value itself where it has none. */
export function alternativesOf(node: SchemaNode): readonly SchemaNode[] {
  return node.anyOf ?? node.oneOf ?? [node];
}

/** The value type of an object whose keys are free, such as `arms`. */
export function valueTypeOf({ additionalProperties }: SchemaNode): SchemaNode | undefined {
  return typeof additionalProperties === 'object' ? additionalProperties : undefined;
}

/** The type of a list's entries, where all have the same. */
export function entryTypeOf({ items }: SchemaNode): SchemaNode | undefined {
  return typeof items === 'object' ? items : undefined;
}

/** Whether a value has keys of its own, at whatever depth of lists and alternatives. */
export function hasKeys(node: SchemaNode): boolean {
  return alternativesOf(node).some((form) => {
    const inner = valueTypeOf(form) ?? entryTypeOf(form);
    return form.properties !== undefined || (inner !== undefined && hasKeys(inner));
  });
}
