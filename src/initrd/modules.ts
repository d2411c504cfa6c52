/** What `make modules_install` and depmod leave in /lib/modules/<release> (modules.dep(5)). */
export interface ModuleLists {
  /** Text of `modules.dep`: `path: dependency dependency …`, compressed modules with their suffix. */
  readonly dep: string;
  /** Text of `modules.builtin`: one path per line. */
  readonly builtin: string;
  /** Text of `modules.softdep`: `softdep name pre: a b post: c`. ext4 asks for crc32c only there. */
  readonly softdep?: string;
  /** Text of `modules.alias`: `alias name module`; soft dependencies name algorithms, not modules. */
  readonly alias?: string;
  /** Names or file names of the modules that are wanted, e.g. `virtio_blk`. */
  readonly wanted: readonly string[];
}

/** A module's name as modprobe compares it: no folder, no suffix, `-` and `_` are the same. */
function moduleName(file: string): string {
  return file
    .slice(file.lastIndexOf('/') + 1)
    .replace(/\.ko(?:\.(?:gz|xz|zst))?$/, '')
    .replaceAll('-', '_');
}

/** Wanted modules that the kernel neither has built in nor as files. */
export class MissingModulesError extends Error {
  readonly modules: readonly string[];

  constructor(modules: readonly string[]) {
    super(`The kernel has no module ${modules.join(', ')}, neither built in nor as a file`);
    this.name = 'MissingModulesError';
    this.modules = modules;
  }
}

interface SoftDependencies {
  readonly pre: readonly string[];
  readonly post: readonly string[];
}

function parseSoftDependencies(text: string): ReadonlyMap<string, SoftDependencies> {
  const found = new Map<string, SoftDependencies>();
  for (const line of text.split('\n')) {
    const [keyword, module, ...words] = line.trim().split(/\s+/);
    if (keyword !== 'softdep' || module === undefined) continue;
    const parts: { pre: string[]; post: string[] } = { pre: [], post: [] };
    let list = parts.pre;
    for (const word of words) {
      if (word === 'pre:') list = parts.pre;
      else if (word === 'post:') list = parts.post;
      else list.push(word);
    }
    found.set(moduleName(module), parts);
  }
  return found;
}

/** Exact aliases only: the globs in modules.alias are for devices, and devices are wanted by driver here. */
function parseAliases(text: string): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>();
  for (const line of text.split('\n')) {
    const [keyword, alias, module] = line.trim().split(/\s+/);
    if (keyword !== 'alias' || alias === undefined || module === undefined || alias.includes('*')) continue;
    const name = moduleName(alias);
    found.set(name, [...(found.get(name) ?? []), module]);
  }
  return found;
}

function parseDependencies(text: string): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, readonly string[]>();
  for (const line of text.split('\n')) {
    const colon = line.indexOf(':');
    if (colon < 0) continue;
    const needed = line.slice(colon + 1).split(/\s+/);
    found.set(
      line.slice(0, colon).trim(),
      needed.filter((file) => file !== ''),
    );
  }
  return found;
}

/**
 * Files to load, relative to /lib/modules/<release>, so that every module comes after what it needs and once. What is
 * built in is left out. The order of `wanted` is kept where dependencies allow. A soft dependency that does not exist is
 * left out, as modprobe does.
 *
 * @throws MissingModulesError when a wanted module does not exist
 */
export function moduleLoadOrder(lists: ModuleLists): readonly string[] {
  const dependencies = parseDependencies(lists.dep);
  const softDependencies = parseSoftDependencies(lists.softdep ?? '');
  const aliases = parseAliases(lists.alias ?? '');
  const fileByName = new Map([...dependencies.keys()].map((file) => [moduleName(file), file]));
  const builtIn = new Set(lists.builtin.split('\n').map((line) => moduleName(line.trim())));
  const order = new Set<string>();
  const visiting = new Set<string>();

  const filesOf = (name: string): readonly string[] => {
    const file = fileByName.get(moduleName(name));
    if (file !== undefined) return [file];
    const modules = aliases.get(moduleName(name)) ?? [];
    return modules.flatMap((module) => fileByName.get(moduleName(module)) ?? []);
  };
  const visit = (file: string): void => {
    if (visiting.has(file)) return;
    visiting.add(file);
    const soft = softDependencies.get(moduleName(file));
    for (const name of soft?.pre ?? []) filesOf(name).forEach(visit);
    // depmod writes the nearest dependency first and the deepest last; the deepest must be loaded first.
    for (const needed of (dependencies.get(file) ?? []).toReversed()) visit(needed);
    order.add(file);
    for (const name of soft?.post ?? []) filesOf(name).forEach(visit);
  };
  const missing = lists.wanted.filter((name) => {
    const files = filesOf(name);
    files.forEach(visit);
    return files.length === 0 && !builtIn.has(moduleName(name));
  });
  if (missing.length > 0) throw new MissingModulesError(missing);
  return [...order];
}
