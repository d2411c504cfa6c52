import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { readFixture } from '../fixtures/bootlog/read-fixture.ts';
import { drydockMain, runMain } from '../support/drydock-main.ts';
import { catches } from '../support/processes.ts';

let folder = '';

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'drydock-analyze-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function file(name: string, content: string | Uint8Array): Promise<string> {
  const target = path.join(folder, name);
  await writeFile(target, content);
  return target;
}

const analysisSchema = z.looseObject({
  format: z.literal('drydock-analysis/1'),
  source: z.string(),
  bootsInText: z.number(),
  boots: z.array(
    z.looseObject({
      boot: z.number(),
      kernelRelease: z.string().nullable(),
      hotList: z.array(z.unknown()),
      presence: z.array(z.looseObject({ id: z.string(), lines: z.number() })),
    }),
  ),
});
const twoBoots = readFixture('two-boots.log').text;

describe('drydock analyze', () => {
  test('ends on the first Ctrl-C while it waits for its input', async () => {
    const child = spawn(process.execPath, [...drydockMain(), 'analyze', '-'], { stdio: ['pipe', 'ignore', 'ignore'] });
    const ended = once(child, 'exit');
    // Node has handlers of its own for SIGINT and SIGTERM from its start.
    await catches(child.pid ?? 0, 'SIGHUP');
    child.kill('SIGINT');
    expect(await ended).toEqual([130, null]);
  });

  test('does not take lost output for success', async () => {
    const full = await open('/dev/full', 'w');
    const child = spawn(process.execPath, [...drydockMain(), 'schema'], { stdio: ['ignore', full.fd, 'pipe'] });
    const [stderr, ended] = await Promise.all([text(child.stderr ?? Readable.from([])), once(child, 'exit')]);
    await full.close();
    expect(ended).toEqual([3, null]);
    expect(stderr).toContain('✗ The output could not be written: ENOSPC');
  });

  test('reads a pipe, takes the last boot, and prints one JSON object', async () => {
    const { code, stdout, stderr } = await runMain(['analyze', '-', '--json', '--top', '1'], twoBoots);
    expect([code, stderr]).toEqual([0, '']);
    const analysis = analysisSchema.parse(JSON.parse(stdout));
    expect(analysis).toMatchObject({ source: 'standard input', bootsInText: 2 });
    expect(analysis.boots.map(({ boot, kernelRelease, hotList }) => [boot, kernelRelease, hotList.length])).toEqual([
      [2, '6.1.176-drydock', 1],
    ]);
  });

  test('unpacks gzip, takes the boots asked for, and looks for patterns of the command line and of a profile', async () => {
    const log = await file('two.log.gz', gzipSync(twoBoots));
    const profile = await file(
      'mine.yaml',
      "name: mine\ndescription: d\npresence: { smp: 'SMP$', clock: kvm }\narms:\n  stock: { role: baseline, kernel: stock, initrd: stock }\n",
    );
    const args = ['analyze', log, '--boot', 'all', '--profile', profile, '--presence', 'clock=^kvm-clock:', '--json'];
    const { code, stdout, stderr } = await runMain(args);
    expect([code, stderr]).toEqual([0, '']);
    const counts = analysisSchema
      .parse(JSON.parse(stdout))
      .boots.map(({ presence }) => Object.fromEntries(presence.map(({ id, lines }) => [id, lines])));
    expect(counts).toEqual([
      { selinux: 0, usb: 0, rtc: 0, parport: 0, rng: 0, smp: 1, clock: 1 },
      { selinux: 0, usb: 0, rtc: 0, parport: 0, rng: 0, smp: 1, clock: 0 },
    ]);
  });

  test('writes a page to a file, and the table to the terminal without it', async () => {
    const log = await file('boot.log', twoBoots);
    const page = path.join(folder, 'boot.html');
    expect(await runMain(['analyze', log, '--html', page])).toMatchObject({ code: 0, stdout: '' });
    expect(await readFile(page, 'utf8')).toMatch(/^<!doctype html>[^]*Boot 2 of 2/);
    const { stdout } = await runMain(['analyze', log, '--boot', '1']);
    expect(stdout).toContain('Boot 1 of 2: Linux 6.1.0-49-amd64');
  });

  test('prints the listing of show_delta, with a base of its own', async () => {
    const { code, stdout } = await runMain(['analyze', '-', '--boot', '2', '--base', 'Freeing unused'], twoBoots);
    expect(code).toBe(0);
    expect(stdout.split('\n').slice(1, 3)).toEqual([
      '[0.100000 < 0.000000 >] Freeing unused kernel image (initmem) memory: 824K',
      '[0.110000 < 0.010000 >] Run /linuxrc as init process',
    ]);
  });

  const refused: readonly [what: string, args: () => Promise<string[]>, input: string | Uint8Array, says: RegExp][] = [
    ['a file that is not there', () => Promise.resolve(['/no/such/log']), '', /There is no file \/no\/such\/log/],
    ['a folder', () => Promise.resolve([folder]), '', /is a folder/],
    ['nothing', () => Promise.resolve(['-']), '', /standard input is empty/],
    ['a text without timestamps', () => Promise.resolve(['-']), 'hello\nworld\n', /No line of standard input carries/],
    ['a program', () => Promise.resolve(['-']), new Uint8Array(4096).fill(1), /standard input is not a text/],
    [
      "systemd's own journal file",
      () => Promise.resolve(['-']),
      'LPKSHHRH\0\0',
      /is a journal file[^]*journalctl --file/,
    ],
    ['half a gzip file', () => Promise.resolve(['-']), gzipSync(twoBoots).subarray(0, 60), /cannot be unpacked/],
    ['a boot that is not there', () => Promise.resolve(['-', '--boot', '3']), twoBoots, /no boot 3[^]*holds 2 boots/],
    [
      'a base that no message has',
      () => Promise.resolve(['-', '--base', 'zzz']),
      twoBoots,
      /No message of boot 1 begins/,
    ],
    [
      'a base of more digits than a clock has',
      () => Promise.resolve(['-', '--json', '--base', '9'.repeat(400)]),
      twoBoots,
      /No message of boot 1 begins/,
    ],
    ['a broken pattern', () => Promise.resolve(['-', '--presence', 'a=(']), twoBoots, /Unterminated group/],
    [
      'a page and JSON at once',
      () => Promise.resolve(['-', '--html', '--json']),
      twoBoots,
      /both want standard output/,
    ],
    [
      'a page over the log',
      async () => [await file('x.log', twoBoots), '--html', path.join(folder, 'x.log')],
      '',
      /overwrite/,
    ],
  ];

  for (const [what, args, input, says] of refused) {
    test(`refuses ${what}, says why, and ends with 2`, async () => {
      const { code, stdout, stderr } = await runMain(['analyze', ...(await args())], input);
      expect(stderr).toMatch(says);
      expect([code, stdout]).toEqual([2, '']);
    });
  }
});

describe('drydock thesis', () => {
  test('prints the figures, and with --check where the thesis contradicts itself', async () => {
    const { code, stdout } = await runMain(['thesis', '--check']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^Initrd release +1\.024451 +0\.188621 +5\.43 +5\.43/m);
    expect(stdout).toContain('Contradicts itself in 11 of 22 checks');
    const json: unknown = JSON.parse((await runMain(['thesis', '--json'])).stdout);
    expect(json).toMatchObject({ format: 'drydock-thesis/1', bootsASide: 1 });
    expect(json).not.toHaveProperty('checks');
  });
});
