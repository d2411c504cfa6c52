/** A p-value in a sentence. Below 0.001 it keeps its digits: a sequential look may test against a smaller bound. */
export function pText(p: number): string {
  return `p = ${p < 0.001 ? p.toExponential(1) : p.toFixed(3)}`;
}

/** A p-value in a table: `< 0.001`, or three decimals; `exact` for quantities that need no test. */
export function pCell(p: number | null): string {
  if (p === null) return 'exact';
  if (!Number.isFinite(p)) return 'not tested';
  return p < 0.001 ? '< 0.001' : p.toFixed(3);
}
