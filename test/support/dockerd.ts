import type { Host } from '../../src/host/host.ts';

/** Why no dockerd can be started here, if so; printed, so that a skip is never silent. */
export async function whyNoDockerd(host: Host): Promise<string | undefined> {
  const missing: string[] = [];
  for (const program of ['dockerd', 'ip', 'unshare']) {
    if ((await host.processes.which(program)) === undefined) missing.push(program);
  }
  const why = !host.system.isRoot ? 'not root' : missing.length > 0 ? `${missing.join(', ')} not installed` : undefined;
  if (why !== undefined) process.stderr.write(`skipped: no private dockerd here (${why})\n`);
  return why;
}
