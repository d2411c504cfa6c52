import path from 'node:path';
import type { Origin } from './config.ts';
import { parseExpression, tokenize } from './kconfig-expression.ts';
import type { Expression, Token } from './kconfig-expression.ts';

export type SymbolType = 'bool' | 'tristate' | 'int' | 'hex' | 'string';

/** Something that must hold: a `depends on`, or the `if`, menu or choice around an entry. */
export interface Condition {
  readonly expression: Expression;
  readonly origin: Origin;
}

export interface Choice {
  readonly origin: Origin;
  readonly prompt?: string;
}

/** One `config` or `menuconfig` entry; a symbol may have several. */
export interface Definition {
  readonly origin: Origin;
  /** Own dependencies and those of everything around the entry. */
  readonly dependencies: readonly Condition[];
  /** Absent where the symbol cannot be set by hand: only `select` and defaults give it a value. */
  readonly prompt?: { readonly text: string; readonly conditions: readonly Condition[] };
  readonly ranges: readonly { readonly low: string; readonly high: string; readonly condition?: Expression }[];
  readonly choice?: Choice;
  /** The value comes from this environment variable (`option env=`, kernels before 4.18). */
  readonly environment?: string;
}

export interface Select {
  /** The symbol that has the `select` line. */
  readonly by: string;
  readonly condition?: Expression;
  readonly origin: Origin;
}

export interface KconfigSymbol {
  readonly name: string;
  readonly type: SymbolType | undefined;
  readonly definitions: readonly Definition[];
  readonly selectedBy: readonly Select[];
}

export interface KconfigTree {
  /** Only symbols that some file defines; one that is merely mentioned does not exist. */
  readonly symbols: ReadonlyMap<string, KconfigSymbol>;
  readonly environment: Readonly<Record<string, string>>;
  /** Files named by `source` that could not be read. */
  readonly missingFiles: readonly string[];
}

/** Reads a file by its path inside the kernel tree; `undefined` when it does not exist. */
export type ReadKconfig = (file: string) => Promise<string | undefined>;

/** What kbuild sets for an x86_64 build before it reads the first file. */
const X86_ENVIRONMENT: Readonly<Record<string, string>> = { ARCH: 'x86', SRCARCH: 'x86', srctree: '.' };

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

interface OpenDefinition extends Mutable<Omit<Definition, 'dependencies' | 'ranges' | 'prompt'>> {
  readonly symbol: string;
  readonly dependencies: Condition[];
  readonly ranges: { low: string; high: string; condition?: Expression }[];
  prompt?: { text: string; conditions: Condition[] };
  type?: SymbolType;
}

interface Block {
  readonly kind: 'menu' | 'if' | 'choice';
  readonly dependencies: Condition[];
  /** `visible if`: hides prompts, leaves values. */
  readonly visibility: Condition[];
  choice?: Mutable<Choice>;
}

interface LogicalLine {
  readonly text: string;
  readonly line: number;
}

const TYPES: Readonly<Record<string, SymbolType>> = {
  bool: 'bool',
  boolean: 'bool',
  def_bool: 'bool',
  tristate: 'tristate',
  def_tristate: 'tristate',
  int: 'int',
  hex: 'hex',
  string: 'string',
};

function indentation(line: string): number {
  let column = 0;
  for (const character of line) {
    if (character === '\t') column += 8 - (column % 8);
    else if (character === ' ') column += 1;
    else break;
  }
  return column;
}

/**
 * Joins continued lines and drops blank lines, comments and help texts. A help text ends where a line is indented less
 * than its first one (scripts/kconfig/lexer.l).
 */
function logicalLines(text: string): LogicalLine[] {
  const lines = text.split('\n');
  const result: LogicalLine[] = [];
  for (let at = 0; at < lines.length; at += 1) {
    const line = at + 1;
    let joined = lines[at] ?? '';
    while (joined.endsWith('\\') && at + 1 < lines.length) {
      at += 1;
      joined = `${joined.slice(0, -1)} ${lines[at] ?? ''}`;
    }
    const trimmed = joined.trim();
    if (trimmed === '' || trimmed.startsWith('#')) continue;
    if (/^(?:---help---|help)\s*(?:#.*)?$/.test(trimmed)) {
      while (lines[at + 1]?.trim() === '') at += 1;
      const depth = indentation(lines[at + 1] ?? '');
      const belongs = (next: string | undefined): boolean =>
        next !== undefined && (next.trim() === '' || (depth > 0 && indentation(next) >= depth));
      while (belongs(lines[at + 1])) at += 1;
      continue;
    }
    result.push({ text: trimmed, line });
  }
  return result;
}

/** The expression after the word `if`, and where it begins. */
function trailingIf(tokens: readonly Token[]): { readonly at: number; readonly expression?: Expression } {
  const at = tokens.findIndex((token) => token.kind === 'word' && token.text === 'if');
  if (at < 0) return { at: tokens.length };
  const parsed = parseExpression(tokens.slice(at + 1));
  return parsed === undefined ? { at } : { at, expression: parsed.expression };
}

/** Replaces `$(NAME)` and, for kernels before 4.18, `$NAME`. */
function expand(text: string, environment: Readonly<Record<string, string>>): string {
  return text.replaceAll(/\$\((\w+)\)|\$(\w+)/g, (whole, braced?: string, bare?: string) => {
    return environment[braced ?? bare ?? ''] ?? whole;
  });
}

class Reader {
  readonly definitions: OpenDefinition[] = [];
  readonly selects: (Select & { readonly target: string })[] = [];
  readonly missingFiles: string[] = [];
  private readonly blocks: Block[] = [];
  private entry: OpenDefinition | Block | undefined;
  private readonly read: ReadKconfig;
  private readonly environment: Readonly<Record<string, string>>;

  constructor(read: ReadKconfig, environment: Readonly<Record<string, string>>) {
    this.read = read;
    this.environment = environment;
  }

  async file(name: string): Promise<void> {
    const text = await this.read(name);
    if (text === undefined) {
      this.missingFiles.push(name);
      return;
    }
    for (const { text: statement, line } of logicalLines(text)) {
      const [keyword = '', rest = ''] = /^(\S+)\s*(.*)$/.exec(statement)?.slice(1) ?? [];
      const sourced = /^(r?)o?source$/.exec(keyword);
      if (sourced === null) {
        this.statement(keyword, expand(rest, this.environment), { file: name, line });
        continue;
      }
      const target = expand(tokenize(rest)[0]?.text ?? rest, this.environment);
      this.entry = undefined;
      await this.file(sourced[1] === 'r' ? path.posix.join(path.posix.dirname(name), target) : target);
      this.entry = undefined;
    }
  }

  private statement(keyword: string, rest: string, origin: Origin): void {
    switch (keyword) {
      case 'config':
      case 'menuconfig':
        this.open(rest.split(/[\s#]/)[0] ?? '', origin);
        return;
      case 'menu':
        this.push({ kind: 'menu', dependencies: [], visibility: [] });
        return;
      case 'choice':
        this.push({ kind: 'choice', dependencies: [], visibility: [], choice: { origin } });
        return;
      case 'if':
        this.push({ kind: 'if', dependencies: this.condition(tokenize(rest), origin), visibility: [] });
        this.entry = undefined;
        return;
      case 'endmenu':
      case 'endchoice':
      case 'endif':
        this.blocks.pop();
        this.entry = undefined;
        return;
      case 'comment':
      case 'mainmenu':
        this.entry = undefined;
        return;
      default:
        this.property(keyword, tokenize(rest), origin);
    }
  }

  private push(block: Block): void {
    this.blocks.push(block);
    this.entry = block;
  }

  private open(symbol: string, origin: Origin): void {
    const choice = this.blocks.findLast((block) => block.kind === 'choice')?.choice;
    const definition: OpenDefinition = {
      symbol,
      origin,
      dependencies: this.blocks.flatMap((block) => block.dependencies),
      ranges: [],
      ...(choice === undefined ? {} : { choice }),
    };
    this.definitions.push(definition);
    this.entry = definition;
  }

  private condition(tokens: readonly Token[], origin: Origin): Condition[] {
    const parsed = parseExpression(tokens);
    return parsed === undefined ? [] : [{ expression: parsed.expression, origin }];
  }

  private property(keyword: string, tokens: readonly Token[], origin: Origin): void {
    const entry = this.entry;
    if (entry === undefined) return;
    if (keyword === 'depends' || keyword === 'requires') {
      entry.dependencies.push(...this.condition(tokens.slice(1), origin));
    } else if ('kind' in entry) {
      if (keyword === 'visible') entry.visibility.push(...this.condition(tokens.slice(1), origin));
      if (keyword === 'prompt' && entry.choice !== undefined) entry.choice.prompt = tokens[0]?.text ?? '';
    } else {
      this.symbolProperty(entry, keyword, tokens, origin);
    }
  }

  private symbolProperty(entry: OpenDefinition, keyword: string, tokens: readonly Token[], origin: Origin): void {
    const type = Object.hasOwn(TYPES, keyword) ? TYPES[keyword] : undefined;
    const { at, expression } = trailingIf(tokens);
    const first = tokens[0];
    if (type !== undefined) entry.type = type;
    if (
      ((type !== undefined && !keyword.startsWith('def_')) || keyword === 'prompt') &&
      first !== undefined &&
      at > 0
    ) {
      entry.prompt = {
        text: first.text,
        conditions: [
          ...this.blocks.flatMap((block) => block.visibility),
          ...(expression === undefined ? [] : [{ expression, origin }]),
        ],
      };
    } else if (keyword === 'select' && first !== undefined) {
      this.selects.push({
        target: first.text,
        by: entry.symbol,
        origin,
        ...(expression === undefined ? {} : { condition: expression }),
      });
    } else if (keyword === 'range' && tokens.length >= 2) {
      entry.ranges.push({
        low: first?.text ?? '',
        high: tokens[1]?.text ?? '',
        ...(expression === undefined ? {} : { condition: expression }),
      });
    } else if (keyword === 'option' && first?.text === 'env' && tokens[2] !== undefined) {
      entry.environment = tokens[2].text;
    }
  }
}

/**
 * Reads a kernel's Kconfig files from `Kconfig` on, following `source` with `$(SRCARCH)`; enough of the language to say
 * whether a symbol exists, what it depends on and what selects it. It decides no values: kconfig itself does that.
 *
 * @param read gives a file's text by its path inside the tree
 */
export async function readKconfig(
  read: ReadKconfig,
  environment: Readonly<Record<string, string>> = X86_ENVIRONMENT,
): Promise<KconfigTree> {
  const reader = new Reader(read, environment);
  await reader.file('Kconfig');
  const symbols = new Map<string, Mutable<KconfigSymbol> & { definitions: Definition[]; selectedBy: Select[] }>();
  for (const { symbol: name, type, ...definition } of reader.definitions) {
    const symbol = symbols.get(name) ?? { name, type: undefined, definitions: [], selectedBy: [] };
    symbol.type ??= type;
    symbol.definitions.push(definition);
    symbols.set(name, symbol);
  }
  for (const { target, ...select } of reader.selects) symbols.get(target)?.selectedBy.push(select);
  return { symbols, environment, missingFiles: reader.missingFiles };
}
