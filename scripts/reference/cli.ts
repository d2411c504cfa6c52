import type { Argument, Command, Option } from 'commander';
import { jsonText } from '../../src/json/text.ts';
import { anchor, code, fence, page, plain, table } from './markdown.ts';

const INTRO = `\`npm run drydock -- <command>\` runs a command in a clone; \`npm run pipeline -- …\` is short for
\`npm run drydock -- run …\`. Every command has \`--help\`. [exit-codes.md](exit-codes.md) lists the exit codes.`;

/** A value of an option; a text as it is typed. */
const value = (given: unknown): string => code(typeof given === 'string' ? given : jsonText(given));

const list = (words: readonly string[]): string => words.map(code).join(' · ');

function defaultOf(option: Option): string {
  const { defaultValueDescription, mandatory, negate } = option;
  const defaultValue: unknown = option.defaultValue;
  if (mandatory) return 'required';
  if (defaultValueDescription !== undefined) return plain(defaultValueDescription);
  const isNothing = defaultValue === undefined || defaultValue === false || negate;
  return isNothing || (Array.isArray(defaultValue) && defaultValue.length === 0) ? '' : value(defaultValue);
}

function optionRow(option: Option): readonly string[] {
  const { argChoices, presetArg } = option;
  const values = argChoices === undefined ? '' : ` Values: ${list(argChoices)}.`;
  const preset = presetArg === undefined ? '' : ` Without a value: ${value(presetArg)}.`;
  return [code(option.flags), `${plain(option.description)}.${values}${preset}`, defaultOf(option)];
}

/** Options under the headings of `--help`, in its order. */
function optionTables(command: Command): readonly string[] {
  const help = command.createHelp();
  const visible = help.visibleOptions(command).filter((option) => option.long !== '--help');
  const groups = help.groupItems([...command.options], visible, (option) => option.helpGroupHeading ?? 'Options:');
  return [...groups].flatMap(([heading, options]) =>
    options.length === 0
      ? []
      : [`**${heading.replace(/:$/, '')}**`, table(['Option', 'Meaning', 'Default'], options.map(optionRow))],
  );
}

/** What `--help` prints after the options. */
function textAfterHelp(command: Command): string {
  let text = '';
  command.configureOutput({
    writeOut: (part) => {
      text += part;
    },
  });
  command.outputHelp();
  return text.slice(command.helpInformation().length).trim();
}

/** Examples and lists as blocks of code, sentences as sentences. */
function afterHelp(command: Command): readonly string[] {
  const text = textAfterHelp(command);
  if (text === '') return [];
  return text.split(/\n{2,}/).flatMap((block) => {
    const [first = '', ...rest] = block.split('\n');
    const isList = first.endsWith(':') && rest.every((line) => line.startsWith('  '));
    if (!isList) return [linked(plain(asOneLine(block)))];
    const body = rest.map((line) => line.slice(2)).join('\n');
    return [`**${first.replace(/:$/, '')}**`, fence(first.startsWith('Example') ? 'sh' : 'text', body)];
  });
}

/** Exit codes stand in a list with dots between them, which goes over several lines. */
function asOneLine(block: string): string {
  const between = block.startsWith('Exit codes:') ? ' · ' : ' ';
  return block.replaceAll(/\s*\n\s*/g, between);
}

/** Pages of docs/ that a help text names, as links. */
function linked(text: string): string {
  return text.replaceAll(/\bdocs\/(\S+\.md)\b/g, '[docs/$1](../$1)');
}

function argumentLine(argument: Argument): readonly string[] {
  const { argChoices, description, required } = argument;
  const defaultValue: unknown = argument.defaultValue;
  if (argChoices === undefined && description === '') return [];
  const name = code(required ? `<${argument.name()}>` : `[${argument.name()}]`);
  const values = argChoices === undefined ? '' : ` Values: ${list(argChoices)}.`;
  const fallback = defaultValue === undefined ? '' : ` Default: ${value(defaultValue)}.`;
  return [`${name}: ${plain(description)}.${values}${fallback}`];
}

function commandSection(command: Command): readonly string[] {
  return [
    `## ${command.name()}`,
    plain(sentence(command.description())),
    `Usage: ${code(`npm run drydock -- ${command.name()} ${command.usage()}`)}`,
    ...command.registeredArguments.flatMap(argumentLine),
    ...optionTables(command),
    ...afterHelp(command),
  ];
}

function sentence(words: string): string {
  return `${words.charAt(0).toUpperCase()}${words.slice(1)}.`;
}

/** The command line as a page: every command with its usage, its options in the groups of `--help`, and its examples. */
export function cliPage(program: Command): string {
  const rows = program.commands.map((command) => [
    `[${command.name()}](#${anchor(command.name())})`,
    plain(command.description()),
  ]);
  return page([
    '# Command line',
    '<!-- Made by `npm run docs` from src/cli/. Change the code, not this page. -->',
    INTRO,
    table(['Command', 'What it does'], rows),
    ...program.commands.flatMap(commandSection),
  ]);
}
