import { formatOrigin } from './config.ts';
import type { RequestedSymbol, Config } from './config.ts';
import { conjuncts, evaluate, formatExpression, symbolsOf } from './kconfig-expression.ts';
import type { Lookup, Truth } from './kconfig-expression.ts';
import type { Condition, Definition, KconfigSymbol, KconfigTree, Select } from './kconfig.ts';

const MOST_NAMED = 4;

/** How symbols look up under a final `.config`: what it does not mention is off, or comes from the build's environment. */
function lookupIn(config: Config, tree: KconfigTree): Lookup {
  return (name) => {
    const value = config.get(name);
    if (value !== undefined) return value;
    const variable = tree.symbols.get(name)?.definitions.find((definition) => definition.environment)?.environment;
    return variable === undefined ? undefined : tree.environment[variable];
  };
}

function list(items: readonly string[]): string {
  const shown = items.slice(0, MOST_NAMED);
  const more = items.length - shown.length;
  return more > 0 ? `${shown.join(', ')} and ${more} more` : shown.join(', ');
}

function values(names: readonly string[], lookup: Lookup, tree: KconfigTree): string {
  return names
    .map((name) => {
      const value = lookup(name);
      if (value !== undefined) return `${name}=${value}`;
      return tree.symbols.has(name) ? `${name} is off` : `${name} does not exist`;
    })
    .join(', ');
}

/** One part of a dependency that does not hold: `NETFILTER_ADVANCED (is off) at net/netfilter/Kconfig:12`. */
interface Unmet {
  readonly text: string;
  readonly truth: Truth;
}

function unmet(conditions: readonly Condition[], wanted: 'm' | 'y', lookup: Lookup, tree: KconfigTree): Unmet[] {
  const seen = new Set<string>();
  return conditions.flatMap(({ expression, origin }) =>
    conjuncts(expression).flatMap((part) => {
      const truth = evaluate(part, lookup);
      const text = formatExpression(part);
      if (truth === 'y' || (truth === 'm' && wanted === 'm') || seen.has(text)) return [];
      seen.add(text);
      const because = truth === 'unknown' ? 'decided by the toolchain' : values(symbolsOf(part), lookup, tree);
      return [{ text: `\`${text}\` (${because || 'never holds'}) at ${formatOrigin(origin)}`, truth }];
    }),
  );
}

function isActive(select: Select, lookup: Lookup): boolean {
  const by = lookup(select.by);
  if (by !== 'y' && by !== 'm') return false;
  return select.condition === undefined || evaluate(select.condition, lookup) !== 'n';
}

function selectors(symbol: KconfigSymbol, lookup: Lookup, active: boolean): string[] {
  const chosen = symbol.selectedBy.filter((select) => isActive(select, lookup) === active);
  return [...new Set(chosen.map((select) => select.by))];
}

/** Definitions that a user could set, the one with the fewest unmet conditions first. */
function closestDefinition(
  symbol: KconfigSymbol,
  wanted: 'm' | 'y',
  lookup: Lookup,
  tree: KconfigTree,
): { readonly definition: Definition; readonly unmet: readonly Unmet[] } | undefined {
  return symbol.definitions
    .filter((definition) => definition.prompt !== undefined)
    .map((definition) => ({
      definition,
      unmet: unmet([...definition.dependencies, ...(definition.prompt?.conditions ?? [])], wanted, lookup, tree),
    }))
    .sort((one, other) => one.unmet.length - other.unmet.length)[0];
}

function whyNoPrompt(symbol: KconfigSymbol, lookup: Lookup): string {
  const could = selectors(symbol, lookup, false);
  const place = symbol.definitions[0] === undefined ? '' : ` (${formatOrigin(symbol.definitions[0].origin)})`;
  if (could.length === 0)
    return `it has no prompt${place} and nothing selects it: its value follows from other symbols`;
  return `it has no prompt${place}: only another symbol's select sets it, and none that does is on (${list(could)})`;
}

function whyOff(symbol: KconfigSymbol, wanted: 'm' | 'y', config: Config, tree: KconfigTree): string {
  const lookup = lookupIn(config, tree);
  const closest = closestDefinition(symbol, wanted, lookup, tree);
  if (closest === undefined) return whyNoPrompt(symbol, lookup);
  const certain = closest.unmet.filter((part) => part.truth !== 'unknown');
  const named = certain.length > 0 ? certain : closest.unmet;
  if (named.length > 0) return `unmet: ${named.map((part) => part.text).join('; ')}`;
  const choice = closest.definition.choice;
  if (choice !== undefined) return whyOtherChoice(symbol, choice.origin, config, tree);
  return 'nothing it depends on is unmet; a later line of the configuration may have switched it off again';
}

function whyOtherChoice(
  symbol: KconfigSymbol,
  origin: Definition['origin'],
  config: Config,
  tree: KconfigTree,
): string {
  const place = formatOrigin(origin);
  const taken = [...tree.symbols.values()].find(
    (other) =>
      other.name !== symbol.name &&
      config.get(other.name) === 'y' &&
      other.definitions.some((definition) => definition.choice && formatOrigin(definition.choice.origin) === place),
  );
  return `it is one of a choice (${place}) that took ${taken === undefined ? 'no member' : taken.name} instead`;
}

function whyOn(symbol: KconfigSymbol, config: Config, tree: KconfigTree): string {
  const lookup = lookupIn(config, tree);
  const by = selectors(symbol, lookup, true);
  if (by.length > 0) return `selected by ${list(by)}`;
  const closest = closestDefinition(symbol, 'm', lookup, tree);
  if (closest?.definition.choice !== undefined) {
    return `it is the default of a choice (${formatOrigin(closest.definition.choice.origin)}); ask for another member`;
  }
  if (closest !== undefined && closest.unmet.length === 0) return 'its default is on and nothing switched it off';
  return 'it cannot be switched off here: its prompt is hidden and its default is on';
}

function whyOtherValue(symbol: KconfigSymbol, asked: string, config: Config, tree: KconfigTree): string {
  const lookup = lookupIn(config, tree);
  const closest = closestDefinition(symbol, 'y', lookup, tree);
  if (closest === undefined) return whyNoPrompt(symbol, lookup);
  if (closest.unmet.length > 0) return `unmet: ${closest.unmet.map((part) => part.text).join('; ')}`;
  const range = closest.definition.ranges.find(
    (one) => one.condition === undefined || evaluate(one.condition, lookup) !== 'n',
  );
  if (range !== undefined) {
    const bound = (text: string): string => (lookup(text) === undefined ? text : `${text} (${lookup(text) ?? ''})`);
    return `its range is ${bound(range.low)} to ${bound(range.high)} (${formatOrigin(closest.definition.origin)})`;
  }
  return `it is of type ${symbol.type ?? 'unknown'} and did not take ${asked}`;
}

/**
 * Says why a symbol that exists did not get the value it was asked to have: the parts of its dependencies that do not
 * hold with the values of what they name, the selector that turned it on, the other member of its choice, its type or
 * its range. One clause without a full stop.
 */
export function explain(
  asked: Pick<RequestedSymbol, 'symbol' | 'value'>,
  symbol: KconfigSymbol,
  config: Config,
  tree: KconfigTree,
): string {
  const got = config.get(asked.symbol) ?? 'n';
  const { type } = symbol;
  const asksSwitch = ['y', 'm', 'n'].includes(asked.value);
  if (type !== 'bool' && type !== 'tristate') {
    if (!asksSwitch) return whyOtherValue(symbol, asked.value, config, tree);
    return `it is of type ${type ?? 'unknown'}: ask for a value, not ${asked.value}`;
  }
  if (!asksSwitch) return `it is a ${type}: ask for y${type === 'bool' ? '' : ', m'} or n`;
  if (asked.value === 'n') return whyOn(symbol, config, tree);
  if (asked.value === 'm' && symbol.type === 'bool') return 'it is a bool and cannot be a module: ask for y';
  if (asked.value === 'm' && got === 'y') return whyOn(symbol, config, tree);
  return whyOff(symbol, asked.value === 'm' ? 'm' : 'y', config, tree);
}
