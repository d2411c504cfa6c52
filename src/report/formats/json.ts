import { jsonText } from '../../json/text.ts';
import type { RunRecord } from '../../model/record.ts';

const lineWidth = 120;

/**
 * The record as canonical, readable JSON: keys sorted, two spaces, what holds only plain values on one line
 * where it fits, a newline at the end. Equal records give equal bytes.
 *
 * @throws RangeError for a number that JSON cannot hold (NaN, infinite)
 */
export function renderJson(record: RunRecord): string {
  return `${write(record, '')}\n`;
}

function write(value: unknown, indent: string): string {
  if (typeof value !== 'object' || value === null) return writeScalar(value);
  const inner = `${indent}  `;
  if (Array.isArray(value)) {
    const items: readonly unknown[] = value;
    if (items.every(isScalar)) return `[${items.map(writeScalar).join(', ')}]`;
    return `[\n${items.map((item) => inner + write(item, inner)).join(',\n')}\n${indent}]`;
  }
  const entries: [string, unknown][] = Object.entries(value)
    .filter(([, item]) => item !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  const members = entries.map(([key, item]) => `${jsonText(key)}: ${write(item, inner)}`);
  if (members.length === 0) return '{}';
  const short = `{ ${members.join(', ')} }`;
  if (entries.every(([, item]) => isScalar(item)) && indent.length + short.length <= lineWidth) return short;
  return `{\n${members.map((member) => inner + member).join(',\n')}\n${indent}}`;
}

function isScalar(value: unknown): boolean {
  return typeof value !== 'object' || value === null;
}

function writeScalar(value: unknown): string {
  return jsonText(value ?? null);
}
