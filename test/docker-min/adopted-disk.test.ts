import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { folders } from '../../src/cli/locations.ts';
import { startMachine } from '../../src/guest/machine/machine.ts';
import { createOverlay, flattenOverlay } from '../../src/guest/machine/overlay.ts';
import { connectGuest } from '../../src/guest/ssh/guest.ts';
import { Fault } from '../../src/host/fault.ts';
import { createHost } from '../../src/host/node-host.ts';
import { writeCloudSeed } from '../../src/images/given-disk/cloud-seed.ts';
import type { AdoptRequest } from '../../src/model/request.ts';
import { prepareRun } from '../../src/pipeline/plan/prepare.ts';
import type { Image } from '../../src/stages/guest/image.ts';
import type { Store } from '../../src/store/store.ts';
import { runDrydock } from '../support/cli-run.ts';
import { withGrub } from '../support/grub-guest.ts';
import { provideGuestImage } from '../support/guest-image.ts';

const host = createHost();
/** Its network does not depend on cloud-init, which brings none up where it is told nothing. */
const NETWORK = { from: 'files/10-drydock.network', to: '/etc/systemd/network/50-own.network', mode: '0644' } as const;

/**
 * A disk as somebody else would have it: Debian with Docker and cloud-init, started by its own GRUB, with nothing on it that drydock
 * puts into a guest;
 * root lets one key in that drydock has not made.
 */
describe('a disk on which Debian is installed', () => {
  let folder: string;
  let store: Store;
  let foreign: string;
  let sha256: string;
  const theirs = host.ssh.generateKey('theirs');
  const at = (name: string): string => path.join(folder, name);

  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'drydock-adopted-'));
    let image: Image;
    ({ image, store } = await provideGuestImage(host, folder, (definition) => {
      const { packages, ...rest } = withGrub(definition);
      return {
        ...rest,
        packages: [...packages, 'cloud-init'],
        files: [NETWORK],
        mask: [],
        enable: ['systemd-networkd.service'],
      };
    }));
    const overlay = at('install.qcow2');
    await createOverlay(host, await store.use(image.disk), overlay);
    const hostKey = host.ssh.generateKey('guest');
    await writeCloudSeed(host, { login: theirs, hostKey }, at('seed'), at('seed.iso'));
    await using machine = await startMachine(
      host,
      {
        ...{ accelerator: 'tcg', cpus: 2, memoryMb: 1024, ssh: {} },
        ...{ kernelPath: await store.use(image.kernel), initrdPath: await store.use(image.initrd) },
        cmdline: 'console=ttyS0 root=/dev/vda1 ro',
        disk: { path: overlay, format: 'qcow2' },
        drives: [{ kind: 'disk', path: at('seed.iso'), serial: 'seed' }],
      },
      { directory: at('install') },
    );
    const login = { privateKey: theirs.privateKey, hostKey: hostKey.publicKey };
    await using guest = await connectGuest(host, machine, login);
    await guest.run(['tee', '/etc/default/grub'], { input: 'GRUB_TIMEOUT=0\nGRUB_CMDLINE_LINUX=console=ttyS0\n' });
    await guest.run(['grub-install', '--target=i386-pc', '/dev/vda']);
    await guest.run(['update-grub']);
    await guest.poweroff();
    foreign = at('foreign.qcow2');
    await flattenOverlay(host, overlay, foreign);
    sha256 = await host.files.sha256(foreign);
    await writeFile(at('their-key'), theirs.privateKey, { mode: 0o600 });
  });
  afterAll(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  /** The guest's image alone, as a run makes it. */
  async function adopt(request: Omit<AdoptRequest, 'disk'>): Promise<Image> {
    const profilePath = path.join(folders.pipelines, 'smoke.yaml');
    const { plan } = await prepareRun({
      host,
      folders,
      request: {
        profilePath,
        profileText: await host.files.readText(profilePath),
        guest: 'debian-12-minimal',
        adopt: { disk: foreign, ...request },
        ...{ accelerator: 'tcg', boots: 1, install: true, refresh: '' },
      },
    });
    const { signal } = new AbortController();
    const runtime = { host, store, folders, runDirectory: folder, signal, emit: () => undefined };
    await plan.preflight.run(runtime);
    await plan.image.run(runtime);
    return plan.image.output();
  }

  test('is let in by its cloud-init, made the guest, and measured; the disk itself is not written', async () => {
    const run = await runDrydock(
      ...['--profile', 'smoke', '--guest', 'debian-12-minimal', '--image', foreign, '--boots', '1'],
    );
    try {
      expect(run.exitCode, run.stderr).toBe(0);
      const record = run.record();
      expect(record.guest.reason).toBe('asked for by name, made of the given disk foreign.qcow2');
      expect(record.guest.packages).toHaveProperty('cloud-init');
      expect(record.boots.length).toBe(record.arms.length);
      for (const { name, docker, cmdline } of record.arms) {
        expect(docker?.exitCode, name).toBe(0);
        expect(cmdline, name).toContain('root=/dev/vda1');
      }
      // What set the system up has no part in a measured boot.
      const folders = await host.files.list(path.join(run.directory, 'boots'));
      expect(folders).toHaveLength(record.boots.length);
      for (const one of folders) {
        const log = await host.files.readText(path.join(run.directory, 'boots', one, 'console.log'));
        expect(log, one).not.toMatch(/cloud-init/i);
      }
      expect(await host.files.sha256(foreign)).toBe(sha256);
    } finally {
      await rm(run.results, { recursive: true, force: true });
    }
  });

  test('is let in by a key that it knows, and tells its own host key', async () => {
    const image = await adopt({ keyPath: at('their-key') });
    expect(image.hostKey).toMatch(/^ssh-ed25519 \S+$/);
    expect(image.release).toMatch(/^6\.1\./);
    expect(image.kernelVersion).toBe(image.packages[`linux-image-${image.release}`]);
    expect(image.moduleOrder.at(-1)).toMatch(/ext4\.ko$/);
  });

  test('is refused when its root is elsewhere than drydock was told, with the flag that mends it', async () => {
    const error: unknown = await adopt({ keyPath: at('their-key'), root: '/dev/vda2' }).catch((why: unknown) => why);
    if (!(error instanceof Fault)) throw new Error(`No Fault but ${String(error)}`);
    expect(error.failure.kind).toBe('unavailable');
    expect(error.failure.headline).toBe(
      'The root of foreign.qcow2 is ext4 on /dev/vda1, and debian-12-minimal has ext4 on /dev/vda2',
    );
    expect(error.failure.hint).toContain('--image-root');
  });
});
