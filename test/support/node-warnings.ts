/** A warning as Node prints it: `(node:4711) [DEP0040] DeprecationWarning: …`. */
const WARNING = /^\(node:\d+\) (?:\[\w+\] )?\w*Warning: .*$/gm;

/** The warnings of Node in what a program printed, colours or not. */
export function nodeWarnings(output: string): readonly string[] {
  return output.replace(/\u001b\[[\d;]*m/g, '').match(WARNING) ?? [];
}

/** Throws when a program printed a warning of Node. */
export function expectNoWarnings(output: string, program: string): void {
  const warnings = nodeWarnings(output);
  if (warnings.length > 0) throw new Error(`${program} printed a warning of Node:\n${warnings.join('\n')}`);
}
