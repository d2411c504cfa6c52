import { MACHINE, parseSamplerLine, SAMPLER_VERSION } from '../../bench/series/sampler-log.ts';
import type { SamplerLine } from '../../bench/series/sampler-log.ts';
import { gapWarnings, readingsOf, samplerCost, seriesOf } from '../../bench/series/series.ts';
import type { Arrival, PlacedReading } from '../../bench/series/series.ts';
import { Fault } from '../../host/fault.ts';
import type { Clock } from '../../host/host.ts';
import type { SamplerCost, Series } from '../../model/bench.ts';
import type { LiveProcess, Place } from '../place.ts';

/** Watches a machine and its containers once a second, from the machine's own counters. */
export interface Sampler extends AsyncDisposable {
  /**
   * From now on the container is watched under this name, instead of one that had it before. `pid` is its main process in
   * the machine's PID namespace. Settles with the first reading taken.
   *
   * @throws Fault `not-ready` when it has no such process, `internal` for a name that cannot be one, `command-failed` when the
   * sampler has ended
   */
  watch(subject: string, container: { readonly id: string; readonly pid: number }): Promise<void>;
  /** Everything between the two instants of drydock's monotonic clock, times counted from `fromSec`. */
  between(fromSec: number, toSec: number): readonly Series[];
  /** What looking cost between the two instants; `undefined` when there were fewer than two looks. */
  cost(fromSec: number, toSec: number): SamplerCost | undefined;
  /** The totals that the series were made of, of the container that is or was last watched under this name. */
  readings(subject: string, fromSec: number, toSec: number): readonly PlacedReading[];
  /** What a reader must know of the series between the two instants: gaps, an early end, lines that could not be read. */
  warnings(fromSec: number, toSec: number): readonly string[];
}

/** The part of a place that the sampler needs. */
type SampledPlace = Pick<Place, 'name' | 'scratch' | 'run' | 'upload' | 'start'>;

/** What src/containers/sampler/sampler.c takes for a name; one letter more and it could not tell its own from it. */
const NAME = /^[A-Za-z0-9_.-]{1,31}$/;

/** Gets each line as it comes; `true` when it was the one that was waited for. */
interface Waiter {
  take(line: SamplerLine): boolean;
  fail(fault: Fault): void;
}

const REFUSALS: Readonly<Record<string, string>> = {
  process: 'its main process is no more',
  full: 'it watches as many containers as it can',
};

/** The sampler's output as it arrives: kept, and passed to those who wait for a line. */
class Listener {
  readonly arrivals: Arrival[] = [];
  readonly unread: { readonly atSec: number }[] = [];
  readonly #place: string;
  readonly #clock: Clock;
  readonly #waiters = new Set<Waiter>();
  #end: { readonly atSec: number; readonly fault: Fault } | undefined;

  readonly #onTick: () => void;

  constructor(place: string, clock: Clock, onTick: () => void) {
    this.#place = place;
    this.#clock = clock;
    this.#onTick = onTick;
  }

  get end(): { readonly atSec: number; readonly fault: Fault } | undefined {
    return this.#end;
  }

  /** Reads to the end of the output; a broken link is an end, too. Never rejects: the waiters get the error. */
  async listen(lines: AsyncIterable<string>): Promise<void> {
    const tail: string[] = [];
    let cause: unknown;
    try {
      for await (const text of lines) {
        tail.splice(0, tail.length - 4, text);
        this.#hear(text);
      }
    } catch (error) {
      cause = error;
    }
    const fault = new Fault(
      {
        kind: 'command-failed',
        headline: `The sampler on ${this.#place} has ended before its time`,
        hint: "There are no samples from then on. Was the machine out of memory? The sampler's last lines are below.",
        detail: [...(cause instanceof Error ? [cause.message] : []), ...tail],
      },
      { cause },
    );
    this.#end = { atSec: this.#clock.monotonicSec(), fault };
    for (const waiter of this.#waiters) waiter.fail(fault);
    this.#waiters.clear();
  }

  #hear(text: string): void {
    const arrivedSec = this.#clock.monotonicSec();
    const line = parseSamplerLine(text);
    if (line === undefined) {
      this.unread.push({ atSec: arrivedSec });
      return;
    }
    this.arrivals.push({ line, arrivedSec });
    for (const waiter of this.#waiters) if (waiter.take(line)) this.#waiters.delete(waiter);
    if (line.kind === 'tick') this.#onTick();
  }

  /** The first of the lines to come of which `pick` makes something; a Fault that it throws is the caller's. */
  first<T>(pick: (line: SamplerLine) => T | undefined): Promise<T> {
    const end = this.#end;
    if (end !== undefined) return Promise.reject(end.fault);
    return new Promise((resolve, reject) => {
      this.#waiters.add({
        take: (line) => {
          const picked = pick(line);
          if (picked !== undefined) resolve(picked);
          return picked !== undefined;
        },
        fail: reject,
      });
    });
  }
}

function refused(place: string, subject: string, why: string): Fault {
  return new Fault({
    kind: 'not-ready',
    headline: `The sampler on ${place} cannot watch ${subject}: ${REFUSALS[why] ?? why}`,
    hint: 'A container that ends at once gives no samples. Its log says why it ended.',
  });
}

/** Asks for a container and waits for the first reading of it. */
async function watch(
  listener: Listener,
  live: LiveProcess,
  place: string,
  subject: string,
  pid: number,
): Promise<void> {
  if (!NAME.test(subject) || subject === MACHINE) {
    throw new Fault({
      kind: 'internal',
      headline: `"${subject}" is no name to watch a container under`,
      hint: `Up to 31 letters, digits, "_", "." and "-", and not "${MACHINE}".`,
    });
  }
  const answer = listener.first((line) => {
    if (line.kind === 'watched' && line.reading.subject === subject) return 'watched';
    return line.kind === 'refused' && line.subject === subject ? line.why : undefined;
  });
  if (listener.end === undefined) live.write(`watch ${subject} ${String(pid)}`);
  const why = await answer;
  if (why !== 'watched') throw refused(place, subject, why);
}

function warningsOf(listener: Listener, fromSec: number, toSec: number, intervalSec: number): readonly string[] {
  const unread = listener.unread.filter(({ atSec }) => atSec >= fromSec && atSec <= toSec).length;
  const { end } = listener;
  return [
    ...gapWarnings(listener.arrivals, { fromSec, toSec }, intervalSec),
    ...(unread === 0 ? [] : [`${unread} lines of the sampler could not be read.`]),
    ...(end === undefined || end.atSec > toSec ? [] : [`${end.fault.failure.headline}; what came later was not seen.`]),
  ];
}

/**
 * Puts the sampler onto a machine and starts it there.
 *
 * @param programPath - the program on drydock's side, as `compileSampler` makes it
 * @param onTick - called when the samples of another second have arrived
 * @returns when it has said its first line
 * @throws Fault `command-failed` when it does not start, or whatever the place throws
 */
export async function startSampler(
  place: SampledPlace,
  programPath: string,
  clock: Clock,
  onTick: () => void = () => undefined,
): Promise<Sampler> {
  const program = `${place.scratch}/drydock-sampler`;
  await place.upload(programPath, program);
  await place.run(['chmod', '755', program]);
  const live = await place.start([program]);
  const listener = new Listener(place.name, clock, onTick);
  const head = listener.first((line) => (line.kind === 'head' ? line : undefined));
  const heard = listener.listen(live.lines);
  const dispose = async (): Promise<void> => {
    try {
      await live.end();
      await heard;
    } finally {
      await live[Symbol.asyncDispose]();
    }
  };
  try {
    const { version, intervalSec } = await head;
    if (version !== SAMPLER_VERSION) {
      throw new Fault({
        kind: 'internal',
        headline: `The sampler on ${place.name} writes version ${version} of its format; this drydock reads ${SAMPLER_VERSION}`,
        hint: 'The program does not belong to this checkout.',
      });
    }
    return {
      watch: (subject, { pid }) => watch(listener, live, place.name, subject, pid),
      between: (fromSec, toSec) => seriesOf(listener.arrivals, { fromSec, toSec }, intervalSec),
      cost: (fromSec, toSec) => samplerCost(listener.arrivals, { fromSec, toSec }),
      readings: (subject, fromSec, toSec) => readingsOf(listener.arrivals, subject, { fromSec, toSec }),
      warnings: (fromSec, toSec) => warningsOf(listener, fromSec, toSec, intervalSec),
      [Symbol.asyncDispose]: dispose,
    };
  } catch (error) {
    await dispose();
    throw error;
  }
}
