import { expect, test } from 'vitest';
import { runMain } from '../support/drydock-main.ts';

test.each([
  [['run', '--profil', 'stock'], /unknown option '--profil'[^]*Did you mean --profile\?|required option '--profile/],
  [['run', '--profile', 'stock', '--collect', 'often'], /'--collect \[hz\]' argument 'often' is invalid/],
  [['ran'], /unknown command 'ran'[^]*Did you mean run\?/],
])('a wrong command line gets its error and one line of advice: drydock %j', async (args, error) => {
  const { code, stdout, stderr } = await runMain(args);
  expect([code, stdout]).toEqual([2, '']);
  expect(stderr).toMatch(error);
  expect(stderr).toContain('Add --help');
  expect(stderr.trimEnd().split('\n').length).toBeLessThanOrEqual(3);
});
