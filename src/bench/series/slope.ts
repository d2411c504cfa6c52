/**
 * Slope of the least-squares line through equally spaced readings, in units of a reading for each step. One reading
 * that jumps moves it little, while a difference of first and last is made of two readings alone.
 * @throws RangeError for fewer than two readings
 */
export function slopeOf(readings: readonly number[]): number {
  if (readings.length < 2) throw new RangeError('a line needs two readings');
  const middle = (readings.length - 1) / 2;
  const mean = readings.reduce((sum, reading) => sum + reading, 0) / readings.length;
  let covariance = 0;
  let variance = 0;
  for (const [index, reading] of readings.entries()) {
    covariance += (index - middle) * (reading - mean);
    variance += (index - middle) ** 2;
  }
  return covariance / variance;
}
