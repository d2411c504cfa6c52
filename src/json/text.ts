/**
 * A value as JSON text. `JSON.stringify` writes NaN and infinite numbers as `null` without a word; this refuses them.
 *
 * @param indent spaces per level; absent: one line
 * @throws RangeError that names the number and the field it stands in
 */
export function jsonText(value: unknown, indent?: number): string {
  const refuse = (field: string, item: unknown): unknown => {
    if (typeof item === 'number' && !Number.isFinite(item)) {
      throw new RangeError(`JSON has no number for ${String(item)}${field === '' ? '' : ` (field "${field}")`}`);
    }
    return item;
  };
  return JSON.stringify(value, refuse, indent);
}
