import path from 'node:path';
import { Fault } from '../../host/fault.ts';
import type { Host } from '../../host/host.ts';
import { untilAborted } from '../../host/abort.ts';
import { createEngine } from '../engine/engine.ts';
import type { DaemonEngine } from '../engine/engine.ts';
import type { DaemonSurroundings } from '../engine/daemon-calls.ts';
import type { Place } from '../place.ts';
import { startPrivateDockerd } from './private-dockerd.ts';
import type { PrivateDockerdOptions } from './private-dockerd.ts';

const SYSTEM_SOCKET = '/var/run/docker.sock';

export interface HostPlaceOptions extends PrivateDockerdOptions {
  /** Told what could not be cleaned up. */
  readonly onTrouble?: (sentence: string) => void;
  /** A dockerd of the machine that is used where it answers; default: /var/run/docker.sock. */
  readonly systemSocket?: string;
}

/** The physical machine as a place, with how its daemon was come by. Disposing of it ends a private dockerd. */
export interface HostPlace extends Place, AsyncDisposable {
  /** One sentence for `BenchPlace.why`. */
  readonly why: string;
}

interface Daemon extends AsyncDisposable {
  readonly engine: DaemonEngine;
  readonly why: string;
}

function surroundings(options: HostPlaceOptions): Pick<DaemonSurroundings, 'during' | 'onTrouble'> {
  return {
    during: (what, work, purpose) =>
      purpose === 'cleanup' ? work() : untilAborted(work(), options.signal, `The wait for ${what}`),
    onTrouble: options.onTrouble ?? (() => undefined),
  };
}

/** The machine's own dockerd, if one answers. */
async function systemDaemon(host: Host, options: HostPlaceOptions): Promise<Daemon | undefined> {
  const socketPath = options.systemSocket ?? SYSTEM_SOCKET;
  if ((await host.files.stat(socketPath)) === undefined) return undefined;
  const engine = createEngine(() => host.sockets.openUnix(socketPath), host, surroundings(options));
  try {
    const { version } = await engine.facts();
    return {
      engine,
      why: `through the dockerd ${version} that runs on this machine`,
      [Symbol.asyncDispose]: () => Promise.resolve(),
    };
  } catch (error) {
    // A stopped dockerd leaves a socket that does not answer. Then a private one is started.
    if (error instanceof Fault && error.failure.kind === 'unavailable') return undefined;
    throw error;
  }
}

async function privateDaemon(host: Host, options: HostPlaceOptions): Promise<Daemon> {
  const dockerd = await startPrivateDockerd(host, options);
  try {
    const engine = createEngine(() => host.sockets.openUnix(dockerd.socketPath), host, {
      ...surroundings(options),
      outputTail: dockerd.outputTail,
      machinePid: dockerd.machinePid,
    });
    const { version } = await engine.facts();
    return {
      engine,
      why: `through a private dockerd ${version} that drydock started and ended`,
      [Symbol.asyncDispose]: () => dockerd[Symbol.asyncDispose](),
    };
  } catch (error) {
    await dockerd[Symbol.asyncDispose]();
    throw error;
  }
}

/**
 * The machine that drydock runs on, as a place for workloads: its own dockerd where one answers, a private one otherwise.
 *
 * @throws Fault whose headline says why the host takes no part: it is the reason that stands in its column
 */
export async function openHostPlace(host: Host, options: HostPlaceOptions): Promise<HostPlace> {
  if (!host.system.isRoot) {
    throw new Fault({
      kind: 'unavailable',
      headline:
        'drydock does not run as root here, which reading and clearing this machine’s caches and counters needs',
      hint: 'Run drydock as root to measure this machine as well.',
    });
  }
  const daemon = (await systemDaemon(host, options)) ?? (await privateDaemon(host, options));
  const { engine } = daemon;
  try {
    const bridgeAddress = await engine.bridgeAddress();
    const scratch = await host.files.makeTempDirectory(path.dirname(path.resolve(options.folder)), 'host-scratch-');
    const { signal } = options;
    return {
      name: 'host',
      kind: 'host',
      why: daemon.why,
      engine,
      cpus: host.system.cpuCount,
      memoryBytes: host.system.totalMemoryBytes,
      bridgeAddress,
      scratch,
      run: (command, runOptions = {}) =>
        host.processes.run(command, { ...runOptions, ...(signal === undefined ? {} : { signal }) }),
      upload: (from, to) => host.files.copy(from, to),
      start: (command) => Promise.resolve(host.processes.startLive(command)),
      async [Symbol.asyncDispose]() {
        await host.files.remove(scratch);
        await daemon[Symbol.asyncDispose]();
      },
    };
  } catch (error) {
    await daemon[Symbol.asyncDispose]();
    throw error;
  }
}
