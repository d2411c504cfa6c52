import { z } from 'zod';
import { Fault } from '../../host/fault.ts';
import type { Argv, Host } from '../../host/host.ts';
import { mountedBelow } from '../../host/mounts.ts';
import { artifactSchema } from '../../model/artifact.ts';
import type { Stage, StageContext } from '../stage.ts';
import {
  BENCH_REQUIREMENTS,
  BENCH_TEST_REQUIREMENTS,
  INSTALLER_REQUIREMENTS,
  PARTITION_REQUIREMENTS,
  periodRequirement,
  REQUIREMENTS,
  SEED_REQUIREMENTS,
  TEST_REQUIREMENTS,
} from '../shared/tools.ts';
import type { Requirement } from '../shared/tools.ts';

/** Enough for a guest, a kernel tree with its build, and the disks of a run. */
const DISK_BYTES = 12 * 1024 ** 3;
/** The guest's 2 GB and a compiler beside it. */
const MEMORY_BYTES = 3 * 1024 ** 3;

const BUSYBOX = '/bin/busybox';

const outputSchema = z.strictObject({ tools: z.record(z.string(), z.string()), busybox: artifactSchema });
export type Preflight = z.infer<typeof outputSchema>;

/** What one check found; the table that `drydock doctor` prints. */
export interface CheckRow {
  readonly what: string;
  readonly ok: boolean;
  readonly detail: string;
}

async function isPresent(host: Host, requirement: Requirement): Promise<boolean> {
  const { probe } = requirement;
  if ('program' in probe) return (await host.processes.which(probe.program)) !== undefined;
  return (await host.files.stat(probe.file)) !== undefined;
}

/** What the host is checked for in addition to what every run needs. */
export interface Purposes {
  /** drydock's own tests; with `bench`, those of container work too. */
  readonly tests?: boolean;
  /** Container work on the host itself. */
  readonly bench?: boolean;
}

function extras({ tests = false, bench = false }: Purposes): readonly Requirement[] {
  return [
    ...(bench ? BENCH_REQUIREMENTS : []),
    ...(tests ? [...TEST_REQUIREMENTS, ...INSTALLER_REQUIREMENTS, ...PARTITION_REQUIREMENTS] : []),
    ...(bench && tests ? BENCH_TEST_REQUIREMENTS : []),
  ];
}

function wanted(host: Host, purposes: Purposes = {}): readonly Requirement[] {
  return [...REQUIREMENTS, ...extras(purposes)].filter((one) => one.onlyUnprivileged !== true || !host.system.isRoot);
}

async function missingOf(host: Host, requirements: readonly Requirement[]): Promise<readonly Requirement[]> {
  const present = await Promise.all(requirements.map((one) => isPresent(host, one)));
  return requirements.filter((_, index) => present[index] !== true);
}

async function versionOf(host: Host, command: Argv): Promise<string> {
  const { stdout, stderr } = await host.processes.run(command, { okExitCodes: [0, 1] });
  return /\d+(\.\d+)+[\w.+~-]*/.exec(`${stdout}\n${stderr}`)?.[0] ?? 'unknown';
}

/** `apt-get` as it may be run here: directly as root, through passwordless sudo, or not at all. */
async function aptPrefix(host: Host): Promise<readonly string[] | undefined> {
  if (host.system.isRoot) return [];
  if ((await host.processes.which('sudo')) === undefined) return undefined;
  const { exitCode } = await host.processes.run(['sudo', '-n', 'true'], { okExitCodes: [0, 1] });
  return exitCode === 0 ? ['sudo', '-n'] : undefined;
}

async function install(host: Host, missing: readonly Requirement[], context: StageContext): Promise<void> {
  const packages = [...new Set(missing.map((one) => one.package))];
  const byHand = `sudo apt-get update && sudo apt-get install --yes --no-install-recommends ${packages.join(' ')}`;
  const reasons = missing.map((one) => `${one.package} — ${one.why}`);
  const prefix = await aptPrefix(host);
  if (prefix === undefined || (await host.processes.which('apt-get')) === undefined) {
    throw missingTools(
      reasons,
      byHand,
      'drydock may not install packages here (no root, no passwordless sudo, or no apt)',
    );
  }
  const options = {
    signal: context.signal,
    logPath: context.logPath,
    onLine: (line: string) => {
      context.progress({ message: line.slice(0, 100) });
    },
  };
  context.finding({ level: 'info', message: `Installing with apt: ${reasons.join('; ')}` });
  const apt = (...rest: string[]): Argv => {
    const [sudo, ...flags] = prefix;
    // Another apt may be at work, as unattended-upgrades is on a fresh machine; sudo drops the environment.
    const command = ['env', 'DEBIAN_FRONTEND=noninteractive', 'apt-get', '-o', 'DPkg::Lock::Timeout=300', ...rest];
    return sudo === undefined ? ['env', ...command.slice(1)] : [sudo, ...flags, ...command];
  };
  const wanted = ['-q', '--yes', '--no-install-recommends', ...packages];
  await host.processes.run(apt('update', '-q'), options);
  await host.processes.run(apt('install', '--download-only', ...wanted), options);
  // Without the signal: a package manager that is killed leaves packages half configured, and then refuses to work.
  const { signal, ...toTheEnd } = options;
  await host.processes.run(apt('install', ...wanted), toTheEnd);
  if (signal.aborted) throw interruptedAfterInstall();
}

function interruptedAfterInstall(): Fault {
  return new Fault({
    kind: 'interrupted',
    headline: 'Interrupted while apt installed packages; the installation was finished first',
    hint: 'Resume the run.',
  });
}

function missingTools(reasons: readonly string[], byHand: string, why: string): Fault {
  return new Fault({
    kind: 'missing-tool',
    headline: `${String(reasons.length)} of the packages drydock needs ${reasons.length === 1 ? 'is' : 'are'} missing`,
    hint: byHand,
    detail: [why, ...reasons],
  });
}

async function machineRows(host: Host, cacheRoot: string): Promise<readonly CheckRow[]> {
  const gib = (bytes: number): string => `${(bytes / 1024 ** 3).toFixed(1)} GiB`;
  const free = await host.files.freeBytes(cacheRoot);
  const memory = host.system.totalMemoryBytes;
  const kvm = await host.files.stat('/dev/kvm');
  return [
    { what: 'free disk', ok: free >= DISK_BYTES, detail: `${gib(free)} at ${cacheRoot}; ${gib(DISK_BYTES)} needed` },
    { what: 'memory', ok: memory >= MEMORY_BYTES, detail: `${gib(memory)}; ${gib(MEMORY_BYTES)} needed` },
    {
      what: 'KVM',
      ok: true,
      detail: kvm === undefined ? 'no /dev/kvm: runs use TCG' : '/dev/kvm is there; a run decides by a probe boot',
    },
  ];
}

async function mountsRow(host: Host, cacheRoot: string): Promise<CheckRow> {
  const mounts = await host.files.mountsBelow(cacheRoot);
  const detail = mounts.length === 0 ? 'none' : `${mounts.join(', ')}: unmount it, or drydock refuses this cache`;
  return { what: 'mounts in the cache', ok: mounts.length === 0, detail };
}

/** Every check as a row; installs nothing. */
export async function examine(host: Host, cacheRoot: string, purposes: Purposes): Promise<readonly CheckRow[]> {
  const rows = await Promise.all(
    wanted(host, purposes).map(async (one): Promise<CheckRow> => {
      const ok = await isPresent(host, one);
      const version = ok && one.version !== undefined ? await versionOf(host, one.version) : undefined;
      return { what: one.package, ok, detail: ok ? (version ?? 'present') : `missing: ${one.why}` };
    }),
  );
  return [...rows, ...(await machineRows(host, cacheRoot)), await mountsRow(host, cacheRoot)];
}

async function provide(
  host: Host,
  requirements: readonly Requirement[],
  mayInstall: boolean,
  context: StageContext,
): Promise<void> {
  const missing = await missingOf(host, requirements);
  if (missing.length === 0) return;
  if (!mayInstall) {
    const packages = missing.map((one) => one.package).join(' ');
    const reasons = missing.map((one) => `${one.package} — ${one.why}`);
    const byHand = `sudo apt-get update && sudo apt-get install --yes --no-install-recommends ${packages}`;
    throw missingTools(reasons, byHand, '--no-install forbids installing them');
  }
  await install(host, missing, context);
  const still = await missingOf(host, requirements);
  if (still.length > 0)
    throw missingTools(
      still.map((one) => one.package),
      'See the log.',
      'apt reported success',
    );
}

/**
 * Makes sure that the host has what a run needs in addition to what every run needs.
 *
 * @throws Fault `missing-tool` when something is missing and may not be installed here
 */
export function provideExtras(
  host: Host,
  purposes: Purposes,
  mayInstall: boolean,
  context: StageContext,
): Promise<void> {
  return provide(host, extras(purposes), mayInstall, context);
}

/** Container work on the host is one column of a report: without its tools the column says why, and the run goes on. */
async function provideBenchTools(host: Host, mayInstall: boolean, context: StageContext): Promise<void> {
  try {
    await provide(host, BENCH_REQUIREMENTS, mayInstall, context);
  } catch (error) {
    if (!(error instanceof Fault && error.failure.kind === 'missing-tool')) throw error;
    const { headline, hint, detail = [] } = error.failure;
    context.finding({
      level: 'warning',
      message: `No containers on this machine: ${headline} (${detail.join('; ')}). ${hint}`,
    });
  }
}

type PreflightInput = {
  readonly install: boolean;
  /** Containers are going to run on this machine, too. */
  readonly bench?: true;
  /** The guest is made by its distribution's installer. */
  readonly installer?: true;
  /** The guest's cloud-init gets a key. */
  readonly seed?: true;
  /** The guest's disk gets a partition table. */
  readonly partitions?: true;
  /** Packages of older compilers, for kernels of their time. */
  readonly compilers?: readonly string[];
};

/** Makes sure that the host has what a run needs, installing it where that is allowed. */
export const preflight: Stage<PreflightInput, Preflight> = {
  name: 'preflight',
  version: 1,
  cache: 'never',
  output: outputSchema,
  async run({ install: mayInstall, bench, installer, seed, partitions, compilers = [] }, context) {
    const { host } = context;
    const period = compilers.map(periodRequirement);
    const needed = [
      ...wanted(host),
      ...(installer === true ? INSTALLER_REQUIREMENTS : []),
      ...(seed === true ? SEED_REQUIREMENTS : []),
      ...(partitions === true ? PARTITION_REQUIREMENTS : []),
      ...period,
    ];
    // First of all: nothing is deleted or copied below a mount.
    const mounts = await host.files.mountsBelow(context.store.root);
    if (mounts.length > 0) throw mountedBelow(context.store.root, mounts);
    await provide(host, needed, mayInstall, context);
    if (bench === true) await provideBenchTools(host, mayInstall, context);
    for (const row of await machineRows(host, context.store.root)) {
      if (row.ok) continue;
      const kind = row.what === 'free disk' ? 'disk-full' : 'unavailable';
      throw new Fault({
        kind,
        headline: `Not enough ${row.what}: ${row.detail}`,
        hint:
          row.what === 'free disk'
            ? 'Free space, or put the cache elsewhere with --cache-dir.'
            : 'Use a larger machine.',
      });
    }
    const versions = await Promise.all(
      [...REQUIREMENTS, ...period].flatMap(({ package: name, version }) =>
        version === undefined ? [] : [versionOf(host, version).then((found): [string, string] => [name, found])],
      ),
    );
    const busybox = await context.store.put(await host.files.readBytes(BUSYBOX));
    return { tools: Object.fromEntries(versions), busybox };
  },
};
