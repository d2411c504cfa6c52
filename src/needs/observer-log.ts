import type { ModuleState, ObserverLog, RanFunction, Tracing } from '../model/needs.ts';

/** A function as the kernel lists it: `br_handle_frame [bridge]`, without what the compiler appended. */
export function parseFunctionName(text: string): { readonly name: string; readonly module?: string } {
  const [, name = text, module] = /^(\S+?)(?: \[(\w+)\])?$/.exec(text.trim()) ?? [];
  // gcc's clones: `.constprop.0`, `.isra.0`, `.part.0`. A name that begins with a dot would be none.
  const [bare = name] = name.split('.');
  return { name: bare === '' ? name : bare, ...(module === undefined ? {} : { module }) };
}

/** Seconds of a clock of 64 bits of nanoseconds; `undefined` where the text is anything else. */
export function parseSeconds(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,11}(?:\.\d{1,9})?$/.test(text) ? Number(text) : undefined;
}

/** A count that a number holds exactly; `undefined` where the text is anything else. */
function parseCount(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

const parseModule = (atSec: number, words: readonly string[]): ModuleState | undefined => {
  const [name = '', size = '0', references = '0', users = '-'] = words;
  const sizeBytes = parseCount(size);
  // A kernel without CONFIG_MODULE_UNLOAD counts none and prints `-`; one that is being unloaded has -1.
  const held = references === '-' || references === '-1' ? 0 : parseCount(references);
  if (sizeBytes === undefined || held === undefined) return undefined;
  return {
    name,
    sizeBytes,
    references: held,
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
    const [kind = '', at, ...words] = line.split(' ');
    const atSec = parseSeconds(at);
    if (atSec === undefined) {
      if (kind !== '') unread += 1;
      continue;
    }
    const what = words.join(' ');
    if (kind === 'fn') {
      const [task = '?', name = ''] = words;
      functions.push({ name: parseFunctionName(name).name, atSec, task });
    } else if (kind === 'module') {
      const state = parseModule(atSec, words);
      if (state === undefined) unread += 1;
      else modules.push(state);
    } else if (isSimple(kind)) {
      seen[SIMPLE[kind]].push(kind === 'namespace' ? (words[0] ?? '') : what);
    } else if (kind === 'armed') {
      const [count, armSec] = [parseCount(words[0]), parseSeconds(words[1])];
      if (count === undefined || armSec === undefined) unread += 1;
      else armed = { armed: count, armSec };
    } else if (kind === 'traced' && armed !== undefined) {
      const [ran, lost, disarmedUnseen] = words.map(parseCount);
      if (ran === undefined || lost === undefined || disarmedUnseen === undefined) unread += 1;
      else tracing = { status: 'traced', ...armed, ran, lost, disarmedUnseen };
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
