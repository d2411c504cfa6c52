import type { Command } from 'commander';
import { gunzipSync } from 'node:zlib';
import { Fault } from '../../host/fault.ts';
import { jsonText } from '../../json/text.ts';
import { parseConfig } from '../../kernel/config/config.ts';
import { checkDockerConfig } from '../../kernel/config/docker-requirements.ts';
import { REQUIREMENT_SECTIONS } from '../../model/record.ts';
import type { RequirementRow } from '../../model/record.ts';
import type { CommandContext } from '../context.ts';

export interface CheckConfigOptions {
  readonly file: string;
  /** `6.1`; read from the file's own first lines when absent. */
  readonly kernel: string | undefined;
  readonly json: boolean;
}

const TITLES: Readonly<Record<RequirementRow['section'], string>> = {
  necessary: 'Generally necessary',
  optional: 'Optional features',
  network: 'Network drivers',
  storage: 'Storage drivers',
};

function versionOf(text: string, asked: string | undefined, file: string): { major: number; minor: number } {
  const found =
    asked === undefined
      ? /^# Linux\/\S+ (\d+)\.(\d+)\S* Kernel Configuration/m.exec(text)
      : /^(\d+)\.(\d+)/.exec(asked);
  if (found === null) {
    throw new Fault({
      kind: 'usage',
      headline:
        asked === undefined
          ? `${file} does not say which kernel version it is for`
          : `${asked} is not a kernel version`,
      hint: 'Give it with --kernel, as in --kernel 6.1.',
    });
  }
  return { major: Number(found[1]), minor: Number(found[2]) };
}

/** `drydock check-config`: Docker's requirements on a kernel configuration; exit 1 when a necessary one is missing. */
async function checkConfigCommand(context: CommandContext, options: CheckConfigOptions): Promise<number> {
  const { host, stdout } = context;
  if ((await host.files.stat(options.file))?.kind !== 'file') {
    throw new Fault({
      kind: 'usage',
      headline: `There is no file ${options.file}`,
      hint: 'Name a .config, a /boot/config-*, or /proc/config.gz.',
    });
  }
  const bytes = await host.files.readBytes(options.file);
  const text = new TextDecoder().decode(bytes[0] === 0x1f && bytes[1] === 0x8b ? gunzipSync(bytes) : bytes);
  const config = parseConfig(text);
  if (config.size === 0) {
    throw new Fault({
      kind: 'usage',
      headline: `${options.file} is not a kernel configuration: it has no CONFIG_ line`,
      hint: 'Name a .config, a /boot/config-*, or /proc/config.gz.',
    });
  }
  const rows = checkDockerConfig(config, versionOf(text, options.kernel, options.file));
  const missing = rows.filter((row) => row.section === 'necessary' && row.value === 'missing');
  if (options.json) {
    stdout.write(`${jsonText({ ok: missing.length === 0, missing: missing.map((row) => row.symbol), rows }, 1)}\n`);
  } else {
    for (const section of REQUIREMENT_SECTIONS) {
      stdout.write(`${TITLES[section]}:\n`);
      for (const row of rows.filter((one) => one.section === section)) {
        stdout.write(`  ${row.value === 'missing' ? '✗' : '✓'} CONFIG_${row.symbol}: ${row.value}\n`);
      }
    }
    const names = missing.map((row) => `CONFIG_${row.symbol}`).join(', ');
    stdout.write(missing.length === 0 ? '\nEverything necessary is there.\n' : `\nMissing and necessary: ${names}\n`);
  }
  return missing.length === 0 ? 0 : 1;
}

/** `drydock check-config`. */
export function addCheckConfigCommand(program: Command, context: CommandContext, finish: (code: number) => void): void {
  program
    .command('check-config <file>')
    .description('check a kernel configuration against what Docker needs; exit 1 when a required option is missing')
    .option('--kernel <version>', 'judge by this kernel version (default: the one the file names)')
    .option('--json', 'print the rows as JSON', false)
    .addHelpText(
      'after',
      '\nExamples:\n  npm run drydock -- check-config .config\n  npm run drydock -- check-config /proc/config.gz --kernel 6.1',
    )
    .action(async (file: string, flags: { kernel?: string; json: boolean }) => {
      finish(await checkConfigCommand(context, { file, kernel: flags.kernel, json: flags.json }));
    });
}
