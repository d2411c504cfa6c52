import type { RequestedSymbol, Config, ConfigValue, Origin } from './config.ts';
import { editDistance } from '../../text/edit-distance.ts';
import { explain } from './kconfig-explain.ts';
import type { KconfigTree } from './kconfig.ts';

/** A symbol that did not come out of `olddefconfig` as it was asked for. */
export interface Rejection {
  readonly symbol: string;
  readonly asked: ConfigValue;
  /** Value in the final configuration; `n` where it has none. */
  readonly got: ConfigValue;
  /** One clause: no such symbol, or which condition is unmet. */
  readonly why: string;
  readonly origin: Origin;
  /** The existing symbol whose name is closest, for a misspelt one. */
  readonly nearest?: string;
}

/**
 * The name closest to a misspelt one, `undefined` when none is near enough to be what was meant: a quarter of its
 * length may differ, three letters at most. A missing or doubled prefix (`CONFIG_`) is looked through.
 */
export function nearestName(name: string, names: Iterable<string>): string | undefined {
  const bare = name.replace(/^(?:CONFIG_)+/, '').toUpperCase();
  let limit = Math.min(3, Math.max(1, Math.floor(bare.length / 4)));
  let nearest: string | undefined;
  for (const candidate of names) {
    const distance = editDistance(bare, candidate.toUpperCase(), limit);
    if (distance > limit || (nearest !== undefined && distance === limit)) continue;
    nearest = candidate;
    limit = distance;
  }
  return nearest;
}

function sameValue(asked: ConfigValue, got: ConfigValue): boolean {
  if (asked === got) return true;
  const numeric = /^(?:-?\d+|0[xX][0-9a-fA-F]+)$/;
  return numeric.test(asked) && numeric.test(got) && Number(asked) === Number(got);
}

/**
 * Compares what was asked with what `olddefconfig` left, symbol by symbol. Asking for `n` is satisfied by a symbol this
 * kernel does not have; see `unknownOff` for those. Asking for an empty text is satisfied by one whose dependencies are
 * off: without a ring of trusted keys there are none in it.
 */
export function verifyConfig(asked: readonly RequestedSymbol[], got: Config, tree: KconfigTree): readonly Rejection[] {
  return asked.flatMap((one): Rejection[] => {
    const value = got.get(one.symbol) ?? 'n';
    if (sameValue(one.value, value)) return [];
    const symbol = tree.symbols.get(one.symbol);
    if (one.value === '""' && symbol?.type === 'string' && !got.has(one.symbol)) return [];
    const rejection = { symbol: one.symbol, asked: one.value, got: value, origin: one.origin };
    if (symbol !== undefined) return [{ ...rejection, why: explain(one, symbol, got, tree) }];
    const nearest = nearestName(one.symbol, tree.symbols.keys());
    const why = 'no such symbol in this kernel';
    return [{ ...rejection, why, ...(nearest === undefined ? {} : { nearest }) }];
  });
}

/**
 * Symbols asked to be off that this kernel does not know: harmless for one that another version has, but a misspelt
 * name leaves the real symbol as it was.
 */
export function unknownOff(asked: readonly RequestedSymbol[], tree: KconfigTree): readonly RequestedSymbol[] {
  return asked.filter((one) => one.value === 'n' && !tree.symbols.has(one.symbol));
}
