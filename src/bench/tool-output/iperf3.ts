import { z } from 'zod';
import { documentOf, OutputError, positive } from './output-error.ts';

const TOOL = 'iperf3';
const BITS_PER_BYTE = 8;

const outputSchema = z.looseObject({
  error: z.string().optional(),
  start: z.looseObject({ test_start: z.looseObject({ reverse: z.number() }).optional() }),
  end: z.looseObject({ sum_received: z.looseObject({ bits_per_second: z.number() }).optional() }),
});

/**
 * Reads what `iperf3 --client … --json` of iperf 3.12 writes: the rate at which payload came in at the receiving end
 * (`end.sum_received`), not what the sending end handed to its kernel.
 * @returns `reverse`: with `-R`, from the server to the client
 * @throws OutputError that names what is missing, or in iperf3's words what went wrong
 */
export function parseIperf3(text: string): { readonly bytesPerSec: number; readonly reverse: boolean } {
  if (text.trim() === '') throw new OutputError(TOOL, 'is empty');
  const { error, start, end } = documentOf(TOOL, text, outputSchema);
  if (error !== undefined) throw new OutputError(TOOL, `says: ${error}`);
  if (start.test_start === undefined) throw new OutputError(TOOL, 'has no start.test_start: no test began');
  const bits = positive(TOOL, 'end.sum_received.bits_per_second', end.sum_received?.bits_per_second);
  return { bytesPerSec: bits / BITS_PER_BYTE, reverse: start.test_start.reverse !== 0 };
}
