import { expect, test } from 'vitest';
import { createRealRun, PHASES } from '../support/real-run.ts';

test('an image build that is killed leaves the machine’s mounts as they were', async () => {
  const phase = PHASES.find(({ name }) => name === 'installing essential packages');
  expect(phase).toBeDefined();
  await using run = await createRealRun();
  if (phase !== undefined) await run.interrupt(phase, 'SIGKILL');
});
