import { z } from 'zod';
import { Fault } from '../../host/fault.ts';
import type { Host } from '../../host/host.ts';
import { freeBridgeAddress } from './free-subnet.ts';

const PREFIX = 'drydock';
/** Names and networks belong to the whole machine: the search for a free one holds a lock until the name is taken. */
const LOCK = '/run/lock/drydock-bridge';
/** IFALIASZ of linux/if_link.h, with its terminating NUL. */
const MAX_ALIAS = 255;

const linksSchema = z.array(z.looseObject({ ifname: z.string(), ifalias: z.string().optional() }));
const routesSchema = z.array(z.looseObject({ dst: z.string() }));

/** A network bridge of ours. */
export interface Bridge {
  readonly name: string;
  /** IPv4, without its prefix length. */
  readonly address: string;
}

/** What a bridge is marked with, so that a later drydock knows whose it is: the end of the path tells folders apart. */
function aliasOf(folder: string): string {
  return `drydock ${folder.slice(-(MAX_ALIAS - PREFIX.length - 1))}`;
}

async function links(host: Host): Promise<z.infer<typeof linksSchema>> {
  const { stdout } = await host.processes.run(['ip', '-json', '-details', 'link', 'show']);
  return linksSchema.parse(JSON.parse(stdout));
}

/** Names of the bridges that a drydock which was killed has left behind for `folder`. */
export async function leftOverBridges(host: Host, folder: string): Promise<readonly string[]> {
  return (await links(host)).filter((link) => link.ifalias === aliasOf(folder)).map((link) => link.ifname);
}

/**
 * Makes a bridge with an address in a private network that nothing here has a route to. The mark comes first, so that a bridge
 * which is there at all can be known again.
 *
 * @throws Fault `unavailable` when every network that would do is taken
 */
export async function makeBridge(host: Host, folder: string, signal?: AbortSignal): Promise<Bridge> {
  const alone = await host.locks.acquire(LOCK, signal === undefined ? {} : { signal });
  try {
    return await makeFreeBridge(host, folder);
  } finally {
    await alone[Symbol.asyncDispose]();
  }
}

async function makeFreeBridge(host: Host, folder: string): Promise<Bridge> {
  const names = new Set((await links(host)).map((link) => link.ifname));
  let number = 0;
  while (names.has(`${PREFIX}${number}`)) number += 1;
  const name = `${PREFIX}${number}`;
  const { stdout } = await host.processes.run(['ip', '-json', '-4', 'route', 'show', 'table', 'all']);
  const address = freeBridgeAddress(routesSchema.parse(JSON.parse(stdout)).map((route) => route.dst));
  if (address === undefined) {
    throw new Fault({
      kind: 'unavailable',
      headline: 'No private IPv4 network is free here for a bridge of containers',
      hint: 'Every network drydock tries has a route already (`ip route`); remove one that is not used.',
    });
  }
  await host.processes.run(['ip', 'link', 'add', name, 'type', 'bridge']);
  try {
    await host.processes.run(['ip', 'link', 'set', 'dev', name, 'alias', aliasOf(folder)]);
    await host.processes.run(['ip', 'address', 'add', `${address}/24`, 'dev', name]);
    await host.processes.run(['ip', 'link', 'set', 'dev', name, 'up']);
  } catch (error) {
    await removeBridge(host, name);
    throw error;
  }
  return { name, address };
}

/** Removes a bridge; one that is gone already is what was wanted. */
export async function removeBridge(host: Host, name: string): Promise<void> {
  if (!(await links(host)).some((link) => link.ifname === name)) return;
  await host.processes.run(['ip', 'link', 'delete', 'dev', name]);
}
