import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { folders } from '../../src/cli/locations.ts';
import { Fault } from '../../src/host/fault.ts';
import { createHost } from '../../src/host/node-host.ts';
import type { RunRequest } from '../../src/model/request.ts';
import { kernelFragments } from '../../src/pipeline/plan/kernel.ts';
import { prepareRun } from '../../src/pipeline/plan/prepare.ts';
import type { Plan } from '../../src/pipeline/plan/plan.ts';
import { profileSchema } from '../../src/profile/schema.ts';

const OWN = '{ source: { directory: / }, fragments: [virtio] }';

function profileOf(arms: Readonly<Record<string, readonly [kernel: string, initrd: string]>>): string {
  const lines = Object.entries(arms).map(
    ([name, [kernel, initrd]]) => `  ${name}: { role: variant, kernel: ${kernel}, initrd: ${initrd} }\n`,
  );
  return `name: ways\ndescription: ways of an initrd\nguest: debian-12-minimal\narms:\n${lines.join('')}`;
}

async function planOf(
  arms: Parameters<typeof profileOf>[0],
  asked: Partial<RunRequest> = {},
): Promise<{ readonly plan: Plan; readonly ids: readonly string[] }> {
  const request: RunRequest = {
    profilePath: 'ways.yaml',
    profileText: profileOf(arms),
    guest: 'auto',
    accelerator: 'auto',
    boots: 1,
    install: false,
    refresh: '',
    ...asked,
  };
  const { plan } = await prepareRun({ host: createHost(), folders, request });
  return { plan, ids: plan.steps.map(({ id }) => id) };
}

async function failureOf(work: Promise<unknown>) {
  const error: unknown = await work.catch((reason: unknown) => reason);
  if (error instanceof Fault) return error.failure;
  throw new Error(`no Fault but ${String(error)}`);
}

describe('a plan', () => {
  test('makes each arm its initrd in the way that it asks for, and none where there is nothing to make', async () => {
    const { ids } = await planOf({
      one: ['stock', 'stock'],
      two: ['stock', 'stock-busybox'],
      three: ['stock', 'busybox'],
      four: [OWN, 'busybox-image'],
      five: [OWN, 'none'],
    });
    expect(ids.filter((id) => id.startsWith('initrd'))).toEqual([
      'initrd-in-place:two',
      'initrd:three',
      'initrd-image:four',
    ]);
    // After the kernel that is to boot it.
    expect(ids.indexOf('initrd-image:four')).toBeGreaterThan(ids.indexOf('build:four'));
  });

  test('builds a kernel once for arms that boot it with either initrd', async () => {
    const { ids } = await planOf({ image: [OWN, 'busybox-image'], cpio: [OWN, 'busybox'] });
    expect(ids.filter((id) => id.startsWith('build:'))).toEqual(['build:image']);
  });

  test('asks a kernel for what an initrd in the old style needs as soon as one of its arms boots one, and no other', () => {
    const read = (arms: Parameters<typeof profileOf>[0]) => profileSchema.parse(parse(profileOf(arms)));
    const fragmentsOf = (arms: Parameters<typeof profileOf>[0], arm: string): readonly string[] => {
      const profile = read(arms);
      const kernel = profile.arms[arm]?.kernel;
      if (kernel === undefined || kernel === 'stock') throw new Error(`${arm} builds no kernel`);
      return kernelFragments(profile, kernel);
    };
    const both = { image: [OWN, 'busybox-image'], cpio: [OWN, 'busybox'] } as const;
    expect(fragmentsOf(both, 'cpio')).toEqual(['virtio', 'old-initrd']);
    const other = { ...both, cpio: [OWN.replace('virtio', 'console'), 'busybox'] } as const;
    expect(fragmentsOf(other, 'cpio')).toEqual(['console']);
    const named = { image: [OWN.replace('virtio', 'old-initrd'), 'busybox-image'] } as const;
    expect(fragmentsOf(named, 'image')).toEqual(['old-initrd']);
  });

  test('puts no collector before an initrd that is no cpio, and says whose it is', async () => {
    const { kind, headline } = await failureOf(planOf({ old: [OWN, 'busybox-image'] }, { collectHz: 25 }));
    expect(kind).toBe('usage');
    expect(headline).toMatch(/the arm old boots an initrd in the old style/);
    const { ids } = await planOf({ replaced: ['stock', 'stock-busybox'] }, { collectHz: 25 });
    expect(ids).toContain('collector:replaced');
  });

  test('has no boot on the virtual clock of one either, for nothing can be laid behind it', async () => {
    const { kind, headline } = await failureOf(planOf({ old: [OWN, 'busybox-image'] }, { virtualBoots: 2 }));
    expect(kind).toBe('usage');
    expect(headline).toContain('The arm old boots an initrd in the old style');
    expect((await failureOf(planOf({ bare: [OWN, 'none'] }, { virtualBoots: 2 }))).headline).toContain(
      'The arm bare boots without an initrd',
    );
  });
});
