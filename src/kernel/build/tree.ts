import { createHash } from 'node:crypto';
import path from 'node:path';
import type { Argv, Host } from '../../host/host.ts';
import { jsonText } from '../../json/text.ts';

/**
 * Left out of an extracted tree: sources that an x86 build never reads. The Kconfig files of every architecture stay
 * (crypto/Kconfig sources arch/arm/crypto/Kconfig and its like), and so does `Documentation/Kconfig`.
 */
const NOT_FOR_X86 = [
  ...['alpha', 'arc', 'arm', 'arm64', 'csky', 'hexagon', 'ia64', 'loongarch', 'm68k', 'microblaze', 'mips', 'nios2'],
  ...['openrisc', 'parisc', 'powerpc', 'riscv', 's390', 'sh', 'sparc', 'um', 'xtensa'],
  // Architectures of older kernels.
  ...['avr32', 'blackfin', 'c6x', 'cris', 'frv', 'h8300', 'm32r', 'metag', 'mn10300', 'score', 'tile', 'unicore32'],
].flatMap((architecture) => ['*.[chS]', '*.dts', '*.dtsi'].map((files) => `*/arch/${architecture}/${files}`));

const EXCLUDED = [...NOT_FOR_X86, '*/Documentation/*/*', '*/tools/testing/*', '*/tools/perf/*'];

const COMPLETE = '.drydock-complete';

export type KernelOrigin =
  /** A kernel tarball with one top folder, compressed in any way tar knows. */
  | { readonly tarball: string }
  /** A kernel tree; it is copied, never touched. */
  | { readonly directory: string };

export type TreeOptions = KernelOrigin & {
  /** Digest of the tarball, or of the directory's content: names the tree. */
  readonly sha256: string;
  /** Unified diff for `patch -p1`. */
  readonly diff?: string;
  readonly workRoot: string;
  readonly onLine?: (line: string) => void;
  readonly signal?: AbortSignal;
};

async function unpackCommand(host: Host, options: TreeOptions, target: string): Promise<Argv> {
  if ('directory' in options) {
    // Without the history, which is many times the size of the tree.
    const entries = (await host.files.list(options.directory)).filter((entry) => entry !== '.git');
    const sources = entries.map((entry) => path.join(options.directory, entry));
    return ['cp', '--archive', '--reflink=auto', `--target-directory=${target}`, '--', ...sources];
  }
  const excludes = EXCLUDED.map((pattern) => `--exclude=${pattern}`);
  const unpacking = ['--extract', `--file=${options.tarball}`, `--directory=${target}`, '--strip-components=1'];
  return ['tar', ...unpacking, '--no-same-owner', '--wildcards', '--wildcards-match-slash', ...excludes];
}

/**
 * A kernel tree ready to configure: unpacked once per source and diff into `workRoot/tree-<digest>`, patched, and marked
 * complete last. A tree without the mark was interrupted; it is removed and unpacked again. The tree is shared by all builds
 * from it, so nothing builds inside (`make O=`). Two callers at once must be kept apart by the caller's lock.
 *
 * @throws Fault `command-failed` when the archive is damaged or the diff does not apply
 */
export async function prepareTree(host: Host, options: TreeOptions): Promise<{ readonly directory: string }> {
  const { workRoot, diff = '' } = options;
  const identity = createHash('sha256').update(jsonText([options.sha256, diff, EXCLUDED]));
  const directory = path.join(workRoot, `tree-${identity.digest('hex').slice(0, 12)}`);
  const mark = path.join(directory, COMPLETE);
  if ((await host.files.stat(mark)) !== undefined) return { directory };

  const running = {
    ...(options.onLine === undefined ? {} : { onLine: options.onLine }),
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  };
  await host.files.remove(directory);
  await host.files.makeDirectory(directory);
  await host.processes.run(await unpackCommand(host, options, directory), running);
  if ('directory' in options) {
    // A tree that was built in place makes `make O=` refuse to work.
    await host.processes.run(['make', '-C', directory, 'mrproper'], running);
  }
  if (diff !== '') {
    await host.processes.run(['patch', '-p1', '--batch', '--no-backup-if-mismatch', '--fuzz=0'], {
      ...running,
      cwd: directory,
      input: diff,
    });
  }
  await host.files.writeAtomic(mark, `${options.sha256}\n`);
  return { directory };
}
