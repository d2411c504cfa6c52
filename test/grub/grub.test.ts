import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bootOnce } from '../../src/guest/grub/boot-once.ts';
import { debian } from '../../src/guest/distro/debian.ts';
import { installGrub } from '../../src/guest/grub/grub-install.ts';
import { entryOfArm, grubMenu } from '../../src/guest/grub/grub-menu.ts';
import { startMachine } from '../../src/guest/machine/machine.ts';
import type { Machine } from '../../src/guest/machine/machine.ts';
import { createOverlay } from '../../src/guest/machine/overlay.ts';
import { connectGuest, proveReboot } from '../../src/guest/ssh/guest.ts';
import type { BootIdentity, Guest } from '../../src/guest/ssh/guest.ts';
import { NO_TIMER_CHECK } from '../../src/guest/machine/unmeasured-cmdline.ts';
import { Fault } from '../../src/host/fault.ts';
import { createHost } from '../../src/host/node-host.ts';
import type { Image } from '../../src/stages/guest/image.ts';
import type { Store } from '../../src/store/store.ts';
import { withGrubAlone } from '../support/grub-guest.ts';
import { provideGuestImage } from '../support/guest-image.ts';

const host = createHost();
const STOCK_CMDLINE = `console=ttyS0 printk.time=1 quiet root=/dev/vda1 ro ${NO_TIMER_CHECK}`;
const { bootLoader } = debian;

/**
 * Debian with GRUB on its own disk, and two kernels that GRUB is told to boot once: one panics, one hangs. Both are the stock
 * kernel without its initrd, as an entry that lost its line. A guest that goes down and is started again is a guest that was reset:
 * QEMU ends at a reset, and the next one starts from the same disk.
 */
describe('a kernel that GRUB boots once', () => {
  let folder: string;
  let image: Image;
  let store: Store;
  let machine: Machine;
  let guest: Guest;
  let turn = 0;
  const key = host.ssh.generateKey('drydock');
  const login = () => ({ privateKey: key.privateKey, hostKey: image.hostKey });
  const menu = () =>
    grubMenu({ family: 'debian', rootDevice: '/dev/vda1' }, { release: image.release, cmdline: STOCK_CMDLINE }, [
      {
        name: 'panics',
        release: image.release,
        cmdline: `console=ttyS0 root=/dev/vda1 panic=-1 ${NO_TIMER_CHECK}`,
        initrd: undefined,
      },
      {
        name: 'hangs',
        release: image.release,
        cmdline: `console=ttyS0 root=/dev/none rootwait ${NO_TIMER_CHECK}`,
        initrd: undefined,
      },
    ]);

  const start = async (
    kernel: { kernelPath: string; initrdPath: string; cmdline: string } | { startsFrom: 'disk' },
    silenceMs?: number,
  ): Promise<Machine> => {
    turn += 1;
    return startMachine(
      host,
      {
        ...{ accelerator: 'tcg', cpus: 2, memoryMb: 1024, ...kernel },
        disk: { path: path.join(folder, 'disk.qcow2'), format: 'qcow2' },
        ssh: { authorizedKeysPath: path.join(folder, 'key.pub') },
      },
      { directory: path.join(folder, `boot-${turn}`), ...(silenceMs === undefined ? {} : { silenceMs }) },
    );
  };
  const startDefault = async (): Promise<void> => {
    machine = await start({ startsFrom: 'disk' });
    guest = await connectGuest(host, machine, login());
  };

  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'drydock-grub-'));
    ({ image, store } = await provideGuestImage(host, folder, withGrubAlone));
    await writeFile(path.join(folder, 'key.pub'), `${key.publicKey}\n`);
    await createOverlay(host, await store.use(image.disk), path.join(folder, 'disk.qcow2'));
    const [kernelPath, initrdPath] = [await store.use(image.kernel), await store.use(image.initrd)];
    machine = await start({ kernelPath, initrdPath, cmdline: STOCK_CMDLINE });
    guest = await connectGuest(host, machine, login());
    await installGrub(guest, menu());
  });
  afterAll(async () => {
    await machine.kill();
    await rm(folder, { recursive: true, force: true });
  });

  /** What becomes of the entry, and that the next start of the disk is the stock kernel's. */
  async function faultThenStock(name: string, silenceMs: number): Promise<Fault> {
    const before: BootIdentity = await guest.identity();
    const entry = entryOfArm(menu(), name);
    const boot = { entry, start: () => start({ startsFrom: 'disk' }, silenceMs), login: login() };
    const error: unknown = await bootOnce(host, guest, bootLoader, boot, () => Promise.resolve('booted')).catch(
      (reason: unknown) => reason,
    );
    await startDefault();
    expect(proveReboot(before, await guest.identity(), image.release).unameRelease).toBe(image.release);
    expect((await guest.run(['cat', '/proc/cmdline'])).stdout.trim()).toBe(
      `BOOT_IMAGE=/boot/vmlinuz-${image.release} ${menu().stock.cmdline}`,
    );
    // GRUB has cleared the choice and left the default: nothing of the bad boot is left.
    const { stdout } = await guest.run(bootLoader.listEnvironment);
    expect(stdout).toMatch(/^saved_entry=drydock-stock$/m);
    expect(stdout).not.toMatch(/^next_entry=./m);
    if (error instanceof Fault) return error;
    throw new Error(`No Fault but ${String(error)}`);
  }

  test('and that panics is told by its panic, and leaves the guest on its stock kernel', async () => {
    const { failure } = await faultThenStock('panics', 120_000);
    expect(failure.kind).toBe('missing-root');
    expect(failure.headline).toMatch(/^The kernel could not mount the root file system/);
    expect(failure.consoleTail?.join('\n')).toContain('Kernel panic - not syncing: VFS: Unable to mount root fs');
  });

  test('and that hangs is told by its silence, and leaves the guest on its stock kernel', async () => {
    const { failure } = await faultThenStock('hangs', 60_000);
    expect(failure.kind).toBe('hang');
    expect(failure.headline).toMatch(/printed nothing new for \d+ s/);
    expect(failure.consoleTail?.join('\n')).toContain('Waiting for root device /dev/none');
  });
});
