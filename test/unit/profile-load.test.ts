import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { Fault } from '../../src/host/fault.ts';
import { parseDefinition } from '../../src/profile/load.ts';
import { guestSchema } from '../../src/profile/guest-schema.ts';
import { profileJsonSchema, profileSchema } from '../../src/profile/schema.ts';

function failureOf(text: string): { headline: string; text: string } {
  try {
    parseDefinition(profileSchema, 'x.yaml', text);
  } catch (error) {
    if (error instanceof Fault)
      return { headline: error.failure.headline, text: (error.failure.detail ?? []).join('\n') };
    throw error;
  }
  throw new Error('the definition was accepted');
}

const GOOD = `name: good
description: a profile
arms:
  stock: { role: baseline, kernel: stock, initrd: stock }
`;

describe('a profile', () => {
  test('that is complete is read, with its defaults filled in', () => {
    const profile = parseDefinition(profileSchema, 'x.yaml', GOOD);
    expect(profile.boots).toBe(5);
    expect(profile.guest).toBe('auto');
    expect(profile.arms.stock?.cmdline).toEqual([]);
  });

  test('shows every problem at once, each with file, line, column and a code frame', () => {
    const { headline, text } = failureOf(`name: Bad Name
description: ''
boots: many
arms:
  stock: { role: baseline, kernel: stock, initrd: stock, colour: red }
  other: { role: candidate, kernel: stock, initrd: none }
`);
    expect(headline).toBe('x.yaml has 5 problems');
    expect(text).toContain('x.yaml:1:7 name');
    expect(text).toContain('x.yaml:2:14 description');
    expect(text).toContain('x.yaml:3:8 boots');
    expect(text).toContain('x.yaml:5:58 arms.stock.colour — unknown key');
    expect(text).toContain('arms.other.initrd');
    expect(text).toContain('3 | boots: many');
  });

  test('suggests the key that was meant', () => {
    expect(failureOf(`${GOOD}bots: 3\n`).text).toContain('bots — unknown key; did you mean boots?');
    // `patches` is a key of a kernel and `symbols` of nothing else here: a suggestion is one that works in this place.
    expect(failureOf(`${GOOD}patches: []\n`).text).toMatch(/patches — unknown key(?!; did you mean patches)/);
  });

  test('that is not YAML is refused where the syntax breaks', () => {
    expect(failureOf('name: [1\n').text).toMatch(/x\.yaml:\d+:\d+/);
  });

  test.each(['stock', 'stock-busybox'])('refuses initrd: %s for a kernel built here, where it stands', (initrd) => {
    const { text } = failureOf(`name: mixed
description: d
arms:
  own:
    role: candidate
    kernel: { source: { package: linux-source-6.1 } }
    initrd: ${initrd}
`);
    expect(text).toContain('x.yaml:7:13 arms.own.initrd — a kernel built here cannot use');
    expect(text).toContain(`7 |     initrd: ${initrd}`);
  });

  test('names the ways of an initrd where another word stands', () => {
    const { text } = failureOf(GOOD.replace('initrd: stock', 'initrd: linuxrc'));
    expect(text).toMatch(
      /x\.yaml:4:\d+ arms\.stock\.initrd — .*"stock-busybox"\|"distribution"\|"busybox"\|"busybox-image"/,
    );
  });

  test('refuses a process collector before an initrd that is no cpio', () => {
    const { text } = failureOf(`name: old
description: d
arms:
  own:
    role: candidate
    kernel: { source: { package: linux-source-6.1 } }
    initrd: busybox-image
    collectHz: 25
`);
    expect(text).toContain('x.yaml:7:13 arms.own.initrd — the process collector starts from a cpio');
  });

  test('refuses a tarball without a digest', () => {
    const { text } = failureOf(`name: loose
description: d
arms:
  own:
    role: candidate
    kernel: { source: { tarball: linux.tar.xz } }
    initrd: busybox
`);
    expect(text).toContain('sha256');
  });
});

describe('a guest', () => {
  const centos = readFileSync('vm-images/centos-7-minimal.yaml', 'utf8');
  const problems = (text: string): string => {
    try {
      parseDefinition(guestSchema, 'g.yaml', text);
    } catch (error) {
      if (error instanceof Fault) return (error.failure.detail ?? []).join('\n');
      throw error;
    }
    throw new Error('no problem was found');
  };

  test('is of a family that is known, or the families are named where the word stands', () => {
    const text = problems(centos.replace('family: centos', 'family: fedora'));
    expect(text).toMatch(/^g\.yaml:3:9 family — expected one of debian · centos$/m);
    expect(text).toContain('3 | family: fedora');
  });

  test('has what its own family needs, and nothing of another’s', () => {
    const text = problems(`${centos.replace(/^medium:$/m, 'medum:')}suite: bookworm\n`);
    expect(text).toContain('medum — unknown key; did you mean medium?');
    expect(text).toContain('suite — unknown key');
    expect(text).toMatch(/medium — .*expected object/);
  });

  test('of an installer pins its medium, and has its root on the first partition, each checked where it stands', () => {
    const wrong = centos.replace(/sha256: \w+/, 'sha256: 07b94e').replace('/dev/vda1', '/dev/vda');
    const text = problems(wrong);
    expect(text).toContain('medium.sha256 — expected 64 lower-case hexadecimal digits');
    expect(text).toContain('rootDevice — expected the first partition of a disk, such as /dev/vda1');
  });
});

describe('the definitions that ship', () => {
  const read = (folder: string): [string, string][] =>
    readdirSync(folder)
      .filter((file) => file.endsWith('.yaml'))
      .map((file) => [file, readFileSync(`${folder}/${file}`, 'utf8')]);

  test.each(read('pipelines'))('pipelines/%s is a valid profile named after its file', (file, text) => {
    expect(`${parseDefinition(profileSchema, file, text).name}.yaml`).toBe(file);
  });

  test.each(read('vm-images'))('vm-images/%s is a valid guest named after its file', (file, text) => {
    expect(`${parseDefinition(guestSchema, file, text).name}.yaml`).toBe(file);
  });

  test('pipelines/schema.json is what the code checks against', () => {
    expect(JSON.parse(readFileSync('pipelines/schema.json', 'utf8'))).toEqual(
      JSON.parse(JSON.stringify(profileJsonSchema())),
    );
  });
});
