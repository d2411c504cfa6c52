import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseCollectorLog } from '../../src/bootlog/processes/collector-log.ts';
import { createHost } from '../../src/host/node-host.ts';
import { compileCollector, prependCollector } from '../../src/initrd/collector/collector.ts';
import { readNewc, writeNewc } from '../../src/initrd/archive/newc.ts';

/** The real collector, compiled here, on this machine's own /proc. */
const host = createHost();

describe('the collector', () => {
  let folder: string;
  let program: string;

  const compileIn = async (name: string): Promise<string> => {
    const workDir = path.join(folder, name);
    await mkdir(workDir);
    return compileCollector(host, { workDir });
  };

  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'drydock-collector-'));
    program = await compileIn('first');
  });
  afterAll(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  test('is compiled to the same bytes in any folder, small and without a library', async () => {
    const again = await compileIn('another-folder-of-another-length');
    expect((await readFile(again)).equals(await readFile(program))).toBe(true);
    expect((await readFile(program)).length).toBeLessThan(32 * 1024);
  });

  test('goes before an initrd that stays as it is', async () => {
    const initrdPath = path.join(folder, 'initrd');
    const initrd = writeNewc([{ kind: 'file', path: 'init', mode: 0o755, content: Buffer.from('#!/bin/sh\n') }]);
    await host.files.writeAtomic(initrdPath, initrd);
    const outputPath = path.join(folder, 'both');
    await prependCollector(host, { programPath: program, initrdPath, outputPath });
    const both = await readFile(outputPath);
    expect(readNewc(both).map((entry) => entry.path)).toEqual(['drydock-collect']);
    expect((both.length - initrd.length) % 512).toBe(0);
    expect(both.subarray(both.length - initrd.length).equals(initrd)).toBe(true);
  });

  test('sees a tree of processes with their names, parents and processor time, and itself', async () => {
    const logPath = path.join(folder, 'log');
    // The tree lives from before the collector begins until it has ended by itself, long enough for a busy machine to give
    // the tree's loop its twentieth of a second; what it does meanwhile is known.
    const tree = spawn('sh', ['-c', 'sh -c "while :; do :; done" & echo $!; cat; kill $!'], {
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    const spinner = Number(String((await once(tree.stdout, 'data'))[0]));
    try {
      await host.processes.run([program, '100', logPath, '500']);
    } finally {
      tree.stdin.end();
      await once(tree, 'close');
    }

    const log = parseCollectorLog(await readFile(logPath, 'utf8'));
    expect(log.samples).toBe(500);
    expect(log.warnings.filter((warning) => !/^No sample|dropped/.test(warning))).toEqual([]);
    const parent = log.processes.find((one) => one.pid === tree.pid);
    const busy = log.processes.find((one) => one.pid === spinner);
    expect(parent).toMatchObject({ ppid: process.pid, name: 'sh', isKernelThread: false });
    expect(busy).toMatchObject({ ppid: tree.pid, name: 'sh' });
    expect(busy?.endSec).toBeUndefined();
    expect(busy?.cpuSec).toBeGreaterThan(0.05);
    expect(busy?.cpuSec).toBeGreaterThan(parent?.cpuSec ?? 0);
    expect(busy?.startSec).toBeGreaterThanOrEqual((parent?.startSec ?? Number.NaN) - 0.01);
    expect(log.processes.find((one) => one.pid === 1)?.startSec).toBeLessThan(parent?.startSec ?? 0);
    expect(log.processes.map((one) => one.name)).toContain('drydock-collect');
    expect(log.cpu.length).toBeGreaterThan(1);
    expect(log.collectorCpuSec).toBeGreaterThan(0);
  });

  test('ends on SIGTERM with a whole log that says so', async () => {
    const logPath = path.join(folder, 'terminated');
    const child = spawn(program, ['50', logPath, '100000'], { stdio: 'ignore' });
    const exited = once(child, 'exit');
    // It has begun when its log has.
    while (!(await readFile(logPath, 'utf8').catch(() => '')).includes('\nT ')) await new Promise(setImmediate);
    child.kill('SIGTERM');
    expect(await exited).toEqual([0, null]);
    const text = await readFile(logPath, 'utf8');
    expect(text).toMatch(/\nE term\n$/);
    expect(parseCollectorLog(text).warnings).toEqual([expect.stringContaining('ended by a signal')]);
  });

  test.each([[['0', 'log', '5']], [['9999', 'log', '5']], [['25', 'log']], [[]]])('refuses %j', async (args) => {
    const { exitCode } = await host.processes.run([program, ...args], { okExitCodes: [2], cwd: folder });
    expect(exitCode).toBe(2);
  });
});
