import { z } from 'zod';
import { Fault } from '../../host/fault.ts';
import type { Failure, FailureKind } from '../../model/failure.ts';

/** The daemon stopped answering, or never did. The machine's log may hold the reason. */
export class DaemonGone extends Fault {
  override readonly name = 'DaemonGone';
}

/** What the daemon was asked for: completes "The Docker daemon could not …". */
export type DaemonRequest = string;

interface Meaning {
  /** In the daemon's own words. */
  readonly words: RegExp;
  readonly kind: FailureKind;
  readonly headline: (what: DaemonRequest, words: string) => string;
  readonly hint: string;
}

/**
 * What the daemon says, and what it means; the first match counts. The words are those of Docker 20.10 (moby:
 * daemon/errors.go, daemon/start.go, errdefs) and of runc, which the daemon passes on.
 */
const MEANINGS: readonly Meaning[] = [
  {
    words: /no space left on device|disk quota exceeded/i,
    kind: 'disk-full',
    headline: (what) => `The Docker daemon found no space left to ${what}`,
    hint: 'Free space where the daemon keeps its data; for a guest, make its disk bigger in its image definition.',
  },
  {
    words: /no such image|manifest unknown|pull access denied/i,
    kind: 'unavailable',
    headline: (what, words) =>
      `The Docker daemon has no image ${/image:? '?([^\s']+)/i.exec(words)?.[1] ?? ''} to ${what}`,
    hint: 'The image was not imported, or was removed meanwhile; run again with a fresh workload disk.',
  },
  {
    words: /no such (container|exec)/i,
    kind: 'command-failed',
    headline: (what) => `The container was gone when drydock wanted to ${what}`,
    hint: 'Somebody removed it, or it was removed with its workload. The log of its machine says more.',
  },
  {
    words: /is already in use by container/i,
    kind: 'unavailable',
    headline: (what) => `The Docker daemon could not ${what}: its name is taken`,
    hint: 'A killed drydock left it behind: docker rm -f $(docker ps -aq --filter label=drydock=1)',
  },
  {
    words: /is not running|is paused|is restarting/i,
    kind: 'command-failed',
    headline: (what) => `The container did not run when drydock wanted to ${what}`,
    hint: 'It ended or was killed. Its last output is in the log of the workload.',
  },
  {
    words: /executable file not found|exec format error|starting container process caused: exec/i,
    kind: 'command-failed',
    headline: (what) => `The image does not hold the program that was to run: drydock could not ${what}`,
    hint: 'Add the package to the image in the profile, or correct the command.',
  },
  {
    words:
      /OCI runtime|failed to create (shim|task|endpoint)|cgroup|iptables|operation not (supported|permitted)|mount/i,
    kind: 'not-ready',
    headline: (what) => `The Docker daemon could not ${what} on this kernel`,
    hint: 'The daemon names what is missing below; `npm run drydock -- check-config <.config>` lists what it needs.',
  },
];

const answerSchema = z.looseObject({
  statusCode: z.number(),
  message: z.string(),
  json: z.looseObject({ message: z.string() }).optional().catch(undefined),
});

/** The failure behind what the daemon said, by its own words. */
export function daemonRefusal(what: DaemonRequest, words: string): Failure {
  const meaning = MEANINGS.find((one) => one.words.test(words));
  const detail = words.trim().split('\n');
  if (meaning === undefined) {
    return {
      kind: 'command-failed',
      headline: `The Docker daemon could not ${what}`,
      hint: "The daemon's own message is below.",
      detail,
    };
  }
  return { kind: meaning.kind, headline: meaning.headline(what, words), hint: meaning.hint, detail };
}

/**
 * Turns whatever a request to the daemon ended with into a `Fault`: the daemon's answer by its words, a broken connection
 * into `DaemonGone`. Faults, of the opener for one, go through as they are.
 */
export function daemonFault(what: DaemonRequest, error: unknown): Fault {
  if (error instanceof Fault) return error;
  const options = { cause: error };
  const answer = answerSchema.safeParse(error);
  if (answer.success) return new Fault(daemonRefusal(what, answer.data.json?.message ?? answer.data.message), options);
  const why = error instanceof Error ? error.message : String(error);
  if (error instanceof z.ZodError) {
    return new Fault(
      {
        kind: 'unavailable',
        headline: `The Docker daemon answered in a form drydock does not know when asked to ${what}`,
        hint: 'drydock knows Docker 20.10 and newer; please report this with the version of the daemon.',
        detail: why.split('\n'),
      },
      options,
    );
  }
  return new DaemonGone(
    {
      kind: 'unavailable',
      headline: `The Docker daemon went away while drydock asked it to ${what}`,
      hint: 'Its last output, if any, is below. That or the journal of its machine says why.',
      detail: [why],
    },
    options,
  );
}
