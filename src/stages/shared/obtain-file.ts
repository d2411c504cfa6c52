import path from 'node:path';
import { Fault } from '../../host/fault.ts';
import type { Artifact } from '../../model/artifact.ts';
import type { Failure } from '../../model/failure.ts';
import type { StageContext } from '../stage.ts';

/** What is said when a file on this machine is not what was asked for. */
interface ObtainWords {
  readonly absent: Failure;
  readonly different: Failure;
  /** Who gave the digest: `profile`. */
  readonly asker: string;
}

/**
 * Gets a file of a known digest into the store, from an http(s) address or a path on this machine; shared by the stages that
 * start from such a file.
 *
 * @throws Fault `download-failed`, `digest-mismatch`, and what `words` say
 */
export async function obtainFile(
  location: string,
  sha256: string,
  context: StageContext,
  words: ObtainWords,
): Promise<Artifact> {
  const { host, store, signal } = context;
  if (/^https?:/.test(location)) {
    // Not in workDir: what has arrived must outlive this attempt, so that the next one resumes.
    const file = path.join(store.workDir(), 'downloads', sha256);
    await host.downloads.fetch(location, file, {
      sha256,
      signal,
      onProgress: (done, total) => {
        const mib = (bytes: number): string => (bytes / 1024 ** 2).toFixed(1);
        context.progress({
          message: total === undefined ? `${mib(done)} MiB` : `${mib(done)} of ${mib(total)} MiB`,
          ...(total === undefined || total === 0 ? {} : { fraction: done / total }),
        });
      },
    });
    return store.adopt(file);
  }
  if ((await host.files.stat(location))?.kind !== 'file') throw new Fault(words.absent);
  const copy = path.join(context.workDir, 'obtained');
  await host.files.copy(location, copy);
  const got = await host.files.sha256(copy);
  if (got !== sha256) {
    throw new Fault({
      ...words.different,
      detail: [`${words.asker} says sha256 ${sha256}`, `the file has sha256 ${got}`],
    });
  }
  return store.adopt(copy);
}
