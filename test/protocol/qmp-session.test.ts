import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { Server } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { machineEvents } from '../../src/guest/machine/machine-events.ts';
import { connectQmp, startQmp } from '../../src/guest/machine/qmp.ts';
import { createHost } from '../../src/host/node-host.ts';

const host = createHost();
const never = new AbortController().signal;

describe('the monitor of a real QEMU', () => {
  let folder: string;
  let socket: string;
  const qemu = () =>
    host.processes.start([
      'qemu-system-x86_64',
      ...['-S', '-machine', 'none', '-nodefaults', '-display', 'none'],
      ...['-qmp', `unix:${socket},server=on,wait=off`],
    ]);

  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'drydock-qmp-'));
    socket = path.join(folder, 'qmp.sock');
  });
  afterEach(async () => {
    await rm(folder, { recursive: true });
  });

  test('greets with its version and answers several questions at once, each with its own answer', async () => {
    await using process = qemu();
    await using qmp = await connectQmp(host, socket, never);
    expect(qmp.version).toMatch(/^\d+\.\d+\.\d+$/);
    const [status, name, help] = await Promise.all([
      qmp.execute('query-status'),
      qmp.execute('query-name'),
      qmp.humanCommand('help info'),
    ]);
    expect(status).toMatchObject({ running: false });
    expect(name).toEqual({});
    expect(help).toContain('info usernet');
    process.kill('SIGKILL');
  });

  test('passes on what QEMU says about a command it does not know', async () => {
    await using process = qemu();
    await using qmp = await connectQmp(host, socket, never);
    await expect(qmp.execute('make-coffee')).rejects.toThrow('make-coffee');
    process.kill('SIGKILL');
  });

  test('reports events with their time on the host’s monotonic clock, and its own end', async () => {
    const startedAtSec = host.clock.monotonicSec();
    await using process = qemu();
    await using qmp = await connectQmp(host, socket, never);
    await qmp.execute('quit');
    await qmp.closed;
    const said = qmp.events.map(({ event, data }) => ({ event, data }));
    expect(said).toContainEqual({ event: 'SHUTDOWN', data: { guest: false, reason: 'host-qmp-quit' } });
    for (const { atSec } of qmp.events) {
      expect(atSec).toBeGreaterThan(startedAtSec);
      expect(atSec).toBeLessThanOrEqual(host.clock.monotonicSec());
    }
    await expect(qmp.execute('query-status')).rejects.toThrow('closed the connection');
    expect((await process.exited).exitCode).toBe(0);
  });

  test('fails every open question when QEMU is killed', async () => {
    await using process = qemu();
    await using qmp = await connectQmp(host, socket, never);
    process.kill('SIGKILL');
    await process.exited;
    await expect(qmp.execute('query-status')).rejects.toThrow('closed the connection');
  });
});

describe('the monitor of something else', () => {
  let folder: string;
  let server: Server;
  let socket: string;

  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'drydock-qmp-'));
    socket = path.join(folder, 's');
  });
  afterEach(async () => {
    await new Promise((resolve) => server.close(resolve));
    await rm(folder, { recursive: true });
  });
  const speak = (lines: readonly string[]): Promise<void> => {
    server = createServer((peer) => {
      peer.resume();
      for (const line of lines) peer.write(line);
      peer.end();
    });
    return new Promise((resolve) => server.listen(socket, resolve));
  };

  test('that hangs up before it greets is no monitor', async () => {
    await speak([]);
    const peer = await host.sockets.connectUnix(socket);
    await expect(startQmp(peer, host.clock)).rejects.toThrow('closed the connection');
    await peer[Symbol.asyncDispose]();
  });

  test('whose greeting comes in pieces is understood', async () => {
    await speak([
      'not json\r\n{"QMP": {"version": {"qemu": {"major": 9, ',
      '"minor": 1, "micro": 2}}}}\r\n',
      '{"return": {}, "id": 1}\r\n',
    ]);
    const qmp = await startQmp(await host.sockets.connectUnix(socket), host.clock);
    expect(qmp.version).toBe('9.1.2');
    await qmp[Symbol.asyncDispose]();
  });

  test('whose wall clock goes back between two events leaves them in the order in which they came', async () => {
    const event = (name: string, microseconds: number): string =>
      `{"timestamp": {"seconds": 1000, "microseconds": ${String(microseconds)}}, "event": "${name}"}\r\n`;
    await speak([
      '{"QMP": {}}\r\n{"return": {}, "id": 1}\r\n',
      [event('POWERDOWN', 900_700), event('SHUTDOWN', 900_100), event('STOP', 900_700)].join(''),
    ]);
    // Each event is read at the same instant, as when all of them are in one piece.
    const clock = { ...host.clock, monotonicSec: () => 50, nowMs: () => 1_000_901 };
    await using qmp = await startQmp(await host.sockets.connectUnix(socket), clock);
    await qmp.closed;
    const seen = machineEvents(10, 20, 30, qmp.events);
    expect(seen.map(({ name }) => name)).toEqual([
      ...['qemu-started', 'monitor-connected', 'first-console-byte'],
      ...['POWERDOWN', 'SHUTDOWN', 'STOP'],
    ]);
    const times = qmp.events.map(({ atSec }) => atSec);
    expect(times).toEqual([...times].sort((a, b) => a - b));
  });

  test('is not waited for once its QEMU has ended', async () => {
    await speak([]);
    await new Promise((resolve) => server.close(resolve));
    const gone = new AbortController();
    gone.abort();
    await expect(connectQmp(host, path.join(folder, 'absent'), gone.signal)).rejects.toThrow();
  });

  test('cannot stand at a path that Linux would cut', async () => {
    await speak([]);
    await expect(host.sockets.connectUnix(`/tmp/${'x'.repeat(120)}`)).rejects.toThrow('107 bytes');
  });
});
