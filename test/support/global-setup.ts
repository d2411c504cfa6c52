import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createHost } from '../../src/host/node-host.ts';
import { provideGuestImage } from './guest-image.ts';

/** Provides the guest image and tells the tests where its kernel, initrd and modules are: DRYDOCK_TEST_KERNEL, …_INITRD, …_MODULES. */
export default async function setup(): Promise<() => Promise<void>> {
  const host = createHost();
  const scratch = await mkdtemp(path.join(tmpdir(), 'drydock-e2e-'));
  const { image, store } = await provideGuestImage(host, scratch);
  // Named as below /lib/modules: what reads the folder reads the release off its name.
  const modules = path.join(scratch, image.release);
  await host.files.makeDirectory(modules);
  await host.processes.run(['tar', '--extract', '--file', await store.use(image.modules), '--directory', modules]);
  process.env.DRYDOCK_TEST_KERNEL = await store.use(image.kernel);
  process.env.DRYDOCK_TEST_INITRD = await store.use(image.initrd);
  process.env.DRYDOCK_TEST_MODULES = modules;
  return () => rm(scratch, { recursive: true, force: true });
}
