import type { Argv } from '../host.ts';

/**
 * unshare(1): a mount namespace whose mounts the rest of the machine never sees, and a PID namespace that the kernel ends
 * with its first process. `--kill-child` ends that first process with unshare, and unshare ends with the process group.
 */
const UNSHARE = ['unshare', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc', '--'] as const;

/**
 * The namespace's first process: a shell, because the first process has to reap orphans. SIGTERM goes to the whole group,
 * so it reaches the command by itself. A constant script: the command arrives as arguments.
 */
const FIRST_PROCESS = [
  'trap : TERM',
  'exec 4<&0',
  '"$@" <&4 4<&- & job=$!',
  'exec 4<&-',
  // A trapped signal ends `wait` early; the job is over when it is gone.
  'while wait "$job"; status=$?; kill -0 "$job" 2>/dev/null; do :; done',
  'exit "$status"',
];

/** An empty /run keeps sockets and state away from those of the machine's own daemons. */
const OWN_RUN = 'mount -t tmpfs -o mode=755 drydock /run || exit 1';

/**
 * The same command in a mount and a PID namespace of its own. Whatever ends it, even SIGKILL, its mounts and its processes
 * end with it. Needs root (CAP_SYS_ADMIN).
 */
export function inOwnNamespaces(command: Argv, { ownRun = false }: { readonly ownRun?: boolean } = {}): Argv {
  const script = [...(ownRun ? [OWN_RUN] : []), ...FIRST_PROCESS].join('\n');
  return [...UNSHARE, 'sh', '-c', script, 'drydock-namespaces', ...command];
}
