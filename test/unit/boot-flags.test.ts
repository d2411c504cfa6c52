import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { bootOptions, requestedBoots } from '../../src/cli/flags/boots.ts';
import { requestedMeasuring } from '../../src/cli/flags/measuring.ts';
import { profileSchema } from '../../src/profile/schema.ts';

const profile = profileSchema.parse(parse(readFileSync('pipelines/smoke.yaml', 'utf8')));

test('what only the wall clock understands is refused on the virtual clock, never ignored', () => {
  expect(requestedBoots(profile, { clock: 'virtual', boots: 3 })).toEqual({ boots: 0, virtualBoots: 3 });
  for (const flags of [{ boots: 'auto' as const }, { maxBoots: 6 }, { budget: 5 }]) {
    expect(() => requestedBoots(profile, { clock: 'virtual', ...flags })).toThrow(/are for the wall clock/);
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

describe('with container work', () => {
  const working = profileSchema.parse(parse(readFileSync('pipelines/docker-min.yaml', 'utf8')));
  const asked = (flags: Partial<Parameters<typeof requestedMeasuring>[1]>) =>
    requestedMeasuring(working, { clock: 'wall', bench: ['cpu'], ...flags });

  test('the measured boots are those that the sessions begin with', () => {
    expect(asked({ rounds: 6 })).toEqual({ boots: 6, bench: { workloads: ['cpu'], rounds: 6, measuresBoots: true } });
    expect(asked({}).boots).toBe(working.bench?.rounds);
    expect(asked({ clock: 'both' })).toMatchObject({ virtualBoots: 2, bench: { measuresBoots: true } });
  });

  test('boots that were asked for are made for themselves', () => {
    for (const boots of [0, 3]) expect(asked({ boots })).toEqual({ boots, bench: { workloads: ['cpu'] } });
    expect(asked({ boots: 'auto' }).bench).toEqual({ workloads: ['cpu'] });
    const looking = profileSchema.parse({
      ...working,
      arms: { ...working.arms, stock: { ...working.arms.stock, collectHz: 20 } },
    });
    const { bench } = requestedMeasuring(looking, { clock: 'wall', bench: ['cpu'] });
    expect(bench).toEqual({ workloads: ['cpu'] });
    expect(asked({ collectHz: 50 })).toEqual({ boots: working.boots, bench: { workloads: ['cpu'] } });
  });

  test('without it nothing changes', () => {
    expect(requestedMeasuring(working, { clock: 'wall' })).toEqual({ boots: working.boots });
  });
});
