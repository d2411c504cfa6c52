import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { checkDefault, chooseNextEntry, readEnvironment } from '../../src/guest/grub/grub-environment.ts';
import { grubMenu, menuEntryText } from '../../src/guest/grub/grub-menu.ts';
import { createOverlay } from '../../src/guest/machine/overlay.ts';
import { createHost } from '../../src/host/node-host.ts';
import { runs } from '../support/properties.ts';

/** GRUB's own tools on what drydock writes: grub-common, which `drydock doctor --tests` installs. */
const host = createHost();
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'drydock grub '));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});

async function refusal(script: string): Promise<string> {
  const file = path.join(folder, 'grub.cfg');
  await writeFile(file, script);
  const { exitCode, stderr } = await host.processes.run(['grub-script-check', file], { okExitCodes: [0, 1] });
  return exitCode === 0 ? '' : stderr;
}

describe("GRUB's menu", () => {
  const arms = [
    { name: 'stock', release: '6.1.0-49-amd64', cmdline: 'console=ttyS0 quiet root=/dev/vda1', initrd: 'stock' },
    { name: 'docker-min', release: '6.1.176-docker-min', cmdline: 'rdinit=/linuxrc $(x) `y` ${z} {;', initrd: 'own' },
  ] as const;
  const menu = grubMenu({ family: 'debian', rootDevice: '/dev/vda1' }, arms[0], arms);

  test('is what its script prints, and grub-script-check takes it', async () => {
    const script = path.join(folder, '42_drydock');
    await writeFile(script, menu.script);
    await chmod(script, 0o755);
    const { stdout } = await host.processes.run([script]);
    expect(stdout).toBe([menu.stock, ...menu.arms].map(menuEntryText).join(''));
    expect(await refusal(stdout)).toBe('');
  });

  test('would not be taken if an entry had no end', async () => {
    expect(await refusal(menuEntryText(menu.stock).replace(/^\}$/m, ''))).toMatch(/syntax error/i);
  });

  test('is taken with any parameter that a profile may hold and GRUB leaves as it is', async () => {
    const words = fc.array(
      fc.string({ unit: fc.constantFrom(...Array.from('$`{};&|<>()*?~#!%@^+[]aZ09-=,./:')), minLength: 1 }),
    );
    await fc.assert(
      fc.asyncProperty(words, async (parameters) => {
        expect(await refusal(menuEntryText({ ...menu.stock, cmdline: parameters.join(' ') }))).toBe('');
      }),
      { numRuns: runs(25) },
    );
  });
});

test('the next entry is chosen on a throwaway overlay as grub-reboot would, and the disk below stays as it is', async () => {
  const at = (name: string): string => path.join(folder, name);
  const offsetBytes = 5 * 4096;
  const editenv = async (...args: readonly string[]): Promise<string> =>
    (await host.processes.run(['grub-editenv', at('env'), ...args])).stdout;
  await editenv('create');
  await editenv('set', 'saved_entry=drydock-stock', 'next_entry=');
  const raw = new Uint8Array(1 << 20);
  raw.set(await readFile(at('env')), offsetBytes);
  await writeFile(at('raw'), raw);
  await host.processes.run(['qemu-img', 'convert', '-f', 'raw', '-O', 'qcow2', at('raw'), at('disk.qcow2')]);
  const below = { diskPath: at('disk.qcow2'), offsetBytes, workDir: folder };
  const overlay = { ...below, diskPath: at('overlay.qcow2') };
  await createOverlay(host, below.diskPath, overlay.diskPath);

  await checkDefault(host, overlay, 'drydock-stock');
  await chooseNextEntry(host, overlay, 'drydock-arm-docker-min');
  await writeFile(at('env'), await readEnvironment(host, overlay));
  expect(await editenv('list')).toBe('saved_entry=drydock-stock\nnext_entry=drydock-arm-docker-min\n');
  await expect(checkDefault(host, overlay, 'drydock-stock')).rejects.toThrow(/next entry drydock-arm-docker-min/);

  await checkDefault(host, below, 'drydock-stock');
  await host.processes.run(['qemu-img', 'convert', '-O', 'raw', overlay.diskPath, at('after')]);
  const after = await readFile(at('after'));
  const elsewhere = (bytes: Uint8Array): Uint8Array => Uint8Array.from(bytes).fill(0, offsetBytes, offsetBytes + 1024);
  expect(Buffer.compare(elsewhere(after), elsewhere(raw))).toBe(0);
  await expect(readEnvironment(host, { ...below, offsetBytes: 512 })).rejects.toThrow(/no environment of GRUB/);
});
