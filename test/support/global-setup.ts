import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createHost } from '../../src/host/node-host.ts';
import { cacheRoot, folders } from '../../src/cli/locations.ts';
import { prepareRun } from '../../src/pipeline/prepare.ts';
import { openStore } from '../../src/store/store.ts';

/**
 * Makes the Debian guest image, or takes it from the cache, and tells the tests where its kernel and modules are:
 * DRYDOCK_TEST_KERNEL, DRYDOCK_TEST_MODULES.
 */
export default async function setup(): Promise<() => Promise<void>> {
  const host = createHost();
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
      boots: 1,
      install: true,
      refresh: '',
    },
  });
  const scratch = await mkdtemp(path.join(tmpdir(), 'drydock-e2e-'));
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
  const image = plan.image.output();
  const modules = path.join(scratch, 'modules');
  await host.files.makeDirectory(modules);
  await host.processes.run(['tar', '--extract', '--file', await store.use(image.modules), '--directory', modules]);
  process.env.DRYDOCK_TEST_KERNEL = await store.use(image.kernel);
  process.env.DRYDOCK_TEST_MODULES = modules;
  return () => rm(scratch, { recursive: true, force: true });
}
