import v8 from 'node:v8';
import vm from 'node:vm';

/** Collects garbage now: what is held weakly is gone afterwards. */
export function collectGarbage(): void {
  v8.setFlagsFromString('--expose-gc');
  vm.runInNewContext('gc()');
}
