import path from 'node:path';
import { Fault } from '../../host/fault.ts';
import type { Host } from '../../host/host.ts';
import { formOf, READERS } from './rtc-forms.ts';
import type { Reader, ReaderForm } from './rtc-forms.ts';

export const RTC_SYMBOL = 'RTC_NO_SYNC_ON_READ';

const KCONFIG_FILE = 'arch/x86/Kconfig';
/** Stands at top level in the x86 Kconfig of every version from 3.10 on; the symbol goes before it. */
const KCONFIG_ANCHOR = /^source "?kernel\/Kconfig\.hz"?$/m;

/**
 * Wildcards that take from a kernel tarball every file `makePatch` reads. No version has all of `READERS`, and tar fails
 * when a pattern matches nothing: these match something in every one.
 */
export const PATCHED_FILES: readonly string[] = [
  KCONFIG_FILE,
  'arch/x86/kernel/rtc.c',
  'drivers/rtc/rtc-*.c',
  'include/asm-generic/r*.h',
];

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

/** A kernel the RTC patch does not fit. */
export function rejected(headline: string, detail: readonly string[]): Fault {
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

/** What was found of one reader; `diff` is empty when it was not changed. */
interface Looked {
  readonly reader: Reader;
  readonly form?: ReaderForm;
  readonly diff: string;
  readonly present: boolean;
}

async function look(host: Host, options: PatchOptions, reader: Reader): Promise<Looked> {
  const { file } = reader;
  const source = path.join(options.sourceDir, file);
  if ((await host.files.stat(source)) === undefined) return { reader, diff: '', present: false };
  const before = await host.files.readText(source);
  const form = formOf(reader, before);
  if (form === undefined) return { reader, diff: '', present: true };
  const after = form.waitsIn === undefined ? await transformed(host, options, file) : before;
  return { reader, form, diff: await unifiedDiff(host, options.workDir, file, before, after), present: true };
}

/** One line on a reader: the functions and forms looked for, and what came of it. */
function outcome({ reader, form, diff, present }: Looked): string {
  const functions = [...new Set(reader.forms.map((one) => one.function))].join(', ');
  const where = `${form?.function ?? functions} in ${reader.file}`;
  if (!present) return `${where}: no such file`;
  if (form === undefined) return `${where}: not in the form of ${reader.forms.map((one) => one.versions).join(', ')}`;
  const found = `${where}: form of ${form.versions}`;
  if (form.waitsIn !== undefined) return `${found}, waits in ${form.waitsIn}`;
  return `${found}, ${diff === '' ? 'no rule matched' : 'changed'}`;
}

/** A reader that would go on waiting: of an unknown form, left as it was, or waiting in a file that is not there. */
function goesOnWaiting(one: Looked, all: readonly Looked[]): boolean {
  if (!one.present) return one.reader.essential;
  if (one.form === undefined) return true;
  const { waitsIn } = one.form;
  if (waitsIn === undefined) return one.diff === '';
  return all.find(({ reader }) => reader.file === waitsIn)?.present !== true;
}

/**
 * Turns the semantic patch into a unified diff against one kernel tree: every boot reader of the CMOS clock, each in the
 * form it has there, and the Kconfig symbol that switches the change on. Apply with `patch -p1`. The same tree and patch
 * give the same bytes.
 *
 * @throws Fault `patch-rejected`, naming the functions and forms looked for, when a reader is of no known form or was not
 * changed, or when there is no place for the Kconfig symbol.
 */
export async function makePatch(host: Host, options: PatchOptions): Promise<string> {
  await host.files.remove(path.join(options.workDir, 'spatch'));
  const looked: Looked[] = [];
  for (const reader of READERS) looked.push(await look(host, options, reader));
  const waiting = looked.find((one) => goesOnWaiting(one, looked));
  if (waiting !== undefined) {
    const { reader, form } = waiting;
    const functions = form?.function ?? [...new Set(reader.forms.map((one) => one.function))].join(', ');
    throw rejected(
      `The RTC patch found nothing to change in ${functions} of ${form?.waitsIn ?? reader.file}`,
      looked.map(outcome),
    );
  }
  const kconfig = await host.files.readText(path.join(options.sourceDir, KCONFIG_FILE));
  if (!KCONFIG_ANCHOR.test(kconfig)) {
    throw rejected(`${KCONFIG_FILE} has no line to put ${RTC_SYMBOL} before`, [`looked for ${KCONFIG_ANCHOR.source}`]);
  }
  const extended = kconfig.replace(KCONFIG_ANCHOR, (anchor) => `${KCONFIG_ENTRY}${anchor}`);
  const symbol = await unifiedDiff(host, options.workDir, KCONFIG_FILE, kconfig, extended);
  return symbol + looked.map(({ diff }) => diff).join('');
}
