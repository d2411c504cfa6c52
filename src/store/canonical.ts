import { createHash } from 'node:crypto';
import { jsonText } from '../json/text.ts';
import type { Json } from '../model/json.ts';

/** JSON with sorted keys and no white space: the same value always gives the same text (RFC 8785 for our value range). */
export function canonicalJson(value: Json): string {
  if (Array.isArray(value)) return `[${value.map((item: Json) => canonicalJson(item)).join(',')}]`;
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
    return `{${entries.map(([key, item]) => `${jsonText(key)}:${canonicalJson(item)}`).join(',')}}`;
  }
  return jsonText(value);
}

/** Hex sha256 of a text. */
export function sha256Text(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
