import type { InitcallSpan } from '../model/boots/bootlog.ts';
import type { ModuleFacts, ModuleNeed, ModuleState } from '../model/needs.ts';
import type { NeedsMaterial } from './evidence-inputs.ts';

/** Cost of initcalls together. */
export function usecsOf(spans: readonly InitcallSpan[]): number {
  return spans.reduce((sum, { usecs }) => sum + usecs, 0);
}

/** References of a module beyond those that other modules hold. */
export const heldOtherwise = ({ references, users }: ModuleState): number => Math.max(0, references - users.length);

/** By module, the look at which most of it was held. */
export function fullest(states: readonly ModuleState[]): ReadonlyMap<string, ModuleState> {
  const most = new Map<string, ModuleState>();
  for (const state of states) {
    const known = most.get(state.name);
    if (
      known === undefined ||
      heldOtherwise(state) > heldOtherwise(known) ||
      (heldOtherwise(state) === heldOtherwise(known) && state.references > known.references)
    ) {
      most.set(state.name, state);
    }
  }
  return most;
}

function madeOf(symbol: string | undefined, candidate: ReadonlyMap<string, string>): ModuleNeed['candidate'] {
  if (symbol === undefined) return 'unknown';
  const value = candidate.get(symbol) ?? 'n';
  return value === 'y' ? 'built in' : value === 'm' ? 'module' : 'absent';
}

/** Every module that was loaded at some time, the most used first. */
export function judgeModules(
  material: NeedsMaterial,
  facts: readonly ModuleFacts[],
  loadedAtBoot: ReadonlySet<string>,
): readonly ModuleNeed[] {
  const { log, index, functions, initcalls, candidate } = material;
  const symbols = new Map(index.modules.map(({ name, symbol }) => [name, symbol]));
  return [...fullest(log.modules).values()]
    .map((state): ModuleNeed => {
      const { name, sizeBytes, references } = state;
      const users = [...new Set(log.modules.filter((one) => one.name === name).flatMap((one) => one.users))].sort();
      const { description, license } = facts.find((one) => one.name === name) ?? {};
      const symbol = symbols.get(name);
      const boot = initcalls.filter((span) => span.kind === 'initcall' && span.module === name);
      const counts = functions.byModule.get(name) ?? { traceable: 0, ran: 0 };
      return {
        name,
        ...(symbol === undefined ? {} : { symbol }),
        sizeBytes,
        ...(description === undefined ? {} : { description }),
        ...(license === undefined ? {} : { license }),
        references,
        users,
        heldOtherwise: heldOtherwise(state),
        ...(boot.length === 0 ? {} : { bootUsecs: usecsOf(boot) }),
        loaded: loadedAtBoot.has(name) ? 'boot' : 'work',
        functions: counts,
        candidate: madeOf(symbol, candidate),
        verdict: counts.ran > 0 || heldOtherwise(state) > 0 ? 'used' : 'idle',
      };
    })
    .sort((a, b) => b.functions.ran - a.functions.ran || b.references - a.references || a.name.localeCompare(b.name));
}
