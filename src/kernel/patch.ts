import path from 'node:path';
import { Fault } from '../host/fault.ts';
import type { Host } from '../host/host.ts';
import { parseConfig } from './config.ts';

const RTC_SYMBOL = 'RTC_NO_SYNC_ON_READ';

/** A source file that reads the CMOS clock at boot, and the functions the semantic patch looks for in it. */
interface Reader {
  readonly file: string;
  readonly functions: readonly string[];
  /** Built on every x86 and called by timekeeping_init: a patch that leaves it alone changes no boot. */
  readonly essential: boolean;
}

const READERS: readonly Reader[] = [
  { file: 'arch/x86/kernel/rtc.c', functions: ['mach_get_cmos_time'], essential: true },
  { file: 'drivers/rtc/rtc-cmos.c', functions: ['cmos_read_time'], essential: false },
  { file: 'drivers/rtc/rtc-mc146818-lib.c', functions: ['mc146818_does_rtc_work'], essential: false },
];

const KCONFIG_FILE = 'arch/x86/Kconfig';
/** Stands at top level in the x86 Kconfig of every version from 3.10 on; the symbol goes before it. */
const KCONFIG_ANCHOR = /^source "?kernel\/Kconfig\.hz"?$/m;

/** Every file of a kernel tree that `makePatch` reads; some do not exist in every version. */
export const PATCHED_FILES: readonly string[] = [KCONFIG_FILE, ...READERS.map((reader) => reader.file)];

const KCONFIG_ENTRY = `config ${RTC_SYMBOL}
	bool "Do not wait for the RTC's update cycle when reading it"
	depends on X86
	help
	  Read the CMOS clock without waiting for its update cycle to end (or
	  only for the few milliseconds a working clock can need). This takes
	  the wait for a slow, broken or absent clock out of the boot.

	  The time read may then be off by up to a second until something
	  better (kvmclock, NTP) sets it. Do not write it back to the clock.

	  If unsure, say N.

`;

export interface PatchOptions {
  /** An unpatched kernel tree; it is only read. */
  readonly sourceDir: string;
  /** The Coccinelle semantic patch. */
  readonly semanticPatch: string;
  /** Scratch folder; emptied of what earlier calls left. */
  readonly workDir: string;
  readonly signal?: AbortSignal;
}

function rejected(headline: string, detail: readonly string[]): Fault {
  return new Fault({
    kind: 'patch-rejected',
    headline,
    hint: 'This kernel version reads the RTC in another way: add rules for its form to the semantic patch, or switch the patch off in the profile.',
    detail,
  });
}

async function transformed(host: Host, options: PatchOptions, file: string): Promise<string> {
  const copy = path.join(options.workDir, 'spatch', file);
  await host.files.copy(path.join(options.sourceDir, file), copy);
  await host.processes.run(
    ['spatch', '--very-quiet', '--no-loops', '--sp-file', options.semanticPatch, '--in-place', copy],
    { cwd: options.workDir, ...(options.signal === undefined ? {} : { signal: options.signal }) },
  );
  return host.files.readText(copy);
}

/** `diff -u` between two texts under one name, without time stamps; empty when they are equal. */
async function unifiedDiff(host: Host, workDir: string, file: string, before: string, after: string): Promise<string> {
  if (before === after) return '';
  const [old, fresh] = [path.join(workDir, 'diff', 'before'), path.join(workDir, 'diff', 'after')];
  await host.files.writeAtomic(old, before);
  await host.files.writeAtomic(fresh, after);
  const labels = ['--label', `a/${file}`, '--label', `b/${file}`] as const;
  const { stdout } = await host.processes.run(['diff', '-u', ...labels, old, fresh], { okExitCodes: [0, 1] });
  return stdout;
}

/**
 * Turns the semantic patch into a unified diff against one kernel tree: every boot reader of the CMOS clock it has rules
 * for, and the Kconfig symbol that switches the change on. Apply with `patch -p1`. The same tree and patch give the
 * same bytes.
 *
 * @throws Fault `patch-rejected`, naming the functions looked for, when the reader every x86 boot goes through was not
 * changed, or when there is no place for the Kconfig symbol.
 */
export async function makePatch(host: Host, options: PatchOptions): Promise<string> {
  const source = (file: string): string => path.join(options.sourceDir, file);
  await host.files.remove(path.join(options.workDir, 'spatch'));
  const looked: string[] = [];
  let diff = '';
  for (const { file, functions, essential } of READERS) {
    const present = (await host.files.stat(source(file))) !== undefined;
    const change = present
      ? await unifiedDiff(
          host,
          options.workDir,
          file,
          await host.files.readText(source(file)),
          await transformed(host, options, file),
        )
      : '';
    const outcome = change !== '' ? 'changed' : present ? 'no rule matched' : 'no such file';
    looked.push(`${functions.join(', ')} in ${file}: ${outcome}`);
    if (essential && change === '') {
      throw rejected(`The RTC patch found nothing to change in ${functions.join(', ')} of ${file}`, looked);
    }
    diff += change;
  }
  const kconfig = await host.files.readText(source(KCONFIG_FILE));
  if (!KCONFIG_ANCHOR.test(kconfig)) {
    throw rejected(`${KCONFIG_FILE} has no line to put ${RTC_SYMBOL} before`, [`looked for ${KCONFIG_ANCHOR.source}`]);
  }
  const extended = kconfig.replace(KCONFIG_ANCHOR, (anchor) => `${KCONFIG_ENTRY}${anchor}`);
  return (await unifiedDiff(host, options.workDir, KCONFIG_FILE, kconfig, extended)) + diff;
}

/** What the compiled reader looks like with the symbol on, by form of the source. */
interface CompiledForm {
  readonly object: string;
  readonly function: string;
  /** The call both ways contain: shows that this is the form we know. */
  readonly call: string;
  /** Immediate operand that must be there, and the one that must be gone. */
  readonly present: RegExp;
  readonly absent: RegExp;
}

/** 6.1: the timeout argument of mc146818_get_time, 3 ms instead of 1000 ms (0x3e8), second argument register. */
const COMPILED: readonly CompiledForm[] = [
  {
    object: 'arch/x86/kernel/rtc.o',
    function: 'mach_get_cmos_time',
    call: 'mc146818_get_time',
    present: /\$0x3,%esi/,
    absent: /\$0x3e8\b/,
  },
];

function missingProof(headline: string, detail: readonly string[]): Fault {
  return rejected(`The RTC patch was applied but not compiled in: ${headline}`, detail);
}

/** The instructions of one function in `objdump --disassemble --reloc` output. */
function functionBody(disassembly: string, name: string): string | undefined {
  const start = disassembly.indexOf(`<${name}>:`);
  if (start < 0) return undefined;
  const end = disassembly.indexOf('\n\n', start);
  return disassembly.slice(start, end < 0 ? undefined : end);
}

/**
 * Shows that the changed code was compiled with the symbol on, from three witnesses: kbuild's auto.conf has it, fixdep
 * recorded that the object depends on it, and the object's machine code has the short wait and no longer the long one.
 *
 * @returns one sentence a witness
 * @throws Fault `patch-rejected` naming the witness that fails
 */
export async function proveCompiledIn(
  host: Host,
  options: { readonly buildDir: string; readonly signal?: AbortSignal },
): Promise<readonly string[]> {
  const inBuild = (file: string): string => path.join(options.buildDir, file);
  const readIfThere = async (file: string): Promise<string> =>
    (await host.files.stat(inBuild(file))) === undefined ? '' : host.files.readText(inBuild(file));
  const proof: string[] = [];

  const autoConf = 'include/config/auto.conf';
  if (parseConfig(await readIfThere(autoConf)).get(RTC_SYMBOL) !== 'y') {
    throw missingProof(`${autoConf} does not have CONFIG_${RTC_SYMBOL}=y`, []);
  }
  proof.push(`${autoConf}: CONFIG_${RTC_SYMBOL}=y`);

  for (const form of COMPILED) {
    const recorded = path.join(path.dirname(form.object), `.${path.basename(form.object)}.cmd`);
    const dependency = `include/config/${RTC_SYMBOL}`;
    if (!(await readIfThere(recorded)).includes(dependency)) {
      throw missingProof(`${recorded} does not name ${dependency}`, []);
    }
    proof.push(`${recorded}: depends on ${dependency}`);

    const argv = ['objdump', '--disassemble', '--reloc', '--no-show-raw-insn', inBuild(form.object)] as const;
    const { stdout } = await host.processes.run(argv, options.signal === undefined ? {} : { signal: options.signal });
    const body = functionBody(stdout, form.function);
    const detail = body?.split('\n') ?? [];
    if (body?.includes(form.call) !== true) {
      throw missingProof(`${form.object} has no ${form.function} that calls ${form.call}`, detail);
    }
    if (!form.present.test(body) || form.absent.test(body)) {
      throw missingProof(`${form.function} in ${form.object} still waits as before`, detail);
    }
    proof.push(`${form.object}: ${form.function} waits 3 ms, not 1000 ms`);
  }
  return proof;
}
