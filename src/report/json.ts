import type { RunRecord } from '../model/record.ts';

/**
 * The record as canonical, readable JSON: keys sorted, two spaces, arrays of plain values on one line, a newline at the
 * end. Equal records give equal bytes. A number that JSON cannot hold (NaN, infinite) becomes null: no value, not zero.
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
  const entries = Object.entries(value)
    .filter(([, item]) => item !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, item]: [string, unknown]) => `${inner}${JSON.stringify(key)}: ${write(item, inner)}`);
  return entries.length === 0 ? '{}' : `{\n${entries.join(',\n')}\n${indent}}`;
}

function isScalar(value: unknown): boolean {
  return typeof value !== 'object' || value === null;
}

function writeScalar(value: unknown): string {
  return JSON.stringify(value) ?? 'null';
}
