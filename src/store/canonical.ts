import { createHash } from 'node:crypto';
import type { Json } from '../model/json.ts';

/** JSON with sorted keys and no white space: the same value always gives the same text (RFC 8785 for our value range). */
export function canonicalJson(value: Json): string {
  if (Array.isArray(value)) return `[${value.map((item: Json) => canonicalJson(item)).join(',')}]`;
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
    return `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${canonicalJson(item)}`).join(',')}}`;
  }
  return JSON.stringify(value);
}

/** Hex sha256 of a text. */
export function sha256Text(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
