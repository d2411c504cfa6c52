import { Fault } from '../../host/fault.ts';
import type { Failure } from '../../model/failure.ts';

/** What dockerd writes once its API answers (moby: api/server/server.go). */
const LISTENING = /msg="API listen on /;
const LAST_LINES = 15;

/** `time="…" level=info msg="…"`: what was said, with its quotes undone. */
function messageOf(line: string): string {
  const quoted = /\bmsg="((?:[^"\\]|\\.)*)"/.exec(line)?.[1];
  return quoted === undefined ? line : quoted.replace(/\\(.)/g, '$1');
}

export function isListening(line: string): boolean {
  return LISTENING.test(line);
}

/** Why a dockerd did not come up, where its words have a known cause; the headline is read as the reason of an empty column. */
const CAUSES: readonly { readonly words: RegExp; readonly failure: Pick<Failure, 'kind' | 'headline' | 'hint'> }[] = [
  {
    words: /driver not supported|overlay2.*(not supported|failed)|error initializing graphdriver/i,
    failure: {
      kind: 'unavailable',
      headline: 'The file system of the cache does not carry overlay2, which Docker keeps its images in',
      hint: 'Put the cache on ext4 or xfs with --cache-dir; overlayfs on overlayfs or NFS does not work.',
    },
  },
  {
    words: /no space left on device/i,
    failure: {
      kind: 'disk-full',
      headline: 'The private dockerd found no space left for its data',
      hint: 'Free space, or put the cache elsewhere with --cache-dir.',
    },
  },
  {
    words: /cgroup.*(mountpoint does not exist|not mounted|not found)|Devices cgroup isn't mounted/i,
    failure: {
      kind: 'unavailable',
      headline: 'The control groups that Docker needs are not mounted on this machine',
      hint: 'Mount them, or run drydock on a machine with systemd or outside a container.',
    },
  },
  {
    words: /operation not permitted|permission denied/i,
    failure: {
      kind: 'unavailable',
      headline: 'This machine does not let a private dockerd work: it may not mount or make namespaces',
      hint: 'drydock seems to run in a container; give it CAP_SYS_ADMIN and CAP_NET_ADMIN, or run it on the machine itself.',
    },
  },
];

/** The fault of a dockerd that ended before it answered. */
export function startFault(how: string, lines: readonly string[], logPath: string): Fault {
  const last = lines.slice(-LAST_LINES);
  const said = last.map(messageOf);
  const failure = CAUSES.find((cause) => said.some((line) => cause.words.test(line)))?.failure ?? {
    kind: 'unavailable',
    headline: `The private dockerd ended with ${how} before it answered`,
    hint: 'Its last output is below, the whole output in its log.',
  };
  return new Fault({ ...failure, detail: said, logPath });
}
