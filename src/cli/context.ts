import type { Host } from '../host/host.ts';

/** What every command is handed: the world, where to write, and when to stop. */
export interface CommandContext {
  readonly host: Host;
  readonly version: string;
  readonly stdout: Output;
  readonly stderr: Output;
  readonly signal: AbortSignal;
}

/** One of the process's output streams. */
export interface Output {
  write(text: string): void;
  readonly isTerminal: boolean;
  readonly columns: number;
}
