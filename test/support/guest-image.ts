import path from 'node:path';
import { cacheRoot, folders } from '../../src/cli/locations.ts';
import type { Host } from '../../src/host/host.ts';
import type { RunRequest } from '../../src/pipeline/event.ts';
import { prepareRun } from '../../src/pipeline/prepare.ts';
import type { Image } from '../../src/stages/image.ts';
import { openStore } from '../../src/store/store.ts';
import type { Store } from '../../src/store/store.ts';

/** The Debian guest that end-to-end tests boot, made or taken from the cache. @param boot `grub`: the one that GRUB boots */
export async function provideGuestImage(
  host: Host,
  scratch: string,
  boot?: RunRequest['boot'],
): Promise<{ image: Image; store: Store }> {
  const store = openStore(host, cacheRoot(undefined));
  const profilePath = path.join(folders.pipelines, 'smoke.yaml');
  const { plan } = await prepareRun({
    host,
    folders,
    request: {
      profilePath,
      profileText: await host.files.readText(profilePath),
      guest: 'auto',
      accelerator: 'auto',
      ...(boot === undefined ? {} : { boot }),
      boots: 1,
      install: true,
      refresh: '',
    },
  });
  const runtime = {
    host,
    store,
    folders,
    runDirectory: scratch,
    signal: new AbortController().signal,
    emit: () => undefined,
  };
  await plan.preflight.run(runtime);
  await plan.image.run(runtime);
  return { image: plan.image.output(), store };
}
