import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { quoteCommand } from '../../../src/host/process/shell-quote.ts';
import type { Hold } from './control.ts';

/** A command on a terminal of its own. */
export interface TerminalCommand {
  /** Settles when the command and all that shares its terminal have ended: its exit code, and what the terminal showed. */
  readonly ended: Promise<{ readonly code: number; readonly shown: string }>;
  /** What a hold has stopped; fails when the command ends without getting there. */
  until<T>(hold: Hold<T>): Promise<T>;
  /** Settles when the terminal has shown these words. */
  shows(words: string): Promise<void>;
  pressCtrlC(): void;
  /** Closes the terminal, as a closed window or a lost SSH connection does. */
  close(): void;
}

/** The shell outlives the signals of its terminal, and writes down how the command ended. */
const SHELL = `trap '' HUP INT; code=$1; shift; "$@"; echo $? > "$code"`;

const CTRL_C = '\u0003';

export interface TerminalOptions {
  readonly cwd: string;
  readonly environment: Readonly<Record<string, string>>;
  /** Where the shell writes the exit code; no such file exists yet. */
  readonly codeFile: string;
}

/** Runs a command in the foreground of a new pseudo-terminal, which script(1) holds. */
export function startOnTerminal(
  command: readonly string[],
  { cwd, environment, codeFile }: TerminalOptions,
): TerminalCommand {
  const line = quoteCommand(['/bin/sh', '-c', SHELL, 'sh', codeFile, ...command]);
  const script = spawn('/usr/bin/script', ['--quiet', '--flush', '--command', line, '/dev/null'], {
    cwd,
    env: { ...environment, SHELL: '/bin/sh', TERM: 'xterm' },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let shown = '';
  const watchers = new Set<() => void>();
  script.stdout.setEncoding('utf8').on('data', (text: string) => {
    shown += text;
    for (const look of watchers) look();
  });
  script.stdin.on('error', () => undefined);
  const closed = new Promise<void>((resolve) => {
    script.once('close', () => {
      resolve();
    });
  });
  const ended = closed.then(async () => ({ code: Number(await exitCode(codeFile)), shown }));
  const tooSoon = async (): Promise<never> => {
    throw new Error(`the command ended too soon: ${JSON.stringify(await ended)}`);
  };
  return {
    ended,
    until: (hold) => Promise.race([hold.reached, tooSoon()]),
    shows(words) {
      const seen = new Promise<void>((resolve) => {
        const look = (): void => {
          if (!shown.includes(words)) return;
          watchers.delete(look);
          resolve();
        };
        watchers.add(look);
        look();
      });
      return Promise.race([seen, tooSoon()]);
    },
    pressCtrlC: () => {
      script.stdin.write(CTRL_C);
    },
    close: () => {
      script.kill('SIGKILL');
    },
  };
}

/** The shell writes it after the terminal has gone, so this has to look. */
async function exitCode(file: string): Promise<string> {
  for (;;) {
    const text = await readFile(file, 'utf8').catch(() => '');
    if (text.endsWith('\n')) return text.trim();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
