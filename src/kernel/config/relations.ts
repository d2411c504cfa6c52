import path from 'node:path';
import type { Host } from '../../host/host.ts';
import type { SymbolRelations } from '../../model/code.ts';
import { conjuncts } from './kconfig-expression.ts';
import { readKconfig } from './kconfig.ts';
import type { KconfigSymbol } from './kconfig.ts';

/** Symbols that every definition of a symbol depends on without an alternative. */
function dependenciesOf({ definitions }: KconfigSymbol): readonly string[] {
  const [first = [], ...others] = definitions.map(({ dependencies }) =>
    dependencies.flatMap(({ expression }) =>
      conjuncts(expression).flatMap((part) => (part.kind === 'symbol' ? [part.name] : [])),
    ),
  );
  return [...new Set(first.filter((symbol) => others.every((other) => other.includes(symbol))))];
}

/** Reads from the Kconfig files of an unpacked tree how its symbols hang together. */
export async function symbolRelations(host: Host, treeDir: string): Promise<SymbolRelations> {
  const { symbols } = await readKconfig(async (file) => {
    const full = path.join(treeDir, file);
    return (await host.files.stat(full)) === undefined ? undefined : host.files.readText(full);
  });
  const choices = new Set<string>();
  const dependencies = new Map<string, readonly string[]>();
  const selects = new Map<string, string[]>();
  for (const symbol of symbols.values()) {
    const { name, definitions, selectedBy } = symbol;
    if (definitions.some(({ choice }) => choice !== undefined)) choices.add(name);
    dependencies.set(name, dependenciesOf(symbol));
    for (const { by } of selectedBy) selects.set(by, [...(selects.get(by) ?? []), name]);
  }
  return { choices, dependencies, selects };
}
