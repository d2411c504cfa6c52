import process from 'node:process';
import { setImmediate } from 'node:timers/promises';
import { afterAll, afterEach } from 'vitest';
import { configureProperties } from './properties.ts';

/** Comes before every file of tests in every project (vitest.config.ts). */
configureProperties();

const warnings: Error[] = [];

/** A package may use what a newer Node advises against; everything else is a fault of drydock or of its tests. */
function isOurs(warning: Error): boolean {
  const isAdvice = ['DeprecationWarning', 'ExperimentalWarning'].includes(warning.name);
  return !isAdvice || /\/(?:src|test|scripts)\/(?!.*node_modules)/.test(warning.stack ?? '');
}

function note(warning: Error): void {
  if (isOurs(warning)) warnings.push(warning);
}

async function failOnWarning(): Promise<void> {
  // Node gives out a warning in the next turn of its loop.
  await setImmediate();
  const [first] = warnings.splice(0);
  if (first !== undefined) throw new Error(`Node printed a warning: ${first.stack ?? first.message}`);
}

process.on('warning', note);
afterEach(failOnWarning);
afterAll(async () => {
  await failOnWarning();
  process.off('warning', note);
});
