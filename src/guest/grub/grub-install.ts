import { Fault } from '../../host/fault.ts';
import { DISTROS } from '../distro/table.ts';
import { menuEntryText } from './grub-menu.ts';
import type { GrubMenu } from './grub-menu.ts';
import type { Guest } from '../ssh/guest.ts';

/** `tee` reads what `install` could not: sshd gives a command a socket for its standard input. */
async function write(guest: Guest, file: string, text: string, mode: string): Promise<void> {
  await guest.run(['tee', file], { input: text });
  await guest.run(['chmod', mode, file]);
}

/**
 * Puts GRUB onto the disk that a guest runs from, with drydock's entries beside the distribution's own, and makes the stock
 * kernel the default. The distribution's tool makes the configuration, and refuses one that GRUB could not read.
 *
 * @throws Fault `command-failed` when one of its tools fails, `not-ready` when the entries do not get into the configuration
 */
export async function installGrub(guest: Guest, menu: GrubMenu): Promise<void> {
  const loader = DISTROS[menu.family].bootLoader;
  await write(guest, loader.settingsPath, menu.settings, '0644');
  await write(guest, loader.menuPath, menu.script, '0755');
  await guest.run(loader.install(menu.disk));
  const { stderr } = await guest.run(loader.configure);
  const { stdout: config } = await guest.run(['cat', loader.configPath]);
  if (![menu.stock, ...menu.arms].every((entry) => config.includes(menuEntryText(entry)))) {
    throw new Fault({
      kind: 'not-ready',
      headline: `${loader.configPath} lacks drydock's entries, and GRUB would boot another one in their place`,
      hint: `\`${loader.configure.join(' ')}\` took no notice of ${loader.menuPath}; what it said is above.`,
      detail: stderr.trim().split('\n'),
    });
  }
  await guest.run(loader.setDefault(menu.stock.id));
}
