import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createHost } from '../../src/host/node-host.ts';
import { buildHandOver, concatenateArchives } from '../../src/initrd/virtual-clock-end.ts';

/** The real compiler; the program it makes runs here as it does in an initrd. */
describe('what ends a boot at the hand-over', () => {
  const host = createHost();
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'drydock-hand-over-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  async function build(name: string): Promise<Buffer> {
    const workDir = path.join(folder, name);
    await mkdir(workDir);
    const outputPath = path.join(workDir, 'hand-over.cpio');
    await buildHandOver(host, workDir, outputPath);
    return readFile(outputPath);
  }

  test('is the same to the byte wherever it is made, and small', async () => {
    const [one, other] = [await build('one'), await build('another-folder')];
    expect(one.equals(other)).toBe(true);
    expect(one.length).toBeLessThan(32_768);
  });

  test('tells a clock that goes on', async () => {
    await build('run');
    const tell = async (): Promise<number> => {
      const { stdout } = await host.processes.run([path.join(folder, 'run', 'clock')]);
      expect(stdout).toMatch(/^drydock: clock \d+\n$/);
      return Number(stdout.split(' ')[2]);
    };
    const first = await tell();
    expect(await tell()).toBeGreaterThan(first);
  });

  test('is a script that a POSIX shell reads', async () => {
    const script = path.join(folder, 'hand-over.sh');
    await writeFile(script, await readFile('src/initrd/virtual-clock-end.sh'));
    const { exitCode } = await host.processes.run(['sh', '-n', script]);
    expect(exitCode).toBe(0);
  });

  test('begins at a multiple of four bytes behind any initrd', () => {
    const joined = concatenateArchives([new Uint8Array([1, 2, 3, 4, 5]), new Uint8Array([9])]);
    expect([...joined]).toEqual([1, 2, 3, 4, 5, 0, 0, 0, 9, 0, 0, 0]);
  });
});
