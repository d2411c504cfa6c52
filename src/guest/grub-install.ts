import type { Guest } from './ssh.ts';
import { DISTROS } from './distro/table.ts';
import type { GrubMenu } from './grub-menu.ts';

/** `tee` reads what `install` could not: sshd gives a command a socket for its standard input. */
async function write(guest: Guest, file: string, text: string, mode: string): Promise<void> {
  await guest.run(['tee', file], { input: text });
  await guest.run(['chmod', mode, file]);
}

/**
 * Puts GRUB onto the disk that a guest runs from, with drydock's entries beside the distribution's own, and makes the stock
 * kernel the default. The distribution's tool makes the configuration, and refuses one that GRUB could not read.
 */
export async function installGrub(guest: Guest, menu: GrubMenu): Promise<void> {
  const loader = DISTROS[menu.family].bootLoader;
  await write(guest, loader.settingsPath, menu.settings, '0644');
  await write(guest, loader.menuPath, menu.script, '0755');
  await guest.run(loader.install(menu.disk));
  await guest.run(loader.configure);
  await guest.run(loader.setDefault(menu.stock.id));
}
