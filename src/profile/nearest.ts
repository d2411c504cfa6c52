import { editDistance } from '../text/edit-distance.ts';

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
    const distance = editDistance(wanted, other, allowed);
    if (distance <= allowed && distance < (best?.distance ?? Infinity)) best = { candidate, distance };
  }
  return best?.candidate ?? (begun.length === 1 ? begun[0] : undefined);
}
