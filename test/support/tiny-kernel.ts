import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { cacheRoot, folders } from '../../src/cli/locations.ts';
import type { Host } from '../../src/host/host.ts';
import { buildKernel } from '../../src/kernel/build/build.ts';
import { configureKernel, rejectionFault } from '../../src/kernel/config/configure.ts';
import { proveCompiledIn } from '../../src/kernel/patch/patch-proof.ts';
import { prepareRun } from '../../src/pipeline/plan/prepare.ts';
import { kernelTree } from '../../src/stages/shared/kernel-tree.ts';
import type { TreeInput } from '../../src/stages/shared/kernel-tree.ts';
import type { StageContext } from '../../src/stages/stage.ts';
import { openStore } from '../../src/store/store.ts';

/** A guest of one processor with a disk and a serial port, which can power off: little more than tinyconfig. */
const TINY: Readonly<Record<string, string>> = {
  '64BIT': 'y',
  ACPI: 'y',
  PCI: 'y',
  PCI_MSI: 'y',
  VIRTIO_MENU: 'y',
  VIRTIO_PCI: 'y',
  VIRTIO_BLK: 'y',
  DEVTMPFS_MOUNT: 'y',
  POSIX_TIMERS: 'y',
  KERNEL_ZSTD: 'y',
};

export interface TinyKernel {
  readonly bzImagePath: string;
  readonly configText: string;
  readonly release: string;
  /** What shows that the RTC patch is in the machine code. */
  readonly patchProof: readonly string[];
}

/**
 * Builds a kernel in a minute or two, through drydock's own parts: docker-min's source with its patch, from the cache where
 * they are, its own few symbols, and `fragments` of pipelines/kconfig/.
 *
 * @param scratch folder to build in
 */
export async function buildTinyKernel(host: Host, fragments: readonly string[], scratch: string): Promise<TinyKernel> {
  const store = openStore(host, cacheRoot(undefined));
  const signal = new AbortController().signal;
  const tree = await dockerMinTree(host, store, scratch);
  const context: StageContext = {
    host,
    store,
    signal,
    folders,
    workDir: scratch,
    logPath: path.join(scratch, 'tree.log'),
    progress: () => undefined,
    finding: () => undefined,
  };
  const treeDir = await kernelTree(tree, context);
  const buildDir = path.join(scratch, 'build');
  const texts = fragments.map(async (name) => ({
    name,
    text: await readFile(path.join(folders.pipelines, 'kconfig', `${name}.config`), 'utf8'),
  }));
  const { configText, rejections } = await configureKernel(host, {
    treeDir,
    buildDir,
    base: 'tinyconfig',
    symbols: TINY,
    localVersion: '-drydock-tiny',
    fragments: await Promise.all(texts),
  });
  if (rejections.length > 0) throw rejectionFault(rejections);
  const { bzImagePath, release } = await buildKernel(host, {
    treeDir,
    buildDir,
    configText,
    jobs: host.system.cpuCount,
    ccacheDir: path.join(store.root, 'ccache'),
    logPath: path.join(scratch, 'make.log'),
  });
  return { bzImagePath, configText, release, patchProof: await proveCompiledIn(host, { treeDir, buildDir }) };
}

/** The source and the patch of docker-min's kernel, obtained by the steps of its own plan. */
async function dockerMinTree(
  host: Host,
  store: ReturnType<typeof openStore>,
  runDirectory: string,
): Promise<TreeInput> {
  const profilePath = path.join(folders.pipelines, 'docker-min.yaml');
  const { plan } = await prepareRun({
    host,
    folders,
    request: {
      profilePath,
      profileText: await host.files.readText(profilePath),
      guest: 'debian-12-minimal',
      accelerator: 'auto',
      boots: 1,
      install: true,
      refresh: '',
    },
  });
  const runtime = { host, store, folders, runDirectory, signal: new AbortController().signal, emit: () => undefined };
  const wanted = new Set(['preflight', 'image', 'source:docker-min', 'patch:docker-min']);
  for (const step of plan.steps) if (wanted.has(step.id)) await step.run(runtime);
  const tree = plan.arms.find(({ name }) => name === 'docker-min')?.tree();
  if (tree === undefined) throw new Error('docker-min builds no kernel');
  return tree;
}
