import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { bootOptions, bootsAsked } from '../../src/cli/boots.ts';
import { profileSchema } from '../../src/profile/schema.ts';

const profile = profileSchema.parse(parse(readFileSync('pipelines/smoke.yaml', 'utf8')));

test('what only the wall clock understands is refused on the virtual clock, never ignored', () => {
  expect(bootsAsked(profile, { clock: 'virtual', boots: 3 })).toEqual({ boots: 0, virtualBoots: 3 });
  for (const flags of [{ boots: 'auto' as const }, { maxBoots: 6 }, { budget: 5 }]) {
    expect(() => bootsAsked(profile, { clock: 'virtual', ...flags })).toThrow(/are for the wall clock/);
  }
});

test('a number of boots that no memory holds is refused before anything is planned', () => {
  const [boots, maxBoots] = bootOptions();
  expect(boots?.parseArg?.('1000', undefined)).toBe(1000);
  const parsed =
    (option: typeof boots) =>
    (text: string): unknown =>
      option?.parseArg?.(text, undefined);
  expect(() => parsed(boots)('99999999')).toThrow(/from 0 to 1000/);
  expect(() => parsed(maxBoots)('99999999')).toThrow(/from 4 to 1000/);
});
