import path from 'node:path';
import { Fault } from '../../host/fault.ts';
import type { Argv, Host, RunResult } from '../../host/host.ts';
import type { PeriodCompiler } from '../toolchains.ts';
import { countSymbols, parseConfig } from '../config/config.ts';
import { builtFile, estimateObjects, firstErrors } from './make-output.ts';

export interface BuildOptions {
  readonly treeDir: string;
  /** Folder for `make O=`; emptied first, for a half-built tree is no evidence. */
  readonly buildDir: string;
  /** A complete `.config`, as `configureKernel` returns it. */
  readonly configText: string;
  /** Parallel jobs of make. */
  readonly jobs: number;
  /** ccache's folder; without it the compiler is called directly. */
  readonly ccacheDir?: string;
  /** Another compiler than the host's own, with the arguments of make for it. */
  readonly compiler?: PeriodCompiler;
  /** Files an earlier build of this configuration made, for an exact progress; without them the progress is estimated from the symbols. */
  readonly expectedObjects?: number;
  readonly onProgress?: (done: number, expected: number, line: string) => void;
  readonly signal?: AbortSignal;
  /** Gets make's whole output. */
  readonly logPath: string;
}

export interface BuiltKernel {
  /** What `uname -r` will say. */
  readonly release: string;
  readonly bzImagePath: string;
  readonly systemMapPath: string;
  readonly configPath: string;
  /**
   * An uncompressed tar of `lib/modules/<release>`, to be unpacked at the guest's root. A kernel without loadable modules
   * has one too: with the list of what is built in, modprobe succeeds for those names instead of complaining.
   */
  readonly modulesTarPath: string;
  readonly durationMs: number;
  /** Files made (compiled, assembled, archived, linked). */
  readonly objects: number;
}

/** The same for every build, so that the same source and configuration give the same bytes. */
export const REPRODUCIBLE = {
  KBUILD_BUILD_TIMESTAMP: 'Thu Jan  1 00:00:00 UTC 1970',
  KBUILD_BUILD_USER: 'drydock',
  KBUILD_BUILD_HOST: 'drydock',
  KBUILD_BUILD_VERSION: '1',
} as const;

/** Keeps distributions' modprobe tools out of `modules_install`: the guest runs its own depmod. */
export const NO_DEPMOD = 'DEPMOD=true';

function ccacheEnvironment(ccacheDir: string | undefined): Record<string, string> {
  if (ccacheDir === undefined) return {};
  return {
    CCACHE_DIR: ccacheDir,
    CCACHE_MAXSIZE: '5G',
    // The folder of the build is in no object (no debug info): a build elsewhere may use this one's results.
    CCACHE_NOHASHDIR: '1',
    // Depend mode: a miss runs the compiler as it was called, and nothing twice. Compiling what was preprocessed for the hash
    // (CCACHE_NOCPP2) answers Kconfig's questions to the compiler in another way (CC_HAS_INT128), so kbuild would change the
    // configuration that was verified.
    CCACHE_DEPEND: '1',
  };
}

/** What a build that failed is reported as, from its whole output. */
export function buildFault(output: string, exitCode: number, logPath: string): Fault {
  const detail = firstErrors(output);
  if (detail.some((line) => line.includes('No space left on device'))) {
    return new Fault({
      kind: 'disk-full',
      headline: 'The kernel build found no space left on the disk',
      hint: 'A build needs about 1 GB of disk space in addition to the source tree. Delete files, or move the cache with --cache-dir.',
      detail,
      logPath,
    });
  }
  return new Fault({
    kind: 'build-failed',
    headline: `The kernel did not build: ${detail[0] ?? `make ended with exit code ${exitCode}`}`,
    hint: 'The first errors are below and the whole output is in the log; a symbol added last is the first suspect.',
    detail,
    logPath,
  });
}

/** What a kernel without module support knows about itself all the same; older kernels have fewer of these files. */
async function listBuiltIn(host: Host, buildDir: string, moduleDir: string): Promise<void> {
  for (const file of ['modules.builtin', 'modules.builtin.modinfo']) {
    const made = path.join(buildDir, file);
    if ((await host.files.stat(made)) !== undefined) await host.files.copy(made, path.join(moduleDir, file));
  }
  await host.files.writeAtomic(path.join(moduleDir, 'modules.order'), '');
}

/** Packs `lib/modules` of a folder; the same modules give the same bytes. */
export async function packModules(
  host: Host,
  root: string,
  tarPath: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const metadata = ['--sort=name', '--mtime=@0', '--owner=0', '--group=0', '--numeric-owner', '--mode=u=rwX,go=rX'];
  await host.processes.run(
    ['tar', '--create', `--file=${tarPath}`, `--directory=${root}`, ...metadata, 'lib'],
    signal === undefined ? {} : { signal },
  );
}

/**
 * Builds bzImage and modules of a configured kernel, out of tree, from an empty folder.
 *
 * The result is the same bit for bit on the same toolchain, with ccache and without, in any `buildDir`: time, user, host
 * and build number are fixed, and kbuild maps source paths away (`-fmacro-prefix-map`). ccache's `base_dir` must stay
 * unset: it rewrites the paths which that map expects.
 *
 * @throws Fault `build-failed` with the first compiler errors, `disk-full`, `missing-tool`, `interrupted`
 */
export async function buildKernel(host: Host, options: BuildOptions): Promise<BuiltKernel> {
  const { treeDir, buildDir, logPath } = options;
  const config = parseConfig(options.configText);
  const expected = options.expectedObjects ?? estimateObjects(countSymbols(config).builtIn);
  const startedSec = host.clock.monotonicSec();

  await host.files.remove(buildDir);
  await host.files.writeAtomic(path.join(buildDir, '.config'), options.configText);

  let objects = 0;
  const onLine = (line: string): void => {
    if (builtFile(line) !== undefined) objects += 1;
    options.onProgress?.(objects, Math.max(expected, objects), line);
  };
  const make = async (...targets: readonly string[]): Promise<RunResult> => {
    const gcc = options.compiler?.package ?? 'gcc';
    const called = options.ccacheDir === undefined ? gcc : `ccache ${gcc}`;
    // Set only when it must differ from kbuild's own default.
    const compiler = called === 'gcc' ? [] : [`CC=${called}`, ...(options.compiler?.makeVariables ?? [])];
    // An empty LOCALVERSION keeps setlocalversion from adding "+" when the tree lies inside a git checkout.
    const fixed: Argv = ['make', '-C', treeDir, `O=${buildDir}`, `-j${options.jobs}`, 'LOCALVERSION=', ...compiler];
    const result = await host.processes.run([...fixed, ...targets], {
      env: { ...REPRODUCIBLE, ...ccacheEnvironment(options.ccacheDir) },
      onLine,
      logPath,
      okExitCodes: [0, 1, 2],
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    });
    if (result.exitCode !== 0) throw buildFault(`${result.stderr}\n${result.stdout}`, result.exitCode, logPath);
    return result;
  };

  const hasModules = config.get('MODULES') === 'y';
  await make('bzImage', ...(hasModules ? ['modules'] : []));
  const release = (await host.files.readText(path.join(buildDir, 'include/config/kernel.release'))).trim();
  const modulesRoot = path.join(buildDir, 'drydock-modules');
  const moduleDir = path.join(modulesRoot, 'lib/modules', release);
  const modulesTarPath = path.join(buildDir, 'drydock-modules.tar');
  if (hasModules) {
    await make(`INSTALL_MOD_PATH=${modulesRoot}`, NO_DEPMOD, 'modules_install');
    // Links into the build and source folders of this machine, which the guest does not have.
    for (const link of ['build', 'source']) await host.files.remove(path.join(moduleDir, link));
  } else {
    await listBuiltIn(host, buildDir, moduleDir);
  }
  await packModules(host, modulesRoot, modulesTarPath, options.signal);

  return {
    release,
    bzImagePath: path.join(buildDir, 'arch/x86/boot/bzImage'),
    systemMapPath: path.join(buildDir, 'System.map'),
    configPath: path.join(buildDir, '.config'),
    modulesTarPath,
    durationMs: (host.clock.monotonicSec() - startedSec) * 1000,
    objects,
  };
}
