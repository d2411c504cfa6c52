/** One sample line, read by the grammar of OpenMetrics 1.0. */
export interface ReadSample {
  readonly family: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
  readonly timestamp: number | undefined;
}

const NAME = '[a-zA-Z_:][a-zA-Z0-9_:]*';
const NORMAL = '[^\\n"\\\\]';
const ESCAPED = `(?:${NORMAL}|\\\\[n"\\\\])*`;
const REAL = '[+-]?(?:\\d+(?:\\.\\d*)?|\\d*\\.\\d+)(?:[eE][+-]?\\d+)?';
const LABEL = `[a-zA-Z_][a-zA-Z0-9_]*="${ESCAPED}"`;
const METADATA = new RegExp(`^# (TYPE|UNIT|HELP) (${NAME}) (.*)$`, 'u');
const SAMPLE = new RegExp(`^(${NAME})(?:\\{((?:${LABEL})(?:,${LABEL})*)?\\})? (${REAL})(?: (${REAL}))?$`, 'u');

/**
 * Reads an exposition and throws at whatever https://prometheus.io/docs/specs/om/open_metrics_spec/ forbids of gauges, infos and
 * state sets: a stray line, metadata out of order or told twice, a unit that is no suffix, families or metrics that are
 * interleaved, a sample told twice, time that goes back, anything after the end.
 */
export function readOpenMetrics(text: string): readonly ReadSample[] {
  if (text.includes('\r')) throw new Error('a carriage return');
  if (!text.endsWith('\n# EOF\n')) throw new Error('no end');
  const seen = new Map<string, { type?: string; unit?: string; told: string[] }>();
  const samples: ReadSample[] = [];
  const finished = new Set<string>();
  let [family, metric, lastTime] = ['', '', Number.NEGATIVE_INFINITY];
  for (const line of text.slice(0, -'# EOF\n'.length).trimEnd().split('\n')) {
    const fail = (why: string): never => {
      throw new Error(`${why}: ${line}`);
    };
    const [, kind, name = '', rest = ''] = METADATA.exec(line) ?? [];
    if (kind !== undefined) {
      if (name !== family) {
        if (seen.has(name)) fail('a family that was there before');
        seen.set(name, { told: [] });
        family = name;
      }
      const own = seen.get(name) ?? { told: [] };
      if (own.told.includes(kind)) fail('metadata told twice');
      if (['TYPE', 'UNIT', 'HELP'].indexOf(kind) < own.told.length - 1) fail('metadata out of order');
      own.told.push(kind);
      if (kind === 'TYPE') own.type = /^(gauge|info|stateset)$/.test(rest) ? rest : fail('not a type of ours');
      if (kind === 'UNIT') own.unit = name.endsWith(`_${rest}`) ? rest : fail('a unit that is no suffix of the name');
      if (kind === 'HELP' && !new RegExp(`^${ESCAPED}$`, 'u').test(rest)) fail('text that is not escaped');
      continue;
    }
    const [, sampleName, pairs = '', value = '', time] = SAMPLE.exec(line) ?? fail('no sample');
    const own = seen.get(family);
    if (sampleName !== (own?.type === 'info' ? `${family}_info` : family)) fail('a sample of another family');
    const labels: Record<string, string> = {};
    for (const [, label = '', raw = ''] of pairs.matchAll(new RegExp(`([a-zA-Z0-9_]+)="(${ESCAPED})"`, 'gu'))) {
      if (label in labels) fail('a label told twice');
      labels[label] = raw.replaceAll(/\\(.)/gu, (_, character: string) => (character === 'n' ? '\n' : character));
    }
    if (own?.type === 'stateset' && labels[family] === undefined) fail('a state without its name');
    if (own?.type !== 'gauge' && value !== '0' && value !== '1') fail('neither 0 nor 1');
    const key = `${family}${pairs}`;
    const timestamp = time === undefined ? undefined : Number(time);
    if (key === metric) {
      if (timestamp === undefined || timestamp <= lastTime) fail('a point that is not later than the one before');
    } else if (finished.has(key)) fail('metrics interleaved, or a sample told twice');
    finished.add(key);
    metric = key;
    lastTime = timestamp ?? Number.NEGATIVE_INFINITY;
    samples.push({ family, labels, value: Number(value), timestamp });
  }
  return samples;
}
