import { Fault } from '../../host/fault.ts';
import type { InstalledGuest } from '../../profile/guest-schema.ts';

/** The disk of a partition: `vda` of `/dev/vda1`. */
function diskOf(rootDevice: string): string {
  return rootDevice.replace(/^\/dev\//, '').replace(/\d+$/, '');
}

/**
 * The answers to the installer's questions: `template` with the definition's words in the place of `@NAME@`.
 *
 * @throws Fault `profile` for a word that the definition does not give
 */
export function fillKickstart(template: string, definition: InstalledGuest): string {
  const words: Readonly<Record<string, string>> = { DISK: diskOf(definition.rootDevice) };
  return template.replace(/@([A-Z]+)@/g, (_, word: string) => {
    const value = words[word];
    if (value !== undefined) return value;
    throw new Fault({
      kind: 'profile',
      headline: `${definition.kickstart} asks for @${word}@, which no guest definition gives`,
      hint: `There are: ${Object.keys(words)
        .map((known) => `@${known}@`)
        .join(', ')}.`,
    });
  });
}
