import type { ZodType } from 'zod';

/** What a measuring tool wrote does not hold what drydock reads from it; the message names the tool and what is missing. */
export class OutputError extends Error {
  /** The tool whose output it is: `fio`. */
  readonly tool: string;

  constructor(tool: string, missing: string) {
    super(`The output of ${tool} ${missing}`);
    this.name = 'OutputError';
    this.tool = tool;
  }
}

/**
 * The JSON document that a tool wrote.
 * @throws OutputError when it is cut off, or not of that form
 */
export function documentOf<T>(tool: string, text: string, schema: ZodType<T>): T {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new OutputError(tool, `is not whole JSON (${error.message})`);
  }
  const parsed = schema.safeParse(document);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new OutputError(tool, `is not as expected at ${issue?.path.join('.') ?? '?'}: ${issue?.message ?? '?'}`);
}

/**
 * A figure of a tool's output that must be there and above zero: a rate of nothing is no measurement.
 * @throws OutputError that names the figure
 */
export function positive(tool: string, figure: string, value: string | number | undefined): number {
  if (value === undefined) throw new OutputError(tool, `has no ${figure}`);
  const number = typeof value === 'number' ? value : Number(value);
  if (!Number.isFinite(number)) throw new OutputError(tool, `has "${String(value)}" where its ${figure} belongs`);
  if (number <= 0) throw new OutputError(tool, `says ${String(value)} for its ${figure}: nothing was measured`);
  return number;
}
