import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readTotals } from '../../src/containers/engine/container-totals.ts';
import { daemonFault, DaemonGone } from '../../src/containers/engine/daemon-fault.ts';
import { isListening, startFault } from '../../src/containers/places/dockerd-log.ts';
import { createFrameReader } from '../../src/containers/engine/frames.ts';
import { freeBridgeAddress } from '../../src/containers/places/free-subnet.ts';
import { Fault } from '../../src/host/fault.ts';

/** As docker-modem throws an answer of the daemon. */
function answer(statusCode: number, message: string): Error {
  return Object.assign(new Error(`(HTTP code ${statusCode}) unexpected - ${message} `), {
    statusCode,
    json: { message },
  });
}

describe('what the daemon says', () => {
  test.each([
    [404, 'No such image: drydock/tools:1', 'unavailable', 'has no image drydock/tools:1'],
    [404, 'No such container: abc', 'command-failed', 'was gone'],
    [409, 'Container abc is not running', 'command-failed', 'did not run'],
    [409, 'Conflict. The container name "/x" is already in use by container "abc".', 'unavailable', 'name is taken'],
    [500, 'write /data/x: no space left on device', 'disk-full', 'no space left'],
    [
      400,
      'OCI runtime create failed: exec: "x": executable file not found in $PATH: unknown',
      'command-failed',
      'program',
    ],
    [
      500,
      'OCI runtime create failed: unable to start container process: mounting cgroup',
      'not-ready',
      'on this kernel',
    ],
    [500, 'something new', 'command-failed', 'could not start x'],
  ])('%i %s is told by its cause', (status, words, kind, headline) => {
    const fault = daemonFault('start x', answer(status, words));
    expect(fault.failure.kind).toBe(kind);
    expect(fault.failure.headline).toContain(headline);
    expect(fault.failure.detail).toContain(words);
  });

  test('nothing, because the connection broke, is a daemon that has gone', () => {
    expect(daemonFault('start x', new Error('socket hang up'))).toBeInstanceOf(DaemonGone);
  });

  test('why there was no connection goes through as it is', () => {
    const fault = new Fault({ kind: 'no-ssh', headline: 'The link broke', hint: 'Resume.' });
    expect(daemonFault('start x', fault)).toBe(fault);
  });
});

describe('totals of a container', () => {
  test('are read under cgroup v1 without the page cache nobody uses', () => {
    const totals = readTotals({
      cpu_stats: { cpu_usage: { total_usage: 2_500_000_000 } },
      memory_stats: { usage: 10_000, stats: { total_inactive_file: 4_000, inactive_file: 1 } },
      blkio_stats: {
        io_service_bytes_recursive: [
          { major: 8, minor: 0, op: 'Read', value: 100 },
          { major: 8, minor: 0, op: 'Write', value: 30 },
          { major: 8, minor: 0, op: 'Total', value: 130 },
          { major: 8, minor: 16, op: 'Read', value: 5 },
        ],
      },
      networks: { eth0: { rx_bytes: 7, tx_bytes: 8 }, eth1: { rx_bytes: 1, tx_bytes: 1 } },
    });
    expect(totals).toEqual({
      cpuSec: 2.5,
      memoryBytes: 6_000,
      diskReadBytes: 105,
      diskWriteBytes: 30,
      networkReceiveBytes: 8,
      networkSendBytes: 9,
    });
  });

  test('are read under cgroup v2, whose words are small', () => {
    const totals = readTotals({
      cpu_stats: { cpu_usage: { total_usage: 1_000_000 } },
      memory_stats: { usage: 10_000, stats: { inactive_file: 3_000 } },
      blkio_stats: {
        io_service_bytes_recursive: [
          { op: 'read', value: 12 },
          { op: 'write', value: 0 },
        ],
      },
    });
    expect(totals).toEqual({
      cpuSec: 0.001,
      memoryBytes: 7_000,
      diskReadBytes: 12,
      diskWriteBytes: 0,
      networkReceiveBytes: null,
      networkSendBytes: null,
    });
  });

  test('that the daemon does not give are null, never 0', () => {
    const nothing = {
      ...{ cpuSec: null, memoryBytes: null, diskReadBytes: null },
      ...{ diskWriteBytes: null, networkReceiveBytes: null, networkSendBytes: null },
    };
    expect(readTotals({})).toEqual(nothing);
    expect(
      readTotals({
        cpu_stats: { cpu_usage: { total_usage: 0 } },
        memory_stats: {},
        blkio_stats: { io_service_bytes_recursive: null },
      }),
    ).toEqual(nothing);
  });

  test('that are no totals are refused', () => {
    expect(() => readTotals('stats')).toThrow();
  });
});

test('a multiplexed stream is taken apart the same however it is cut', () => {
  const frame = fc.record({
    of: fc.constantFrom<'stdout' | 'stderr'>('stdout', 'stderr'),
    payload: fc.uint8Array({ maxLength: 50 }),
  });
  fc.assert(
    fc.property(fc.array(frame), fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1 }), (frames, cuts) => {
      const bytes = Buffer.concat(
        frames.map(({ of, payload }) => {
          const header = Buffer.alloc(8);
          header[0] = of === 'stdout' ? 1 : 2;
          header.writeUInt32BE(payload.length, 4);
          return Buffer.concat([header, payload]);
        }),
      );
      const got: { of: string; payload: Buffer }[] = [];
      const read = createFrameReader((of, payload) => got.push({ of, payload: Buffer.from(payload) }));
      for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
        const size = cuts[turn % cuts.length] ?? 1;
        read(bytes.subarray(at, at + size));
        at += size;
      }
      const filled = frames.filter(({ payload }) => payload.length > 0);
      expect(got).toEqual(filled.map(({ of, payload }) => ({ of, payload: Buffer.from(payload) })));
    }),
  );
});

describe('a network for the bridge', () => {
  test('is private and overlaps no route', () => {
    expect(freeBridgeAddress(['default', '192.0.2.0/24', 'fe80::/64'])).toBe('172.31.255.1');
    expect(freeBridgeAddress(['172.31.255.7'])).toBe('172.31.254.1');
    expect(freeBridgeAddress(['172.16.0.0/12'])).toBe('10.213.0.1');
    expect(freeBridgeAddress(['172.16.0.0/12', '10.0.0.0/8'])).toBe('192.168.254.1');
    expect(freeBridgeAddress(['172.16.0.0/12', '10.0.0.0/8', '192.168.0.0/16'])).toBeUndefined();
    expect(freeBridgeAddress(['0.0.0.0/0'])).toBeUndefined();
  });
});

describe("dockerd's log", () => {
  test('says when its API answers, and only then', () => {
    expect(isListening('time="x" level=info msg="API listen on /tmp/a/docker.sock"')).toBe(true);
    expect(isListening('time="x" level=info msg="Loading containers: done."')).toBe(false);
  });

  test.each([
    ['error initializing graphdriver: driver not supported', 'does not carry overlay2'],
    ['mkdir /x: no space left on device', 'no space left'],
    ["Devices cgroup isn't mounted", 'control groups'],
    ['something new', 'ended with exit code 1 before it answered'],
  ])('gives %s as the reason', (words, headline) => {
    const fault = startFault('exit code 1', [`failed to start daemon: ${words}`], '/log');
    expect(fault.failure.headline).toContain(headline);
    expect(fault.failure.detail).toEqual([`failed to start daemon: ${words}`]);
  });
});
