import { createSocket } from 'node:dgram';
import { lookup } from 'node:dns/promises';
import { Writable } from 'node:stream';
import { StatsD } from 'hot-shots';
import type { BenchEvent, SeriesPoint } from '../../model/bench.ts';
import type { StatsdTarget } from './statsd-target.ts';

export interface StatsdOptions {
  /** The run's id: a tag of everything that is sent. */
  readonly run: string;
  /** Told once, in one sentence, when the agent cannot be reached; the run goes on. */
  readonly onTrouble: (message: string) => void;
}

/**
 * Sends what containers do to a Datadog Agent while they do it. UDP: nothing waits for the agent, nothing is sent twice, and
 * what it does not get is lost. Disposing of it sends what is left.
 */
export interface StatsdSink extends AsyncDisposable {
  /** Gauges of one second of a subject (`machine`, or a container's role) at a place (`host`, or an arm's name). */
  series(place: string, subject: string, point: SeriesPoint): void;
  /** An instant of a workload, as an event of the agent's stream. */
  event(place: string, event: BenchEvent): void;
}

/** Leads metrics out of drydock. */
export interface Metrics {
  createStatsd(target: StatsdTarget, options: StatsdOptions): StatsdSink;
}

/**
 * Payload that passes an Ethernet of 1500 bytes in one piece behind any IP header (Datadog's own recommendation for
 * DogStatsD over UDP: 1432).
 */
const MAX_PAYLOAD_BYTES = 1432;
const FLUSH_MS = 1_000;

/** Metric name, after `drydock.container.` or `drydock.machine.`, of every value of a point. Bytes are bytes, CPUs are CPUs. */
const GAUGES = {
  cpus: 'cpu',
  load: 'load',
  memoryBytes: 'memory',
  diskReadBytesPerSec: 'disk.read',
  diskWriteBytesPerSec: 'disk.write',
  networkReceiveBytesPerSec: 'network.receive',
  networkSendBytesPerSec: 'network.send',
} as const satisfies Readonly<Record<Exclude<keyof SeriesPoint, 'atSec'>, string>>;
const FIELDS = [
  'cpus',
  'load',
  'memoryBytes',
  'diskReadBytesPerSec',
  'diskWriteBytesPerSec',
  'networkReceiveBytesPerSec',
  'networkSendBytesPerSec',
] as const satisfies readonly (keyof typeof GAUGES)[];

/**
 * A tag's value as Datadog keeps it ("Defining tags"): lower case, of letters, digits, `_-./:`, 200 at most. A colon, a comma,
 * a bar or a line end would end the value, or the metric, in the middle; they become `_`.
 */
function tagValue(text: string): string {
  const clean = text.toLowerCase().replaceAll(/[^a-z0-9_./-]/g, '_');
  return clean === '' ? 'none' : clean.slice(0, 200);
}

/**
 * An event's words in printable ASCII without the bar that separates its fields: the protocol counts bytes, and hot-shots
 * counts UTF-16 units, which agree for these alone.
 */
function eventText(text: string): string {
  return text.replaceAll(/[^\x20-\x7e]|\|/gu, '_').slice(0, 400);
}

/** Six digits after the point are more than any counter knows, and keep JavaScript from writing an exponent. */
function plainNumber(value: number): number {
  return Math.round(value * 1e6) / 1e6;
}

/**
 * The datagrams' way out. A connected socket: only a connected one learns that the port is closed (ICMP port unreachable). What
 * goes wrong is reported once; later datagrams are dropped.
 */
function datagramStream(target: StatsdTarget, onTrouble: (message: string) => void) {
  let trouble: Error | undefined;
  const fail = (error: Error): void => {
    if (trouble !== undefined) return;
    trouble = error;
    const at = target.host.includes(':') ? `[${target.host}]` : target.host;
    onTrouble(
      `No Datadog Agent can be reached at ${at}:${String(target.port)} (${error.message}): the metrics are not sent there, and the run goes on`,
    );
  };
  const connect = async () => {
    const { address, family } = await lookup(target.host);
    const socket = createSocket(family === 6 ? 'udp6' : 'udp4');
    socket.unref();
    return new Promise<typeof socket>((resolve, reject) => {
      socket.once('error', reject);
      socket.connect(target.port, address, () => {
        socket.off('error', reject);
        socket.on('error', fail);
        resolve(socket);
      });
    });
  };
  const connected = connect().catch((error: unknown) => {
    fail(error instanceof Error ? error : new Error(String(error)));
    return undefined;
  });
  const stream = new Writable({
    decodeStrings: false,
    write(chunk: unknown, _encoding, done) {
      // hot-shots ends what it writes to a stream with a line end; a datagram needs none.
      const payload = String(chunk).replace(/\n$/, '');
      void connected.then((socket) => {
        if (socket === undefined || trouble !== undefined) {
          done();
          return;
        }
        socket.send(payload, (error) => {
          if (error !== null) fail(error);
          done();
        });
      });
    },
    destroy(error, done) {
      void connected.then((socket) => {
        socket?.close();
        done(error);
      });
    },
  });
  return { stream, connected };
}

function createStatsd(target: StatsdTarget, { run, onTrouble }: StatsdOptions): StatsdSink {
  const { stream, connected } = datagramStream(target, onTrouble);
  const client = new StatsD({
    protocol: 'stream',
    stream,
    globalTags: { run: tagValue(run) },
    // DD_ENV and its like would put tags and figures of this shell among the run's metrics.
    includeDataDogTags: false,
    datadog: false,
    maxBufferSize: MAX_PAYLOAD_BYTES,
    bufferFlushInterval: FLUSH_MS,
    errorHandler: () => undefined,
  });
  const tagsOf = (place: string, container: string | undefined): Record<string, string> => ({
    arm: tagValue(place),
    ...(container === undefined ? {} : { container: tagValue(container) }),
  });
  return {
    series(place, subject, point) {
      const isMachine = subject === 'machine';
      const tags = tagsOf(place, isMachine ? undefined : subject);
      for (const field of FIELDS) {
        const value = point[field];
        if (value === null || !Number.isFinite(value)) continue;
        client.gauge(`drydock.${isMachine ? 'machine' : 'container'}.${GAUGES[field]}`, plainNumber(value), tags);
      }
    },
    event(place, { label, container }) {
      const where = container === undefined ? place : `${container} at ${place}`;
      client.event(eventText(`drydock: ${label}`), eventText(where), {}, tagsOf(place, container));
    },
    async [Symbol.asyncDispose]() {
      // Before that nothing can be sent, and hot-shots waits for half a second at most.
      await connected;
      await new Promise<void>((resolve) => {
        client.close(() => {
          resolve();
        });
      });
    },
  };
}

/** Metrics of this process, by hot-shots. */
export function createMetrics(): Metrics {
  return { createStatsd };
}
