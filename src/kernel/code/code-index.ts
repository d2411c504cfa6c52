import path from 'node:path';
import type { Host } from '../../host/host.ts';
import type { CodeIndex, Definition, KernelModule, SourceFile } from '../../model/code.ts';
import { scanFunctions } from './c-functions.ts';
import type { Config } from '../config/config.ts';
import { parseKbuild } from './kbuild.ts';
import type { KbuildRule } from './kbuild.ts';

/** Files whose folders are named from the top of the tree: kernels before 6.1 list all of them in the makefiles. */
const ROOTS = ['Kbuild', 'Makefile', 'arch/x86/Makefile'] as const;
const ROOT_TARGETS = new Set(['obj', 'init', 'core', 'drivers', 'libs', 'net', 'virt']);
/** `$(SRCARCH)` of the top folder's list. */
const ARCHITECTURE = /arch\/\$[({]SRCARCH[)}]\//g;

const moduleName = (object: string): string => path.posix.basename(object, '.o').replaceAll('-', '_');
const unique = (names: readonly string[]): readonly string[] => [...new Set(names)];

async function readIfThere(host: Host, file: string): Promise<string | undefined> {
  return (await host.files.stat(file))?.kind === 'file' ? host.files.readText(file) : undefined;
}

interface Found {
  readonly files: SourceFile[];
  readonly modules: Map<string, KernelModule>;
}

/** The source files behind one object, which may be composed of others. */
function sourcesOf(
  object: string,
  rules: readonly KbuildRule[],
  needs: readonly string[],
  seen: ReadonlySet<string> = new Set(),
): { readonly base: string; readonly needs: readonly string[] }[] {
  const base = object.slice(0, -'.o'.length);
  const parts = rules.filter(({ target }) => target === base);
  if (parts.length === 0 || seen.has(base)) return [{ base, needs }];
  return parts.flatMap((part) =>
    part.words
      .filter((word) => word.endsWith('.o'))
      .flatMap((word) => sourcesOf(word, rules, unique([...needs, ...part.needs]), new Set([...seen, base]))),
  );
}

/**
 * Walks the kbuild makefiles of a tree as a build with this configuration would (Documentation/kbuild/makefiles.rst), and
 * lists the C files that it compiles.
 */
export async function compiledFiles(host: Host, treeDir: string, config: Config): Promise<Found> {
  const found: Found = { files: [], modules: new Map() };
  const visit = async (folder: string, needs: readonly string[]): Promise<void> => {
    const text =
      (await readIfThere(host, path.join(treeDir, folder, 'Kbuild'))) ??
      (await readIfThere(host, path.join(treeDir, folder, 'Makefile')));
    if (text === undefined) return;
    const rules = parseKbuild(text, config);
    for (const rule of rules) {
      if (rule.target !== 'obj' && rule.target !== 'lib') continue;
      const own = unique([...needs, ...rule.needs]);
      for (const word of rule.words) {
        if (word.endsWith('/')) await visit(path.posix.join(folder, word), own);
        if (!word.endsWith('.o')) continue;
        const module = rule.kind === 'm' ? moduleName(word) : undefined;
        if (module !== undefined) found.modules.set(module, { name: module, symbol: own.at(-1) });
        for (const source of sourcesOf(word, rules, own)) {
          const file = path.posix.join(folder, `${source.base}.c`);
          found.files.push({ file, needs: source.needs, ...(module === undefined ? {} : { module }) });
        }
      }
    }
  };
  for (const root of ROOTS) {
    const text = (await readIfThere(host, path.join(treeDir, root))) ?? '';
    for (const rule of parseKbuild(text.replaceAll(ARCHITECTURE, 'arch/x86/'), config)) {
      if (!ROOT_TARGETS.has(rule.target)) continue;
      for (const word of rule.words) if (word.endsWith('/')) await visit(path.posix.normalize(word), rule.needs);
    }
  }
  return found;
}

/** One file and the C files that it includes, each once. */
async function indexFile(
  host: Host,
  treeDir: string,
  config: Config,
  source: SourceFile,
  add: (name: string, definition: Definition) => void,
  depth = 0,
): Promise<void> {
  const text = await readIfThere(host, path.join(treeDir, source.file));
  if (text === undefined) return;
  const { functions, includes } = scanFunctions(text, config);
  const { file, needs: around, module } = source;
  for (const { name, needs, isInit } of functions) {
    add(name, { file, needs: unique([...around, ...needs]), isInit, ...(module === undefined ? {} : { module }) });
  }
  if (depth > 2) return;
  for (const include of includes) {
    const included = path.posix.join(path.posix.dirname(file), include.file);
    const inner = { ...source, file: included, needs: unique([...around, ...include.needs]) };
    await indexFile(host, treeDir, config, inner, add, depth + 1);
  }
}

/**
 * Indexes what a configuration compiles: functions, the symbols behind each, and the modules. Only files of the built-in
 * kernel and of the modules in `wanted` are read; a stock kernel has thousands of others.
 *
 * @param onProgress gets the share of the files that have been read
 */
export async function indexCode(
  host: Host,
  options: {
    readonly treeDir: string;
    readonly config: Config;
    readonly wanted: ReadonlySet<string>;
    readonly signal: AbortSignal;
    readonly onProgress: (fraction: number) => void;
  },
): Promise<CodeIndex> {
  const { treeDir, config, wanted, signal, onProgress } = options;
  const { files, modules } = await compiledFiles(host, treeDir, config);
  const functions = new Map<string, Definition[]>();
  const add = (name: string, definition: Definition): void => {
    const known = functions.get(name);
    if (known === undefined) functions.set(name, [definition]);
    else known.push(definition);
  };
  const read = files.filter(({ module }) => module === undefined || wanted.has(module));
  for (const [index, source] of read.entries()) {
    signal.throwIfAborted();
    if (index % 100 === 0) onProgress(index / read.length);
    await indexFile(host, treeDir, config, source, add);
  }
  return { functions, modules: [...modules.values()], files };
}
