import process from 'node:process';

/**
 * What node is given to start the real command line from the repository: `npm test` compiles it first and says where
 * (DRYDOCK_TEST_MAIN), for a compiled one starts in a third of the processor time; a test by itself takes the source.
 */
export function drydockMain(): readonly string[] {
  const compiled = process.env.DRYDOCK_TEST_MAIN;
  return compiled === undefined ? ['--import', 'tsx', 'src/cli/main.ts'] : [compiled];
}
