import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { folders } from '../../src/cli/locations.ts';
import { Fault } from '../../src/host/fault.ts';
import { createHost } from '../../src/host/node-host.ts';
import { initrdEntries } from '../../src/initrd/busybox-initrd.ts';
import { writeExt2Image } from '../../src/initrd/archive/ext2-image.ts';
import type { CpioEntry } from '../../src/initrd/archive/newc.ts';
import { buildOldInitrd } from '../../src/initrd/old-initrd.ts';
import { initrdImage } from '../../src/stages/initrd/initrd-image.ts';
import { openStore } from '../../src/store/store.ts';

/** Real e2fsprogs: what drydock writes is read back and checked by the programs that everybody has. */
const host = createHost();
const BUSYBOX = '/bin/busybox';

describe('the file system of an old-style initrd', () => {
  let folder: string;
  let turn = 0;

  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'drydock-ext2-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  async function imageOf(entries: readonly CpioEntry[]): Promise<{ file: string; sizeKb: number }> {
    turn += 1;
    const workDir = path.join(folder, `work-${String(turn)}`);
    await mkdir(workDir);
    const file = path.join(folder, `image-${String(turn)}`);
    const { sizeKb } = await writeExt2Image(host, { entries, workDir, outputPath: file });
    return { file, sizeKb };
  }
  const debugfs = async (file: string, request: string): Promise<string> =>
    (await host.processes.run(['debugfs', '-R', request, file])).stdout;

  test('holds types, modes, devices, links and contents as they were given, all of them nobody’s and of no time', async () => {
    const content = Buffer.alloc(700_001, 'drydock');
    const { file } = await imageOf([
      { kind: 'directory', path: 'dev', mode: 0o755 },
      { kind: 'character-device', path: 'dev/console', mode: 0o600, major: 5, minor: 1 },
      { kind: 'block-device', path: 'dev/vda', mode: 0o660, major: 254, minor: 16 },
      { kind: 'file', path: 'linuxrc', mode: 0o755, content },
      { kind: 'symlink', path: 'init', target: 'linuxrc' },
      { kind: 'directory', path: 'a', mode: 0o700 },
      { kind: 'directory', path: 'a/b', mode: 0o555 },
      { kind: 'file', path: 'a/b/c-d.ko', mode: 0o644, content: new Uint8Array(0) },
    ]);
    const rows = (text: string): string[] =>
      text
        .split('\n')
        .map(
          (line) => /^ *\d+ +(\d+) \(\d\) +(\d+) +(\d+) +.*1970.* (\S+)$/.exec(line.trim())?.slice(1).join(' ') ?? '',
        )
        .filter((row) => row !== '');
    expect(rows(await debugfs(file, 'ls -l /'))).toEqual([
      '40755 0 0 .',
      '40755 0 0 ..',
      '40700 0 0 lost+found',
      '40755 0 0 dev',
      '100755 0 0 linuxrc',
      '120777 0 0 init',
      '40700 0 0 a',
    ]);
    expect(rows(await debugfs(file, 'ls -l /dev')).slice(2)).toEqual(['20600 0 0 console', '60660 0 0 vda']);
    expect(rows(await debugfs(file, 'ls -l /a/b')).slice(2)).toEqual(['100644 0 0 c-d.ko']);
    expect(await debugfs(file, 'stat /dev/vda')).toContain('Device major/minor number: 254:16');
    expect(await debugfs(file, 'stat /init')).toContain('Fast link dest: "linuxrc"');
    const back = path.join(folder, 'back');
    await debugfs(file, `dump /linuxrc ${back}`);
    expect((await readFile(back)).equals(content)).toBe(true);
  });

  test('is whole in the eyes of e2fsck, and no larger than it needs to be', async () => {
    const { file, sizeKb } = await imageOf(await initrdEntries(host, { busyboxPath: BUSYBOX }));
    await host.processes.run(['e2fsck', '-f', '-n', file]);
    expect((await stat(file)).size).toBe(sizeKb * 1024);
    const busyboxKb = (await stat(BUSYBOX)).size / 1024;
    expect(sizeKb).toBeGreaterThan(busyboxKb);
    expect(sizeKb).toBeLessThan(busyboxKb * 1.1 + 100);
  });

  test('refuses a name that debugfs would take for something else', async () => {
    await expect(imageOf([{ kind: 'directory', path: 'two words', mode: 0o755 }])).rejects.toThrow(RangeError);
  });

  test('is not called made where debugfs complains', async () => {
    const orphan: CpioEntry = { kind: 'file', path: 'nowhere/a', mode: 0o644, content: new Uint8Array(3) };
    const error: unknown = await imageOf([orphan]).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(Fault);
    expect(error instanceof Fault ? error.failure.headline : '').toContain('/nowhere');
  });
});

describe('drydock’s initrd in the old style', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'drydock-old-initrd-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  async function build(name: string) {
    const workDir = path.join(folder, name);
    await mkdir(workDir);
    const outputPath = path.join(folder, `${name}.gz`);
    const module = path.join(folder, 'virtio_blk.ko');
    await writeFile(module, 'a module');
    const made = await buildOldInitrd(host, {
      busyboxPath: BUSYBOX,
      workDir,
      outputPath,
      modules: { release: '6.1.0-x', files: [{ name: 'kernel/drivers/block/virtio_blk.ko', path: module }] },
    });
    return { ...made, bytes: await readFile(outputPath), outputPath };
  }

  test('is the same to the byte wherever and whenever it is made', async () => {
    const [one, other] = [await build('one'), await build('another-folder')];
    const digest = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');
    expect(digest(other.bytes)).toBe(digest(one.bytes));
  });

  test('is an ext2 image under gzip, with the very linuxrc of the cpio, its modules and their list', async () => {
    const { bytes, ramDiskKb } = await build('content');
    const image = gunzipSync(bytes);
    expect(image.length).toBe(ramDiskKb * 1024);
    // The superblock begins at 1024 and has its magic at 56 (fs/ext2/ext2.h); the kernel looks for it there.
    expect(image.readUInt16LE(1024 + 56)).toBe(0xef53);
    const file = path.join(folder, 'content.ext2');
    await writeFile(file, image);
    const cat = async (name: string): Promise<string> =>
      (await host.processes.run(['debugfs', '-R', `cat ${name}`, file])).stdout;
    expect(await cat('/init')).toBe(await readFile('src/initrd/linuxrc.sh', 'utf8'));
    expect(await cat('/etc/modules-load')).toBe('/lib/modules/6.1.0-x/kernel/drivers/block/virtio_blk.ko\n');
    expect(await cat('/lib/modules/6.1.0-x/kernel/drivers/block/virtio_blk.ko')).toBe('a module');
  });
});

describe('the stage that makes it', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'drydock-initrd-image-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  const FRAGMENT = 'pipelines/kconfig/old-initrd.config';

  async function made(name: string, release: string, configText: string, moduleBytes?: number) {
    const store = openStore(host, path.join(folder, 'cache'));
    const workDir = await host.files.makeTempDirectory(store.workDir(), name);
    const tree = path.join(folder, name);
    await mkdir(tree);
    await writeFile(path.join(tree, 'large.ko'), new Uint8Array(moduleBytes ?? 0));
    const { stdout } = await host.processes.run(['tar', '--create', '--directory', tree, 'large.ko']);
    const modules = { tar: await store.put(stdout), order: ['large.ko'], release };
    const output = await initrdImage.run(
      {
        busybox: await store.put(await readFile(BUSYBOX)),
        modules: moduleBytes === undefined ? null : modules,
        scripts: '',
        e2fsprogs: '',
        kernel: { release, config: await store.put(configText) },
      },
      {
        host,
        store,
        folders,
        workDir,
        signal: new AbortController().signal,
        logPath: path.join(workDir, 'log'),
        progress: () => undefined,
        finding: () => undefined,
      },
    );
    return { ...output, bytes: await readFile(await store.use(output.initrd)) };
  }

  test('tells the kernel nothing where the image fits its RAM disk, and the size where it does not', async () => {
    const config = await readFile(FRAGMENT, 'utf8');
    expect((await made('fits', '6.1.0-x', config)).parameters).toEqual([]);
    const large = await made('large', '6.1.0-x', config, 3 << 20);
    const sizeKb = gunzipSync(large.bytes).length / 1024;
    expect(sizeKb).toBeGreaterThan(4096);
    expect(large.parameters).toEqual([`ramdisk_size=${String(sizeKb)}`]);
    const roomy = config.replace('BLK_DEV_RAM_SIZE=4096', 'BLK_DEV_RAM_SIZE=16384');
    expect((await made('roomy', '6.1.0-x', roomy, 3 << 20)).parameters).toEqual([]);
  });

  test('refuses the kernel before it packs anything: one without a RAM disk, and one that is too new', async () => {
    const config = await readFile(FRAGMENT, 'utf8');
    const debian = config.replace('CONFIG_BLK_DEV_RAM=y', 'CONFIG_BLK_DEV_RAM=m');
    await expect(made('debian', '6.1.0-53-amd64', debian)).rejects.toThrow(
      /The kernel 6\.1\.0-53-amd64 cannot boot an initrd in the old style/,
    );
    await expect(made('newer', '7.1.0-x', config)).rejects.toThrow(/since 7\.0/);
  });
});
