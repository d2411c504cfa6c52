import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createHost } from '../../src/host/node-host.ts';
import { proveCompiledIn } from '../../src/kernel/patch/patch-proof.ts';
import { makePatch } from '../../src/kernel/patch/patch.ts';

const TREE = fileURLToPath(new URL('../fixtures/kernel/tree', import.meta.url));
const SEMANTIC_PATCH = fileURLToPath(new URL('../../pipelines/patches/rtc-no-sync.cocci', import.meta.url));

const host = createHost();
const tools = await Promise.all(['spatch', 'gcc', 'objdump'].map((tool) => host.processes.which(tool)));
const missing = tools.some((tool) => tool === undefined);

let scratch: string;

beforeAll(async () => {
  scratch = await mkdtemp(path.join(tmpdir(), 'drydock-patch-'));
});

afterAll(async () => {
  await rm(scratch, { recursive: true, force: true });
});

async function tree(name: string): Promise<string> {
  const copy = path.join(scratch, name);
  await cp(TREE, copy, { recursive: true });
  return copy;
}

function make(sourceDir: string, workDir: string): Promise<string> {
  return makePatch(host, { sourceDir, semanticPatch: SEMANTIC_PATCH, workDir: path.join(scratch, workDir) });
}

describe.skipIf(missing)('the RTC patch (with coccinelle, gcc and binutils)', () => {
  test('changes the boot readers and nothing else, and adds the symbol', async () => {
    const diff = await make(TREE, 'work');
    const added = diff.split('\n').filter((line) => /^\+[^+]/.test(line));
    expect(diff.match(/^\+\+\+ .*/gm)).toEqual([
      '+++ b/arch/x86/Kconfig',
      '+++ b/arch/x86/kernel/rtc.c',
      '+++ b/drivers/rtc/rtc-mc146818-lib.c',
    ]);
    expect(added).toContain('+config RTC_NO_SYNC_ON_READ');
    expect(added.filter((line) => line.includes('IS_ENABLED(CONFIG_RTC_NO_SYNC_ON_READ)'))).toHaveLength(2);
    expect(diff).not.toContain('another_reader(struct rtc_time *tm)\n-');
  });

  test('is the same bytes each time, wherever the tree lies', async () => {
    expect(await make(await tree('elsewhere'), 'work-2')).toBe(await make(TREE, 'work-3'));
  });

  test('applies, and applying it again finds nothing left to change', async () => {
    const patched = await tree('patched');
    const input = await make(TREE, 'work-4');
    await host.processes.run(['patch', '-p1', '--fuzz=0'], { cwd: patched, input });
    expect(await readFile(path.join(patched, 'arch/x86/kernel/rtc.c'), 'utf8')).toContain('? 3 : 1000');
    await expect(make(patched, 'work-5')).rejects.toMatchObject({ failure: { kind: 'patch-rejected' } });
  });

  test('on a kernel that reads its clock in another way is refused, with what was looked for', async () => {
    const other = await tree('other');
    await writeFile(path.join(other, 'arch/x86/kernel/rtc.c'), 'void mach_get_cmos_time(void)\n{\n\twait();\n}\n');
    await expect(make(other, 'work-6')).rejects.toMatchObject({
      failure: {
        kind: 'patch-rejected',
        headline: 'The RTC patch found nothing to change in mach_get_cmos_time of arch/x86/kernel/rtc.c',
        detail: [
          'mach_get_cmos_time in arch/x86/kernel/rtc.c: not in the form of 3.10 to 6.0, 6.1 to 6.7, 6.8 on',
          'cmos_read_time in drivers/rtc/rtc-cmos.c: no such file',
          'mc146818_does_rtc_work in drivers/rtc/rtc-mc146818-lib.c: form of 6.8 on, changed',
          '__get_rtc_time in include/asm-generic/rtc.h: no such file',
        ],
      },
    });
  });

  test('on a tree without a place for the symbol is refused', async () => {
    const other = await tree('no-anchor');
    await writeFile(path.join(other, 'arch/x86/Kconfig'), 'config X86\n\tdef_bool y\n');
    await expect(make(other, 'work-7')).rejects.toMatchObject({ failure: { kind: 'patch-rejected' } });
  });
});

describe.skipIf(missing)('the proof that it was compiled in', () => {
  const READER = [
    'struct rtc_time { int t; };',
    'int mc146818_get_time(struct rtc_time *time, int timeout);',
    'int mach_get_cmos_time(void)',
    '{',
    '\tstruct rtc_time tm;',
    '\treturn mc146818_get_time(&tm, TIMEOUT) ? 0 : tm.t;',
    '}',
    '',
  ].join('\n');

  interface Witnesses {
    readonly autoConf?: string;
    readonly dependency?: string;
    readonly timeout?: number;
  }

  async function build(name: string, witnesses: Witnesses): Promise<string> {
    const buildDir = path.join(scratch, name);
    const kernel = path.join(buildDir, 'arch/x86/kernel');
    const { autoConf = 'CONFIG_RTC_NO_SYNC_ON_READ=y\n', timeout = 3 } = witnesses;
    const { dependency = '    $(wildcard include/config/RTC_NO_SYNC_ON_READ) \\\n' } = witnesses;
    await host.files.writeAtomic(path.join(buildDir, 'include/config/auto.conf'), autoConf);
    await host.files.writeAtomic(path.join(kernel, '.rtc.o.cmd'), dependency);
    await host.files.writeAtomic(path.join(kernel, 'rtc.c'), READER);
    await host.processes.run(['gcc', '-Os', `-DTIMEOUT=${timeout}`, '-c', 'rtc.c', '-o', 'rtc.o'], { cwd: kernel });
    return buildDir;
  }

  test('has three witnesses', async () => {
    expect(await proveCompiledIn(host, { treeDir: TREE, buildDir: await build('good', {}) })).toHaveLength(3);
  });

  test.each([
    ['auto.conf', { autoConf: '# CONFIG_RTC_NO_SYNC_ON_READ is not set\n' }, /auto\.conf does not have/],
    ['fixdep', { dependency: '' }, /does not name include\/config\/RTC_NO_SYNC_ON_READ/],
    ['the machine code', { timeout: 1000 }, /still waits as before/],
  ] as const)('fails when %s does not bear it out', async (name, witnesses, headline) => {
    const proof = proveCompiledIn(host, {
      treeDir: TREE,
      buildDir: await build(`bad-${name.replaceAll(/\W/g, '')}`, witnesses),
    });
    await expect(proof).rejects.toThrow(headline);
    await expect(proof).rejects.toMatchObject({ failure: { kind: 'patch-rejected' } });
  });
});
