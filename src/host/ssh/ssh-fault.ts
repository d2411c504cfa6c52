import type { FailureKind } from '../../model/failure.ts';
import { Fault } from '../fault.ts';

/**
 * Why an SSH connection failed. `unreachable` and `lost` may pass (the guest is still booting, the link broke);
 * `host-key`, `user-key` and `protocol` will be the same on every attempt.
 */
export type SshTrouble = 'unreachable' | 'lost' | 'host-key' | 'user-key' | 'protocol';

/** A `Fault` of kind `no-ssh` that says whether another attempt makes sense. */
export class SshFault extends Fault {
  readonly trouble: SshTrouble;

  constructor(trouble: SshTrouble, headline: string, hint: string, options?: ErrorOptions) {
    const kind: FailureKind = 'no-ssh';
    super({ kind, headline, hint }, options);
    this.name = 'SshFault';
    this.trouble = trouble;
  }
}
