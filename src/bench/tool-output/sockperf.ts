import { stripVTControlCharacters } from 'node:util';
import { OutputError, positive } from './output-error.ts';

const TOOL = 'sockperf';
const MICROSECONDS = 1e6;

/** Whole round trips, request to response. */
export interface RoundTrips {
  readonly observations: number;
  readonly medianSec: number;
  readonly p99Sec: number;
}

/**
 * Reads what `sockperf ping-pong --full-rtt` of sockperf 3.7 writes. Without `--full-rtt` its figures are half round
 * trips, which is refused; so is a run in which messages were lost, for what was lost has no time.
 * @throws OutputError that names what is missing, or in sockperf's words what went wrong
 */
export function parseSockperf(text: string): RoundTrips {
  // It colours some of its lines even when it writes to a file.
  const plain = stripVTControlCharacters(text);
  if (plain.trim() === '') throw new OutputError(TOOL, 'is empty');
  const complaint =
    /^sockperf: (?:ERROR: )(.+)$/m.exec(plain)?.[1] ?? /^sockperf: (No valid observations.+)$/m.exec(plain)?.[1];
  if (complaint !== undefined) throw new OutputError(TOOL, `says: ${complaint}`);
  if (/Summary: Latency is/.test(plain))
    throw new OutputError(TOOL, 'gives half round trips: --full-rtt was not asked for');
  if (!/Summary: Round trip is/.test(plain)) throw new OutputError(TOOL, 'has no "Summary: Round trip is"');
  const dropped = /# dropped messages = (\d+);/.exec(plain)?.[1];
  if (dropped === undefined) throw new OutputError(TOOL, 'has no "# dropped messages"');
  if (Number(dropped) > 0) throw new OutputError(TOOL, `says that ${dropped} messages were dropped`);
  const percentile = (percent: string) =>
    positive(
      TOOL,
      `percentile ${percent}`,
      new RegExp(`^.*---> percentile ${percent} = +(\\S+)$`, 'm').exec(plain)?.[1],
    ) / MICROSECONDS;
  // The least comes last: what has it is whole.
  if (!/<MIN> observation = .+\n/.test(plain)) throw new OutputError(TOOL, 'has no "<MIN> observation", its last line');
  return {
    observations: positive(TOOL, 'number of observations', /Total (\d+) observations/.exec(plain)?.[1]),
    medianSec: percentile('50.000'),
    p99Sec: percentile('99.000'),
  };
}
