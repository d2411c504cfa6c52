import { Argument } from 'commander';
import type { Command } from 'commander';
import { z } from 'zod';
import { jsonText } from '../../json/text.ts';
import { recordSchema } from '../../model/record.ts';
import { profileJsonSchema } from '../../profile/schema.ts';
import type { CommandContext } from '../context.ts';

/** `drydock schema`. */
export function addSchemaCommand(program: Command, context: CommandContext, finish: (code: number) => void): void {
  program
    .command('schema')
    .description('print the JSON Schema of a profile, or of a record')
    .addArgument(new Argument('[what]', 'which one').choices(['profile', 'record']).default('profile'))
    .action((what: 'profile' | 'record') => {
      const schema = what === 'record' ? z.toJSONSchema(recordSchema) : profileJsonSchema();
      context.stdout.write(`${jsonText(schema, 2)}\n`);
      finish(0);
    });
}
