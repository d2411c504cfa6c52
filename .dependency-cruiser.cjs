/** The import law of docs/architecture.md. Floors from the top; a room may use rooms on lower floors, never on its own. */
const floors = [
  ['cli'],
  ['progress'],
  ['pipeline'],
  ['stages'],
  ['images', 'containers'],
  ['kernel', 'initrd', 'guest', 'store', 'profile', 'bootlog', 'stats', 'report', 'bench', 'needs'],
  ['host', 'model', 'json'],
];
const pure = ['bootlog', 'stats', 'report', 'bench', 'needs', 'model', 'json'];

const floorRules = floors
  .flatMap((rooms, index) => {
    const above = floors.slice(0, index).flat();
    return rooms.map((room) => {
      const beside = rooms.filter((other) => other !== room && !(pure.includes(room) && pure.includes(other)));
      // host speaks the shared vocabulary; model is types alone.
      const forbidden = [...above, ...beside].filter((other) => !(room === 'host' && other === 'model'));
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

module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    ...floorRules,
    {
      name: 'stages-are-strangers',
      comment: 'Stages meet in the plan, not in each other.',
      severity: 'error',
      from: { path: '^src/stages/([^/]+)\\.ts$' },
      to: {
        path: '^src/stages/',
        pathNot:
          '^src/stages/(stage|schemas|tools|stock-guest|kernel-tree|obtain-file|initrd-modules|signed-sums)\\.ts$',
      },
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
