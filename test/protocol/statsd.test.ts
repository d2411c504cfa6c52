import { createSocket } from 'node:dgram';
import type { Socket } from 'node:dgram';
import { once } from 'node:events';
import { afterEach, expect, test, vi } from 'vitest';
import { Fault } from '../../src/host/fault.ts';
import { createMetrics } from '../../src/host/net/statsd.ts';
import type { StatsdSink } from '../../src/host/net/statsd.ts';
import { parseStatsdTarget } from '../../src/host/net/statsd-target.ts';
import type { SeriesPoint } from '../../src/model/bench.ts';

interface Metric {
  readonly name: string;
  readonly value: number;
  readonly type: string;
  readonly tags: readonly string[];
}
interface Event {
  readonly title: string;
  readonly text: string;
  readonly tags: readonly string[];
}

const TAG = /^[a-z][a-z0-9_./-]*:[a-z0-9_./:-]+$/;

function tagsOf(text: string): readonly string[] {
  const tags = text.split(',');
  for (const tag of tags) expect(tag).toMatch(TAG);
  return tags;
}

/**
 * One datagram by the grammar of Datadog's "DogStatsD protocol": messages with a line end between them, each
 * `NAME:VALUE|TYPE|#TAG,…` or `_e{TITLE BYTES,TEXT BYTES}:TITLE|TEXT|#TAG,…`. Anything else is refused.
 */
function parseDatagram(datagram: Buffer): (Metric | Event)[] {
  expect(datagram.length).toBeLessThanOrEqual(1432);
  return datagram
    .toString('utf8')
    .split('\n')
    .map((message): Metric | Event => {
      const event = /^_e\{(\d+),(\d+)\}:(.*)$/.exec(message);
      if (event !== null) {
        const bytes = Buffer.from(event[3] ?? '');
        const [titleBytes, textBytes] = [Number(event[1]), Number(event[2])];
        const title = bytes.subarray(0, titleBytes).toString();
        const text = bytes.subarray(titleBytes + 1, titleBytes + 1 + textBytes).toString();
        const tail = bytes.subarray(titleBytes + 1 + textBytes).toString();
        expect(bytes[titleBytes]).toBe('|'.charCodeAt(0));
        expect(tail).toMatch(/^\|#[^|]+$/);
        return { title, text, tags: tagsOf(tail.slice(2)) };
      }
      const metric = /^([a-z][a-z0-9_.]*):(\d+(?:\.\d+)?)\|([gc])\|#([^|]+)$/.exec(message);
      if (metric === null) throw new Error(`no DogStatsD message: ${JSON.stringify(message)}`);
      const [, name = '', value, type = '', tags = ''] = metric;
      return { name, value: Number(value), type, tags: tagsOf(tags) };
    });
}

let listener: Socket | undefined;

afterEach(() => {
  vi.unstubAllEnvs();
  listener?.close();
  listener = undefined;
});

/** A real listener; `heard` settles with everything that came in, once so many messages are there. */
async function listen(type: 'udp4' | 'udp6', address: string) {
  const socket = createSocket(type);
  listener = socket;
  socket.bind(0, address);
  await once(socket, 'listening');
  const messages: (Metric | Event)[] = [];
  const heard = (count: number): Promise<readonly (Metric | Event)[]> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        if (messages.length >= count) resolve(messages);
      };
      socket.on('message', (datagram) => {
        try {
          messages.push(...parseDatagram(datagram));
          look();
        } catch (error) {
          reject(error instanceof Error ? error : new Error(String(error)));
        }
      });
      look();
    });
  return { port: socket.address().port, heard };
}

const POINT: SeriesPoint = {
  atSec: 1,
  cpus: 0.25,
  load: null,
  memoryBytes: 123_456_789,
  diskReadBytesPerSec: 1.5e6,
  diskWriteBytesPerSec: 0,
  networkReceiveBytesPerSec: 1e-7,
  networkSendBytesPerSec: null,
};

function open(host: string, port: number, said: string[], run = '2026-01-01T00-00-00-docker-min'): StatsdSink {
  return createMetrics().createStatsd({ host, port }, { run, onTrouble: (message) => said.push(message) });
}

test('a point of a container becomes a gauge for every value it has, tagged with run, arm and container', async () => {
  const { port, heard } = await listen('udp4', '127.0.0.1');
  const arrived = heard(5);
  const said: string[] = [];
  {
    await using sink = open('127.0.0.1', port, said);
    sink.series('docker-min', 'fedora', POINT);
  }
  const tags = ['run:2026-01-01t00-00-00-docker-min', 'arm:docker-min', 'container:fedora'];
  expect(await arrived).toEqual([
    { name: 'drydock.container.cpu', value: 0.25, type: 'g', tags },
    { name: 'drydock.container.memory', value: 123_456_789, type: 'g', tags },
    { name: 'drydock.container.disk.read', value: 1.5e6, type: 'g', tags },
    { name: 'drydock.container.disk.write', value: 0, type: 'g', tags },
    { name: 'drydock.container.network.receive', value: 0, type: 'g', tags },
  ]);
  expect(said).toEqual([]);
});

test('a point of the machine has names of its own and no container', async () => {
  const { port, heard } = await listen('udp4', '127.0.0.1');
  const arrived = heard(6);
  {
    await using sink = open('localhost', port, []);
    sink.series('host', 'machine', { ...POINT, load: 1.37 });
  }
  const messages = await arrived;
  expect(messages).toContainEqual({
    name: 'drydock.machine.load',
    value: 1.37,
    type: 'g',
    tags: ['run:2026-01-01t00-00-00-docker-min', 'arm:host'],
  });
});

test('an event of a workload becomes an event, whatever letters are in it', async () => {
  const { port, heard } = await listen('udp4', '127.0.0.1');
  const arrived = heard(1);
  {
    await using sink = open('127.0.0.1', port, []);
    sink.event('stock', { atSec: 3, label: 'apt-get install | gît\nbegin', container: 'fe|do,ra:#1\n' });
  }
  expect(await arrived).toEqual([
    {
      title: 'drydock: apt-get install _ g_t_begin',
      text: 'fe_do,ra:#1_ at stock',
      tags: ['run:2026-01-01t00-00-00-docker-min', 'arm:stock', 'container:fe_do_ra__1_'],
    },
  ]);
});

test("a shell's own settings for Datadog put nothing among the metrics", async () => {
  vi.stubEnv('DD_ENV', 'lab');
  vi.stubEnv('DD_TAGS', 'shell:lab');
  vi.stubEnv('DD_EXTERNAL_ENV', 'it-false,cn-lab');
  vi.stubEnv('DD_CARDINALITY', 'low');
  const { port, heard } = await listen('udp4', '127.0.0.1');
  const arrived = heard(1);
  {
    await using sink = open('127.0.0.1', port, []);
    sink.event('stock', { atSec: 3, label: 'begin' });
  }
  expect(await arrived).toEqual([
    { title: 'drydock: begin', text: 'stock', tags: ['run:2026-01-01t00-00-00-docker-min', 'arm:stock'] },
  ]);
});

test('no name can break the grammar of a tag', async () => {
  const { port, heard } = await listen('udp4', '127.0.0.1');
  const arrived = heard(5);
  {
    await using sink = open('127.0.0.1', port, [], 'a|b,c#d:e@f\ng é');
    sink.series('', 'x'.repeat(500), POINT);
  }
  for (const message of await arrived) {
    expect(message.tags).toEqual(['run:a_b_c_d_e_f_g__', 'arm:none', `container:${'x'.repeat(200)}`]);
  }
});

test('many points arrive whole, several in a datagram', async () => {
  const { port, heard } = await listen('udp4', '127.0.0.1');
  const arrived = heard(500);
  {
    await using sink = open('127.0.0.1', port, []);
    for (let second = 0; second < 100; second += 1) sink.series('stock', 'ubuntu', { ...POINT, cpus: second });
  }
  const cpus = (await arrived).flatMap((one) => ('name' in one && one.name.endsWith('.cpu') ? [one.value] : []));
  expect(cpus).toEqual(Array.from({ length: 100 }, (_, second) => second));
});

test('an agent on IPv6 is reached', async () => {
  const { port, heard } = await listen('udp6', '::1');
  const arrived = heard(5);
  {
    await using sink = open('::1', port, []);
    sink.series('stock', 'ubuntu', POINT);
  }
  expect(await arrived).toHaveLength(5);
});

test('an agent that is not there is said once and stops nothing', async () => {
  const { port } = await listen('udp4', '127.0.0.1');
  listener?.close();
  listener = undefined;
  let onSaid: () => void = () => undefined;
  const once = new Promise<void>((resolve) => (onSaid = resolve));
  const said: string[] = [];
  {
    await using sink = createMetrics().createStatsd(
      { host: '127.0.0.1', port },
      {
        run: 'r',
        onTrouble: (message) => {
          said.push(message);
          onSaid();
        },
      },
    );
    for (let second = 0; second < 300; second += 1) sink.series('stock', 'ubuntu', POINT);
    await once;
    for (let second = 0; second < 300; second += 1) sink.series('stock', 'ubuntu', POINT);
    sink.event('stock', { atSec: 1, label: 'end' });
  }
  expect(said).toEqual([
    expect.stringMatching(/^No Datadog Agent can be reached at 127\.0\.0\.1:\d+ \(.*ECONNREFUSED/),
  ]);
});

test('a name that does not exist is said once and stops nothing', async () => {
  const said: string[] = [];
  {
    await using sink = open('no-such-agent.invalid', 8125, said);
    sink.series('stock', 'ubuntu', POINT);
    sink.event('stock', { atSec: 1, label: 'end' });
  }
  expect(said).toEqual([expect.stringContaining('No Datadog Agent can be reached at no-such-agent.invalid:8125')]);
});

test.each([
  ['127.0.0.1:9125', { host: '127.0.0.1', port: 9125 }],
  ['localhost', { host: 'localhost', port: 8125 }],
  ['agent.lab-1.example:1', { host: 'agent.lab-1.example', port: 1 }],
  ['[::1]:8125', { host: '::1', port: 8125 }],
  ['[fe80::1]', { host: 'fe80::1', port: 8125 }],
])('--datadog %s is understood', (text, target) => {
  expect(parseStatsdTarget(text)).toEqual(target);
});

test.each(['', ':8125', 'a b', 'host:', 'host:0', 'host:65536', 'host:x', '::1', '[::1', '[host]:1', '1.2.3', 'a:1:2'])(
  '--datadog %j is refused as a usage error',
  (text) => {
    expect(() => parseStatsdTarget(text)).toThrow(Fault);
    try {
      parseStatsdTarget(text);
    } catch (error) {
      expect(error instanceof Fault ? error.failure.kind : error).toBe('usage');
    }
  },
);
