/** The import law of docs/architecture.md. Floors from the top; a room may use rooms on lower floors, never on its own. */
const floors = [
  ['cli'],
  ['progress'],
  ['pipeline'],
  ['stages', 'measure'],
  ['images', 'containers'],
  ['kernel', 'initrd', 'guest', 'store', 'profile', 'bootlog', 'stats', 'report', 'bench', 'needs'],
  ['host', 'model', 'json', 'text'],
];
const pure = ['bootlog', 'stats', 'report', 'bench', 'needs', 'model', 'json', 'text'];

const floorRules = floors
  .flatMap((rooms, index) => {
    const above = floors.slice(0, index).flat();
    return rooms.map((room) => {
      const beside = rooms.filter((other) => other !== room && !(pure.includes(room) && pure.includes(other)));
      // host speaks the shared vocabulary (model is types alone) and splits text as the others do.
      const shared = room === 'host' ? ['model', 'text'] : [];
      const forbidden = [...above, ...beside].filter((other) => !shared.includes(other));
      return {
        name: `floor-${room}`,
        comment: 'A room uses rooms on lower floors only.',
        severity: 'error',
        from: { path: `^src/${room}/` },
        to: { path: `^src/(${forbidden.join('|')})/` },
      };
    });
  })
  .filter((rule) => rule.to.path !== '^src/()/');

/** The same law inside a room. Floors from the top: an inner room may use inner rooms on lower floors. */
const innerFloors = {
  bench: [['tool-output', 'series']],
  bootlog: [['thesis', 'timeline', 'processes'], ['reading'], ['parse']],
  cli: [['commands'], ['run'], ['flags']],
  containers: [['workloads'], ['places'], ['engine', 'sampler']],
  guest: [['inspect', 'grub'], ['ssh'], ['machine'], ['console', 'distro']],
  host: [['ssh', 'net'], ['process']],
  images: [['given-disk'], ['centos', 'containers']],
  initrd: [['collector'], ['archive']],
  kernel: [['build'], ['code', 'patch'], ['config']],
  model: [['verdicts'], ['boots']],
  pipeline: [['needs'], ['run'], ['record'], ['plan'], ['steps'], ['events']],
  report: [['across-runs', 'boot-log', 'needs'], ['html', 'formats'], ['rows'], ['charts'], ['text']],
  stats: [['across-runs'], ['ranks']],
};

const innerRules = Object.entries(innerFloors)
  .flatMap(([room, roomFloors]) =>
    roomFloors.flatMap((inner, index) =>
      inner.map((name) => {
        const forbidden = [...roomFloors.slice(0, index).flat(), ...inner.filter((other) => other !== name)];
        return {
          name: `inner-${room}-${name}`,
          comment: 'An inner room uses inner rooms on lower floors only.',
          severity: 'error',
          from: { path: `^src/${room}/${name}/` },
          to: { path: `^src/${room}/(${forbidden.join('|')})/` },
        };
      }),
    ),
  )
  .filter((rule) => !rule.to.path.includes('()'));

module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    ...floorRules,
    ...innerRules,
    {
      name: 'stages-are-strangers',
      comment: 'Stages meet in the plan, not in each other. What several of them need is in stages/shared.',
      severity: 'error',
      from: { path: '^src/stages/(?!shared/)([^/]+)/[^/]+\\.ts$' },
      to: { path: '^src/stages/', pathNot: '^src/stages/(stage\\.ts|shared/)' },
    },
    {
      name: 'pure-rooms-stay-pure',
      severity: 'error',
      from: { path: `^src/(${pure.join('|')})/` },
      to: { path: '^src/', pathNot: `^src/(${pure.join('|')})/` },
    },
    {
      name: 'only-host-touches-the-world',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(host|cli)/' },
      to: {
        dependencyTypes: ['core'],
        path: '^(node:)?(fs|fs/promises|child_process|net|http|https|os|process|dgram|tls|worker_threads|timers/promises)$',
      },
    },
    {
      name: 'cli-reads-argv-and-env-only',
      severity: 'error',
      from: { path: '^src/cli/' },
      to: { dependencyTypes: ['core'], path: '^(node:)?(fs|fs/promises|child_process|net|http|https|dgram|tls)$' },
    },
    {
      name: 'effectful-packages-live-in-host',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/host/' },
      to: { path: '^node_modules/(execa|ssh2|proper-lockfile|dockerode|hot-shots)/' },
    },
    {
      name: 'scripts-are-not-imported',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^(scripts|test)/' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default', 'types'] },
  },
};
