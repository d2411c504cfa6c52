import { fileURLToPath } from 'node:url';

/** The folder that holds package.json. This file lies two folders below it: in src/host, in dist/host and in the tests' bundle. */
const PACKAGE_ROOT = fileURLToPath(new URL('../..', import.meta.url));

/**
 * Absolute path of a file or folder of drydock itself that is no module: a script, a C source, `pipelines`.
 *
 * @param relativePath from the folder that holds package.json
 */
export function packageFile(relativePath: string): string {
  return `${PACKAGE_ROOT}${relativePath}`;
}
