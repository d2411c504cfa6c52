import type { ModuleFacts, PacketFilter } from '../model/needs.ts';

/**
 * Reads modinfo(8)'s output of several modules, one after the other. A module begins with its `filename:`; its name is the
 * `name:` field, which modinfo prints since kmod 22 for kernels from 4.13 on, else the file's.
 */
export function parseModinfo(text: string): readonly ModuleFacts[] {
  return text
    .split(/^(?=filename:)/m)
    .filter((block) => block.startsWith('filename:'))
    .map((block) => {
      const fields = new Map<string, string>();
      for (const line of block.split('\n')) {
        const [, field, value = ''] = /^(\w+):\s*(.*)$/.exec(line) ?? [];
        // Of fields that repeat (alias, parm, author) none is read here but the first description.
        if (field !== undefined && !fields.has(field)) fields.set(field, value.trim());
      }
      const filename = fields.get('filename') ?? '';
      const file = (filename.split('/').at(-1) ?? '').replace(/\.ko(?:\.\w+)?$/, '').replaceAll('-', '_');
      const optional = (key: 'description' | 'license'): Partial<ModuleFacts> => {
        const value = fields.get(key);
        return value === undefined || value === '' ? {} : { [key]: value };
      };
      return {
        name: fields.get('name') ?? file,
        filename,
        depends: (fields.get('depends') ?? '').split(',').filter((name) => name !== ''),
        ...optional('description'),
        ...optional('license'),
      };
    });
}

function backendOf(version: string): PacketFilter['backend'] {
  const [, word] = /\((nf_tables|legacy)\)/.exec(version) ?? [];
  return word === 'nf_tables' || word === 'legacy' ? word : 'unknown';
}

/** Words after every `-m` or `-j` of a rule. Jumps to the table's own chains are no targets of the kernel's. */
function wordsAfter(flag: string, rule: string): string[] {
  return [...rule.matchAll(new RegExp(String.raw`(?:^|\s)${flag}\s+(\S+)`, 'g'))].map(([, word = '']) => word);
}

const VERDICTS = new Set(['ACCEPT', 'DROP', 'RETURN', 'QUEUE']);

/**
 * Reads `iptables --version`, `iptables-save` and `ip6tables-save`: which tables hold rules, and which matches and targets
 * those use. A match that stands for the protocol (`-p tcp --dport`) shows as `-m tcp`, as iptables-save writes it.
 */
export function parsePacketFilter(version: string, ipv4: string, ipv6: string): PacketFilter {
  const tables: { family: 'ipv4' | 'ipv6'; name: string; rules: number }[] = [];
  const matches = new Set<string>();
  const targets = new Set<string>();
  for (const [family, text] of [
    ['ipv4', ipv4],
    ['ipv6', ipv6],
  ] as const) {
    let table: (typeof tables)[number] | undefined;
    let chains = new Set<string>();
    for (const line of text.split('\n')) {
      if (line.startsWith('*')) {
        table = { family, name: line.slice(1).trim(), rules: 0 };
        tables.push(table);
        chains = new Set();
      } else if (line.startsWith(':')) {
        chains.add(line.slice(1).split(' ')[0] ?? '');
      } else if (line.startsWith('-A ') && table !== undefined) {
        table.rules += 1;
        for (const match of wordsAfter('-m', line)) matches.add(match);
        for (const target of wordsAfter('-j', line)) {
          if (!chains.has(target) && !VERDICTS.has(target)) targets.add(target);
        }
      }
    }
  }
  return { backend: backendOf(version), tables, matches: [...matches].sort(), targets: [...targets].sort() };
}
