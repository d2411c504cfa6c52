import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createHost } from '../../src/host/node-host.ts';
import { proveCompiledIn } from '../../src/kernel/patch/patch-proof.ts';
import { makePatch } from '../../src/kernel/patch/patch.ts';

const FORMS = fileURLToPath(new URL('../fixtures/kernel/rtc-forms', import.meta.url));
const SEMANTIC_PATCH = fileURLToPath(new URL('../../pipelines/patches/rtc-no-sync.cocci', import.meta.url));

const ARCH = 'arch/x86/kernel/rtc.c';
const DRIVER = 'drivers/rtc/rtc-cmos.c';
const LIBRARY = 'drivers/rtc/rtc-mc146818-lib.c';
const INLINE = 'include/asm-generic/rtc.h';

const FILL = 'mach_get_cmos_time(&now); seconds = now.tv_sec';
const DRIVER_READ = 'cmos_read_time(NULL, &tm); seconds = rtc_tm_to_time64(&tm)';

/** An excerpt of one version: what the patch changes there, and the most an absent clock may cost with the symbol on. */
interface Excerpt {
  readonly version: string;
  /** In the order one includes the other. */
  readonly files: readonly string[];
  readonly changed: readonly string[];
  /** C that asks the clock as timekeeping_init does. */
  readonly read: string;
  readonly mostUs: number;
  /** Whether an absent clock hangs the unpatched kernel, in its boot reader and in its driver's. */
  readonly hangs: { readonly boot: boolean; readonly driver: boolean };
}

const EXCERPTS: readonly Excerpt[] = [
  {
    version: '3.10',
    files: [INLINE, ARCH, DRIVER],
    changed: [ARCH, INLINE],
    read: 'seconds = mach_get_cmos_time()',
    mostUs: 0,
    hangs: { boot: true, driver: false },
  },
  {
    version: '4.10',
    files: [LIBRARY, ARCH, DRIVER],
    changed: [ARCH, LIBRARY],
    read: FILL,
    mostUs: 0,
    hangs: { boot: true, driver: false },
  },
  {
    version: '5.15',
    files: [LIBRARY, ARCH, DRIVER],
    changed: [ARCH, LIBRARY],
    read: FILL,
    mostUs: 0,
    hangs: { boot: true, driver: true },
  },
  {
    version: '5.17',
    files: [LIBRARY, ARCH, DRIVER],
    changed: [ARCH, LIBRARY],
    read: FILL,
    mostUs: 4000,
    hangs: { boot: true, driver: false },
  },
  {
    version: '6.1',
    files: [LIBRARY, ARCH, DRIVER],
    changed: [LIBRARY],
    read: FILL,
    mostUs: 3000,
    hangs: { boot: false, driver: false },
  },
  {
    version: '6.8',
    files: [LIBRARY, ARCH, DRIVER],
    changed: [ARCH, DRIVER, LIBRARY],
    read: FILL,
    mostUs: 3000,
    hangs: { boot: false, driver: false },
  },
];

const host = createHost();
const tools = await Promise.all(['spatch', 'gcc', 'objdump', 'patch'].map((tool) => host.processes.which(tool)));
const missing = tools.some((tool) => tool === undefined);

let scratch: string;
let numbered = 0;

beforeAll(async () => {
  scratch = await mkdtemp(path.join(tmpdir(), 'drydock-forms-'));
});

afterAll(async () => {
  await rm(scratch, { recursive: true, force: true });
});

function folder(): string {
  numbered += 1;
  return path.join(scratch, String(numbered));
}

async function treeOf(version: string): Promise<string> {
  const tree = folder();
  await cp(path.join(FORMS, version), tree, { recursive: true });
  await writeFile(path.join(tree, 'arch/x86/Kconfig'), 'config X86\n\tdef_bool y\n\nsource "kernel/Kconfig.hz"\n');
  return tree;
}

function diffOf(sourceDir: string): Promise<string> {
  return makePatch(host, { sourceDir, semanticPatch: SEMANTIC_PATCH, workDir: folder() });
}

const patchedTrees = new Map<string, Promise<string>>();

async function patchTreeOf(version: string): Promise<string> {
  const tree = await treeOf(version);
  const input = await diffOf(tree);
  await host.processes.run(['patch', '-p1', '--fuzz=0'], { cwd: tree, input });
  return tree;
}

/** Patched once for all tests: none of them writes into it. */
function patchedTreeOf(version: string): Promise<string> {
  const tree = patchedTrees.get(version) ?? patchTreeOf(version);
  patchedTrees.set(version, tree);
  return tree;
}

const symbol = (on: boolean): string => `-DCONFIG_RTC_NO_SYNC_ON_READ=${on ? '1' : '0'}`;

/** The program that reads a clock of the test's own through the excerpt. */
async function program(tree: string, files: readonly string[], read: string, on: boolean): Promise<string> {
  const binary = folder();
  const readers = `${binary}.h`;
  await host.files.writeAtomic(readers, files.map((file) => `#include "${path.join(tree, file)}"\n`).join(''));
  const defines = [`-DREADERS="${readers}"`, `-DREAD=${read}`, symbol(on)];
  const source = path.join(FORMS, 'clock.c');
  await host.processes.run(['gcc', '-O1', '-w', '-I', FORMS, ...defines, '-x', 'c', source, '-o', binary]);
  return binary;
}

/** Each clock is `absent`, or a number: after how many reads of a register it is eleven o'clock. */
async function ask(
  binary: string,
  ...clocks: readonly string[]
): Promise<readonly { seconds: number; waitedUs: number }[] | 'hangs'> {
  const { stdout, exitCode } = await host.processes.run([binary, ...clocks], { okExitCodes: [0, 3] });
  if (exitCode === 3) return 'hangs';
  return stdout
    .trim()
    .split('\n')
    .map((line) => {
      const [seconds = NaN, waitedUs = NaN] = line.split(' ').map(Number);
      return { seconds, waitedUs };
    });
}

/** The instructions of every function of a file, whether something calls it or not. */
async function machineCode(source: string, on: boolean): Promise<string> {
  const object = `${folder()}.o`;
  const includes = ['-I', FORMS, '-include', 'kernel.h', '-fkeep-static-functions', '-fkeep-inline-functions'];
  await host.processes.run(['gcc', '-O2', '-w', ...includes, symbol(on), '-x', 'c', '-c', source, '-o', object]);
  const { stdout } = await host.processes.run(['objdump', '--disassemble', '--reloc', '--no-show-raw-insn', object]);
  return stdout.slice(stdout.indexOf('Disassembly'));
}

/** What kbuild would have left of the tree: the objects, fixdep's notes as that version writes them, and auto.conf. */
async function buildOf(tree: string, files: readonly string[], optimise: '-O2' | '-Os', on: boolean): Promise<string> {
  const buildDir = folder();
  await host.files.writeAtomic(
    path.join(buildDir, 'include/config/auto.conf'),
    'CONFIG_X86=y\nCONFIG_RTC_NO_SYNC_ON_READ=y\n',
  );
  for (const file of files.filter((one) => one.endsWith('.c'))) {
    const object = path.join(buildDir, file.replace(/\.c$/, '.o'));
    const recorded = path.join(path.dirname(object), `.${path.basename(object)}.cmd`);
    await host.files.writeAtomic(recorded, '  $(wildcard include/config/rtc/no/sync/on/read.h) \\\n');
    const argv = ['gcc', optimise, '-w', '-I', FORMS, '-include', 'kernel.h', symbol(on)] as const;
    await host.processes.run([...argv, '-c', path.join(tree, file), '-o', object]);
  }
  return buildDir;
}

const BEFORE = 10 * 3600 + 59 * 60 + 59;

describe.skipIf(missing).each(EXCERPTS)('the RTC patch on the form of $version', (excerpt) => {
  const { version, files, changed, read } = excerpt;

  test('changes the functions that wait and no other file', async () => {
    const diff = await diffOf(await treeOf(version));
    const touched = [...diff.matchAll(/^\+\+\+ b\/(.*)$/gm)].map(([, file]) => file);
    expect(touched).toEqual(['arch/x86/Kconfig', ...changed]);
  });

  test('compiles to what it was while the symbol is off', async () => {
    const [plain, patched] = [path.join(FORMS, version), await patchedTreeOf(version)];
    for (const file of changed) {
      const before = await machineCode(path.join(plain, file), false);
      expect(await machineCode(path.join(patched, file), false)).toBe(before);
      expect(await machineCode(path.join(patched, file), true)).not.toBe(before);
    }
  });

  test('ends on a clock that is absent, and soon', async () => {
    const [plain, patched] = [path.join(FORMS, version), await patchedTreeOf(version)];
    for (const [statement, hangs] of [
      [read, excerpt.hangs.boot],
      [DRIVER_READ, excerpt.hangs.driver],
    ] as const) {
      const before = await ask(await program(plain, files, statement, false), 'absent');
      expect(before === 'hangs').toBe(hangs);
      const after = await ask(await program(patched, files, statement, true), 'absent');
      expect(after === 'hangs' ? Infinity : after[0]?.waitedUs).toBeLessThanOrEqual(excerpt.mostUs);
    }
  });

  test('reads one time or the other when the second changes under it, never a mixture', async () => {
    const patched = await patchedTreeOf(version);
    const instants = Array.from({ length: 25 }, (_, reads) => String(reads));
    for (const statement of [read, DRIVER_READ]) {
      const times = await ask(await program(patched, files, statement, true), ...instants);
      const seconds = times === 'hangs' ? [] : times.map((one) => one.seconds);
      expect(seconds).toHaveLength(instants.length);
      expect(new Set(seconds)).toEqual(new Set([BEFORE, BEFORE + 1]));
    }
  });

  test.each(['-O2', '-Os'] as const)(
    'can be proved from the objects of %s, and only with the symbol on',
    async (level) => {
      const treeDir = await patchedTreeOf(version);
      const proof = await proveCompiledIn(host, { treeDir, buildDir: await buildOf(treeDir, files, level, true) });
      expect(proof).toHaveLength(3);
      const without = proveCompiledIn(host, { treeDir, buildDir: await buildOf(treeDir, files, level, false) });
      await expect(without).rejects.toThrow(/still waits as before/);
    },
  );
});

describe.skipIf(missing)('a tree with a reader of an unknown form', () => {
  test('is refused, with every function, file and form that was looked for', async () => {
    const tree = await treeOf('4.10');
    const library = path.join(tree, LIBRARY);
    await writeFile(library, (await readFile(library, 'utf8')).replace('mdelay(20)', 'msleep(20)'));
    await expect(diffOf(tree)).rejects.toMatchObject({
      failure: {
        kind: 'patch-rejected',
        headline: `The RTC patch found nothing to change in mc146818_get_time, mc146818_avoid_UIP, mc146818_does_rtc_work of ${LIBRARY}`,
        detail: [
          `mach_get_cmos_time in ${ARCH}: form of 3.10 to 6.0, changed`,
          `cmos_read_time in ${DRIVER}: form of 4.8 to 6.7, waits in ${LIBRARY}`,
          `mc146818_get_time, mc146818_avoid_UIP, mc146818_does_rtc_work in ${LIBRARY}: not in the form of 4.8 to 5.10, 5.11 to 5.16, 5.17 to 6.7, 6.8 on`,
          `__get_rtc_time in ${INLINE}: no such file`,
        ],
      },
    });
  });

  test('is refused when the file in which it waits is not there', async () => {
    const tree = await treeOf('6.1');
    await rm(path.join(tree, LIBRARY));
    await expect(diffOf(tree)).rejects.toThrow(`nothing to change in mach_get_cmos_time of ${LIBRARY}`);
  });

  test('is refused when the rules leave a known form as it was', async () => {
    const tree = await treeOf('3.10');
    const arch = path.join(tree, ARCH);
    await writeFile(arch, (await readFile(arch, 'utf8')).replace('cpu_relax();', 'rep_nop();'));
    await expect(diffOf(tree)).rejects.toMatchObject({
      failure: {
        detail: [
          `mach_get_cmos_time in ${ARCH}: form of 3.10 to 6.0, no rule matched`,
          `cmos_read_time in ${DRIVER}: form of 3.10 to 4.7, waits in ${INLINE}`,
          `mc146818_get_time, mc146818_avoid_UIP, mc146818_does_rtc_work in ${LIBRARY}: no such file`,
          `__get_rtc_time in ${INLINE}: form of 3.10 to 4.7, changed`,
        ],
      },
    });
  });
});
