import path from 'node:path';
import { createAppendLog } from '../../host/append-log.ts';
import type { Argv, Host, RunResult } from '../../host/host.ts';
import { buildFault, NO_DEPMOD, packModules, REPRODUCIBLE } from './build.ts';
import type { BuiltKernel } from './build.ts';
import { countSymbols, parseConfig } from '../config/config.ts';
import type { Config } from '../config/config.ts';
import { builtFile, estimateObjects } from './make-output.ts';
import { unneededSources } from './needed-source.ts';
import { witnessFiles } from '../patch/patch-proof.ts';

/** Another machine that a kernel is built on, as a build needs it. */
export interface BuildMachine {
  /** Runs a command that may be run twice. */
  run(command: Argv): Promise<RunResult>;
  /** Sends a file; what arrived is what was sent. */
  put(localPath: string, remotePath: string, onProgress: (fraction: number) => void): Promise<void>;
  /** Fetches a file; what arrives is what was there. */
  fetch(remotePath: string, localPath: string): Promise<void>;
  /**
   * Runs a command to its end, once, whatever becomes of the connection, and tells every line of its output once.
   *
   * @param name of the command among those of this build
   * @returns its exit status
   */
  attend(name: string, command: Argv, onLine: (line: string) => void): Promise<number>;
}

export interface GuestBuildOptions {
  /** The unpacked and patched source on this machine. */
  readonly treeDir: string;
  /** Folder on this machine for what comes back, laid out as the folder of `make O=` is; emptied first. */
  readonly buildDir: string;
  /** Folder on the other machine; made if absent. */
  readonly folder: string;
  /** A complete `.config` as this machine resolved it. */
  readonly configText: string;
  /** Judges what the other machine's compiler made of it; throws what is wrong with it. */
  readonly verify: (configText: string) => Promise<void>;
  readonly jobs: number;
  /** Further arguments of make, such as another compiler. */
  readonly makeVariables: readonly string[];
  /** Fetch also what shows that the RTC patch was compiled in. */
  readonly proveRtc: boolean;
  readonly onProgress?: (message: string, fraction?: number) => void;
  readonly signal?: AbortSignal;
  /** Gets make's whole output. */
  readonly logPath: string;
}

/** A kernel that was built elsewhere, and what it was built with. */
export interface GuestBuilt extends BuiltKernel {
  /** The first line of `gcc --version` there. */
  readonly compiler: string;
  /** The configuration as it was judged; the build may have changed it after that. */
  readonly verifiedConfig: string;
  readonly builtIn: number;
  readonly modules: number;
}

const LIST_BUILT_IN = `mkdir -p "$2"
for file in modules.builtin modules.builtin.modinfo; do
  if [ -e "$1/$file" ]; then cp "$1/$file" "$2/"; fi
done
: > "$2/modules.order"`;

/** Packs what a build with this configuration reads of a tree. */
async function packSource(host: Host, options: GuestBuildOptions, archive: string): Promise<void> {
  const { treeDir, configText, signal } = options;
  const unneeded = await unneededSources(host, treeDir, parseConfig(configText));
  await host.processes.run(
    [
      ...([
        'tar',
        '--create',
        `--file=${archive}`,
        '--use-compress-program=gzip -1',
        `--directory=${treeDir}`,
      ] as const),
      ...['--wildcards', '--wildcards-match-slash', '--anchored', ...unneeded.map((one) => `--exclude=./${one}`)],
      ...['--owner=0', '--group=0', '--numeric-owner', '.'],
    ],
    signal === undefined ? {} : { signal },
  );
}

/** A build on another machine while it goes on. */
interface GuestWork {
  readonly host: Host;
  readonly machine: BuildMachine;
  readonly options: GuestBuildOptions;
  /** Folders of the other machine. */
  readonly source: string;
  readonly build: string;
  readonly modules: string;
  /** A file of the build's folder on this machine. */
  readonly here: (name: string) => string;
  readonly progress: (message: string, fraction?: number) => void;
  /** @throws Fault `build-failed` or `disk-full` with the first compiler errors */
  readonly make: (name: string, targets: readonly string[], onLine?: (line: string) => void) => Promise<void>;
  /** Fetches a file, by default of the build's folder and to the same place in it here; its path here. */
  readonly fetch: (name: string, from?: string) => Promise<string>;
}

function openWork(host: Host, machine: BuildMachine, options: GuestBuildOptions): GuestWork {
  const { folder, buildDir, logPath } = options;
  const [source, build, modules] = [`${folder}/source`, `${folder}/build`, `${folder}/modules`];
  const here = (name: string): string => path.join(buildDir, name);
  const log = createAppendLog(host.files, logPath);
  const output: string[] = [];
  const environment = Object.entries({ LC_ALL: 'C', ...REPRODUCIBLE }).map(([key, value]) => `${key}=${value}`);
  const fixed = ['make', '-C', source, `O=${build}`, `-j${options.jobs}`, 'LOCALVERSION=', ...options.makeVariables];
  return {
    ...{ host, machine, options, source, build, modules, here },
    progress: (message, fraction) => options.onProgress?.(message, fraction),
    async make(name, targets, onLine) {
      const status = await machine.attend(name, ['env', ...environment, ...fixed, ...targets], (line) => {
        output.push(line);
        log.append(`${line}\n`);
        onLine?.(line);
      });
      await log.flush();
      if (status !== 0) throw buildFault(output.join('\n'), status, logPath);
    },
    async fetch(name, from = `${build}/${name}`) {
      await host.files.makeDirectory(path.dirname(here(name)));
      await machine.fetch(from, here(name));
      return here(name);
    },
  };
}

async function sendSource({
  host,
  machine,
  options,
  source,
  build,
  modules,
  here,
  progress,
}: GuestWork): Promise<void> {
  const remote = `${options.folder}/source.tar.gz`;
  progress('packing the source');
  const archive = here('source.tar.gz');
  await packSource(host, options, archive);
  await machine.run(['mkdir', '-p', source, build, modules]);
  const mebibytes = (((await host.files.stat(archive))?.sizeBytes ?? 0) / 1024 ** 2).toFixed(0);
  await machine.put(archive, remote, (fraction) => {
    progress(`sending the source, ${mebibytes} MiB`, fraction);
  });
  await host.files.remove(archive);
  progress('unpacking the source in the guest');
  await machine.run(['tar', '--extract', `--file=${remote}`, `--directory=${source}`, '--no-same-owner']);
  await machine.run(['rm', '-f', remote]);
}

/** The configuration as the guest's compiler resolves it, verified. */
async function resolveConfig({
  host,
  machine,
  options,
  build,
  here,
  make,
  fetch,
  progress,
}: GuestWork): Promise<string> {
  await host.files.writeAtomic(here('asked.config'), options.configText);
  await machine.put(here('asked.config'), `${build}/.config`, () => undefined);
  progress('olddefconfig in the guest');
  await make('configure', ['olddefconfig']);
  const text = await host.files.readText(await fetch('.config'));
  await options.verify(text);
  return text;
}

/** Builds the image and the modules; how many objects were built. */
async function compile({ make, progress }: GuestWork, config: Config): Promise<number> {
  const expected = estimateObjects(countSymbols(config).builtIn);
  let objects = 0;
  await make('build', ['bzImage', ...(hasModules(config) ? ['modules'] : [])], (line) => {
    if (builtFile(line) !== undefined) objects += 1;
    const ofExpected = `${objects} of about ${Math.max(expected, objects)}`;
    progress(`${ofExpected}: ${line.trim().slice(0, 80)}`, Math.min(1, objects / expected));
  });
  return objects;
}

/** Installs the modules there and packs them here: the tar's path. */
async function fetchModules(work: GuestWork, config: Config, release: string): Promise<string> {
  const { host, machine, options, build, modules, here, make, fetch } = work;
  const moduleDir = `${modules}/lib/modules/${release}`;
  if (hasModules(config)) {
    await make('modules', [`INSTALL_MOD_PATH=${modules}`, NO_DEPMOD, 'modules_install']);
    // Links into the folders of the build, which the guest that boots the kernel does not have.
    await machine.run(['rm', '-f', `${moduleDir}/build`, `${moduleDir}/source`]);
  } else {
    await machine.run(['sh', '-c', LIST_BUILT_IN, 'drydock-modules', build, moduleDir]);
  }
  const packed = `${options.folder}/modules.tar`;
  await machine.run(['tar', '--create', `--file=${packed}`, `--directory=${modules}`, 'lib']);
  const unpacked = here('drydock-modules');
  await host.files.makeDirectory(unpacked);
  const received = await fetch('drydock-modules-received.tar', packed);
  // Packed again here, so that the bytes do not depend on the guest's tar and file system.
  await host.processes.run(['tar', '--extract', `--file=${received}`, `--directory=${unpacked}`, '--no-same-owner']);
  const modulesTarPath = here('drydock-modules.tar');
  await packModules(host, unpacked, modulesTarPath, options.signal);
  return modulesTarPath;
}

/**
 * Builds bzImage and modules of a configured kernel on another machine: sends the source, resolves the configuration with the
 * compiler there and has it judged again, builds, and fetches what a build on this machine would have left.
 *
 * @throws Fault `build-failed` with the first compiler errors, `disk-full`, what `verify` throws, and what the machine does
 */
export async function buildKernelInGuest(
  host: Host,
  machine: BuildMachine,
  options: GuestBuildOptions,
): Promise<GuestBuilt> {
  const startedSec = host.clock.monotonicSec();
  await host.files.remove(options.buildDir);
  await host.files.makeDirectory(options.buildDir);
  const work = openWork(host, machine, options);
  const { fetch } = work;
  await sendSource(work);
  const verifiedConfig = await resolveConfig(work);
  const config = parseConfig(verifiedConfig);
  const objects = await compile(work, config);
  work.progress('fetching the kernel');
  const release = (await host.files.readText(await fetch('include/config/kernel.release'))).trim();
  const modulesTarPath = await fetchModules(work, config, release);
  if (options.proveRtc) for (const witness of await witnessFiles(host, options.treeDir)) await fetch(witness);
  const compiler = (await machine.run([compilerOf(options.makeVariables), '--version'])).stdout.split('\n')[0] ?? '';
  return {
    release,
    bzImagePath: await fetch('arch/x86/boot/bzImage'),
    systemMapPath: await fetch('System.map'),
    configPath: await fetch('.config'),
    modulesTarPath,
    durationMs: (host.clock.monotonicSec() - startedSec) * 1000,
    ...{ objects, compiler, verifiedConfig },
    ...countSymbols(config),
  };
}

function hasModules(config: Config): boolean {
  return config.get('MODULES') === 'y';
}

/** The program that make compiles with. */
function compilerOf(makeVariables: readonly string[]): string {
  return makeVariables.find((one) => one.startsWith('CC='))?.slice('CC='.length) ?? 'gcc';
}
