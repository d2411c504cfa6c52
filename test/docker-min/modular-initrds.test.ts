import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { folders } from '../../src/cli/locations.ts';
import { startMachine } from '../../src/guest/machine/machine.ts';
import { createOverlay } from '../../src/guest/machine/overlay.ts';
import { createHost } from '../../src/host/node-host.ts';
import { initrdScriptsDigest } from '../../src/initrd/busybox-initrd.ts';
import { readNewc } from '../../src/initrd/archive/newc.ts';
import type { Artifact } from '../../src/model/artifact.ts';
import { loadGuest } from '../../src/profile/load.ts';
import { distributionInitrd } from '../../src/stages/initrd/distribution-initrd.ts';
import type { Image } from '../../src/stages/guest/image.ts';
import { initrd } from '../../src/stages/initrd/initrd.ts';
import type { StageContext } from '../../src/stages/stage.ts';
import type { Store } from '../../src/store/store.ts';
import { provideGuestImage } from '../support/guest-image.ts';

const host = createHost();
const MACHINE = { cpus: 2, memoryMb: 2048 };
const CMDLINE = 'console=ttyS0 root=/dev/vda ro';

let scratch: string;
let image: Image;
let store: Store;
/** The stock kernel's modules as a build packs them: at their place in the guest, and nothing of depmod's. */
let built: Artifact;

beforeAll(async () => {
  scratch = await mkdtemp(path.join(tmpdir(), 'drydock-modular-'));
  ({ image, store } = await provideGuestImage(host, scratch));
  const tree = path.join(scratch, 'tree');
  const folder = path.join(tree, 'lib/modules', image.release);
  await mkdir(folder, { recursive: true });
  await host.processes.run(['tar', '--extract', '--file', await store.use(image.modules), '--directory', folder]);
  for (const list of ['dep', 'softdep', 'alias']) await rm(path.join(folder, `modules.${list}`));
  const tar = path.join(scratch, 'built.tar');
  await host.processes.run(['tar', '--create', '--file', tar, '--directory', tree, 'lib']);
  built = await store.adopt(tar);
});
afterAll(async () => {
  await rm(scratch, { recursive: true, force: true });
});

async function contextOf(name: string): Promise<StageContext> {
  const workDir = path.join(scratch, name);
  await mkdir(workDir);
  return {
    host,
    store,
    signal: new AbortController().signal,
    workDir,
    logPath: path.join(scratch, `${name}.log`),
    folders,
    progress: () => undefined,
    finding: () => undefined,
  };
}

/** Boots the stock kernel with an initrd until the guest's own units have run. */
async function boots(name: string, file: Artifact, cmdline: string): Promise<void> {
  const overlay = path.join(scratch, `${name}.qcow2`);
  const keyFile = path.join(scratch, 'authorized_keys');
  await host.files.writeAtomic(keyFile, `${host.ssh.generateKey('test').publicKey}\n`);
  await createOverlay(host, await store.use(image.disk), overlay);
  await using machine = await startMachine(
    host,
    {
      accelerator: 'tcg',
      ...MACHINE,
      kernelPath: await store.use(image.kernel),
      initrdPath: await store.use(file),
      cmdline,
      disk: { path: overlay, format: 'qcow2' },
      ssh: { authorizedKeysPath: keyFile },
    },
    { directory: path.join(scratch, name), signal: new AbortController().signal },
  );
  await machine.waitFor(/drydock: no probe image/);
}

describe('a kernel whose disk and root are modules', () => {
  test('is brought to its root by a BusyBox initrd with the modules of its build', async () => {
    const { value: guest } = await loadGuest(host.files, 'debian-12-minimal', folders.guests);
    const busybox = await store.put(await host.files.readBytes('/bin/busybox'));
    const modules = { built, wanted: guest.initrdModules, release: image.release };
    const scripts = await initrdScriptsDigest(host);
    const made = await initrd.run({ busybox, modules, compression: 'none', scripts }, await contextOf('busybox'));
    const entries = readNewc(await host.files.readBytes(await store.use(made.initrd)));
    const list = entries.find((entry) => entry.path === 'etc/modules-load');
    if (list?.kind !== 'file') throw new Error('the initrd loads no modules');
    const loaded = new TextDecoder().decode(list.content).trim().split('\n');
    // depmod of this machine says of the unpacked build what depmod of the guest said when it was installed.
    expect(loaded).toEqual(image.moduleOrder.map((file) => `/lib/modules/${image.release}/${file}`));
    await boots('busybox-boot', made.initrd, `${CMDLINE} rdinit=/linuxrc`);
  });

  test('is brought there by the initrd that its distribution’s own tool makes in the guest', async () => {
    const context = await contextOf('distribution');
    const made = await distributionInitrd.run(
      {
        family: 'debian',
        disk: image.disk,
        hostKey: image.hostKey,
        stock: { kernel: image.kernel, initrd: image.initrd },
        stockCmdline: CMDLINE,
        accelerator: 'tcg',
        machine: MACHINE,
        qemu: '',
        release: image.release,
        config: image.config,
        modules: built,
      },
      context,
    );
    // As large as the one that came with the guest, and not that one.
    expect(made.initrd.sizeBytes / image.initrd.sizeBytes).toBeCloseTo(1, 0);
    expect(made.initrd.sha256).not.toBe(image.initrd.sha256);
    await boots('distribution-boot', made.initrd, CMDLINE);
  });
});
