import type { InitcallReport, InitcallSpan } from '../../model/boots/bootlog.ts';

/** One kind of span: how many there were, and what they cost by themselves. */
export interface InitcallTotal {
  readonly kind: InitcallSpan['kind'];
  readonly count: number;
  readonly selfSec: number;
}

export interface InitcallRows {
  readonly totals: readonly InitcallTotal[];
  /** The costliest spans by their own cost and whatever holds them, in the order in which they started. */
  readonly shown: readonly InitcallSpan[];
  /** What is left out, and its cost. */
  readonly hidden: InitcallTotal['count'];
  readonly hiddenSelfSec: number;
}

const KINDS = ['initcall', 'async', 'probe'] as const;

/** Picks what a table of `count` costliest spans has to show: they themselves, and every span around them. */
export function initcallRows({ spans }: InitcallReport, count: number): InitcallRows {
  const costliest = [...spans.keys()]
    .sort((a, b) => (spans[b]?.selfUsecs ?? 0) - (spans[a]?.selfUsecs ?? 0) || a - b)
    .slice(0, count);
  const wanted = new Set<number>();
  for (const index of costliest) {
    for (let at: number | undefined = index; at !== undefined && !wanted.has(at); at = spans[at]?.parent)
      wanted.add(at);
  }
  const left = spans.filter((_span, index) => !wanted.has(index));
  return {
    totals: KINDS.flatMap((kind) => {
      const own = spans.filter((span) => span.kind === kind);
      return own.length === 0 ? [] : [{ kind, count: own.length, selfSec: selfSec(own) }];
    }),
    shown: spans.filter((_span, index) => wanted.has(index)),
    hidden: left.length,
    hiddenSelfSec: selfSec(left),
  };
}

/** `async_port_probe [libata]` with its depth shown by indentation. */
function spanName({ name, module, depth }: InitcallSpan): string {
  return `${'· '.repeat(depth)}${name}${module === undefined ? '' : ` [${module}]`}`;
}

/** A span as cells: self, total, from, kind, task, result, name. */
export function initcallCells(span: InitcallSpan): string[] {
  return [
    stamp(span.selfUsecs / 1e6),
    stamp(span.usecs / 1e6),
    stamp(span.startSec),
    span.kind,
    span.pid === undefined ? '?' : String(span.pid),
    String(span.returned),
    spanName(span),
  ];
}

/** Seconds with the microseconds of the printk clock. */
export function stamp(sec: number): string {
  return sec.toFixed(6);
}

function selfSec(spans: readonly InitcallSpan[]): number {
  return spans.reduce((sum, { selfUsecs }) => sum + selfUsecs, 0) / 1e6;
}
