/**
 * Standard normal distribution function, by Marsaglia's series ("Evaluating the Normal Distribution", Journal of Statistical
 * Software 11(4), 2004): absolute error below 1e-15. Beyond 8 deviations it is 0 or 1.
 */
export function normalCdf(z: number): number {
  if (z <= -8) return 0;
  if (z >= 8) return 1;
  let [sum, term, before] = [z, z, 0];
  for (let odd = 3; sum !== before; odd += 2) {
    before = sum;
    term *= (z * z) / odd;
    sum += term;
  }
  return 0.5 + sum * normalDensity(z);
}

export function normalDensity(z: number): number {
  return Math.exp(-0.5 * z * z) / Math.sqrt(2 * Math.PI);
}

/** The z whose distribution function is `probability`, by bisection; between −8 and 8. */
export function normalQuantile(probability: number): number {
  let [low, high] = [-8, 8];
  while (high - low > 1e-12) {
    const middle = (low + high) / 2;
    if (normalCdf(middle) < probability) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}
