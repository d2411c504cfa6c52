import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';

/** As much of GitHub's workflow syntax as ours use; a key that is not among these is a mistake or wants a line here. */
const step = z.union([
  z.strictObject({
    if: z.string().optional(),
    uses: z.string().regex(/^[\w-]+\/[\w-]+(?:\/\w+)?@v\d+$/),
    with: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).optional(),
  }),
  z.strictObject({
    if: z.string().optional(),
    run: z.string().min(1),
    env: z.record(z.string(), z.string()).optional(),
  }),
]);
const workflow = z.strictObject({
  name: z.string(),
  on: z.record(z.string(), z.unknown()),
  permissions: z.record(z.string(), z.enum(['read', 'write', 'none'])),
  jobs: z.record(
    z.string().regex(/^[a-zA-Z_][\w-]*$/),
    z.strictObject({ 'runs-on': z.string(), 'timeout-minutes': z.number().int().max(360), steps: z.array(step) }),
  ),
});

const FOLDER = '.github/workflows';
const commandsOf = (steps: readonly z.infer<typeof step>[]): readonly string[] =>
  steps.flatMap((one) => ('run' in one ? one.run.split('\n') : []));

describe.each(readdirSync(FOLDER))('the workflow %s', (file) => {
  const { jobs } = workflow.parse(parse(readFileSync(`${FOLDER}/${file}`, 'utf8')));

  test('runs profiles that exist, with a cache that drydock is told of', () => {
    const runs = Object.values(jobs).flatMap(({ steps }) => commandsOf(steps));
    const profiles = runs.flatMap((line) => /npm run pipeline -- --profile (\S+)/.exec(line)?.[1] ?? []);
    expect(profiles.length).toBeGreaterThan(0);
    for (const profile of profiles) expect(existsSync(`pipelines/${profile}.yaml`), profile).toBe(true);
    for (const { steps } of Object.values(jobs)) {
      const caches = steps.flatMap((one) => ('uses' in one && one.uses.startsWith('actions/cache/') ? [one] : []));
      // A red night keeps what it has made, under the name that the next one looks for.
      expect(caches.map(({ uses, if: when }) => [uses, when])).toEqual([
        ['actions/cache/restore@v4', undefined],
        ['actions/cache/save@v4', 'always()'],
      ]);
      const [cached, saved] = caches.map((one) => one.with);
      expect(saved).toEqual({ path: cached?.path, key: cached?.key });
      const told = steps.flatMap((one) => ('run' in one ? (one.env?.DRYDOCK_CACHE ?? []) : []));
      for (const place of told) expect(place).toBe(`\${{ github.workspace }}/${String(cached?.path)}`);
      expect(told.length).toBeGreaterThan(0);
    }
  });

  test('keeps the report of a run that failed, and tells each job’s results apart', () => {
    const kept = Object.values(jobs).map(({ steps }) =>
      steps.flatMap((one) => ('uses' in one && one.uses.startsWith('actions/upload-artifact@') ? [one] : [])),
    );
    for (const uploads of kept) {
      expect(uploads.map((one) => one.if)).toEqual(['always()']);
      expect(uploads.map((one) => one.with?.path)).toEqual(['results/2*/']);
    }
    const names = kept.flat().map((one) => one.with?.name);
    expect(new Set(names).size).toBe(names.length);
  });
});

test('every night, thesis-2017 runs under KVM and fails on a metric that got worse', () => {
  const { jobs } = workflow.parse(parse(readFileSync(`${FOLDER}/nightly.yml`, 'utf8')));
  const commands = commandsOf(jobs['thesis-2017']?.steps ?? []);
  expect(commands.filter((line) => line.includes('--profile thesis-2017'))).toEqual([
    expect.stringMatching(/--accel kvm .*--fail-on worse/),
  ]);
});
