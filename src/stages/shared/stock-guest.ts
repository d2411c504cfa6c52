import path from 'node:path';
import type { Machine } from '../../guest/machine/machine.ts';
import type { DriveSpec } from '../../guest/machine/qemu-args.ts';
import type { ConsoleReadiness } from '../../guest/console/readiness.ts';
import { connectGuest } from '../../guest/ssh/guest.ts';
import type { Guest } from '../../guest/ssh/guest.ts';
import { unmeasuredCmdline } from '../../guest/machine/unmeasured-cmdline.ts';
import type { Artifact } from '../../model/artifact.ts';
import { openGuestCopy } from './guest-copy.ts';
import type { GuestInput } from './guest-copy.ts';
import type { StageContext } from '../stage.ts';

/** A guest's disk, and all that its boot on the stock kernel depends on. */
export type StockGuestInput = GuestInput & {
  readonly stock: { readonly kernel: Artifact; readonly initrd: Artifact };
  readonly stockCmdline: string;
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
  const { host, store, logPath } = context;
  const { overlay, until, drives } = options;
  const disk = await openGuestCopy(input, context, overlay);
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
