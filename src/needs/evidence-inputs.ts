import type { InitcallSpan } from '../model/boots/bootlog.ts';
import type { CodeIndex, SymbolRelations } from '../model/code.ts';
import type { Evidence, NeedsPhase, ObserverLog } from '../model/needs.ts';
import type { RequirementRow } from '../model/record.ts';
import type { FunctionEvidence } from './functions.ts';

type Values = ReadonlyMap<string, string>;

/** Everything that verdicts are made of. */
export interface NeedsMaterial {
  readonly index: CodeIndex;
  readonly log: ObserverLog;
  readonly functions: FunctionEvidence;
  readonly facts: ReadonlyMap<string, readonly Evidence[]>;
  readonly phases: readonly NeedsPhase[];
  /** Initcalls of the watched boot. */
  readonly initcalls: readonly InitcallSpan[];
  readonly stock: Values;
  readonly candidate: Values;
  readonly relations: SymbolRelations;
  /** Rows of check-config.sh, by symbol. */
  readonly docker: ReadonlyMap<string, RequirementRow['section']>;
}
