import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import os from 'node:os';
import process from 'node:process';
import { createClock } from './clock.ts';
import { createDownloads } from './net/download.ts';
import { createEventLoop } from './event-loop.ts';
import { createProcesses } from './process/exec.ts';
import { serveFolder } from './net/file-server.ts';
import { createFiles } from './files.ts';
import type { Host, SystemFacts } from './host.ts';
import { createLocks } from './lock.ts';
import { createSockets } from './net/socket.ts';
import { createSsh } from './ssh/ssh.ts';
import { createMetrics } from './net/statsd.ts';

function osName(): string {
  try {
    const release = readFileSync('/etc/os-release', 'utf8');
    return /^PRETTY_NAME="?([^"\n]*)"?$/m.exec(release)?.[1] ?? os.type();
  } catch {
    return os.type();
  }
}

function systemFacts(): SystemFacts {
  const cpus = os.cpus();
  return {
    cpuModel: cpus[0]?.model.trim() ?? 'unknown',
    cpuCount: os.availableParallelism(),
    totalMemoryBytes: os.totalmem(),
    kernel: os.release(),
    os: osName(),
    hostname: os.hostname(),
    isRoot: process.getuid?.() === 0,
  };
}

/**
 * The real world: this machine's processes, files, clocks, sockets and locks.
 *
 * @param options.kill kills what can be interrupted and still runs, when it aborts
 */
export function createHost(options: { readonly kill?: AbortSignal } = {}): Host {
  const files = createFiles();
  return {
    processes: createProcesses(options.kill),
    files,
    clock: createClock(),
    eventLoop: createEventLoop(),
    ssh: createSsh(),
    sockets: createSockets(),
    locks: createLocks(),
    downloads: createDownloads(files),
    metrics: createMetrics(),
    servers: { serveFolder },
    system: systemFacts(),
    randomHex: (bytes) => randomBytes(bytes).toString('hex'),
  };
}
