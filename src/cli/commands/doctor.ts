import type { Command } from 'commander';
import { Fault } from '../../host/fault.ts';
import { jsonText } from '../../json/text.ts';
import { examine, preflight, provideExtras } from '../../stages/host/preflight.ts';
import type { StageContext } from '../../stages/stage.ts';
import { openStore } from '../../store/store.ts';
import { cacheRoot, folders } from '../locations.ts';
import type { CommandContext } from '../context.ts';
import { cacheDirOption } from '../flags/options.ts';

export interface DoctorOptions {
  /** false with --no-install: only say what is missing. */
  readonly install: boolean;
  readonly json: boolean;
  /** Also what drydock's own tests need: a browser, and what an installer's guest is made with. */
  readonly tests: boolean;
  /** Also what container work on this host needs: a dockerd. */
  readonly bench: boolean;
  readonly cacheRoot: string;
}

/** `drydock doctor`: checks the host, installs what is missing where it may, and shows a row a check. */
async function doctor(context: CommandContext, options: DoctorOptions): Promise<void> {
  const { host, stdout, stderr } = context;
  const store = openStore(host, options.cacheRoot);
  const workDir = await host.files.makeTempDirectory(store.workDir(), 'doctor-');
  try {
    let failure: Fault | undefined;
    try {
      const stage: StageContext = {
        host,
        store,
        signal: context.signal,
        workDir,
        logPath: `${options.cacheRoot}/doctor.log`,
        folders,
        progress: () => undefined,
        finding: ({ message }) => {
          stderr.write(`${message}\n`);
        },
      };
      await preflight.run({ install: options.install }, stage);
      await provideExtras(host, options, options.install, stage);
    } catch (error) {
      // The table below shows the state; the failure then gives the cause and the command.
      if (!(error instanceof Fault)) throw error;
      failure = error;
    }
    const rows = await examine(host, options.cacheRoot, options);
    if (options.json) stdout.write(`${jsonText({ ok: failure === undefined, checks: rows }, 1)}\n`);
    else for (const row of rows) stdout.write(`${row.ok ? '✓' : '✗'} ${row.what.padEnd(24)} ${row.detail}\n`);
    if (failure !== undefined) throw failure;
  } finally {
    await host.files.remove(workDir);
  }
}

/** `drydock doctor`. */
export function addDoctorCommand(program: Command, context: CommandContext, finish: (code: number) => void): void {
  program
    .command('doctor')
    .description('check this host, and install missing tools where allowed')
    .option('--no-install', 'only list what is missing, with the command that installs it')
    .option(
      '--tests',
      "also check what drydock's own tests need: a browser, and the tools that make CentOS guests",
      false,
    )
    .option('--bench', 'also check what container work on this host needs: a dockerd', false)
    .option('--json', 'print the checks as JSON', false)
    .addOption(cacheDirOption())
    .addHelpText(
      'after',
      '\nExamples:\n  npm run drydock -- doctor\n  npm run drydock -- doctor --no-install\n  npm run drydock -- doctor --tests',
    )
    .action(async (flags: { install: boolean; tests: boolean; bench: boolean; json: boolean; cacheDir?: string }) => {
      await doctor(context, { ...flags, cacheRoot: cacheRoot(flags.cacheDir) });
      finish(0);
    });
}
