import { InvalidArgumentError, Option } from 'commander';
import { FACTORS } from '../../profile/schema.ts';
import type { Factor } from '../../profile/schema.ts';

/** A whole number of at least `least` and at most `most`, as a commander parser. */
export function wholeNumber(least: number, most = Number.MAX_SAFE_INTEGER): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < least || value > most) {
      const range = most === Number.MAX_SAFE_INTEGER ? `, ${least} or more` : ` from ${least} to ${most}`;
      throw new InvalidArgumentError(`Expected a whole number${range}.`);
    }
    return value;
  };
}

/** A comma-separated list of the changes an ablation knows, as a commander parser. */
export function factorList(text: string): readonly Factor[] {
  const names = [...new Set(text.split(',').map((name) => name.trim()))];
  const known = FACTORS.filter((factor) => names.includes(factor));
  const unknown = names.filter((name) => !known.some((factor) => factor === name));
  if (unknown.length > 0)
    throw new InvalidArgumentError(`Expected some of ${FACTORS.join(', ')}; not ${unknown.join(', ')}.`);
  return known;
}
/** `--guest <name|file>`. */
export const guestOption = (): Option =>
  new Option(
    '--guest <name|file>',
    'auto (picks one and prints why), a guest of vm-images/, or a path of a definition',
  ).default('auto');

export const cacheDirOption = (): Option =>
  new Option(
    '--cache-dir <folder>',
    'where images, kernels and ccache are kept (default: $DRYDOCK_CACHE, else ~/.cache/drydock)',
  );
export const resultsDirOption = (): Option =>
  new Option('--results-dir <folder>', 'where runs are kept (default: results/)');
export const jsonOption = (): Option =>
  new Option('--json', 'print every event as a JSON line instead of the task list').default(false);
