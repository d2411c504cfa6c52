/** Totals of a subject since its begin. `null`: this kernel has no such counter. Shaped as the Engine API's totals are. */
export interface Totals {
  readonly cpuSec: number | null;
  /** What it holds now; the only one that is no total. */
  readonly memoryBytes: number | null;
  readonly diskReadBytes: number | null;
  readonly diskWriteBytes: number | null;
  readonly networkReceiveBytes: number | null;
  readonly networkSendBytes: number | null;
}

/** One look at one subject. */
export interface Reading extends Totals {
  /** `machine`, or the name a container is watched under. */
  readonly subject: string;
  /** When it was taken, seconds on CLOCK_MONOTONIC of the machine that is watched. */
  readonly stampSec: number;
  /** 1-minute average; `null` for containers. */
  readonly load: number | null;
}

/** A line of the sampler, told apart; the format stands at the head of src/containers/sampler/sampler.c. */
export type SamplerLine =
  | { readonly kind: 'head'; readonly version: number; readonly intervalSec: number; readonly cpus: number }
  | {
      readonly kind: 'tick';
      readonly stampSec: number;
      /** Processor time of the sampler until then, user and system. */
      readonly ownCpuSec: number;
      readonly readings: readonly Reading[];
      /** Containers that were there at the tick before. */
      readonly gone: readonly string[];
    }
  | { readonly kind: 'watched'; readonly pid: number; readonly reading: Reading }
  | { readonly kind: 'refused'; readonly subject: string; readonly why: string }
  | { readonly kind: 'end'; readonly why: string };

/** What the machine itself is called among the subjects. */
export const MACHINE = 'machine';
/** The version of the format that is read here. */
export const SAMPLER_VERSION = 1;

const MICROSECONDS = 1e6;
const HEAD = /^drydock-sampler (\d+) interval=(\d+) cpus=(\d+) pid=\d+$/;
const TICK = /^tick at=(\d{1,15}) own=(\d{1,15}),(\d{1,15})((?: \| [^|]+)*) \.$/;
const WATCHED = /^watched (\S+) pid=(\d{1,10}) from=[12-],[12-],[12-] (\S+ .+) \.$/;
const REFUSED = /^refused (\S+) why=(\S+)$/;
const END = /^end (\S+)$/;
const GONE = /^gone (\S+)$/;
const SUBJECT = /^(?:(machine)|container (\S+)) (.+)$/;
const FIGURES =
  /^at=(\d+) cpu=(\d+|-) mem=(\d+|-) disk=(\d+|-),(\d+|-) net=(\d+|-),(\d+|-)(?: load=(\d{1,12}(?:\.\d{1,9})?|-))?$/;

function figure(text: string | undefined): number | null {
  return text === undefined || text === '-' ? null : Number(text);
}

/** One subject's figures; `undefined` when they are not as the sampler writes them, or beyond what can be counted exactly. */
function parseFigures(subject: string, text: string): Reading | undefined {
  const match = FIGURES.exec(text);
  if (match === null) return undefined;
  const [at = null, cpu = null, mem = null, read = null, written = null, received = null, sent = null, load = null] =
    match.slice(1).map(figure);
  const counters = [at, cpu, mem, read, written, received, sent];
  if (counters.some((counter) => counter !== null && !Number.isSafeInteger(counter))) return undefined;
  return {
    subject,
    stampSec: (at ?? 0) / MICROSECONDS,
    cpuSec: cpu === null ? null : cpu / MICROSECONDS,
    memoryBytes: mem,
    diskReadBytes: read,
    diskWriteBytes: written,
    networkReceiveBytes: received,
    networkSendBytes: sent,
    load,
  };
}

function parseTick([, at, user, system, rest = '']: RegExpExecArray): SamplerLine | undefined {
  const readings: Reading[] = [];
  const gone: string[] = [];
  for (const part of rest.split(' | ').slice(1)) {
    const left = GONE.exec(part)?.[1];
    if (left !== undefined) {
      gone.push(left);
      continue;
    }
    const [, machine, container, figures = ''] = SUBJECT.exec(part) ?? [];
    const reading = parseFigures(machine ?? container ?? '', figures);
    if (reading === undefined) return undefined;
    readings.push(reading);
  }
  return {
    kind: 'tick',
    stampSec: Number(at) / MICROSECONDS,
    ownCpuSec: (Number(user) + Number(system)) / MICROSECONDS,
    readings,
    gone,
  };
}

/** Reads one line of the sampler, without its line end; `undefined` for a line that it did not write, or not to its end. */
export function parseSamplerLine(text: string): SamplerLine | undefined {
  const tick = TICK.exec(text);
  if (tick !== null) return parseTick(tick);
  const watched = WATCHED.exec(text);
  if (watched !== null) {
    const reading = parseFigures(watched[1] ?? '', watched[3] ?? '');
    return reading === undefined ? undefined : { kind: 'watched', pid: Number(watched[2]), reading };
  }
  const refused = REFUSED.exec(text);
  if (refused !== null) return { kind: 'refused', subject: refused[1] ?? '', why: refused[2] ?? '' };
  const head = HEAD.exec(text);
  if (head !== null) {
    const [version = Number.NaN, interval = Number.NaN, cpus = Number.NaN] = head.slice(1).map(Number);
    return { kind: 'head', version, intervalSec: interval / MICROSECONDS, cpus };
  }
  const end = END.exec(text)?.[1];
  return end === undefined ? undefined : { kind: 'end', why: end };
}
