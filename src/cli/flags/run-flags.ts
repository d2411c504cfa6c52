import { Option } from 'commander';
import { z } from 'zod';
import { runFlagRegistry, runFlagsSchema } from '../../model/request.ts';
import type { RunFlags } from '../../model/request.ts';
import { wholeNumber } from './options.ts';

/** The type that a field has once it is given. */
function givenType(field: z.core.$ZodType): z.core.$ZodType {
  const isWrapped = field instanceof z.ZodDefault || field instanceof z.ZodExactOptional;
  return isWrapped ? givenType(field.unwrap()) : field;
}

/** The option of commander for a field of the request, made from its schema. */
export function runFlagOption(key: keyof RunFlags): Option {
  const field: z.ZodType = runFlagsSchema.shape[key];
  const flag = runFlagRegistry.get(field);
  if (flag === undefined) throw new TypeError(`The request's field ${key} has no flag`);
  const option = new Option(flag.flags, flag.help).helpGroup(flag.group);
  const type = givenType(field);
  if (type instanceof z.ZodEnum) option.choices(type.options.map(String));
  if (type instanceof z.ZodNumber) option.argParser(wholeNumber(type.minValue ?? 0, type.maxValue ?? undefined));
  if (flag.preset !== undefined) option.preset(String(flag.preset));
  return field instanceof z.ZodDefault ? option.default(field.parse(undefined)) : option;
}

const KEYS = runFlagsSchema.keyof().options;

/** Options for every field of the request that is a flag, in the schema's order. */
export function runFlagOptions(): readonly Option[] {
  return KEYS.map(runFlagOption);
}

/** The request's fields out of what commander has parsed; a flag that a command does not have is absent, or its default. */
export function runFlagsOf(values: Readonly<Record<string, unknown>>): RunFlags {
  return runFlagsSchema.parse(
    Object.fromEntries(
      KEYS.flatMap((key) => {
        const value = values[runFlagOption(key).attributeName()];
        return value === undefined ? [] : [[key, value]];
      }),
    ),
  );
}
