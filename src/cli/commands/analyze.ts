import path from 'node:path';
import { InvalidArgumentError, Option } from 'commander';
import type { Command } from 'commander';
import { analyzeBootLog } from '../../bootlog/analysis.ts';
import { deltaListing, showDelta } from '../../bootlog/reading/deltas.ts';
import type { DeltaBase } from '../../bootlog/reading/deltas.ts';
import { parseBootLog } from '../../bootlog/parse/parse.ts';
import { PRESENCE_CHECKS, RNG_READY } from '../../bootlog/reading/presence.ts';
import type { PresenceCheck } from '../../bootlog/reading/presence.ts';
import { Fault } from '../../host/fault.ts';
import { jsonText } from '../../json/text.ts';
import type { Boot, BootLog } from '../../model/boots/bootlog.ts';
import { loadProfile } from '../../profile/load.ts';
import { renderAnalysisHtml } from '../../report/boot-log/analysis-html.ts';
import { analysisText } from '../../report/boot-log/analysis-text.ts';
import { readBootLogText } from '../boot-log-text.ts';
import type { CommandContext } from '../context.ts';
import { folders } from '../locations.ts';
import { wholeNumber } from '../flags/options.ts';

/** As many rows as table 4-1 of the thesis. */
const DEFAULT_TOP = 22;

type BootChoice = number | 'last' | 'all';

interface AnalyzeFlags {
  readonly boot?: BootChoice;
  readonly top: number;
  readonly delta: boolean;
  readonly base?: DeltaBase;
  readonly presence: readonly PresenceCheck[];
  readonly profile?: string;
  readonly initcalls: boolean;
  readonly json: boolean;
  /** True for standard output. */
  readonly html?: string | true;
}

/** `drydock analyze <file|->`: what a boot log tells, as a table, JSON, a page, or show_delta's listing. */
export function addAnalyzeCommand(program: Command, context: CommandContext, finish: (code: number) => void): void {
  program
    .command('analyze <file>')
    .description(
      'read a boot log (dmesg, console, syslog, journal; gzip too; - for standard input): markers, phases, costs',
    )
    .option(
      '--boot <n|last|all>',
      'which boot, when the text has several (default: last; with --delta, all)',
      bootChoice,
    )
    .option('--top <n>', 'length of the list of costliest steps', wholeNumber(1), DEFAULT_TOP)
    .option(
      '--initcalls',
      'the attribution table of initcalls, async functions and probes (needs initcall_debug)',
      false,
    )
    .option(
      '--presence <name=regex>',
      'lines to look for, in addition to SELinux, usb, rtc, parport; repeatable',
      addPresence,
      [],
    )
    .option('--profile <name|file>', "look for a profile's presence patterns too")
    .addOption(
      new Option('--delta', "every line with its cost, as the kernel's scripts/show_delta prints it").default(false),
    )
    .addOption(
      new Option(
        '--base <pattern>',
        'with --delta: show times since the first line that starts with <pattern>, or since this time (as show_delta -b)',
      )
        .argParser(deltaBase)
        .implies({ delta: true }),
    )
    .option('--json', 'print one JSON object (its shape: src/model/boots/analysis.ts)', false)
    .addOption(
      new Option('--html [file]', 'one self-contained page, to a file or to standard output').conflicts('delta'),
    )
    .addHelpText(
      'after',
      `
Examples:
  dmesg | npm run drydock -- analyze -
  npm run drydock -- analyze console.log --boot all
  npm run drydock -- analyze dmesg.txt --json
  npm run drydock -- analyze dmesg.txt.gz --html boot.html
  npm run drydock -- analyze dmesg.txt --delta --base "Freeing unused kernel"
  npm run drydock -- analyze dmesg.txt --presence "netfilter=^nf_" --presence "audit=^audit:"
  npm run drydock -- analyze dmesg.txt --initcalls --top 40

Exit codes: 0 analysed, whatever the log holds · 2 no such file, no text, or no timestamps`,
    )
    .action(async (file: string, flags: AnalyzeFlags) => {
      await analyze(context, file, flags);
      finish(0);
    });
}

async function analyze(context: CommandContext, file: string, flags: AnalyzeFlags): Promise<void> {
  const { host, stdout, stderr } = context;
  if (flags.html === true && flags.json) {
    throw usage('--html and --json both want standard output', 'Name a file for the page: --html boot.html --json.');
  }
  if (typeof flags.html === 'string' && path.resolve(flags.html) === path.resolve(file)) {
    throw usage(`The page would overwrite ${file}`, 'Name another file after --html.');
  }
  const presence = await presenceChecks(context, flags);
  const { source, text } = await readBootLogText(host.files, file);
  const log = parseBootLog(text);
  if (log.boots.length === 0) {
    throw usage(
      `No line of ${source} carries a timestamp`,
      'Boot with printk.time=1, or use dmesg, journalctl -k -o short-monotonic, or grabserial -t.',
    );
  }
  const boots = chooseBoots(log, flags.boot ?? (flags.delta ? 'all' : 'last'));
  if (flags.delta) {
    stdout.write(flags.json ? deltasAsJson(source, boots, flags.base) : deltasAsText(log, boots, flags.base));
    return;
  }
  const analysis = analyzeBootLog(log, { source, boots, top: flags.top, presence });
  if (flags.html === true) stdout.write(renderAnalysisHtml(analysis, context.version));
  else if (flags.html !== undefined) {
    await host.files.writeAtomic(flags.html, renderAnalysisHtml(analysis, context.version));
    stderr.write(`Wrote ${flags.html}\n`);
  }
  if (flags.json) stdout.write(`${jsonText(analysis, 1)}\n`);
  else if (flags.html === undefined) {
    const columns = stdout.isTerminal ? stdout.columns : undefined;
    stdout.write(analysisText(analysis, { columns, initcalls: flags.initcalls, top: flags.top }));
  }
}

/** drydock's own checks, then the profile's, then the command line's; a later one of the same name wins. */
async function presenceChecks(context: CommandContext, flags: AnalyzeFlags): Promise<PresenceCheck[]> {
  const checks = new Map([...PRESENCE_CHECKS, RNG_READY].map((check) => [check.id, check]));
  if (flags.profile !== undefined) {
    const { value } = await loadProfile(context.host.files, flags.profile, folders.pipelines);
    for (const [id, pattern] of Object.entries(value.presence ?? {})) {
      checks.set(id, { id, title: id, pattern: new RegExp(pattern) });
    }
  }
  for (const check of flags.presence) checks.set(check.id, check);
  return [...checks.values()];
}

function chooseBoots(log: BootLog, choice: BootChoice): readonly Boot[] {
  if (choice === 'all') return log.boots;
  const boot = choice === 'last' ? log.boots.at(-1) : log.boots[choice - 1];
  if (boot !== undefined) return [boot];
  const count = log.boots.length;
  throw usage(
    `There is no boot ${choice} in this text`,
    count === 1 ? 'It holds one boot.' : `It holds ${count} boots.`,
  );
}

function deltasAsText(log: BootLog, boots: readonly Boot[], base: DeltaBase | undefined): string {
  return boots.map((boot) => `${(deltaListing(boot, log.other, base) ?? noBase(boot, base)).join('\n')}\n`).join('');
}

function deltasAsJson(source: string, boots: readonly Boot[], base: DeltaBase | undefined): string {
  const listed = boots.map((boot) => ({ boot: boot.index + 1, rows: showDelta(boot, base) ?? noBase(boot, base) }));
  return `${jsonText({ format: 'drydock-deltas/1', source, boots: listed }, 1)}\n`;
}

function noBase(boot: Boot, base: DeltaBase | undefined): never {
  throw usage(
    `No message of boot ${boot.index + 1} begins with "${base ?? ''}"`,
    'The base is the beginning of a message, without its timestamp, or a time in seconds.',
  );
}

function bootChoice(text: string): BootChoice {
  if (text === 'last' || text === 'all') return text;
  if (!/^[1-9]\d*$/.test(text)) throw new InvalidArgumentError('Expected last, all, or a number from 1.');
  return Number(text);
}

/** As show_delta has it: whatever reads as a number is a time. More digits than a kernel's clock has are a message's. */
function deltaBase(text: string): DeltaBase {
  return /^\d{1,11}(?:\.\d*)?$/.test(text) ? Number(text) : text;
}

function addPresence(text: string, before: readonly PresenceCheck[]): readonly PresenceCheck[] {
  const [, id, source] = /^([^=]+)=(.+)$/s.exec(text) ?? [];
  if (id === undefined || source === undefined) {
    throw new InvalidArgumentError('Expected name=regex, such as netfilter=^nf_.');
  }
  try {
    return [...before, { id, title: id, pattern: new RegExp(source) }];
  } catch (error) {
    throw new InvalidArgumentError(error instanceof Error ? error.message : String(error));
  }
}

function usage(headline: string, hint: string): Fault {
  return new Fault({ kind: 'usage', headline, hint });
}
