import path from 'node:path';
import { Fault } from '../../host/fault.ts';
import type { Host } from '../../host/host.ts';
import { jsonText } from '../../json/text.ts';
import type { Finding } from '../../model/finding.ts';
import { translateSymbols } from './translate-symbols.ts';
import type { TranslatedSymbols } from './translate-symbols.ts';
import type { PeriodCompiler } from '../toolchains.ts';
import { countSymbols, formatOrigin, formatSymbol, mergeFragments, parseConfig } from './config.ts';
import type { RequestedSymbol, Config, Conflict, Fragment, MalformedLine } from './config.ts';
import { readKconfig } from './kconfig.ts';
import type { KconfigTree } from './kconfig.ts';
import { unknownOff, verifyConfig } from './verify.ts';
import type { Rejection } from './verify.ts';
import { versionOfMakefile } from '../version.ts';

export type ConfigBase = 'tinyconfig' | 'defconfig' | 'allnoconfig' | 'distribution';

/** What is asked of a configuration. */
export interface RequestedConfig {
  readonly treeDir: string;
  readonly fragments: readonly Fragment[];
  /** Symbols that override the fragments, without `CONFIG_`; values as a `.config` spells them. */
  readonly symbols?: Readonly<Record<string, string>>;
  /** Where `symbols` stand, for messages; default: `profile`. */
  readonly symbolsFile?: string;
  /** Appended to the release, e.g. `-drydock-docker-min`. */
  readonly localVersion?: string;
}

export interface ConfigureOptions extends RequestedConfig {
  /** Folder for `make O=`; made if absent. */
  readonly buildDir: string;
  readonly base: ConfigBase;
  /** Text of the distribution's own configuration: what `distribution` starts from, and nothing else does. */
  readonly distributionConfig?: string;
  /** Kconfig asks the compiler what it can do: another one than the host's own, with the arguments of make for it. */
  readonly compiler?: PeriodCompiler;
  readonly onLine?: (line: string) => void;
  readonly signal?: AbortSignal;
}

export interface ConfiguredKernel {
  readonly configText: string;
  /** Empty when every symbol came out as asked. */
  readonly rejections: readonly Rejection[];
  readonly findings: readonly Finding[];
  /** Symbols asked for that this kernel does not have because it does what they ask for in any case. */
  readonly always: readonly string[];
  readonly builtIn: number;
  readonly modules: number;
}

/** What `make tinyconfig` is made of; files a kernel version does not have are skipped. */
const TINY_FILES = ['kernel/configs/tiny-base.config', 'kernel/configs/tiny.config', 'arch/x86/configs/tiny.config'];

function conflictLine({ symbol, first, second }: Conflict): string {
  const said = (asked: RequestedSymbol): string =>
    `${formatSymbol(symbol, asked.value)} at ${formatOrigin(asked.origin)}`;
  return `${said(first)}, but ${said(second)}`;
}

function malformedLine({ origin, text }: MalformedLine): string {
  return `${formatOrigin(origin)}: ${text}`;
}

function refuseUnclear(conflicts: readonly Conflict[], malformed: readonly MalformedLine[]): void {
  if (malformed.length > 0) {
    throw new Fault({
      kind: 'kernel-config',
      headline: `${malformed.length} line(s) of the kernel fragments are not configuration`,
      hint: 'Write CONFIG_NAME=value without spaces, or "# CONFIG_NAME is not set".',
      detail: malformed.map(malformedLine),
    });
  }
  if (conflicts.length > 0) {
    throw new Fault({
      kind: 'kernel-config',
      headline: `The kernel fragments contradict each other on ${conflicts.map((one) => one.symbol).join(', ')}`,
      hint: 'Let one fragment decide, or decide in the profile under kernel.symbols, which overrides fragments.',
      detail: conflicts.map(conflictLine),
    });
  }
}

function withOverrides(asked: readonly RequestedSymbol[], options: RequestedConfig): RequestedSymbol[] {
  const origin = { file: options.symbolsFile ?? 'profile' };
  const overrides = Object.entries(options.symbols ?? {}).map(([symbol, value]) => ({ symbol, value, origin }));
  const localVersion = options.localVersion;
  if (localVersion !== undefined) {
    overrides.push({ symbol: 'LOCALVERSION', value: jsonText(localVersion), origin: { file: 'drydock' } });
  }
  const overridden = new Set(overrides.map((one) => one.symbol));
  return [...asked.filter((one) => !overridden.has(one.symbol)), ...overrides];
}

async function readIfThere(host: Host, file: string): Promise<string | undefined> {
  return (await host.files.stat(file)) === undefined ? undefined : host.files.readText(file);
}

/** Files whose lines a base is made of, one after the other. */
async function baseFiles(host: Host, options: ConfigureOptions): Promise<readonly string[]> {
  if (options.base === 'distribution') {
    if (options.distributionConfig === undefined) throw new Error('A distribution base was planned without its text');
    return [options.distributionConfig];
  }
  if (options.base !== 'tinyconfig') return [];
  return Promise.all(TINY_FILES.map(async (file) => (await readIfThere(host, path.join(options.treeDir, file))) ?? ''));
}

/** Lines of the base configuration that no fragment overrides. In a Kconfig choice, the fragment's option wins. */
async function baseText(host: Host, options: ConfigureOptions, asked: readonly RequestedSymbol[]): Promise<string> {
  const decided = new Set(asked.map((one) => one.symbol));
  let text = '';
  for (const content of await baseFiles(host, options)) {
    for (const [symbol, value] of parseConfig(content)) {
      if (!decided.has(symbol)) text += `${formatSymbol(symbol, value)}\n`;
    }
  }
  return text;
}

const isOn = (value: string | undefined): boolean => value === 'y' || value === 'm';

/** How much of a distribution's configuration is left: what was asked off takes with it whatever depends on it. */
function subtraction(base: Config, asked: readonly RequestedSymbol[], got: Config, tree: KconfigTree): Finding {
  const had = [...base].filter(([, value]) => isOn(value)).map(([symbol]) => symbol);
  const unknown = had.filter((symbol) => !tree.symbols.has(symbol)).length;
  const off = had.filter((symbol) => tree.symbols.has(symbol) && !isOn(got.get(symbol)));
  const byName = new Set(asked.filter((one) => one.value === 'n').map((one) => one.symbol));
  const named = off.filter((symbol) => byName.has(symbol)).length;
  return {
    level: 'info',
    message: `Of ${had.length} symbols that the distribution's configuration has on, ${off.length} are off here (${named} by name, the others with them) and ${unknown} do not exist in this kernel`,
  };
}

/** Reads the Kconfig files of an unpacked tree. */
function readKconfigTree(host: Host, treeDir: string): Promise<KconfigTree> {
  return readKconfig((file) => readIfThere(host, path.join(treeDir, file)));
}

/** The requested symbols under the names of this tree's release. If the release is unknown, the names stay as written. */
async function translateForTree(
  host: Host,
  asked: readonly RequestedSymbol[],
  treeDir: string,
  tree: KconfigTree,
): Promise<TranslatedSymbols> {
  const version = versionOfMakefile((await readIfThere(host, path.join(treeDir, 'Makefile'))) ?? '');
  return version === undefined ? { asked, findings: [], always: [] } : translateSymbols(asked, version, tree.symbols);
}

/** Every requested symbol as this tree's release names it, and the tree's symbols. */
async function readRequested(
  host: Host,
  requested: RequestedConfig,
): Promise<TranslatedSymbols & { readonly tree: KconfigTree }> {
  const merged = mergeFragments(requested.fragments);
  refuseUnclear(merged.conflicts, merged.malformed);
  const tree = await readKconfigTree(host, requested.treeDir);
  return { ...(await translateForTree(host, withOverrides(merged.asked, requested), requested.treeDir, tree)), tree };
}

/**
 * Verifies every symbol that was asked for in a configuration that another machine has resolved: what Kconfig makes of them
 * depends on the compiler there.
 */
export async function verifyResolved(
  host: Host,
  requested: RequestedConfig,
  configText: string,
): Promise<readonly Rejection[]> {
  const { asked, tree } = await readRequested(host, requested);
  return verifyConfig(asked, parseConfig(configText), tree);
}

/**
 * Makes a `.config` in `buildDir` out of a base, fragments and overriding symbols, runs `olddefconfig`, and verifies
 * every requested symbol. A symbol that this release of the kernel does not have is requested by the name it has
 * there, or left out with a finding, as far as symbol-history.ts knows it.
 *
 * tinyconfig and allnoconfig take the requested symbols as `KCONFIG_ALLCONFIG`, in one step: a symbol that is not requested is off
 * even where a requested one makes it visible. Merging a fragment into a finished tinyconfig would leave it at its default.
 * defconfig and the distribution's configuration are changed by the requested symbols; all others get their defaults, as with
 * any configuration that is carried over to another release.
 *
 * @throws Fault `kernel-config` for fragments that contradict each other or hold lines that mean nothing
 */
export async function configureKernel(host: Host, options: ConfigureOptions): Promise<ConfiguredKernel> {
  const { treeDir, buildDir, base, compiler } = options;
  const { asked, tree, ...translated } = await readRequested(host, options);
  const requested = asked.map((one) => `${formatSymbol(one.symbol, one.value)}\n`).join('');

  await host.files.makeDirectory(buildDir);
  const running = {
    ...(options.onLine === undefined ? {} : { onLine: options.onLine }),
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  };
  const variables = compiler === undefined ? [] : [`CC=${compiler.package}`, ...compiler.makeVariables];
  const make = (...targets: readonly string[]): Promise<unknown> =>
    host.processes.run(['make', '-C', treeDir, `O=${buildDir}`, ...variables, ...targets], running);
  const configPath = path.join(buildDir, '.config');
  if (base === 'defconfig') {
    await make('defconfig');
    await host.files.writeAtomic(configPath, (await host.files.readText(configPath)) + requested);
  } else if (base === 'distribution') {
    await host.files.writeAtomic(configPath, (await baseText(host, options, asked)) + requested);
  } else {
    const allConfig = path.join(buildDir, 'drydock-asked.config');
    await host.files.writeAtomic(allConfig, (await baseText(host, options, asked)) + requested);
    await make(`KCONFIG_ALLCONFIG=${allConfig}`, 'allnoconfig');
  }
  await make('olddefconfig');

  const configText = await host.files.readText(configPath);
  const config = parseConfig(configText);
  const unknown = unknownOff(asked, tree);
  const absent: Finding[] = unknown.map((one) => ({
    level: 'info',
    message: `CONFIG_${one.symbol} is to be off at ${formatOrigin(one.origin)}, and does not exist in this kernel`,
  }));
  const rejections = verifyConfig(asked, config, tree);
  const left =
    options.distributionConfig === undefined
      ? []
      : [subtraction(parseConfig(options.distributionConfig), asked, config, tree)];
  const findings = [...translated.findings, ...absent, ...left];
  return { configText, rejections, findings, always: translated.always, ...countSymbols(config) };
}

function rejectionLine(rejection: Rejection): string {
  const { symbol, asked, got, why, origin, nearest } = rejection;
  const meant = nearest === undefined ? '' : `; did you mean CONFIG_${nearest}?`;
  return `${formatOrigin(origin)}: CONFIG_${symbol} requested as ${asked}, is ${got}: ${why}${meant}`;
}

function rejectionHint(rejections: readonly Rejection[]): string {
  const misspelt = rejections.find((one) => one.nearest !== undefined);
  if (misspelt?.nearest !== undefined) {
    return `CONFIG_${misspelt.symbol} may be misspelt: the nearest symbol is CONFIG_${misspelt.nearest}.`;
  }
  return rejections.every((one) => one.asked === 'n')
    ? 'Switch off what selects them, too, or leave them on.'
    : 'Request the unmet dependencies too, or remove the symbol.';
}

/** The end of a run whose symbols did not survive `olddefconfig`: each with what was asked, what came and why. */
export function rejectionFault(rejections: readonly Rejection[]): Fault {
  const names = rejections.map((one) => `CONFIG_${one.symbol}`);
  const shown = names.slice(0, 3).join(', ') + (names.length > 3 ? ` and ${names.length - 3} more` : '');
  return new Fault({
    kind: 'kernel-config',
    headline: `The kernel configuration does not have ${shown} as requested`,
    hint: rejectionHint(rejections),
    detail: rejections.map(rejectionLine),
  });
}
