#!/usr/bin/env -S npx tsx
/**
 * Makes one file of the command line, for the hundreds of commands that tests start: it loads in half of the time that the
 * modules one by one take. Types are checked by `npm run check`.
 *
 *     npx tsx scripts/bundle.ts
 */
import { build } from 'esbuild';
import { BUNDLE } from '../test/support/drydock-main.ts';

/** What CommonJS packages expect to find in a module. */
const COMMON_JS = [
  "import { createRequire as bundleRequire } from 'node:module';",
  "import { fileURLToPath as bundlePath } from 'node:url';",
  'const require = bundleRequire(import.meta.url);',
  'const __filename = bundlePath(import.meta.url);',
  "const __dirname = bundlePath(new URL('.', import.meta.url));",
].join('\n');

await build({
  entryPoints: ['src/cli/main.ts'],
  outfile: BUNDLE,
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'esm',
  banner: { js: COMMON_JS },
  // Optional native parts of ssh2, which it does without.
  external: ['cpu-features', '*.node'],
  logLevel: 'warning',
});
