/** A step of kbuild that makes one file, as make prints it without V=1: `  CC      init/main.o`. */
const STEP = /^ {2}(?:CC|AS|AR|LD|CC \[M\]|LD \[M\]|AS \[M\])\s+(\S+)$/;

/** The file a line of make's output says is being made, `undefined` for any other line. */
export function builtFile(line: string): string | undefined {
  return STEP.exec(line)?.[1];
}

const ERROR_LINES = [
  /^[^\s:]+:\d+:(?:\d+:)? (?:fatal )?error: /, // gcc, as
  /^(?:[^\s:]*ld(?:\.bfd)?|collect2): (?!warning)/,
  /: undefined reference to /,
  /^error: /, // objtool, scripts
  /^make.*\bError \d+$/, // make's own words, which name the target
  /No space left on device/,
];
const MOST_ERRORS = 12;

/** The first error lines of a failed build, compiler and linker before make: with `-j` the end of the output is noise. */
export function firstErrors(output: string): readonly string[] {
  const lines = output.split('\n');
  const ranked = ERROR_LINES.flatMap((pattern) => lines.filter((line) => pattern.test(line)));
  return [...new Set(ranked)].slice(0, MOST_ERRORS);
}

/**
 * How many files a build of this many `=y` symbols makes, for a progress bar before the first build has been counted.
 * In proportion to one counted build: docker-min on 6.1, 1876 files for 695 symbols.
 */
export function estimateObjects(builtIn: number): number {
  return Math.max(1, Math.round(builtIn * OBJECTS_PER_SYMBOL));
}

const OBJECTS_PER_SYMBOL = 1876 / 695;
