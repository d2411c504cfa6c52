import type { Failure } from '../model/failure.ts';

/** A `Failure` on its way up to the command line. Expected ends are values; this carries one across a stage border. */
export class Fault extends Error {
  readonly failure: Failure;

  constructor(failure: Failure, options?: ErrorOptions) {
    super(failure.headline, options);
    this.name = 'Fault';
    this.failure = failure;
  }
}
