import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { cacheRoot, folders } from '../../src/cli/locations.ts';
import { createHost } from '../../src/host/node-host.ts';
import { parseConfig } from '../../src/kernel/config/config.ts';
import type { Config } from '../../src/kernel/config/config.ts';
import { checkDockerConfig, missingNecessary } from '../../src/kernel/config/docker-requirements.ts';
import type { Emit } from '../../src/pipeline/events/event.ts';
import { prepareRun } from '../../src/pipeline/plan/prepare.ts';
import { StepError, runSteps } from '../../src/pipeline/steps/run-steps.ts';
import { profileSchema } from '../../src/profile/schema.ts';
import type { Profile } from '../../src/profile/schema.ts';
import { configure } from '../../src/stages/kernel/configure.ts';
import { openHistory } from '../../src/store/durations.ts';
import { openStore } from '../../src/store/store.ts';

const host = createHost();
const store = openStore(host, cacheRoot(undefined));
/** What leads to a configuration, and nothing that compiles or boots. */
const STAGES = ['preflight', 'image', 'source', 'patch', 'configure'];

let scratch: string;
beforeAll(async () => {
  scratch = await mkdtemp(path.join(tmpdir(), 'drydock-distribution-'));
});
afterAll(async () => {
  await rm(scratch, { recursive: true });
});

async function thesis(): Promise<Profile> {
  const text = await readFile(path.join(folders.pipelines, 'thesis-2017.yaml'), 'utf8');
  return profileSchema.parse(parse(text));
}

/** Takes every arm's configuration through source, patch, configure and verification, on the guest and kernel that are at hand. */
async function configured(profile: Profile) {
  const { plan } = await prepareRun({
    host,
    folders,
    request: {
      profilePath: 'thesis-2017.yaml',
      profileText: stringify(profile),
      guest: 'debian-12-minimal',
      accelerator: 'auto',
      boots: 1,
      install: true,
      refresh: '',
    },
  });
  const findings: string[] = [];
  const emit: Emit = (event) => {
    if (event.type === 'finding') findings.push(event.finding.message);
  };
  const { signal } = new AbortController();
  const runtime = { host, store, folders, runDirectory: scratch, signal, emit };
  const steps = plan.steps.filter(({ stageName }) => STAGES.includes(stageName));
  await runSteps(steps, runtime, await openHistory(host, scratch));
  const configs = new Map<string, Config>();
  for (const step of steps.filter(({ stageName }) => stageName === configure.name)) {
    const { config } = configure.output.parse(step.output());
    configs.set(step.arm ?? '', parseConfig(await store.readText(config)));
  }
  return { findings, configs };
}

const isOn = (config: Config | undefined, symbol: string): boolean => ['y', 'm'].includes(config?.get(symbol) ?? 'n');
const count = (config: Config | undefined): number =>
  [...(config ?? [])].filter(([, value]) => value === 'y' || value === 'm').length;

describe('the thesis’s fragments on Debian’s configuration', () => {
  let configs: ReadonlyMap<string, Config>;
  let findings: readonly string[];
  beforeAll(async () => {
    ({ configs, findings } = await configured(await thesis()));
  });

  test('leave every arm with what Docker needs, and take more than a thousand symbols away', () => {
    expect([...configs.keys()]).toEqual(['thesis-before', 'thesis-after', 'thesis-rtc-patch', 'thesis-printk-off']);
    for (const [name, config] of configs) {
      expect(missingNecessary(checkDockerConfig(config, { major: 6, minor: 1 })), name).toEqual([]);
    }
    const before = count(configs.get('thesis-before'));
    expect(before).toBeGreaterThan(5000);
    expect(before - count(configs.get('thesis-after'))).toBeGreaterThan(1000);
  });

  test('take USB, sound, multimedia, wireless, the parallel port and SELinux out of "after" alone', () => {
    const symbols = [
      'USB_SUPPORT',
      'USB',
      'SOUND',
      'SND',
      'MEDIA_SUPPORT',
      'VIDEO_DEV',
      'BT',
      'RFKILL',
      'NFC',
      'WIRELESS',
    ];
    for (const symbol of [...symbols, 'CFG80211', 'PARPORT', 'SECURITY_SELINUX', 'RTC_CLASS']) {
      expect(isOn(configs.get('thesis-before'), symbol), symbol).toBe(true);
      expect(isOn(configs.get('thesis-after'), symbol), symbol).toBe(false);
    }
  });

  test('read the clock in two ways, and print nothing in the last arm', () => {
    expect(configs.get('thesis-rtc-patch')?.get('RTC_CLASS')).toBe('y');
    expect(configs.get('thesis-rtc-patch')?.get('RTC_NO_SYNC_ON_READ')).toBe('y');
    expect(configs.get('thesis-after')?.get('PRINTK')).toBe('y');
    expect(isOn(configs.get('thesis-printk-off'), 'PRINTK')).toBe(false);
  });

  test('leave no key and no debugging information to a build that has neither', () => {
    for (const [name, config] of configs) {
      expect(config.get('SYSTEM_TRUSTED_KEYS'), name).toBe('""');
      for (const symbol of ['MODULE_SIG', 'MODULE_SIG_ALL', 'DEBUG_INFO', 'DEBUG_INFO_BTF']) {
        expect(isOn(config, symbol), `${name}: ${symbol}`).toBe(false);
      }
    }
  });

  test('say of every arm how much of the distribution’s configuration is left', () => {
    const said = findings.filter((message) =>
      /^Of \d+ symbols that the distribution's configuration has on, /.test(message),
    );
    expect(said).toHaveLength(configs.size);
  });
});

test('what is taken away while something else selects it stops the run before the build, with who selects it', async () => {
  // The thesis's own words name wireless alone; its drivers' menu selects it.
  const profile = await thesis();
  const { after } = profile.arms;
  if (after === undefined || after.kernel === 'stock')
    throw new Error('thesis-2017 builds no kernel for its arm after');
  const kernel = { ...after.kernel, symbols: { WLAN: 'y' } };
  const failed = await configured({ ...profile, arms: { after: { ...after, kernel } } }).catch(
    (error: unknown) => error,
  );
  expect(failed).toBeInstanceOf(StepError);
  expect(failed).toMatchObject({
    stepId: 'configure:thesis-after',
    cause: {
      failure: {
        kind: 'kernel-config',
        detail: [expect.stringMatching(/CONFIG_WIRELESS asked n, got y: selected by WLAN$/)],
        hint: 'Ask for what selects them to be off too, or leave them on.',
      },
    },
  });
});
