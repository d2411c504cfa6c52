/**
 * The candidate that a misspelt word most likely meant, or `undefined` when none is near: at most a third of the longer
 * word's letters may differ, in either case, and never all of them. A word that begins exactly one candidate means it.
 * Of equally near candidates the first wins.
 */
export function nearest(word: string, candidates: Iterable<string>): string | undefined {
  const wanted = word.toLowerCase();
  let best: { readonly candidate: string; readonly distance: number } | undefined;
  const begun: string[] = [];
  for (const candidate of candidates) {
    const other = candidate.toLowerCase();
    if (wanted.length >= 3 && other.startsWith(wanted)) begun.push(candidate);
    const longer = Math.max(wanted.length, other.length);
    const allowed = Math.min(Math.max(1, Math.floor(longer / 3)), longer - 1);
    // The lengths alone already differ by that much: no need to compare letters of thousands of Kconfig symbols.
    if (Math.abs(wanted.length - other.length) > Math.min(allowed, (best?.distance ?? Infinity) - 1)) continue;
    const distance = editDistance(wanted, other);
    if (distance <= allowed && distance < (best?.distance ?? Infinity)) best = { candidate, distance };
  }
  return best?.candidate ?? (begun.length === 1 ? begun[0] : undefined);
}

/**
 * Least number of insertions, deletions, substitutions and swaps of neighbours that turn one word into the other, no
 * letter edited twice (Damerau–Levenshtein, optimal string alignment).
 */
export function editDistance(from: string, to: string): number {
  let beforeLast: readonly number[] = [];
  let last: readonly number[] = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let row = 1; row <= from.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= to.length; column += 1) {
      const same = from[row - 1] === to[column - 1];
      const swapped = row > 1 && column > 1 && from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1];
      current[column] = Math.min(
        at(last, column) + 1,
        at(current, column - 1) + 1,
        at(last, column - 1) + (same ? 0 : 1),
        swapped ? at(beforeLast, column - 2) + 1 : Infinity,
      );
    }
    beforeLast = last;
    last = current;
  }
  return at(last, to.length);
}

function at(row: readonly number[], column: number): number {
  return row[column] ?? Infinity;
}
