import { jsonText } from '../../src/json/text.ts';
import { alternativesOf, entryTypeOf, hasKeys, valueTypeOf } from './json-schema.ts';
import type { SchemaNode } from './json-schema.ts';
import { anchor, code, plain, table } from './markdown.ts';

/** `file`: a person writes it, so a default matters. `output`: drydock writes it, so it matters what may be absent. */
export type KeyTableKind = 'file' | 'output';

interface Row {
  readonly path: string;
  readonly type: string;
  readonly presence: string;
  readonly meaning: string;
}

const value = (json: unknown): string => code(jsonText(json).replaceAll('","', '", "'));

function numberType(what: string, { minimum, maximum, exclusiveMinimum }: SchemaNode): string {
  const least = minimum === Number.MIN_SAFE_INTEGER ? undefined : minimum;
  const most = maximum === Number.MAX_SAFE_INTEGER ? undefined : maximum;
  const above = exclusiveMinimum === undefined ? '' : ` above ${exclusiveMinimum}`;
  const upTo = most === undefined ? '' : ` up to ${most}`;
  if (least === undefined) return `${what}${above}${upTo}`;
  return `${what} from ${least}${most === undefined ? '' : ` to ${most}`}`;
}

/** An object by its keys, those that may be absent in brackets. */
function keysOf({ properties = {}, required = [] }: SchemaNode): string {
  const names = Object.keys(properties).map((key) => (required.includes(key) ? code(key) : `[${code(key)}]`));
  return names.length > 4 ? 'object' : `object with ${names.join(', ')}`;
}

function typeOf(node: SchemaNode): string {
  const { anyOf, oneOf, prefixItems, type } = node;
  if (anyOf !== undefined || oneOf !== undefined) return alternativesOf(node).map(typeOf).join(' or ');
  if (node.const !== undefined) return value(node.const);
  if (node.enum !== undefined) return node.enum.map((one) => code(String(one))).join(' · ');
  if (prefixItems !== undefined) return `list of ${prefixItems.length}: ${prefixItems.map(typeOf).join(', ')}`;
  if (typeof type === 'object') return type.map((one) => namedType(one, node)).join(' or ');
  return namedType(type, node);
}

function namedType(type: string | undefined, node: SchemaNode): string {
  const inner = valueTypeOf(node);
  const entry = entryTypeOf(node);
  switch (type) {
    case 'string':
      return node.pattern === undefined ? 'text' : `text matching ${code(node.pattern)}`;
    case 'integer':
      return numberType('whole number', node);
    case 'number':
      return numberType('number', node);
    case 'boolean':
      return 'true or false';
    case 'null':
      return 'null';
    case 'array':
      return `list of ${entry === undefined ? 'any JSON' : typeOf(entry)}`;
    case 'object':
      return inner === undefined ? keysOf(node) : `map of ${typeOf(inner)}`;
    case undefined:
    default:
      return 'any JSON';
  }
}

/** A default; of an object with keys only their names, for its rows say the rest. */
function defaultOf(given: unknown): string {
  const isObject = typeof given === 'object' && given !== null && !Array.isArray(given);
  const names = isObject ? Object.keys(given) : [];
  return names.length === 0 ? value(given) : names.map(code).join(', ');
}

function presenceOf(node: SchemaNode, isRequired: boolean, kind: KeyTableKind): string {
  if (kind === 'output') return isRequired ? 'always' : 'may be absent';
  if (node.default !== undefined) return defaultOf(node.default);
  return isRequired ? 'required' : 'none';
}

/** Objects that a page has described already, by their text: where they come again, the first place is named. */
type Described = Map<string, string>;

function childrenRows(node: SchemaNode, path: string, kind: KeyTableKind, described: Described): readonly Row[] {
  const forms = alternativesOf(node);
  return forms.flatMap((form): readonly Row[] => {
    const inner = valueTypeOf(form);
    if (inner !== undefined) return childrenRows(inner, `${path}.<name>`, kind, described);
    const entry = entryTypeOf(form);
    if (entry !== undefined) return childrenRows(entry, `${path}[]`, kind, described);
    const { properties = {}, required = [] } = form;
    const isOneOfSeveral = forms.filter((other) => other.properties !== undefined).length > 1;
    return Object.entries(properties).flatMap(([key, child]) => {
      const presence = presenceOf(child, required.includes(key), kind);
      const inForm = isOneOfSeveral && presence === 'required' ? 'required in this form' : presence;
      return keyRows(child, `${path}.${key}`, inForm, kind, described);
    });
  });
}

function keyRows(
  node: SchemaNode,
  path: string,
  presence: string,
  kind: KeyTableKind,
  described: Described,
): readonly Row[] {
  const meaning = plain(node.description ?? '');
  if (!hasKeys(node)) return [{ path, type: typeOf(node), presence, meaning }];
  const text = jsonText({ ...node, description: '', default: null });
  const first = described.get(text);
  if (first !== undefined) return [{ path, type: `as ${code(first)}`, presence, meaning }];
  described.set(text, path);
  return [{ path, type: typeOf(node), presence, meaning }, ...childrenRows(node, path, kind, described)];
}

function keyTable(rows: readonly Row[], kind: KeyTableKind): string {
  return table(
    ['Key', 'Type', kind === 'file' ? 'Default' : 'Present', 'Meaning'],
    rows.map((row) => [code(row.path), row.type, row.presence, row.meaning]),
  );
}

/**
 * The keys of an object: a table of its own keys, then a section for each that has keys itself, with dotted paths to
 * whatever depth. In paths `<name>` is a name that is free, `[]` an entry of a list.
 */
export function keySections(node: SchemaNode, kind: KeyTableKind): readonly string[] {
  const described: Described = new Map();
  const { properties = {}, required = [] } = node;
  const entries = Object.entries(properties).map(([key, child]) => ({
    key,
    child,
    presence: presenceOf(child, required.includes(key), kind),
    rows: childrenRows(child, key, kind, described),
  }));
  const head = entries.map(({ key, child, presence, rows }) => ({
    path: key,
    type: rows.length === 0 ? typeOf(child) : `[below](#${anchor(key)})`,
    presence,
    meaning: plain(child.description ?? ''),
  }));
  return [
    keyTable(head, kind),
    ...entries.flatMap(({ key, rows }) => (rows.length === 0 ? [] : [`## ${key}`, keyTable(rows, kind)])),
  ];
}

/** Keys without a meaning, as dotted paths. */
export function keysWithoutMeaning(node: SchemaNode, path = ''): readonly string[] {
  return alternativesOf(node).flatMap((form) => {
    const inner = valueTypeOf(form) ?? entryTypeOf(form);
    if (inner !== undefined) return keysWithoutMeaning(inner, path);
    return Object.entries(form.properties ?? {}).flatMap(([key, child]) => {
      const at = path === '' ? key : `${path}.${key}`;
      return [...(child.description === undefined ? [at] : []), ...keysWithoutMeaning(child, at)];
    });
  });
}
