import { OutputError } from './output-error.ts';

/**
 * How many packages an `apt-get install` put in, from its line
 * `0 upgraded, 5 newly installed, 0 to remove and 0 not upgraded.` (LANG=C).
 * @throws OutputError when the line is missing, or when nothing was installed, for then nothing was measured
 */
export function parseAptInstall(text: string): { readonly installed: number } {
  const found = /^\d+ upgraded, (\d+) newly installed, \d+ to remove and \d+ not upgraded\.$/m.exec(text)?.[1];
  if (found === undefined) throw new OutputError('apt-get install', 'has no "… newly installed, …"');
  if (Number(found) === 0)
    throw new OutputError('apt-get install', 'says "0 newly installed": the image held it all already');
  return { installed: Number(found) };
}
