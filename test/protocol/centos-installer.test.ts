import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createHost } from '../../src/host/node-host.ts';
import { installerCmdline, runInstaller, withKickstart } from '../../src/images/centos/installer.ts';
import { exitCodeOf } from '../../src/pipeline/events/failure.ts';
import { faultOf } from '../support/faults.ts';
import { makeIso } from '../support/installer-iso.ts';
import { tinyGuest } from '../support/tiny-guest.ts';
import type { TinyStep } from '../support/tiny-guest.ts';

const host = createHost();
const run = promisify(execFile);
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'drydock-installer-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

describe('the kickstart behind an installer’s initrd', () => {
  test('is a second archive that cpio unpacks, at a multiple of four bytes, whatever the first is packed with', async () => {
    const first = gzipSync('the first archive, of an odd length.');
    const both = withKickstart(first, 'install\npoweroff\n');
    const from = Math.ceil(first.length / 4) * 4;
    expect(Buffer.from(both.subarray(0, first.length)).equals(first)).toBe(true);
    const tree = path.join(folder, 'tree');
    await mkdir(tree);
    await writeFile(path.join(folder, 'second.cpio'), both.subarray(from));
    await run('sh', ['-c', 'cpio --extract --quiet < ../second.cpio'], { cwd: tree });
    expect(await readFile(path.join(tree, 'ks.cfg'), 'utf8')).toBe('install\npoweroff\n');
  });

  test('is named on a command line without spaces, as is the volume with the rest of the installer', () => {
    const words = installerCmdline('CentOS 7 x86_64').split(' ');
    expect(words).toContain('inst.ks=file:/ks.cfg');
    expect(words).toContain('inst.stage2=hd:LABEL=CentOS\\x207\\x20x86_64');
    expect(words).toContain('console=ttyS0');
  });
});

/** A real QEMU, and in the installer's place a guest that says what the installer says and then does what it may do. */
describe('an installation', () => {
  const told: (readonly [string, number | undefined])[] = [];

  const install = async (steps: readonly TinyStep[], silenceMs?: number): Promise<void> => {
    told.length = 0;
    const at = (name: string): string => path.join(folder, name);
    await writeFile(at('kernel'), tinyGuest(steps));
    await writeFile(at('initrd'), 'any initrd');
    await makeIso(at('installer.iso'), 'CentOS 7 x86_64', { readme: 'an installer' });
    await makeIso(at('supplies.iso'), 'DRYDOCK', { readme: 'supplies' });
    const medium = {
      label: 'CentOS 7 x86_64',
      kernelPath: at('kernel'),
      initrdPath: at('initrd'),
      signingKeyPath: at('key'),
    };
    await runInstaller(host, {
      accelerator: 'tcg',
      cpus: 1,
      isoPath: at('installer.iso'),
      medium,
      kickstart: 'install\n',
      suppliesPath: at('supplies.iso'),
      diskPath: at('disk.qcow2'),
      diskGb: 20,
      exportPath: at('export.raw'),
      workDir: folder,
      logDirectory: at('logs'),
      onProgress: (message, fraction) => told.push([message, fraction]),
      ...(silenceMs === undefined ? {} : { silenceMs }),
    });
  };
  test('that powers off is over, and said on its way how far it was', async () => {
    const said = [
      'Starting installer, one moment...',
      'Installing bash (150/300)',
      'Running post-installation scripts',
      'drydock: provisioning: done',
    ];
    await install([{ print: `${said.join('\n')}\n` }, 'power-off']);
    expect(told).toEqual([
      ['installer: the installer starts', 0.05],
      ['installer: installing bash (150 of 300)', 0.375],
      ["installer: running drydock's own script", 0.7],
      ['installer: done; powering off', 0.99],
    ]);
    const { stdout } = await run('qemu-img', ['info', '--output=json', path.join(folder, 'disk.qcow2')]);
    expect(JSON.parse(stdout)).toMatchObject({ format: 'qcow2', 'virtual-size': 20 * 1024 ** 3 });
    expect((await stat(path.join(folder, 'export.raw'))).size).toBe(1024 ** 3);
  });

  test('that asks a question ends at once, as trouble of the machine and not of a kernel', async () => {
    const menu = "  Please make your choice from above ['q' to quit | 'b' to begin installation |\n";
    const { failure } = await faultOf(install([{ print: `5) [!] Installation Destination\n${menu}` }, 'halt']));
    expect(failure.headline).toBe('The installer asks a question and waits for an answer');
    expect(failure.consoleTail?.join('\n')).toContain('[!] Installation Destination');
    expect(exitCodeOf(failure)).toBe(3);
  });

  test('that falls silent is given up, with the last words of its console', async () => {
    const { failure } = await faultOf(install([{ print: 'Installing boot loader\n' }, 'halt'], 12_000));
    expect(failure.headline).toMatch(/^The installation did not end well: The guest printed nothing new for \d+ s/);
    expect(failure.consoleTail?.at(-1)).toContain('Installing boot loader');
    expect(exitCodeOf(failure)).toBe(3);
  });

  test('whose kernel panics is no verdict on a kernel under test', async () => {
    const panic = '[ 1.0] Kernel panic - not syncing: Attempted to kill init!\n[ 1.1] ---[ end Kernel panic\n';
    const { failure } = await faultOf(install([{ print: panic }, 'halt']));
    expect(failure.headline).toContain('The installation did not end well: The first process of the guest died');
    expect(exitCodeOf(failure)).toBe(3);
  });
});
