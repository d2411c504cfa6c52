import path from 'node:path';
import { cacheRoot, folders } from '../../src/cli/locations.ts';
import type { Host } from '../../src/host/host.ts';
import { prepareRun } from '../../src/pipeline/plan/prepare.ts';
import { defineStep } from '../../src/pipeline/steps/step.ts';
import type { BootstrappedGuest } from '../../src/profile/guest-schema.ts';
import { debianImageInput, image as imageStage } from '../../src/stages/guest/image.ts';
import type { Image } from '../../src/stages/guest/image.ts';
import { openStore } from '../../src/store/store.ts';
import type { Store } from '../../src/store/store.ts';

/**
 * The Debian guest that end-to-end tests boot, made or taken from the cache.
 *
 * @param change makes another guest of the shipped definition
 */
export async function provideGuestImage(
  host: Host,
  scratch: string,
  change?: (definition: BootstrappedGuest) => BootstrappedGuest,
): Promise<{ image: Image; store: Store }> {
  const store = openStore(host, cacheRoot(undefined));
  const profilePath = path.join(folders.pipelines, 'smoke.yaml');
  const { plan, guest } = await prepareRun({
    host,
    folders,
    request: {
      profilePath,
      profileText: await host.files.readText(profilePath),
      guest: 'debian-12-minimal',
      accelerator: 'auto',
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
  if (guest.family !== 'debian') throw new Error(`${guest.name} is not made of packages`);
  const changed = change?.(guest);
  const step =
    changed === undefined
      ? plan.image
      : defineStep({
          stage: imageStage,
          input: () =>
            debianImageInput(
              (file) => host.files.sha256(file),
              changed,
              folders.guests,
              plan.preflight.output().tools,
              '',
            ),
        });
  await step.run(runtime);
  return { image: step.output(), store };
}
