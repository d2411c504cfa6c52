import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { Fault } from '../../src/host/fault.ts';
import { parseDefinition } from '../../src/profile/load.ts';
import { profileSchema } from '../../src/profile/schema.ts';
import type { Profile } from '../../src/profile/schema.ts';

const HEAD = `name: good
description: a profile
arms:
  stock: { role: baseline, kernel: stock, initrd: stock }
`;

function read(bench: string): Profile {
  return parseDefinition(profileSchema, 'x.yaml', HEAD + bench);
}

function complaintOf(bench: string): string {
  try {
    read(bench);
  } catch (error) {
    if (error instanceof Fault) return (error.failure.detail ?? []).join('\n');
    throw error;
  }
  throw new Error('the profile was accepted');
}

describe("a profile's bench section", () => {
  test('may be absent', () => {
    expect(read('')).not.toHaveProperty('bench');
  });

  test('that is empty offers every workload on the two built-in images', () => {
    const { bench } = read('bench: {}\n');
    expect(bench?.rounds).toBe(4);
    expect(bench?.images).toEqual({
      system: { packages: [] },
      tools: { packages: ['sysbench', 'fio', 'iperf3', 'sockperf'] },
    });
    expect(bench?.workloads).toEqual({
      'package-install': {
        packages: ['python3', 'git'],
        images: { fedora: 'system', ubuntu: 'system', 'docker-dd-agent': 'system' },
      },
      cpu: { seconds: 2, image: 'tools' },
      memory: { seconds: 2, image: 'tools' },
      disk: { seconds: 1, sizeMb: 64, image: 'tools' },
      network: { seconds: 2, image: 'tools' },
      'container-start': { times: 50, image: 'system' },
      density: { most: 16, image: 'system' },
    });
  });

  test('offers only the workloads it names, if it names any', () => {
    expect(read('bench: { workloads: { cpu: {} } }\n').bench?.workloads).toEqual({
      cpu: { seconds: 2, image: 'tools' },
    });
  });

  test('of docker-min says the defaults', () => {
    const file = 'pipelines/docker-min.yaml';
    const profile = parseDefinition(profileSchema, file, readFileSync(file, 'utf8'));
    expect(profile.bench).toEqual(read('bench: {}\n').bench);
  });

  test('takes an image of a registry by digest', () => {
    const image = { registry: 'docker.io/library/fedora', digest: `sha256:${'0a'.repeat(32)}` };
    const bench = `bench: { images: { system: { packages: [] }, f: { registry: ${image.registry}, digest: '${image.digest}' } }, workloads: {} }\n`;
    expect(read(bench).bench?.images.f).toEqual(image);
  });

  test.each(['docker.io/library/fedora:latest', 'fedora', 'docker.io/Library/fedora'])(
    'refuses the registry name %s',
    (registry) => {
      const bench = `bench: { images: { f: { registry: '${registry}', digest: 'sha256:${'0a'.repeat(32)}' } } }\n`;
      expect(complaintOf(bench)).toContain('bench.images.f.registry — expected REGISTRY/REPOSITORY without a tag');
    },
  );

  test('refuses an image of a registry without a digest', () => {
    expect(complaintOf('bench: { images: { f: { registry: docker.io/library/fedora } } }\n')).toContain(
      'bench.images.f.digest',
    );
  });

  test('shows where an image is named that there is not, and which one was meant', () => {
    const text = complaintOf(`bench:
  workloads:
    package-install:
      images: { fedora: systen }
`);
    expect(text).toContain(
      'x.yaml:8:25 bench.workloads.package-install.images.fedora — no image is named systen; did you mean system?',
    );
    expect(text).toContain('> 8 |       images: { fedora: systen }');
    expect(text).toContain('^^^^^^');
  });

  test('tells of every image that its own list lacks, defaults included', () => {
    const text = complaintOf(`bench:
  images: { base: { packages: [] } }
  workloads: { cpu: {}, density: { image: base }, network: { image: tool } }
`);
    expect(text).toContain('bench.workloads.cpu.image — no image is named tools; there are base');
    expect(text).toContain('bench.workloads.network.image — no image is named tool; there are base');
    expect(text).not.toContain('density.image');
  });

  test('suggests the workload that was meant', () => {
    expect(complaintOf('bench: { workloads: { container-starts: {} } }\n')).toContain('did you mean container-start?');
  });

  test.each([
    ['bench: { rounds: 0 }', 'bench.rounds'],
    ['bench: { workloads: { cpu: { seconds: 0.5 } } }', 'bench.workloads.cpu.seconds'],
    ['bench: { workloads: { package-install: { minutes: 0 } } }', 'bench.workloads.package-install.minutes'],
    ['bench: { workloads: { package-install: { packages: [] } } }', 'bench.workloads.package-install.packages'],
    ['bench: { images: { Tools: { packages: [] } } }', 'bench.images'],
    ['bench: { images: { tools: { packages: [-o] } } }', 'bench.images.tools.packages.0 — expected a package name'],
    ['bench: { images: { tools: [fio] } }', 'bench.images.tools'],
  ])('refuses %s', (bench, where) => {
    expect(complaintOf(`${bench}\n`)).toContain(where);
  });
});
