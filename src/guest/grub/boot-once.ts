import { Fault } from '../../host/fault.ts';
import type { Host } from '../../host/host.ts';
import type { BootLoader } from '../distro/boot-loader.ts';
import { startsPattern } from './grub-menu.ts';
import type { MenuEntry } from './grub-menu.ts';
import type { Machine } from '../machine/machine.ts';
import type { ConsoleReadiness } from '../console/readiness.ts';
import { connectGuest, proveReboot } from '../ssh/guest.ts';
import type { BootIdentity, ConnectOptions, Guest, RebootProof } from '../ssh/guest.ts';

/** A guest that GRUB has booted, and what proves which kernel it runs. */
export interface BootedEntry {
  readonly machine: Machine;
  readonly guest: Guest;
  readonly proof: RebootProof;
}

export interface EntryBoot {
  readonly entry: MenuEntry;
  /** Starts QEMU from the guest's own disk, when the previous boot is over. */
  readonly start: () => Promise<Machine>;
  readonly login: ConnectOptions;
  /** What the console must say before anybody logs in. */
  readonly until?: ConsoleReadiness;
}

/**
 * The kernel's own command line must be the entry's: with a changed boot_id and `uname -r` it proves the entry.
 *
 * @throws Fault `wrong-kernel`
 */
async function proveCmdline(guest: Guest, entry: MenuEntry): Promise<void> {
  const running = (await guest.run(['cat', '/proc/cmdline'])).stdout.trim();
  const wanted = `BOOT_IMAGE=${entry.kernelPath} ${entry.cmdline}`;
  if (running === wanted) return;
  throw new Fault({
    kind: 'wrong-kernel',
    headline: `GRUB booted another entry than ${entry.id}, or changed its command line`,
    hint: "The console log shows GRUB's messages; for an entry that it does not know, GRUB boots the first one of its menu.",
    detail: [`running: ${running}`, `wanted:  ${wanted}`],
    consoleTail: guest.console.tail(25),
    logPath: guest.console.path,
  });
}

/**
 * Waits for the boot of an entry and proves it: another boot_id than `before`, `uname -r`, the command line.
 * A guest that crashes or falls silent meanwhile is reset, so that its disk can be started again.
 *
 * @throws Fault with the console's last words
 */
export async function provenBoot<T>(
  host: Host,
  before: BootIdentity,
  { entry, start, login, until }: EntryBoot,
  use: (booted: BootedEntry) => Promise<T>,
): Promise<T> {
  await using machine = await start();
  try {
    if (until !== undefined) await machine.waitFor(until);
    await using guest = await connectGuest(host, machine, login);
    const proof = proveReboot(before, await guest.identity(), entry.release);
    await proveCmdline(guest, entry);
    return await use({ machine, guest, proof });
  } catch (error) {
    await machine.reset();
    throw error;
  }
}

/**
 * Has GRUB boot an entry once: tells the running guest, reboots it, and proves what came up. GRUB forgets the choice before
 * it starts the kernel, so whatever becomes of that, the next start of the disk is the default's.
 *
 * @throws Fault with the console's last words when the kernel panics, hangs, or is not the entry's; the guest has then been reset
 */
export async function bootOnce<T>(
  host: Host,
  from: Guest,
  loader: BootLoader,
  boot: EntryBoot,
  use: (booted: BootedEntry) => Promise<T>,
): Promise<T> {
  const before = await from.identity();
  await from.run(loader.bootOnce(boot.entry.id));
  await from.reboot();
  return provenBoot(host, before, boot, use);
}

/**
 * Checks on the console that GRUB started this entry. It is the entry itself that says so, which tells apart entries of one kernel.
 *
 * @throws Fault `wrong-kernel`
 */
export function checkStartedEntry({ console }: Machine, name: string): void {
  const pattern = startsPattern(name);
  if (console.lines.some(({ text }) => pattern.test(text))) return;
  throw new Fault({
    kind: 'wrong-kernel',
    headline: `GRUB did not start the entry of ${name}`,
    hint: "The beginning of the console log shows GRUB's messages.",
    detail: console.lines.slice(0, 10).map(({ text }) => text),
    logPath: console.path,
  });
}
