import { Fault } from '../../host/fault.ts';
import type { ExitStatus } from '../../host/host.ts';
import type { Failure } from '../../model/failure.ts';
import type { ConsoleHit } from '../console/console-patterns.ts';
import type { ConsoleLog } from '../console/console.ts';
import type { Silence } from './hang-detector.ts';

const TAIL_LINES = 25;

/** How one QEMU ended. */
export interface MachineExit extends ExitStatus {
  /** `reason` of QMP's SHUTDOWN event: `guest-shutdown`, `guest-reset`, `guest-panic`, `host-qmp-quit`, `host-signal` … */
  readonly reason: string | undefined;
  /** What QEMU itself said on stderr. */
  readonly said: readonly string[];
}

function withConsole(failure: Failure, console: ConsoleLog): Failure {
  return { ...failure, consoleTail: console.tail(TAIL_LINES), logPath: console.path };
}

/** The guest's kernel or init said on the console that this boot is over. */
export function crashFault(hit: ConsoleHit, console: ConsoleLog): Fault {
  return new Fault(withConsole({ kind: hit.pattern.kind, headline: hit.headline, hint: hit.pattern.hint }, console));
}

/** QEMU ended while the guest was still needed. Whose fault it is depends on who ended it. */
export function exitFault(exit: MachineExit, console: ConsoleLog): Fault {
  const detail = exit.said.length === 0 ? {} : { detail: exit.said.slice(-TAIL_LINES) };
  if (exit.reason === 'guest-reset') {
    return new Fault(
      withConsole(
        {
          kind: 'kernel-panic',
          headline: 'The guest reset itself without a word',
          hint: 'A triple fault or panic=-1 looks like this; boot with panic=0 and earlyprintk=ttyS0 to see the reason.',
          ...detail,
        },
        console,
      ),
    );
  }
  if (exit.reason === 'guest-shutdown' || exit.reason === 'guest-panic') {
    return new Fault(
      withConsole(
        {
          kind: 'not-ready',
          headline: 'The guest powered itself off before it was ready',
          hint: 'The last console lines say who asked for it.',
          ...detail,
        },
        console,
      ),
    );
  }
  const how =
    exit.signal !== null
      ? `signal ${exit.signal}`
      : exit.exitCode !== null && exit.exitCode > 128
        ? `signal ${String(exit.exitCode - 128)}`
        : `exit code ${String(exit.exitCode)}`;
  return new Fault(
    withConsole(
      {
        kind: 'qemu-died',
        headline: `QEMU ended with ${how}${exit.said.length === 0 ? '' : `: ${exit.said.at(-1) ?? ''}`}`,
        hint: 'QEMU was killed from outside (out of memory?) or could not run this guest; its own messages are above the console lines.',
        ...detail,
      },
      console,
    ),
  );
}

/** The guest lives but nothing comes of it. */
export function silenceFault(
  silence: Silence,
  waitingFor: string,
  hint: string | undefined,
  detail: readonly string[],
  console: ConsoleLog,
): Fault {
  const seconds = String(Math.round(silence.forSec));
  const said = console.sizeBytes === 0 ? 'The guest has not printed a single byte' : 'The guest printed nothing new';
  const how = silence.kind === 'still' ? ', and neither its disk nor its processors moved' : '';
  return new Fault(
    withConsole(
      {
        kind: 'hang',
        headline: `${said} for ${seconds} s while drydock waited for ${waitingFor}${how}`,
        hint: hint ?? 'The last console line names the step it was in.',
        detail,
      },
      console,
    ),
  );
}
