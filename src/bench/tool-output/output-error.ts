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
