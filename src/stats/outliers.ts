import type { Outlier } from '../model/verdicts/measure.ts';
import { median, medianAbsoluteDeviation } from './summary.ts';

/** Above this modified z-score a sample is called an outlier: Iglewicz and Hoaglin, "How to Detect and Handle Outliers", 1993. */
const MOST_MODIFIED_Z = 3.5;
/** A normal's median absolute deviation in its standard deviations: z = 0.6745 · (x − median) / MAD. */
const MAD_OF_NORMAL = 0.6745;
/** 1.4826 MADs are a normal's deviation, and so are 1.2533 mean absolute deviations; the second stands in where MAD is 0. */
const MEAN_DEVIATION_TO_MAD = 1.2533 * MAD_OF_NORMAL;
/** The MAD of three samples is the smaller of two gaps and says nothing of the third. */
const MIN_SAMPLES = 4;

/**
 * The samples of one arm whose modified z-score is above 3.5. They are named so that a reader can look at those boots; they
 * stay in every median, interval and test. Where more than half of the samples are equal, the scaled mean absolute deviation
 * stands in for MAD, as the source has it.
 */
export function outliersOf(arm: string, samples: readonly number[]): Outlier[] {
  if (samples.length < MIN_SAMPLES) return [];
  const centre = median(samples);
  const mad = medianAbsoluteDeviation(samples);
  const meanDeviation = samples.reduce((sum, sample) => sum + Math.abs(sample - centre), 0) / samples.length;
  const scale = mad > 0 ? mad : meanDeviation * MEAN_DEVIATION_TO_MAD;
  if (!(scale > 0)) return [];
  return samples.flatMap((value, index): Outlier[] => {
    const mads = (value - centre) / scale;
    return Math.abs(mads) * MAD_OF_NORMAL > MOST_MODIFIED_Z ? [{ arm, index, value, mads }] : [];
  });
}
