import { describe, expect, test } from 'vitest';
import { createRealRun, PHASES } from '../support/real-run.ts';
import type { Way } from '../support/real-run.ts';

/** Every phase of a real image build, and a real boot: about ten minutes for each way on a quiet machine. */
describe.each(['SIGKILL', 'SIGTERM', 'SIGHUP', 'Ctrl-C twice'] as const satisfies readonly Way[])('%s', (way) => {
  test('in any phase leaves no mount, lock or scratch, and the resumed run finishes', async () => {
    await using run = await createRealRun();
    expect(PHASES.length).toBeGreaterThan(0);
    for (const phase of PHASES) await run.interrupt(phase, way);
    await run.finish();
  });
});
