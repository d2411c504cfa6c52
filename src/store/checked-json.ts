import type { z } from 'zod';
import { Fault } from '../host/fault.ts';
import { jsonText } from '../json/text.ts';

const SHOWN_ISSUES = 5;

/**
 * The JSON text of a value that drydock reads back by `schema`. The text is read by that schema first, as the later reader
 * does it, so that nothing is written that cannot be read.
 *
 * @param what the file or entry, for the message: `record.json`
 * @param write how the text is made; default: JSON on one line
 * @throws Fault `internal` that names the fields which the schema refuses
 */
export function checkedJson(
  schema: z.ZodType,
  value: unknown,
  what: string,
  write: (value: unknown) => string = jsonText,
): string {
  const refusal = (detail: readonly string[]): Fault =>
    new Fault({
      kind: 'internal',
      headline: `drydock did not write ${what}: the text does not match its schema`,
      hint: 'This is a bug in drydock: please report it with the lines above. The journal keeps what was measured, so the run can be resumed after an update.',
      detail,
    });
  let text: string;
  try {
    text = write(value);
  } catch (error) {
    if (error instanceof RangeError) throw refusal([error.message]);
    throw error;
  }
  const read = schema.safeParse(JSON.parse(text));
  if (read.success) return text;
  throw refusal(
    read.error.issues
      .slice(0, SHOWN_ISSUES)
      .map(({ path, message }) => `${path.length === 0 ? '(top level)' : path.join('.')}: ${message}`),
  );
}
