import type { ModuleState, ObserverLog, RanFunction, Tracing } from '../model/needs.ts';

/** A function as the kernel lists it: `br_handle_frame [bridge]`, without what the compiler appended. */
export function parseFunctionName(text: string): { readonly name: string; readonly module?: string } {
  const [, name = text, module] = /^(\S+?)(?: \[(\w+)\])?$/.exec(text.trim()) ?? [];
  // gcc's clones: `.constprop.0`, `.isra.0`, `.part.0`. A name that begins with a dot would be none.
  const [bare = name] = name.split('.');
  return { name: bare === '' ? name : bare, ...(module === undefined ? {} : { module }) };
}

const parseModule = (atSec: number, words: readonly string[]): ModuleState => {
  const [name = '', size = '0', references = '0', users = '-'] = words;
  return {
    name,
    sizeBytes: Number(size),
    references: Number(references),
    users: users === '-' ? [] : users.split(',').filter((user) => user !== ''),
    atSec,
  };
};

/** Kinds of line that say one thing, and where each is kept. */
const SIMPLE = {
  mount: 'mounts',
  namespace: 'namespaces',
  controller: 'controllers',
  delegated: 'delegated',
  knob: 'knobs',
  seccomp: 'seccomp',
  label: 'labels',
} as const;
type SimpleKind = keyof typeof SIMPLE;
const isSimple = (kind: string): kind is SimpleKind => Object.hasOwn(SIMPLE, kind);

/**
 * Reads what the observer wrote: `<kind> <uptime> <what>`, each thing once, when it was first seen. A log without its end is
 * read as far as it goes; its tracing counts as absent, for nothing then tells what was lost.
 */
export function parseObserverLog(lines: readonly string[]): ObserverLog {
  const functions: RanFunction[] = [];
  const modules: ModuleState[] = [];
  const seen: Record<(typeof SIMPLE)[SimpleKind], string[]> = {
    mounts: [],
    namespaces: [],
    controllers: [],
    delegated: [],
    knobs: [],
    seccomp: [],
    labels: [],
  };
  let readySec = Number.NaN;
  let armed: { readonly armed: number; readonly armSec: number } | undefined;
  let tracing: Tracing = { status: 'absent', why: 'the watch did not come to its end' };
  let unread = 0;
  for (const line of lines) {
    const [kind = '', at = '', ...words] = line.split(' ');
    const atSec = Number(at);
    const what = words.join(' ');
    if (kind === 'fn') {
      const [task = '?', name = ''] = words;
      functions.push({ name: parseFunctionName(name).name, atSec, task });
    } else if (kind === 'module') {
      modules.push(parseModule(atSec, words));
    } else if (isSimple(kind)) {
      seen[SIMPLE[kind]].push(kind === 'namespace' ? (words[0] ?? '') : what);
    } else if (kind === 'armed') {
      armed = { armed: Number(words[0]), armSec: Number(words[1]) };
    } else if (kind === 'traced' && armed !== undefined) {
      const [ran = 0, lost = 0, disarmedUnseen = 0] = words.map(Number);
      tracing = { status: 'traced', ...armed, ran, lost, disarmedUnseen };
    } else if (kind === 'untraced') {
      tracing = { status: 'absent', why: what };
    } else if (kind === 'ready') {
      readySec = atSec;
    } else if (!['observer', 'tracing', 'lost', 'end', ''].includes(kind)) {
      unread += 1;
    }
  }
  return { readySec, tracing, functions, modules, ...seen, unread };
}
