import path from 'node:path';
import type { Fault } from '../../host/fault.ts';
import type { Host } from '../../host/host.ts';
import { parseConfig } from '../config/config.ts';
import { rejected, RTC_SYMBOL } from './patch.ts';
import { formOf, READERS } from './rtc-forms.ts';
import type { CompiledForm } from './rtc-forms.ts';

export interface ProofOptions {
  /** The patched tree the kernel was built from. */
  readonly treeDir: string;
  /** Folder of `make O=`. */
  readonly buildDir: string;
  readonly signal?: AbortSignal;
}

/** The function that waits on the way from timekeeping_init, and what it must look like when compiled. */
interface Waiting {
  readonly object: string;
  readonly function: string;
  readonly compiled: CompiledForm;
}

/** How fixdep names a symbol that a file depends on (scripts/basic/fixdep.c): from 5.13 on, and before. */
const DEPENDENCIES = [
  `include/config/${RTC_SYMBOL}`,
  `include/config/${RTC_SYMBOL.toLowerCase().replaceAll('_', '/')}.h`,
] as const;

function missingProof(headline: string, detail: readonly string[]): Fault {
  return rejected(`The RTC patch was applied but not compiled in: ${headline}`, detail);
}

async function readIfThere(host: Host, file: string): Promise<string> {
  return (await host.files.stat(file)) === undefined ? '' : host.files.readText(file);
}

/** Follows the boot's reader from file to file, as far as the one that waits. */
async function whereItWaits(host: Host, treeDir: string): Promise<Waiting> {
  let reader = READERS.find((one) => one.essential);
  while (reader !== undefined) {
    const form = formOf(reader, await readIfThere(host, path.join(treeDir, reader.file)));
    if (form === undefined) break;
    const { waitsIn, compiled } = form;
    if (waitsIn === undefined && compiled === undefined) break;
    if (compiled !== undefined && waitsIn === undefined) {
      return { object: reader.file.replace(/\.c$/, '.o'), function: form.function, compiled };
    }
    reader = READERS.find((one) => one.file === waitsIn);
  }
  throw missingProof("it is not known what the boot's reader of the clock looks like when compiled", [
    `looked in ${reader?.file ?? 'every file of the table'}`,
  ]);
}

const AUTO_CONF = 'include/config/auto.conf';

/** kbuild's file beside an object that says what it was made from. */
function recordOf(object: string): string {
  return path.join(path.dirname(object), `.${path.basename(object)}.cmd`);
}

/** The files of a build's folder that the proof reads, for one that lies on another machine. */
export async function witnessFiles(host: Host, treeDir: string): Promise<readonly string[]> {
  const { object } = await whereItWaits(host, treeDir);
  return [AUTO_CONF, recordOf(object), object];
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
export async function proveCompiledIn(host: Host, options: ProofOptions): Promise<readonly string[]> {
  const { buildDir, treeDir, signal } = options;
  const inBuild = (file: string): string => path.join(buildDir, file);
  const waiting = await whereItWaits(host, treeDir);
  const { object, compiled } = waiting;

  if (parseConfig(await readIfThere(host, inBuild(AUTO_CONF))).get(RTC_SYMBOL) !== 'y') {
    throw missingProof(`${AUTO_CONF} does not have CONFIG_${RTC_SYMBOL}=y`, []);
  }

  const recorded = recordOf(object);
  const names = await readIfThere(host, inBuild(recorded));
  const dependency = DEPENDENCIES.find((one) => names.includes(one));
  if (dependency === undefined) throw missingProof(`${recorded} does not name ${DEPENDENCIES[0]}`, []);

  const argv = ['objdump', '--disassemble', '--reloc', '--no-show-raw-insn', inBuild(object)] as const;
  const { stdout } = await host.processes.run(argv, signal === undefined ? {} : { signal });
  const body = functionBody(stdout, waiting.function);
  const detail = body?.split('\n') ?? [];
  if (body === undefined || !compiled.either.test(body)) {
    throw missingProof(`${object} has no ${waiting.function} as its source has it`, detail);
  }
  if (compiled.present?.test(body) === false || compiled.absent.test(body)) {
    throw missingProof(`${waiting.function} in ${object} still waits as before`, detail);
  }
  return [
    `${AUTO_CONF}: CONFIG_${RTC_SYMBOL}=y`,
    `${recorded}: depends on ${dependency}`,
    `${object}: ${waiting.function} ${compiled.shows}`,
  ];
}
