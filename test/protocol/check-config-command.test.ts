import { describe, expect, test } from 'vitest';
import { runMain } from '../support/drydock-main.ts';

const CONFIG = 'test/fixtures/kernel/check-config/docker-min-6.1.config';

describe('drydock check-config', () => {
  test('judges by the version it is told: what 4.10 needs besides is missing from a configuration of 6.1', async () => {
    const ofNow = await runMain(['check-config', CONFIG, '--kernel', '6.1']);
    expect([ofNow.code, ofNow.stderr]).toEqual([0, '']);
    expect(ofNow.stdout).toContain('Everything necessary is there.');
    expect(ofNow.stdout).not.toContain('NF_NAT_IPV4');

    const ofThen = await runMain(['check-config', CONFIG, '--kernel', '4.10']);
    expect([ofThen.code, ofThen.stderr]).toEqual([1, '']);
    expect(ofThen.stdout).toContain('✗ CONFIG_NF_NAT_IPV4: missing');
    expect(ofThen.stdout).toContain('Missing and necessary: CONFIG_NF_NAT_IPV4, CONFIG_NF_NAT_NEEDED');
  });

  test('refuses what is not a version', async () => {
    const { code, stderr } = await runMain(['check-config', CONFIG, '--kernel', 'newest']);
    expect(code).toBe(2);
    expect(stderr).toContain('newest is not a kernel version');
  });
});
