import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createHost } from '../../src/host/node-host.ts';
import { buildKernel } from '../../src/kernel/build/build.ts';
import type { BuildOptions } from '../../src/kernel/build/build.ts';
import { configureKernel, rejectionFault } from '../../src/kernel/config/configure.ts';
import { parseConfig } from '../../src/kernel/config/config.ts';
import { prepareTree } from '../../src/kernel/build/tree.ts';

// The real make on a tree whose Makefile answers as a kernel's would; the pipeline's own run builds real ones.
const TREE = fileURLToPath(new URL('../fixtures/kernel/tree', import.meta.url));

const host = createHost();
let scratch: string;

beforeAll(async () => {
  scratch = await mkdtemp(path.join(tmpdir(), 'drydock-kernel-'));
});

afterAll(async () => {
  await rm(scratch, { recursive: true, force: true });
});

function folder(name: string): string {
  return path.join(scratch, name);
}

describe('configuring', () => {
  const fragment = (text: string) => [{ name: 'docker.config', text }];

  test('takes a fragment over the base, and keeps what the base alone asks', async () => {
    const configured = await configureKernel(host, {
      treeDir: TREE,
      buildDir: folder('tiny'),
      base: 'tinyconfig',
      fragments: fragment('CONFIG_NET=y\nCONFIG_VETH=m\nCONFIG_KERNEL_GZIP=y\n'),
      localVersion: '-drydock-test',
    });
    expect(configured.rejections).toEqual([]);
    expect(Object.fromEntries(parseConfig(configured.configText))).toEqual({
      KERNEL_XZ: 'y',
      KERNEL_GZIP: 'y',
      NET: 'y',
      VETH: 'm',
      LOCALVERSION: '"-drydock-test"',
    });
    expect([configured.builtIn, configured.modules]).toEqual([3, 1]);
  });

  test('adds to a defconfig, and lets the profile override a fragment', async () => {
    const configured = await configureKernel(host, {
      treeDir: TREE,
      buildDir: folder('defconfig'),
      base: 'defconfig',
      fragments: fragment('CONFIG_USB=y\nCONFIG_VETH=y\n'),
      symbols: { USB: 'n' },
    });
    expect(configured.rejections).toEqual([]);
    expect(Object.fromEntries(parseConfig(configured.configText))).toEqual({ NET: 'y', USB: 'n', VETH: 'y' });
  });

  test('takes away from a distribution’s configuration, and says how much is left of it', async () => {
    const configured = await configureKernel(host, {
      treeDir: TREE,
      buildDir: folder('distribution'),
      base: 'distribution',
      distributionConfig: '# Linux/x86 3.10\nCONFIG_NET=y\nCONFIG_USB=y\nCONFIG_VETH=m\nCONFIG_OF_ANOTHER_RELEASE=y\n',
      fragments: fragment('# CONFIG_USB is not set\nCONFIG_VIRTIO_BLK=m\n'),
    });
    expect(configured.rejections).toEqual([]);
    expect(Object.fromEntries(parseConfig(configured.configText))).toMatchObject({
      NET: 'y',
      USB: 'n',
      VETH: 'm',
      VIRTIO_BLK: 'm',
    });
    expect(configured.findings.map((finding) => finding.message)).toEqual([
      "Of 4 symbols that the distribution's configuration has on, 1 are off here (1 by name, the others with them) and 1 do not exist in this kernel",
    ]);
  });

  test('names who selects what was to be taken away, and that this is what to take away as well', async () => {
    const selecting = folder('selecting-tree');
    await cp(TREE, selecting, { recursive: true });
    const kconfig = await readFile(path.join(selecting, 'Kconfig'), 'utf8');
    await writeFile(path.join(selecting, 'Kconfig'), `${kconfig}\nconfig WLAN\n\tbool "Drivers"\n\tselect USB\n`);
    const makefile = await readFile(path.join(selecting, 'Makefile'), 'utf8');
    const select =
      "\t! grep -q '^CONFIG_WLAN=y' $(BUILD)/.config || sed -i 's/^# CONFIG_USB is.*/CONFIG_USB=y/' $(BUILD)/.config\n";
    await writeFile(path.join(selecting, 'Makefile'), makefile.replace('\nbzImage:\n', `${select}\nbzImage:\n`));
    const options = {
      treeDir: selecting,
      buildDir: folder('selecting'),
      base: 'distribution' as const,
      distributionConfig: 'CONFIG_NET=y\nCONFIG_USB=y\nCONFIG_WLAN=y\n',
    };
    const off = '# CONFIG_USB is not set\n';
    const { failure } = rejectionFault(
      (await configureKernel(host, { ...options, fragments: fragment(off) })).rejections,
    );
    expect(failure.detail).toEqual(['docker.config:1: CONFIG_USB requested as n, is y: selected by WLAN']);
    expect(failure.hint).toBe('Switch off what selects them, too, or leave them on.');
    const both = await configureKernel(host, { ...options, fragments: fragment(`${off}# CONFIG_WLAN is not set\n`) });
    expect(both.rejections).toEqual([]);
  });

  test('reports what did not survive with its place, the reason and the nearest name', async () => {
    const configured = await configureKernel(host, {
      treeDir: TREE,
      buildDir: folder('rejected'),
      base: 'allnoconfig',
      fragments: fragment('CONFIG_VIRTIO_BLKK=y\nCONFIG_VETH=y\n# CONFIG_SELINUX is not set\n'),
    });
    const fault = rejectionFault(configured.rejections);
    expect(fault.failure.kind).toBe('kernel-config');
    expect(fault.failure.detail).toEqual([
      'docker.config:1: CONFIG_VIRTIO_BLKK requested as y, is n: no such symbol in this kernel; did you mean CONFIG_VIRTIO_BLK?',
      'docker.config:2: CONFIG_VETH requested as y, is n: unmet: `NET` (NET is off) at Kconfig:8',
    ]);
    expect(configured.findings.map((finding) => finding.message)).toEqual([
      'CONFIG_SELINUX is to be off at docker.config:3, and does not exist in this kernel',
    ]);
  });

  test('asks an older kernel for what it has, by the names it has there, and says so', async () => {
    const old = folder('old-tree');
    await cp(TREE, old, { recursive: true });
    const makefile = await readFile(path.join(old, 'Makefile'), 'utf8');
    await writeFile(path.join(old, 'Makefile'), `VERSION = 4\nPATCHLEVEL = 9\n${makefile}`);
    const kconfig = await readFile(path.join(old, 'Kconfig'), 'utf8');
    await writeFile(path.join(old, 'Kconfig'), `${kconfig}\nconfig AUTOFS4_FS\n\ttristate "Automounter"\n`);
    const configured = await configureKernel(host, {
      treeDir: old,
      buildDir: folder('old'),
      base: 'allnoconfig',
      fragments: fragment('CONFIG_NET=y\nCONFIG_AUTOFS_FS=y\nCONFIG_CGROUP_BPF=y\nCONFIG_POSIX_TIMERS=y\n'),
    });
    expect(Object.fromEntries(parseConfig(configured.configText))).toMatchObject({ NET: 'y', AUTOFS4_FS: 'y' });
    expect(configured.configText).not.toContain('CGROUP_BPF');
    expect(configured.always).toEqual(['POSIX_TIMERS']);
    expect(configured.findings.map((finding) => finding.message.split(': ')[1])).toEqual([
      'Linux 4.9 calls it CONFIG_AUTOFS4_FS',
      'Linux 4.9 does not have it yet (it came with 4.10); left out',
      'Linux 4.9 always does this; left out',
    ]);
  });

  test('refuses fragments that contradict each other before it runs anything', async () => {
    const fragments = [...fragment('CONFIG_NET=y\n'), { name: 'other.config', text: '# CONFIG_NET is not set\n' }];
    const options = { treeDir: TREE, buildDir: folder('conflict'), base: 'tinyconfig' as const, fragments };
    await expect(configureKernel(host, options)).rejects.toMatchObject({
      failure: {
        kind: 'kernel-config',
        detail: ['CONFIG_NET=y at docker.config:1, but # CONFIG_NET is not set at other.config:1'],
      },
    });
  });
});

describe('building', () => {
  function options(name: string, configText: string): BuildOptions {
    return { treeDir: TREE, buildDir: folder(name), configText, jobs: 2, logPath: folder(`${name}.log`) };
  }

  test('starts from an empty folder, fixes what would differ between builds, and counts what it makes', async () => {
    await cp(TREE, folder('built'), { recursive: true });
    await writeFile(path.join(folder('built'), 'stale'), '');
    const seen: number[] = [];
    const built = await buildKernel(host, {
      ...options('built', 'CONFIG_NET=y\n'),
      onProgress: (done, expected) => seen.push(done / expected),
    });
    expect(built.release).toBe('6.1.0-fake');
    expect(built.objects).toBe(3);
    expect(seen).toEqual([...seen].sort((one, other) => one - other));
    expect(Math.max(...seen)).toBeLessThanOrEqual(1);
    const image = await readFile(built.bzImagePath, 'utf8');
    expect(image).toContain('drydock@drydock #1 Thu Jan  1 00:00:00 UTC 1970');
    expect(image).toContain('LOCALVERSION is from command line');
    expect(await readFile(folder('built.log'), 'utf8')).toContain('  LD      vmlinux');
  });

  test('goes through ccache when it is given a folder for it', async () => {
    const built = await buildKernel(host, { ...options('cached', 'CONFIG_NET=y\n'), ccacheDir: folder('ccache') });
    expect(await readFile(built.bzImagePath, 'utf8')).toContain(`ccache gcc ${folder('ccache')}`);
  });

  test('with an older compiler calls that one, through ccache too, and tells make what it needs', async () => {
    const compiler = { package: 'gcc-11', makeVariables: ['HOSTCFLAGS=-fcommon', 'KCFLAGS=-fno-pie'] };
    const direct = await buildKernel(host, { ...options('period', 'CONFIG_NET=y\n'), compiler });
    expect(await readFile(direct.bzImagePath, 'utf8')).toMatch(/ gcc-11 +LOCALVERSION.* -fcommon -fno-pie$/m);
    const ccacheDir = folder('period-ccache');
    const cached = await buildKernel(host, { ...options('period-cached', 'CONFIG_NET=y\n'), compiler, ccacheDir });
    expect(await readFile(cached.bzImagePath, 'utf8')).toContain(`ccache gcc-11 ${ccacheDir}`);
  });

  test('packs modules the same way each time, without links into this machine', async () => {
    const digests: string[] = [];
    for (const name of ['modules-a', 'modules-b']) {
      const built = await buildKernel(host, options(name, 'CONFIG_MODULES=y\n'));
      const listing = await host.processes.run(['tar', '--list', '--file', built.modulesTarPath]);
      expect(listing.stdout.split('\n')).toContain('lib/modules/6.1.0-fake/modules.builtin');
      expect(listing.stdout).not.toContain('6.1.0-fake/build');
      expect(listing.stdout).not.toContain('6.1.0-fake/source');
      digests.push(await host.files.sha256(built.modulesTarPath));
    }
    expect(digests[0]).toBe(digests[1]);
  });

  test('without loadable modules still packs the list of what is built in', async () => {
    const built = await buildKernel(host, options('no-modules', 'CONFIG_NET=y\n'));
    const argv = ['tar', '--extract', '--to-stdout', '--file', built.modulesTarPath] as const;
    const { stdout } = await host.processes.run([...argv, 'lib/modules/6.1.0-fake/modules.builtin']);
    expect(stdout).toBe('kernel/net/bridge/bridge.ko\n');
  });

  test('that fails shows the first compiler error and where the rest is', async () => {
    await expect(buildKernel(host, options('broken', 'CONFIG_BROKEN=y\n'))).rejects.toMatchObject({
      failure: {
        kind: 'build-failed',
        headline: "The kernel did not build: init/main.c:7:3: error: 'broken' undeclared (first use in this function)",
        logPath: folder('broken.log'),
      },
    });
  });

  test('on a full disk says so', async () => {
    await expect(buildKernel(host, options('full', 'CONFIG_FULL=y\n'))).rejects.toMatchObject({
      failure: { kind: 'disk-full' },
    });
  });

  test('stops when it is interrupted', async () => {
    const stop = new AbortController();
    const running = buildKernel(host, {
      ...options('interrupted', 'CONFIG_NET=y\n'),
      signal: stop.signal,
      onProgress: () => {
        stop.abort();
      },
    });
    await expect(running).rejects.toMatchObject({ failure: { kind: 'interrupted' } });
  });
});

describe('a source tree', () => {
  const DIFF = [
    '--- a/Kconfig',
    '+++ b/Kconfig',
    '@@ -1,5 +1,7 @@',
    ' source "arch/$(SRCARCH)/Kconfig"',
    ' ',
    '+# patched',
    '+',
    ' config NET',
    ' \tbool "Networking"',
    ' ',
    '',
  ].join('\n');

  async function tarball(): Promise<string> {
    const top = folder('pack/linux-6.1');
    await cp(TREE, top, { recursive: true });
    for (const extra of [
      'Documentation/admin-guide/index.rst',
      'Documentation/Kconfig',
      'arch/arm64/Kconfig',
      'arch/arm64/mm/fault.c',
    ]) {
      await host.files.writeAtomic(path.join(top, extra), 'x\n');
    }
    const archive = folder('linux-6.1.tar.xz');
    await host.processes.run(['tar', '-C', folder('pack'), '-cJf', archive, 'linux-6.1']);
    return archive;
  }

  test('is unpacked once per patch, without what x86 does not need', async () => {
    const archive = await tarball();
    const options = { tarball: archive, sha256: 'a'.repeat(64), workRoot: folder('work') };
    const plain = await prepareTree(host, options);
    const patched = await prepareTree(host, { ...options, diff: DIFF });
    expect(patched.directory).not.toBe(plain.directory);
    expect(await readFile(path.join(plain.directory, 'Kconfig'), 'utf8')).not.toContain('# patched');
    expect(await readFile(path.join(patched.directory, 'Kconfig'), 'utf8')).toContain('# patched');
    const has = async (file: string) => (await host.files.stat(path.join(plain.directory, file))) !== undefined;
    expect(await has('Documentation/Kconfig')).toBe(true);
    expect(await has('arch/x86/Kconfig')).toBe(true);
    expect(await has('Documentation/admin-guide/index.rst')).toBe(false);
    expect(await has('arch/arm64/Kconfig')).toBe(true);
    expect(await has('arch/arm64/mm/fault.c')).toBe(false);

    await rm(archive);
    expect(await prepareTree(host, options)).toEqual(plain);
  });

  test('that was interrupted half-way is made anew', async () => {
    const options = { tarball: await tarball(), sha256: 'b'.repeat(64), workRoot: folder('work') };
    const { directory } = await prepareTree(host, options);
    await rm(path.join(directory, '.drydock-complete'));
    await writeFile(path.join(directory, 'half'), '');
    await prepareTree(host, options);
    expect(await host.files.stat(path.join(directory, 'half'))).toBeUndefined();
    expect(await host.files.stat(path.join(directory, '.drydock-complete'))).toBeDefined();
  });

  test('from a folder is a clean copy, and the folder stays as it was', async () => {
    const own = folder('own');
    await cp(TREE, own, { recursive: true });
    await writeFile(path.join(own, 'stale-object.o'), '');
    await host.files.writeAtomic(path.join(own, '.git/HEAD'), 'ref: refs/heads/main\n');
    const options = { directory: own, sha256: 'c'.repeat(64), workRoot: folder('work'), diff: DIFF };
    const { directory } = await prepareTree(host, options);
    expect(await host.files.stat(path.join(directory, 'stale-object.o'))).toBeUndefined();
    expect(await host.files.stat(path.join(directory, '.git'))).toBeUndefined();
    expect(await host.files.stat(path.join(own, 'stale-object.o'))).toBeDefined();
    expect(await readFile(path.join(own, 'Kconfig'), 'utf8')).not.toContain('# patched');
  });

  test('whose patch does not apply is not marked complete', async () => {
    const options = {
      tarball: await tarball(),
      sha256: 'd'.repeat(64),
      workRoot: folder('work-bad'),
      diff: DIFF.replace('config NET', 'config NOT'),
    };
    await expect(prepareTree(host, options)).rejects.toMatchObject({ failure: { kind: 'command-failed' } });
    const [left = ''] = await host.files.list(folder('work-bad'));
    expect(await host.files.stat(path.join(folder('work-bad'), left, '.drydock-complete'))).toBeUndefined();
  });
});
