import { readdirSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { REPOSITORY } from '../support/drydock-main.ts';
import { createRig } from '../support/rig/rig.ts';

const EXAMPLES = readdirSync(path.join(REPOSITORY, 'examples')).filter((name) => name.endsWith('.yaml'));

describe.concurrent('an example', () => {
  test.each(EXAMPLES)('%s can be planned', async (name) => {
    await using rig = await createRig();
    const { code, stdout, stderr } = await rig.drydock('run', '--profile', `examples/${name}`, '--dry-run').ended;
    expect(stderr).toBe('');
    expect(code).toBe(0);
    expect(stdout).toContain('Measured boots, interleaved: ');
  });
});
