import path from 'node:path';
import type { Machine } from '../../guest/machine/machine.ts';
import type { DriveSpec } from '../../guest/machine/qemu-args.ts';
import type { ConsoleReadiness } from '../../guest/console/readiness.ts';
import { openOverlayGuest } from '../../guest/overlay-guest.ts';
import { connectGuest } from '../../guest/ssh/guest.ts';
import type { Guest } from '../../guest/ssh/guest.ts';
import { unmeasuredCmdline } from '../../guest/machine/unmeasured-cmdline.ts';
import type { Artifact } from '../../model/artifact.ts';
import type { Accelerator } from '../../model/environment.ts';
import type { StageContext } from '../stage.ts';

/** A guest's disk, and all that its boot on the stock kernel depends on. */
export type StockGuestInput = {
  readonly disk: Artifact;
  readonly hostKey: string;
  readonly stock: { readonly kernel: Artifact; readonly initrd: Artifact };
  readonly stockCmdline: string;
  readonly accelerator: Accelerator;
  readonly machine: { readonly cpus: number; readonly memoryMb: number };
  readonly qemu: string;
};

interface StockGuestOptions {
  /** Made here, of the input's disk, which stays what it is. */
  readonly overlay: string;
  readonly until: ConsoleReadiness | RegExp;
  readonly drives?: readonly DriveSpec[];
}

/**
 * Boots a guest on its stock kernel for work in it that is not measured, and ends it afterwards, if it has not ended.
 *
 * @throws Fault with the console's last words when the guest does not get so far
 */
export async function withStockGuest<T>(
  input: StockGuestInput,
  context: StageContext,
  options: StockGuestOptions,
  use: (guest: Guest, machine: Machine) => Promise<T>,
): Promise<T> {
  const { host, store, workDir, signal, logPath } = context;
  const { overlay, until, drives } = options;
  const { accelerator, machine: size, hostKey } = input;
  const diskPath = await store.use(input.disk);
  const disk = await openOverlayGuest(host, {
    diskPath,
    overlay,
    workDir,
    hostKey,
    accelerator,
    machine: size,
    signal,
  });
  context.progress({ message: 'booting the stock kernel' });
  const stock = {
    kernelPath: await store.use(input.stock.kernel),
    initrdPath: await store.use(input.stock.initrd),
    cmdline: unmeasuredCmdline(input.stockCmdline),
  };
  await using machine = await disk.boot(stock, {
    directory: path.join(path.dirname(logPath), path.basename(logPath, '.log')),
    ...(drives === undefined ? {} : { drives }),
    onLine: (line) => {
      context.progress({ message: line.text.slice(0, 100) });
    },
  });
  await machine.waitFor(until);
  await using guest = await connectGuest(host, machine, disk.login);
  return await use(guest, machine);
}
