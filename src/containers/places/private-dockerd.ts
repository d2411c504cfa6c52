import path from 'node:path';
import { createAppendLog } from '../../host/append-log.ts';
import { createDockerClient } from '../../host/net/docker-client.ts';
import { Fault } from '../../host/fault.ts';
import type { Argv, Host, RunningProcess } from '../../host/host.ts';
import { createLineSplitter } from '../../text/lines.ts';
import { inOwnNamespaces } from '../../host/process/own-namespaces.ts';
import { makeShortFolder } from '../../host/short-folder.ts';
import { untilAborted } from '../../host/abort.ts';
import { leftOverBridges, makeBridge, removeBridge } from './bridge.ts';
import { isListening, startFault } from './dockerd-log.ts';
import { machinePid } from './machine-pid.ts';

/** In dockerd's own /run, which no other process of the machine sees. */
const EXEC_ROOT = '/run/drydock';
const PID_FILE = '/run/drydock.pid';

/** A dockerd told to end stops its containers first; one that takes longer is killed. */
const TERM_GRACE_MS = 15_000;
const SHUTDOWN_SEC = 5;
const LAST_WORDS = 15;

const NEEDED = [
  { program: 'dockerd', package: 'docker.io' },
  { program: 'containerd', package: 'containerd' },
  { program: 'runc', package: 'runc' },
  { program: 'ip', package: 'iproute2' },
  { program: 'unshare', package: 'util-linux' },
] as const;

export interface PrivateDockerdOptions {
  /** All of its data; emptied before the start and removed with it. One dockerd a folder at a time. */
  readonly folder: string;
  /** Everything it says; appended to. */
  readonly logPath: string;
  readonly signal?: AbortSignal;
  /** Told once when another drydock uses the folder and is waited for. */
  readonly onWait?: (holder: string) => void;
}

/** A dockerd that is drydock's alone. Disposing of it leaves nothing: no process, mount, bridge, control group or file. */
export interface PrivateDockerd extends AsyncDisposable {
  readonly socketPath: string;
  /** IPv4 address of the machine on the containers' bridge. */
  readonly bridgeAddress: string;
  /** A container's process in the machine's PID namespace, from its number in dockerd's. */
  readonly machinePid: (pid: number, containerId: string) => Promise<number>;
  /** Its last lines so far. */
  readonly outputTail: () => Promise<readonly string[]>;
}

function unavailable(headline: string, hint: string): Fault {
  return new Fault({ kind: 'unavailable', headline, hint });
}

async function requireMeans(host: Host, folder: string): Promise<void> {
  if (!host.system.isRoot) {
    throw unavailable(
      'drydock does not run as root here, which a private dockerd needs',
      'Run drydock as root, or start a dockerd of your own on this machine.',
    );
  }
  for (const { program, package: name } of NEEDED) {
    if ((await host.processes.which(program)) !== undefined) continue;
    throw new Fault({
      kind: 'missing-tool',
      headline: `${program} is not installed, so no private dockerd can be started`,
      hint: `sudo apt-get install --yes --no-install-recommends ${name}`,
    });
  }
  if (/^(\/var)?\/run\//.test(folder)) {
    throw unavailable(
      `A private dockerd cannot keep its data below /run: ${folder}`,
      'It has a /run of its own; put the cache elsewhere with --cache-dir.',
    );
  }
}

/** The control groups of a bridge's containers, under every hierarchy: `--cgroup-parent` is named like the bridge. */
async function removeCgroups(host: Host, name: string): Promise<void> {
  const root = '/sys/fs/cgroup';
  const places = [root, ...(await host.files.list(root)).map((one) => path.join(root, one))];
  for (const place of places) {
    const group = path.join(place, name);
    if ((await host.files.stat(group)) === undefined) continue;
    await host.processes.run(['find', group, '-depth', '-type', 'd', '-delete']);
  }
}

/** The bridge goes last: as long as it is there, no other drydock takes its name and that of its control groups. */
async function removeTraces(host: Host, bridge: string): Promise<void> {
  await removeCgroups(host, bridge);
  await removeBridge(host, bridge);
}

interface OutputReader {
  /** The last lines, oldest first. */
  lines(): readonly string[];
  /** Settles when its API answers. */
  readonly listening: Promise<void>;
  /** Settles when its output has ended and stands in the log; rejects when the log could not be written. */
  readonly over: Promise<void>;
}

/** Keeps what dockerd says, in its log and at hand. */
function listen(host: Host, child: RunningProcess, logPath: string): OutputReader {
  const kept: string[] = [];
  let announce: () => void = () => undefined;
  const listening = new Promise<void>((resolve) => {
    announce = resolve;
  });
  const log = createAppendLog(host.files, logPath);
  const follow = async (stream: AsyncIterable<unknown>): Promise<void> => {
    const lines = createLineSplitter((line) => {
      kept.push(line);
      if (kept.length > LAST_WORDS) kept.shift();
      if (isListening(line)) announce();
      log.append(`${line}\n`);
    });
    for await (const chunk of stream) if (chunk instanceof Uint8Array) lines.push(chunk);
    lines.end();
  };
  const over = Promise.all([follow(child.stdout), follow(child.stderr)]).then(() => log.flush());
  over.catch(() => undefined);
  return { lines: () => [...kept], listening, over };
}

async function removeContainers(host: Host, socketPath: string): Promise<void> {
  const docker = createDockerClient(() => host.sockets.openUnix(socketPath));
  for (const { Id: id } of await docker.listContainers({ all: true })) {
    await docker.getContainer(id).remove({ force: true, v: true });
  }
}

/** Ends dockerd in order: its containers, then itself; by force when that fails or takes too long. */
async function endDockerd(host: Host, child: RunningProcess, output: OutputReader, socketPath: string): Promise<void> {
  const over = new AbortController();
  const inOrder = async (): Promise<void> => {
    await removeContainers(host, socketPath).catch(() => undefined);
    child.kill('SIGTERM');
    await child.exited;
  };
  const patience = host.clock.sleep(TERM_GRACE_MS, over.signal).catch(() => undefined);
  await Promise.race([inOrder(), child.exited, patience]);
  over.abort();
  await child[Symbol.asyncDispose]();
  // Its pipes close when the last process of the namespace that held them is gone.
  await output.over.catch(() => undefined);
}

function dockerdCommand(folder: string, socketPath: string, bridge: string): Argv {
  return [
    'dockerd',
    `--data-root=${path.join(folder, 'data')}`,
    `--exec-root=${EXEC_ROOT}`,
    `--pidfile=${PID_FILE}`,
    `--host=unix://${socketPath}`,
    `--bridge=${bridge}`,
    // The host's packet filter and routing stay as they are.
    ...['--iptables=false', '--ip6tables=false', '--ip-forward=false', '--ip-masq=false', '--userland-proxy=false'],
    '--storage-driver=overlay2',
    // Known names on every host, with systemd or without, so that what a kill leaves can be found.
    ...['--exec-opt=native.cgroupdriver=cgroupfs', `--cgroup-parent=/${bridge}`],
    `--shutdown-timeout=${SHUTDOWN_SEC}`,
    // /etc/docker/daemon.json is about the machine's own dockerd, and contradicts these flags.
    `--config-file=${path.join(folder, 'daemon.json')}`,
  ];
}

/** A socket's path has 107 bytes at most (unix(7)); the short folder is always there. */
async function placeSocket(host: Host, folder: string): Promise<{ socketPath: string; socketFolder: string }> {
  const beside = path.join(folder, 'docker.sock');
  if (new TextEncoder().encode(beside).length <= 100) return { socketPath: beside, socketFolder: beside };
  const socketFolder = await makeShortFolder(host.files, '/tmp', folder);
  return { socketPath: path.join(socketFolder, 'docker.sock'), socketFolder };
}

/**
 * Starts Debian's dockerd for drydock alone, in namespaces of its own (ADR 10): own data, socket, bridge and containerd; no packet filter rule, no route, no
 * forwarding. Settles when its API answers. What a drydock that was killed left for the same folder is removed first.
 *
 * @throws Fault `unavailable`, `missing-tool` or `disk-full` whose headline says why there is none; `interrupted`
 */
export async function startPrivateDockerd(host: Host, options: PrivateDockerdOptions): Promise<PrivateDockerd> {
  const folder = path.resolve(options.folder);
  const { logPath, signal, onWait } = options;
  await requireMeans(host, folder);
  const undo: (() => Promise<void>)[] = [];
  const undoAll = async (): Promise<void> => {
    const failures: unknown[] = [];
    for (let step = undo.pop(); step !== undefined; step = undo.pop()) {
      // One that fails must not keep the others from cleaning up.
      await step().catch((error: unknown) => failures.push(error));
    }
    if (failures.length > 0) throw failures[0];
  };
  try {
    const lock = await host.locks.acquire(`${folder}.lock`, {
      ...(signal === undefined ? {} : { signal }),
      ...(onWait === undefined ? {} : { onWait }),
    });
    undo.push(async () => {
      await lock[Symbol.asyncDispose]();
    });
    for (const bridge of await leftOverBridges(host, folder)) await removeTraces(host, bridge);
    undo.push(() => host.files.remove(folder));
    await host.files.remove(folder);
    await host.files.makeDirectory(folder);
    await host.files.writeAtomic(path.join(folder, 'daemon.json'), '{}\n');
    const { socketPath, socketFolder } = await placeSocket(host, folder);
    undo.push(() => host.files.remove(socketFolder));
    const bridge = await makeBridge(host, folder, signal);
    undo.push(() => removeTraces(host, bridge.name));
    await host.files.makeDirectory(path.dirname(logPath));
    const command = dockerdCommand(folder, socketPath, bridge.name);
    const child = host.processes.start(inOwnNamespaces(command, { ownRun: true }));
    const output = listen(host, child, logPath);
    undo.push(() => endDockerd(host, child, output, socketPath));
    await started(child, output, logPath, signal);
    return {
      socketPath,
      bridgeAddress: bridge.address,
      machinePid: (pid, containerId) => machinePid(host, pid, containerId),
      outputTail: () => Promise.resolve(output.lines()),
      [Symbol.asyncDispose]: undoAll,
    };
  } catch (error) {
    await undoAll();
    throw error;
  }
}

async function started(
  child: RunningProcess,
  output: OutputReader,
  logPath: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const ended = async (): Promise<never> => {
    const { exitCode, signal: by } = await child.exited;
    await output.over;
    throw startFault(by === null ? `exit code ${String(exitCode)}` : `signal ${by}`, output.lines(), logPath);
  };
  await untilAborted(Promise.race([output.listening, ended()]), signal, 'The start of a private dockerd');
}
