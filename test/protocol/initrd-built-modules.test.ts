import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createHost } from '../../src/host/node-host.ts';
import { modulesOfBuild } from '../../src/initrd/built-modules.ts';

const run = promisify(execFile);
const host = createHost();
const RELEASE = '4.10.11-thesis-after';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'drydock-built-modules-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

/**
 * As much of a module as depmod reads (kmod, libkmod-elf.c): what it exports stands in __ksymtab_strings, what it needs is
 * undefined, and .modinfo asks for soft dependencies.
 */
const PARTS: Readonly<Record<string, string>> = {
  'fs/xfs/xfs.ko': `
    int checksum(void);
    int init_module(void) { return checksum(); }
    const char info[] __attribute__((section(".modinfo"), used)) = "softdep=pre: crypto-crc32c";`,
  'lib/libcrc32c.ko': `
    int checksum(void) { return 0; }
    const char exported[] __attribute__((section("__ksymtab_strings"), used)) = "checksum";`,
  'crypto/crc32c_generic.ko': `
    int init_module(void) { return 0; }
    const char info[] __attribute__((section(".modinfo"), used)) = "alias=crypto-crc32c";`,
};

/** What the build packs: modules of a real compiler, without depmod's lists. */
async function buildTar(): Promise<string> {
  const modules = path.join(folder, 'lib/modules', RELEASE);
  for (const [name, code] of Object.entries(PARTS)) {
    const file = path.join(modules, 'kernel', name);
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(`${file}.c`, code);
    await run('gcc', ['-c', '-x', 'c', '-o', file, `${file}.c`]);
    await rm(`${file}.c`);
  }
  await writeFile(path.join(modules, 'modules.order'), '');
  await writeFile(path.join(modules, 'modules.builtin'), 'kernel/drivers/block/virtio_blk.ko\n');
  const tar = path.join(folder, 'modules.tar');
  await run('tar', ['-cf', tar, '-C', folder, 'lib']);
  return tar;
}

async function taken(wanted: readonly string[]) {
  const directory = path.join(folder, 'unpacked');
  await mkdir(directory);
  return modulesOfBuild(host, { tar: await buildTar(), wanted, release: RELEASE, directory });
}

describe('the modules of a kernel built here', () => {
  test('come with what they need, soft dependencies too, in load order; what is built in is left out', async () => {
    const { release, files } = await taken(['virtio_blk', 'xfs']);
    expect(release).toBe(RELEASE);
    expect(files.map(({ name }) => name)).toEqual([
      'kernel/crypto/crc32c_generic.ko',
      'kernel/lib/libcrc32c.ko',
      'kernel/fs/xfs/xfs.ko',
    ]);
    for (const { path: file } of files) expect((await host.files.stat(file))?.kind).toBe('file');
  });

  test('that it does not have end the run with their names', async () => {
    await expect(taken(['ext4', 'xfs'])).rejects.toMatchObject({
      failure: {
        kind: 'kernel-config',
        headline: `${RELEASE} cannot reach its root: The kernel has no module ext4, neither built in nor as a file`,
      },
    });
  });
});
