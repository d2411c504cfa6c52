import { InvalidArgumentError, Option } from 'commander';

/** A whole number of at least `least`, as a commander parser. */
export function wholeNumber(least: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < least) {
      throw new InvalidArgumentError(`Expected a whole number, ${least} or more.`);
    }
    return value;
  };
}

export const cacheDirOption = (): Option =>
  new Option(
    '--cache-dir <folder>',
    'where images, kernels and ccache are kept (default: $DRYDOCK_CACHE, else ~/.cache/drydock)',
  );
export const resultsDirOption = (): Option =>
  new Option('--results-dir <folder>', 'where runs are kept (default: results/)');
export const jsonOption = (): Option =>
  new Option('--json', 'print every event as a JSON line instead of the task list').default(false);
