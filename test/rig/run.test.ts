import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { createRig } from '../support/rig/rig.ts';

const recordSchema = z.looseObject({
  arms: z.array(
    z.looseObject({
      name: z.string(),
      kernelRelease: z.string(),
      build: z.looseObject({ where: z.string(), compiler: z.string() }).optional(),
    }),
  ),
  boots: z.array(z.looseObject({ arm: z.string(), bootId: z.string() })),
  environment: z.looseObject({ accelerator: z.string(), acceleratorReason: z.string() }),
  scores: z.array(z.looseObject({ metric: z.string(), ratio: z.number() })),
});
const eventSchema = z.looseObject({ type: z.string(), id: z.string().optional(), cached: z.boolean().optional() });

const symbolsOf = (symbols: unknown): Record<string, string> => z.record(z.string(), z.string()).parse(symbols);

describe('a run', () => {
  test('goes from nothing to a scored record; the next one builds nothing', async () => {
    await using rig = await createRig();
    const profile = await rig.profile();
    const first = await rig.drydock('run', '--profile', profile, '--boots', '2').ended;
    expect(first.stderr).toBe('');
    expect(first.code).toBe(0);

    const directory = await rig.runDirectory();
    const files = await readdir(directory);
    expect(files).toEqual(expect.arrayContaining(['record.json', 'report.html', 'report.md', 'junit.xml', 'boots']));
    const record = recordSchema.parse(JSON.parse(await readFile(path.join(directory, 'record.json'), 'utf8')));
    expect(record.arms.map((arm) => arm.kernelRelease)).toEqual(['6.1.0-49-amd64', '6.1.0-small']);
    expect(record.arms.map((arm) => arm.build)).toEqual([
      undefined,
      { where: 'host', compiler: 'gcc 1.2.3', reason: 'auto: its release is not known beforehand' },
    ]);
    expect(record.boots.map((boot) => boot.arm)).toEqual(['stock', 'small', 'small', 'stock']);
    const counted = await rig.countedBoots();
    expect(record.boots.map((boot) => boot.bootId)).toEqual(counted.map((boot) => boot.bootId));
    expect(record.environment.accelerator).toBe('tcg');
    expect(record.environment.acceleratorReason).toContain('failed to initialize kvm');
    const kernelInit = record.scores.find((score) => score.metric === 'kernel_init');
    expect(kernelInit?.ratio).toBeCloseTo(2, 1);
    expect((await rig.journal()).at(-1)).toMatchObject({ type: 'run-finished', exitCode: 0 });
    expect(await rig.locks()).toEqual([]);
    expect(await readdir(path.join(rig.cache, 'work'))).toEqual(['trees']);

    const before = rig.calls.length;
    const second = await rig.drydock('run', '--profile', profile, '--boots', '1', '--json').ended;
    expect(second.code).toBe(0);
    const events = second.stdout
      .trimEnd()
      .split('\n')
      .map((line) => eventSchema.parse(JSON.parse(line)));
    const finished = events.filter((event) => event.type === 'step-finished' && event.id !== 'preflight');
    const ids = finished.map((event) => event.id);
    // The initrd is made of other things than the kernel, and may be there before it.
    expect(ids).toContain('initrd:small');
    expect(ids.filter((id) => id !== 'initrd:small')).toEqual([
      'image',
      'accelerator',
      'source:small',
      'configure:small',
      'build:small',
      'install',
    ]);
    expect(finished.filter((event) => event.cached !== true)).toEqual([]);
    const later = rig.calls.slice(before).filter((call) => !/^(--version|-V)$/.test(call.args[0] ?? ''));
    expect(later.map((call) => call.program)).toEqual([
      'qemu-img',
      'qemu-system-x86_64',
      'qemu-img',
      'qemu-system-x86_64',
    ]);
  });

  test('starts from the distribution’s configuration, and has its own tool make an initrd in the guest', async () => {
    await using rig = await createRig({ hasImage: true });
    const { symbols } = rig.kernel;
    const kernel = { ...rig.kernel, base: 'distribution', symbols: { ...symbolsOf(symbols), DEBUG_INFO: 'n' } };
    const arms = {
      before: { role: 'baseline', kernel: { ...kernel, name: 'before' }, initrd: 'distribution' },
      after: { role: 'candidate', kernel: { ...kernel, name: 'after' }, initrd: 'busybox' },
    };
    // The BusyBox initrd is larger than what the fake tool makes.
    const flags = ['--boots', '1', '--fail-on', 'never'];
    const ended = await rig.drydock('run', '--profile', await rig.profile(arms), ...flags).ended;
    expect(ended.stderr).toBe('');
    expect(ended.code).toBe(0);
    const measured = await rig.countedBoots();
    expect(measured.map((boot) => boot.release)).toEqual(['6.1.0-before', '6.1.0-after']);
    const initrds = await Promise.all(
      measured.map(async ({ call }) => readFile(call.args[call.args.indexOf('-initrd') + 1] ?? '')),
    );
    expect(initrds[0]?.toString()).toBe('initrd of 6.1.0-before\n');
    expect(initrds[1]?.subarray(0, 6).toString()).toBe('070701');
    // The stock kernel's own line is there, what was asked beside it too, and what was taken away is not.
    const [built = ''] = await Promise.all(
      measured.map(async ({ call }) => readFile(call.args[call.args.indexOf('-kernel') + 1] ?? '', 'utf8')),
    );
    expect(built).toContain('CONFIG_MODULES=y\n');
    expect(built).toContain('CONFIG_VIRTIO_BLK=y\n');
    expect(built).toContain('# CONFIG_DEBUG_INFO is not set\n');
    const journal = await rig.journal();
    expect(journal.flatMap(({ type, id }) => (type === 'step-finished' ? [id] : []))).toContain(
      'distribution-initrd:before',
    );
  });

  test('that is dry says what it would do and calls nothing that does it', async () => {
    await using rig = await createRig();
    const { code, stdout } = await rig.drydock('run', '--profile', await rig.profile(), '--dry-run').ended;
    expect(code).toBe(0);
    expect(stdout).toContain('Measured boots, interleaved: stock small small stock');
    expect(stdout).toMatch(/build:small +not timed on this host yet/);
    expect(stdout).toContain('built on the host (auto: its release is not known beforehand)');
    expect(stdout).not.toContain('image:toolchain');
    const inGuest = await rig.drydock('run', '--profile', await rig.profile(), '--build', 'guest', '--dry-run').ended;
    expect(inGuest.stdout).toContain('built in the guest (asked for)');
    expect(inGuest.stdout).toMatch(/image:toolchain +not timed on this host yet/);
    expect(rig.calls.filter((call) => !/^(--version|-V)$/.test(call.args[0] ?? ''))).toEqual([]);
    await expect(readdir(rig.results)).rejects.toMatchObject({ code: 'ENOENT' });
  });
});
