/** One place where a function of the kernel's is defined. */
export interface Definition {
  /** Inside the tree: `net/bridge/br_input.c`. */
  readonly file: string;
  /** As lsmod names it; absent for what is built in. */
  readonly module?: string;
  /** Symbols that it is compiled because of, outermost first: folders, file, conditionals. */
  readonly needs: readonly string[];
  /** Thrown away after boot (`__init`). */
  readonly isInit: boolean;
}

/** A C file that a configuration compiles. */
export type SourceFile = Omit<Definition, 'isInit'>;

/** A module of a configuration, and the symbol that makes it. */
export interface KernelModule {
  readonly name: string;
  readonly symbol: string | undefined;
}

/** What of a kernel's source a configuration compiles, and because of which symbols. */
export interface CodeIndex {
  /** Function name → every definition of it; static functions share names. */
  readonly functions: ReadonlyMap<string, readonly Definition[]>;
  readonly modules: readonly KernelModule[];
  readonly files: readonly SourceFile[];
}

/** How symbols hang together in Kconfig. */
export interface SymbolRelations {
  /** Members of a `choice`: they say which of several ways is taken. */
  readonly choices: ReadonlySet<string>;
  /** Symbol → those that it depends on without an alternative. */
  readonly dependencies: ReadonlyMap<string, readonly string[]>;
  /** Symbol → those that it selects, whatever the condition. */
  readonly selects: ReadonlyMap<string, readonly string[]>;
}
