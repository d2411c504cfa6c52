import { createConditionals } from './c-conditions.ts';
import type { Config } from '../config/config.ts';

/** What a C file compiles to under a configuration, as far as names go. */
export interface CFile {
  readonly functions: readonly CFunction[];
  /** `.c` files that it includes (kernel/sched/build_utility.c), as it names them. */
  readonly includes: readonly { readonly file: string; readonly needs: readonly string[] }[];
}

export interface CFunction {
  /** As the kernel's symbol table has it: a system call's is `__x64_sys_…`. */
  readonly name: string;
  /** Symbols of the conditionals around it, outermost first. */
  readonly needs: readonly string[];
  /** Thrown away after boot: marked `__init`, so that no tracer sees it later. */
  readonly isInit: boolean;
}

const SYSCALL = /^\s*(?:COMPAT_)?SYSCALL_DEFINE\d\s*\(\s*(\w+)/;
const BPF_HELPER = /^\s*(?:BPF_CALL_\d|__BPF_CALL_\d)\s*\(\s*(\w+)/;
/** Words before a parenthesis that are attributes, not the function's name. */
const ATTRIBUTE =
  /\b(?:__attribute__|__printf|__scanf|__aligned|__section|__acquires|__releases|__must_hold|__cond_lock|__alias|__no_sanitize|__alloc_size|__diag_ignore_all|__bpf_kfunc|__malloc|__diag)\s*\((?:[^()]|\([^()]*\))*\)/g;

/** Comments and the text of strings and characters become spaces; lines keep their places. */
function withoutComments(text: string): string {
  return text.replaceAll(/\/\*[\s\S]*?\*\/|\/\/[^\n]*|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'/g, (found) => {
    // The name in an `#include "file.c"` is read, all other strings are noise.
    if (found.startsWith('"')) return /^"[\w./-]+\.c"$/.test(found) ? found : '""';
    return found.startsWith("'") ? "' '" : found.replaceAll(/[^\n]/g, ' ');
  });
}

/** Kernel names of what a definition's head, from its first word to the brace, defines. */
function namesOf(head: string): readonly string[] {
  const [, call] = SYSCALL.exec(head) ?? [];
  if (call !== undefined) {
    return head.trimStart().startsWith('COMPAT')
      ? [`__ia32_compat_sys_${call}`, `__do_compat_sys_${call}`, `__se_compat_sys_${call}`]
      : [`__x64_sys_${call}`, `__ia32_sys_${call}`, `__do_sys_${call}`, `__se_sys_${call}`];
  }
  const [, helper] = BPF_HELPER.exec(head) ?? [];
  if (helper !== undefined) return [helper];
  const [, name] = /(\w+)\s*\(/.exec(head.replaceAll(ATTRIBUTE, ' ')) ?? [];
  return name === undefined ? [] : [name];
}

const INLINE = /\b(?:inline|__always_inline|__inline__|__inline)\b/;

function functionsOf(head: string, needs: readonly string[]): CFunction[] {
  if (!head.includes('(') || INLINE.test(head) || /^\s*(?:struct|union|enum|typedef)\b[^(]*$/.test(head)) return [];
  const isInit = /\b__(?:init|exit|meminit|net_init_only)\b/.test(head);
  return namesOf(head).map((name) => ({ name, needs, isInit }));
}

/**
 * Finds the functions that a C file of the kernel defines, with the configuration symbols of the conditionals around them.
 * It knows the kernel's coding style, not C: a function's brace stands alone in the first column, or its whole body on the
 * line of its head. Inline functions are left out, for no tracer sees them; what macros make is not found.
 */
export function scanFunctions(text: string, config: Config): CFile {
  const conditionals = createConditionals(config);
  const functions: CFunction[] = [];
  const includes: { file: string; needs: readonly string[] }[] = [];
  let head = '';
  let needs: readonly string[] = [];
  const joined = withoutComments(text).replaceAll(/\\\r?\n/g, ' ');
  for (const line of joined.split('\n')) {
    if (line.startsWith('#') || /^\s+#/.test(line)) {
      const directive = line.replace(/^\s*#\s*/, '');
      const [, file] = /^include\s+"([\w./-]+\.c)"/.exec(directive) ?? [];
      if (file !== undefined && conditionals.here.isCompiled) includes.push({ file, needs: conditionals.here.needs });
      conditionals.directive(directive);
      // A head may be split by a conditional (`#ifdef` between attributes); what was read of it still counts.
      continue;
    }
    if (line.startsWith('{')) {
      if (head !== '' && conditionals.here.isCompiled) functions.push(...functionsOf(head, needs));
      head = '';
    } else if (/^\S/.test(line) && !line.startsWith('}')) {
      if (head === '' || /^[A-Za-z_]/.test(line)) {
        // A new head, unless it goes on with one whose parentheses are open or whose type stood on a line of its own.
        const goesOn = head !== '' && !/[;}]\s*$/.test(head);
        head = goesOn ? `${head} ${line}` : line;
        if (!goesOn) needs = conditionals.here.needs;
      }
      const [, whole] = /^([A-Za-z_][^;={}]*\)[^;={}()]*)\{.*\}\s*$/.exec(line) ?? [];
      if (whole !== undefined && conditionals.here.isCompiled)
        functions.push(...functionsOf(whole, conditionals.here.needs));
      if (/[;}{=]\s*$/.test(line)) head = '';
    } else if (head !== '' && line.trim() !== '') {
      head = /[;{}=]\s*$/.test(line) ? '' : `${head} ${line}`;
    }
  }
  return { functions, includes };
}
