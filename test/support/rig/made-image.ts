import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { z } from 'zod';
import type { KeyPair } from '../../../src/host/host.ts';
import { createSsh } from '../../../src/host/ssh/ssh.ts';
import { createRig } from './rig.ts';

/** Where `useMadeImage` finds the image: a folder with a `cache` and the guest's `host-key.json`. */
const VARIABLE = 'DRYDOCK_RIG_IMAGE';
const keySchema = z.strictObject({ privateKey: z.string(), publicKey: z.string() });
const actionSchema = z.looseObject({ inputs: z.looseObject({ stage: z.string() }) });

/** Has one run of a rig make the guest image, before the first test: most tests are about what comes after it. */
export default async function setup(): Promise<() => Promise<void>> {
  const folder = await mkdtemp(path.join(tmpdir(), 'drydock-rig-image-'));
  const hostKey = createSsh().generateKey('rig');
  await writeFile(path.join(folder, 'host-key.json'), JSON.stringify(hostKey));
  const cache = path.join(folder, 'cache');
  await using rig = await createRig({ hostKey });
  const stock = { stock: { role: 'baseline', kernel: 'stock', initrd: 'stock' } };
  const profile = await rig.profile(stock);
  const { code, stderr } = await rig.drydock('run', '--profile', profile, '--boots', '1', '--accel', 'tcg').ended;
  if (code !== 0) throw new Error(`The run that makes the rig's image failed: ${stderr}`);
  await cp(path.join(rig.cache, 'sha256'), path.join(cache, 'sha256'), { recursive: true });
  await mkdir(path.join(cache, 'actions'));
  for (const name of await readdir(path.join(rig.cache, 'actions'))) {
    const action = path.join(rig.cache, 'actions', name);
    const { inputs } = actionSchema.parse(JSON.parse(await readFile(action, 'utf8')));
    if (inputs.stage === 'image') await cp(action, path.join(cache, 'actions', name));
  }
  process.env[VARIABLE] = folder;
  return () => rm(folder, { recursive: true });
}

/**
 * Puts the image into a cache that is not there yet.
 *
 * @returns the host key of the guest in it
 */
export async function useMadeImage(cache: string): Promise<KeyPair> {
  const folder = process.env[VARIABLE];
  if (folder === undefined) throw new Error(`${VARIABLE} is not set: is made-image.ts a globalSetup of this project?`);
  await cp(path.join(folder, 'cache'), cache, { recursive: true });
  return keySchema.parse(JSON.parse(await readFile(path.join(folder, 'host-key.json'), 'utf8')));
}
