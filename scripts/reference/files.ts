import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import type { CommandContext } from '../../src/cli/context.ts';
import { buildProgram } from '../../src/cli/program.ts';
import { createHost } from '../../src/host/node-host.ts';
import { packageFile } from '../../src/host/package-file.ts';
import { jsonText } from '../../src/json/text.ts';
import { recordSchema } from '../../src/model/record.ts';
import { profileJsonSchema } from '../../src/profile/schema.ts';
import { cliPage } from './cli.ts';
import { eventsPage } from './events.ts';
import { exitCodesPage } from './exit-codes.ts';
import { guestPage, profilePage, recordPage } from './schema-pages.ts';

/** drydock's command line, for reading it: what it would print is dropped, and nothing may be run with it. */
export function silentProgram(): ReturnType<typeof buildProgram> {
  const stream = { write: () => undefined, isTerminal: false, columns: 100 };
  const context: CommandContext = {
    host: createHost(),
    version: '0',
    signal: new AbortController().signal,
    stdout: stream,
    stderr: stream,
  };
  return buildProgram(context, () => undefined);
}

/** Every file that `npm run docs` writes: its path in the repository, and its text. */
export async function generatedFiles(): Promise<ReadonlyMap<string, string>> {
  const source = (file: string): Promise<string> => readFile(packageFile(file), 'utf8');
  return new Map([
    ['pipelines/schema.json', `${jsonText(profileJsonSchema(), 2)}\n`],
    ['docs/record.schema.json', `${jsonText(z.toJSONSchema(recordSchema), 2)}\n`],
    ['docs/reference/cli.md', cliPage(silentProgram())],
    ['docs/reference/profile.md', profilePage()],
    ['docs/reference/guest.md', guestPage()],
    ['docs/reference/record.md', recordPage()],
    ['docs/reference/exit-codes.md', exitCodesPage()],
    [
      'docs/reference/events.md',
      eventsPage(await source('src/pipeline/events/event.ts'), await source('src/model/failure.ts')),
    ],
  ]);
}
