import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { decideGuest, provisionalGuest, whyNotHere } from '../../src/pipeline/plan/guest-choice.ts';
import type { GuestFacts } from '../../src/pipeline/plan/guest-choice.ts';
import { whyUnfit } from '../../src/pipeline/plan/guest-fit.ts';
import { guestParameters } from '../../src/pipeline/plan/image.ts';
import type { Host } from '../../src/host/host.ts';
import { createHost } from '../../src/host/node-host.ts';
import { loadGuest, parseDefinition } from '../../src/profile/load.ts';
import { profileSchema } from '../../src/profile/schema.ts';
import { centosDefinition, GUESTS } from '../support/centos.ts';

const unasked = (what: string) => () => Promise.reject(new Error(`${what} was asked for nothing`));
const facts: GuestFacts = {
  unfit: undefined,
  accelerator: 'auto',
  opensKvm: () => Promise.resolve(true),
  mediumFrom: () => Promise.resolve({ from: 'the vault answers' }),
  probe: () => Promise.resolve({ works: true, evidence: 'a probe boot reached its init in 0.8 s' }),
};

describe('the guest that auto takes', () => {
  test('is CentOS 7 where KVM works and its medium can be had, with both reasons', async () => {
    expect(await decideGuest(facts)).toEqual({
      name: 'centos-7-minimal',
      reason: 'auto: KVM works here (a probe boot reached its init in 0.8 s), and the vault answers',
    });
  });

  test.each<[string, Partial<GuestFacts>, RegExp]>([
    [
      'the run cannot do with CentOS',
      { unfit: 'docker-min wants Debian', opensKvm: unasked('KVM'), mediumFrom: unasked('the vault') },
      /not centos-7-minimal, since docker-min wants Debian$/,
    ],
    ['TCG was asked for', { accelerator: 'tcg', mediumFrom: unasked('the vault') }, /since TCG was asked for/],
    [
      'there is no KVM',
      { opensKvm: () => Promise.resolve(false), mediumFrom: unasked('the vault') },
      /since \/dev\/kvm cannot be opened here$/,
    ],
    [
      'the vault does not answer',
      { mediumFrom: () => Promise.resolve({ why: 'its medium cannot be had: no answer' }), probe: unasked('a probe') },
      /since its medium cannot be had: no answer$/,
    ],
    [
      'KVM is there and does not work',
      { probe: () => Promise.resolve({ works: false, evidence: 'a probe boot failed: silence' }) },
      /since KVM does not work here: a probe boot failed: silence$/,
    ],
  ])('is Debian 12 where %s, and what no longer matters is not asked', async (_, change, reason) => {
    const choice = await decideGuest({ ...facts, ...change });
    expect(choice.name).toBe('debian-12-minimal');
    expect(choice.reason).toMatch(reason);
  });

  test('is not decided before the machine has been looked at, and a name is never decided again', () => {
    expect(provisionalGuest('auto').reason).toContain('tried when the run begins');
    expect(provisionalGuest('centos-7-minimal')).toEqual({ name: 'centos-7-minimal', reason: 'asked for by name' });
  });
});

describe('a plan for CentOS 7', () => {
  const { signal } = new AbortController();
  const asked: string[] = [];
  const unreachable: Pick<Host, 'downloads'> = {
    downloads: {
      fetch: unasked('a download'),
      readText: unasked('a text'),
      whyNot: (url) => {
        asked.push(url);
        return Promise.resolve('vault.centos.org does not answer (no network)');
      },
    },
  };

  test('says why its medium cannot be had, and what to give', async () => {
    const guest = await centosDefinition();
    const steps = [{ id: 'medium', cached: false }];
    expect(await whyNotHere(unreachable, guest, {}, steps, signal)).toBe(
      'the guest centos-7-minimal cannot be had here: vault.centos.org does not answer (no network); --image PATH takes its installer from a file',
    );
    expect(asked).toEqual([guest.medium.address]);
  });

  test('asks nobody where its medium is given or cached, or the guest needs none', async () => {
    const before = asked.length;
    const centos = await centosDefinition();
    const cached = [{ id: 'medium', cached: true }];
    expect(await whyNotHere(unreachable, centos, {}, cached, signal)).toBeUndefined();
    expect(await whyNotHere(unreachable, centos, { image: '/a.iso' }, [], signal)).toBeUndefined();
    const { value: debian } = await loadGuest(createHost().files, 'debian-12-minimal', GUESTS);
    expect(await whyNotHere(unreachable, debian, {}, [], signal)).toBeUndefined();
    expect(asked).toHaveLength(before);
  });
});

describe('what CentOS 7 cannot do', () => {
  const profile = (name: string) =>
    parseDefinition(profileSchema, name, readFileSync(`pipelines/${name}.yaml`, 'utf8'));

  test('is a kernel from Debian’s own source package', () => {
    expect(whyUnfit('centos', profile('printk-off'), {})).toMatch(/Debian's package linux-source-6\.1$/);
    expect(whyUnfit('debian', profile('printk-off'), {})).toBeUndefined();
  });

  test('is a boot on the virtual clock with its own initrd, and the container work of Debian 12', () => {
    expect(whyUnfit('centos', profile('stock'), { virtualBoots: 2 })).toContain('hand-over');
    expect(whyUnfit('centos', profile('smoke'), { virtualBoots: 2 })).toBeUndefined();
    expect(whyUnfit('centos', profile('thesis-2017'), { virtualBoots: 2 })).toMatch(/initrd of before .*hand-over/);
    expect(whyUnfit('centos', profile('stock'), { bench: { workloads: ['cpu'] } })).toContain('--bench');
  });

  test('is not to be measured alone, or with drydock’s initrd', () => {
    for (const name of ['stock', 'smoke']) expect(whyUnfit('centos', profile(name), {})).toBeUndefined();
  });
});

test('profiles name the disk, and each guest’s own root on it is what its kernel is told', async () => {
  const centos = await centosDefinition();
  expect(guestParameters(centos, ['quiet', 'root=/dev/vda', 'ro'])).toEqual(['quiet', 'root=/dev/vda1', 'ro']);
  expect(guestParameters(centos, ['root=LABEL=other'])).toEqual(['root=LABEL=other']);
});
