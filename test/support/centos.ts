import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { loadGuest } from '../../src/profile/load.ts';
import type { InstalledGuest } from '../../src/profile/guest-schema.ts';
import { createHost } from '../../src/host/node-host.ts';

export const GUESTS = path.resolve('vm-images');

/** The definition that ships, as a whole. */
export async function centosDefinition(): Promise<InstalledGuest> {
  const { value } = await loadGuest(createHost().files, 'centos-7-minimal', GUESTS);
  if (value.family !== 'centos') throw new Error('centos-7-minimal is of another family');
  return value;
}

/** A file of vm-images/, as text. */
export function guestFile(name: string): Promise<string> {
  return readFile(path.join(GUESTS, name), 'utf8');
}
