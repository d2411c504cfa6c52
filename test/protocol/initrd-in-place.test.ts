import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Fault } from '../../src/host/fault.ts';
import { createHost } from '../../src/host/node-host.ts';
import { openInitrd } from '../../src/initrd/archive/archives.ts';
import { replaceInit } from '../../src/initrd/in-place.ts';
import { writeNewc } from '../../src/initrd/archive/newc.ts';
import type { CpioEntry } from '../../src/initrd/archive/newc.ts';

/** Initrds laid out as distributions make them, packed by the real gzip, zstd and xz. */
const host = createHost();
const text = (content: string): Uint8Array => new TextEncoder().encode(content);
const directory = (name: string): CpioEntry => ({ kind: 'directory', path: name, mode: 0o755 });
/** An entry with its content as text, which compares the same whatever class holds the bytes. */
function plain(entry: CpioEntry | undefined): unknown {
  return entry?.kind === 'file' ? { ...entry, content: Buffer.from(entry.content).toString('latin1') } : entry;
}
const MODULES = 'usr/lib/modules/6.1.0-x';

const MICROCODE = writeNewc([
  directory('kernel'),
  { kind: 'file', path: 'kernel/GenuineIntel.bin', mode: 0o644, content: text('microcode') },
]);

/** Merged /usr, BusyBox under several names by hard links, a device, a set-uid file: what must come through. */
const DEBIAN: readonly CpioEntry[] = [
  { kind: 'symlink', path: 'bin', target: 'usr/bin' },
  directory('dev'),
  { kind: 'character-device', path: 'dev/tty0', mode: 0o620, major: 4, minor: 0 },
  directory('etc'),
  { kind: 'file', path: 'init', mode: 0o755, content: text('the distribution’s') },
  { kind: 'symlink', path: 'lib', target: 'usr/lib' },
  directory('usr'),
  directory('usr/bin'),
  { kind: 'file', path: 'usr/bin/busybox', mode: 0o755, content: text('theirs'), link: 1 },
  { kind: 'file', path: 'usr/bin/sh', mode: 0o755, content: text('theirs'), link: 1 },
  { kind: 'file', path: 'usr/bin/wget', mode: 0o755, content: text('theirs'), link: 1 },
  { kind: 'file', path: 'usr/bin/ping', mode: 0o755, content: text('theirs'), link: 1 },
  { kind: 'file', path: 'usr/bin/su', mode: 0o4755, content: text('su') },
  ...['usr/lib', 'usr/lib/modules', MODULES, `${MODULES}/kernel`].map(directory),
  { kind: 'file', path: `${MODULES}/kernel/ext4.ko`, mode: 0o644, content: text('ext4') },
  { kind: 'file', path: `${MODULES}/kernel/virtio_blk.ko`, mode: 0o644, content: text('virtio_blk') },
];

describe('an initrd with its init replaced in place', () => {
  let folder: string;
  let turn = 0;
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'drydock-in-place-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  const scratch = async (): Promise<string> => {
    turn += 1;
    const made = path.join(folder, String(turn));
    await mkdir(made);
    return made;
  };

  async function packed(program: 'zstd' | 'xz', content: Uint8Array): Promise<Uint8Array> {
    const file = path.join(await scratch(), 'main');
    await writeFile(file, content);
    await host.processes.run([program, ...(program === 'xz' ? ['--check=crc32'] : ['-q']), file]);
    return readFile(`${file}.${program === 'xz' ? 'xz' : 'zst'}`);
  }

  async function replaced(initrd: Uint8Array, order: readonly string[] = ['kernel/virtio_blk.ko', 'kernel/ext4.ko']) {
    const workDir = await scratch();
    const [initrdPath, outputPath] = [path.join(workDir, 'stock'), path.join(workDir, 'replaced')];
    await writeFile(initrdPath, initrd);
    const modules = { release: '6.1.0-x', order };
    await replaceInit(host, { initrdPath, busyboxPath: '/bin/busybox', modules, workDir, outputPath });
    const bytes = await readFile(outputPath);
    const opened = await openInitrd(host, bytes, workDir);
    return { bytes, ...opened, entry: (name: string) => plain(opened.entries.find((one) => one.path === name)) };
  }

  const stock = (): Uint8Array => Buffer.concat([MICROCODE, gzipSync(writeNewc(DEBIAN))]);

  test('has drydock’s linuxrc as its init, and every name the applets need where its shell looks for them', async () => {
    const { entry } = await replaced(stock());
    const content = await readFile('src/initrd/linuxrc.sh', 'latin1');
    expect(entry('init')).toEqual({ kind: 'file', path: 'init', mode: 0o755, content });
    expect(entry('linuxrc')).toEqual({ kind: 'symlink', path: 'linuxrc', target: 'init' });
    const busybox = await readFile('/bin/busybox', 'latin1');
    expect(entry('usr/bin/busybox')).toEqual({ kind: 'file', path: 'usr/bin/busybox', mode: 0o755, content: busybox });
    expect(entry('usr/bin/sh')).toEqual({ kind: 'symlink', path: 'usr/bin/sh', target: 'busybox' });
    expect(entry('bin')).toEqual({ kind: 'symlink', path: 'bin', target: 'usr/bin' });
    expect(entry('bin/sh')).toBeUndefined();
    expect(entry('newroot')).toMatchObject({ kind: 'directory' });
    expect(entry('dev/console')).toMatchObject({ kind: 'character-device', major: 5, minor: 1 });
  });

  test('lists its own modules in load order for the linuxrc', async () => {
    const { entry } = await replaced(stock());
    expect(entry('etc/modules-load')).toMatchObject({
      content: '/lib/modules/6.1.0-x/kernel/virtio_blk.ko\n/lib/modules/6.1.0-x/kernel/ext4.ko\n',
    });
  });

  test('keeps all else as it was: microcode to the byte, devices, modes, and hard links among what is left of them', async () => {
    const { early, entries, entry } = await replaced(stock());
    expect(Buffer.from(early).equals(MICROCODE)).toBe(true);
    const own = new Set(['init', 'usr/bin/busybox', 'usr/bin/sh', 'usr/bin/wget', 'usr/bin/ping']);
    for (const one of DEBIAN) if (!own.has(one.path)) expect(entry(one.path)).toEqual(plain(one));
    const kept = entries.filter((one) => ['usr/bin/wget', 'usr/bin/ping'].includes(one.path));
    const links = kept.map((one) => (one.kind === 'file' ? one.link : undefined));
    expect(kept.map(plain)).toMatchObject([{ content: 'theirs' }, { content: 'theirs' }]);
    expect(links[0]).toBeDefined();
    expect(links[1]).toBe(links[0]);
    expect(new Set(entries.map((one) => one.path)).size).toBe(entries.length);
  });

  test('is the same to the byte every time', async () => {
    const [one, other] = [await replaced(stock()), await replaced(stock())];
    expect(other.bytes.equals(one.bytes)).toBe(true);
  });

  test.each([
    ['zstd', 'zstd'],
    ['xz', 'xz'],
  ] as const)('comes under %s out of one under %s', async (program, compression) => {
    const result = await replaced(Buffer.concat([MICROCODE, await packed(program, writeNewc(DEBIAN))]));
    expect(result.compression).toBe(compression);
    expect(result.entry('init')).toMatchObject({ kind: 'file' });
    expect(Buffer.from(result.early).equals(MICROCODE)).toBe(true);
  });

  test.each(['zstd', 'xz', 'gzip'] as const)(
    'comes out of one under %s that is padded, whatever its length',
    async (form) => {
      // Contents of several lengths, so that streams end at every distance from a multiple of four.
      for (const length of [0, 1, 2, 3, 40, 41, 42, 43]) {
        const extra: CpioEntry = { kind: 'file', path: 'etc/extra', mode: 0o644, content: randomBytes(length) };
        const archive = writeNewc([...DEBIAN, extra]);
        const stream = form === 'gzip' ? gzipSync(archive) : await packed(form, archive);
        const workDir = await scratch();
        const opened = await openInitrd(host, Buffer.concat([MICROCODE, stream, new Uint8Array(8)]), workDir);
        expect(opened.compression).toBe(form);
        expect(opened.entries.map(plain)).toContainEqual(plain(extra));
      }
    },
  );

  test('ends where its last archive does', async () => {
    const { bytes, early } = await replaced(Buffer.concat([MICROCODE, await packed('zstd', writeNewc(DEBIAN))]));
    const file = path.join(await scratch(), 'main.zst');
    await writeFile(file, bytes.subarray(early.length));
    await host.processes.run(['zstd', '--test', '--quiet', file]);
  });

  test('comes without compression out of one without, and a last archive lies over the ones before it', async () => {
    const one = await replaced(Buffer.concat([MICROCODE, writeNewc(DEBIAN)]));
    expect(one.compression).toBe('none');
    expect(Buffer.from(one.early).equals(MICROCODE)).toBe(true);
    const over = writeNewc([{ kind: 'file', path: 'usr/bin/su', mode: 0o755, content: text('newer') }]);
    const two = await replaced(gzipSync(Buffer.concat([writeNewc(DEBIAN), over])));
    expect(two.entry('usr/bin/su')).toEqual({ kind: 'file', path: 'usr/bin/su', mode: 0o755, content: 'newer' });
  });

  test('has modules without the compression that insmod cannot read', async () => {
    const file = `${MODULES}/kernel/ext4.ko`;
    const compressed: CpioEntry = {
      kind: 'file',
      path: `${file}.xz`,
      mode: 0o644,
      content: await packed('xz', text('ext4 of another kernel')),
    };
    const dracut = DEBIAN.map((one) => (one.path === file ? compressed : one));
    const { entry } = await replaced(gzipSync(writeNewc(dracut)));
    expect(entry(file)).toEqual({ kind: 'file', path: file, mode: 0o644, content: 'ext4 of another kernel' });
    expect(entry(`${file}.xz`)).toBeUndefined();
  });

  test('takes the place of an init that was a link, as dracut’s is', async () => {
    const dracut = DEBIAN.map((one): CpioEntry =>
      one.path === 'init' ? { kind: 'symlink', path: 'init', target: 'usr/bin/systemd' } : one,
    );
    const { entry } = await replaced(gzipSync(writeNewc(dracut)));
    expect(entry('init')).toMatchObject({ kind: 'file' });
    expect(entry('usr/bin/systemd')).toBeUndefined();
  });

  const failure = async (work: Promise<unknown>) => {
    const error: unknown = await work.catch((reason: unknown) => reason);
    if (error instanceof Fault) return error.failure;
    throw new Error(`no Fault but ${String(error)}`);
  };

  test('is refused where modules that the root needs are not in it, by their names', async () => {
    const { kind, headline } = await failure(replaced(stock(), ['kernel/virtio_blk.ko', 'kernel/xfs.ko']));
    expect(kind).toBe('profile');
    expect(headline).toContain('kernel/xfs.ko');
    expect(headline).not.toContain('virtio_blk');
  });

  test.each([
    ['a compression that is not known', (): Uint8Array => Buffer.from('BZh91AY&SY'), 'something unknown (425a6839)'],
    ['a zstd stream that breaks off', (): Uint8Array => Buffer.from('28b52ffd0458410000', 'hex'), 'breaks off'],
    ['a gzip stream that breaks off', (): Uint8Array => gzipSync(writeNewc(DEBIAN)).subarray(0, 300), 'gzip says'],
    [
      'an archive behind a gzip stream, which the kernel would unpack too',
      (): Uint8Array => Buffer.concat([gzipSync(writeNewc(DEBIAN)), Buffer.alloc(8), writeNewc(DEBIAN)]),
      'something follows',
    ],
    ['an archive that breaks off', (): Uint8Array => writeNewc(DEBIAN).subarray(0, 1000), 'byte'],
  ])('is refused for %s', async (_what, initrd, words) => {
    const { kind, headline } = await failure(replaced(initrd()));
    expect(kind).toBe('unavailable');
    expect(headline).toContain(words);
  });
});
