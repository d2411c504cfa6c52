import path from 'node:path';
import type { CommandContext } from '../context.ts';

/** `20261123-153012-docker-min`: sorts by time and names the profile. */
function newRunId(nowMs: number, profile: string): string {
  const stamp = new Date(nowMs).toISOString().replace(/[-:]/g, '').replace('T', '-').slice(0, 15);
  return `${stamp}-${profile}`;
}

/** A run id whose folder does not exist yet. */
export async function freshRunId(context: CommandContext, resultsRoot: string, profile: string): Promise<string> {
  const { files, clock } = context.host;
  const id = newRunId(clock.nowMs(), profile);
  for (let suffix = 0; ; suffix += 1) {
    const candidate = suffix === 0 ? id : `${id}-${suffix}`;
    if ((await files.stat(path.join(resultsRoot, candidate))) === undefined) return candidate;
  }
}
