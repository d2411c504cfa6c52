import path from 'node:path';
import { openHostPlace } from '../../containers/places/host-place.ts';
import type { HostPlace } from '../../containers/places/host-place.ts';
import { Fault } from '../../host/fault.ts';
import type { FileServer } from '../../host/host.ts';
import type { BenchPlan } from '../plan/bench.ts';
import type { RunOptions } from './run-options.ts';

/** The physical machine with the images in its Docker; or why it takes no part. */
export type HostSide = { readonly place: HostPlace } | { readonly absent: string };

/** What the host's side is made from. */
interface HostSideNeeds {
  readonly options: Pick<RunOptions, 'host' | 'store' | 'signal'>;
  readonly plan: Pick<BenchPlan, 'images'>;
  /** Of scratch folders that are this run's alone. */
  readonly scratchName: string;
  readonly repository: FileServer | undefined;
}

/** What the daemon did not have before is taken out again: it may be the machine's own. */
async function bringImages({ options, plan }: HostSideNeeds, place: HostPlace): Promise<readonly string[]> {
  const brought: string[] = [];
  for (const image of plan.images) {
    const { tag, tar } = image.tagged();
    if (await place.engine.hasImage(tag)) continue;
    brought.push(tag);
    await place.engine.importImage(await options.store.use(tar), tag);
  }
  return brought;
}

/**
 * Opens the host as a place for sessions, with the images in its daemon and the package repository within reach of its
 * containers.
 *
 * @param directory for the files and the log of a private daemon
 */
export async function openHostSide(lab: HostSideNeeds, directory: string): Promise<HostSide> {
  const { host, store, signal } = lab.options;
  const { repository } = lab;
  const folder = await host.files.makeTempDirectory(store.workDir(), `${lab.scratchName}-host-`);
  let place: HostPlace | undefined;
  try {
    place = await openHostPlace(host, { folder, logPath: path.join(directory, 'dockerd.log'), signal });
    const opened = place;
    const brought = await bringImages(lab, opened);
    const port = await repository?.listen({ address: opened.bridgeAddress });
    return {
      place: {
        ...opened,
        ...(port === undefined ? {} : { repositoryUrl: `http://${opened.bridgeAddress}:${String(port)}` }),
        async [Symbol.asyncDispose]() {
          try {
            for (const tag of brought) await opened.engine.removeImage(tag);
          } finally {
            await opened[Symbol.asyncDispose]();
          }
        },
      },
    };
  } catch (error) {
    await place?.[Symbol.asyncDispose]();
    if (!(error instanceof Fault) || error.failure.kind === 'interrupted') throw error;
    return { absent: error.failure.headline };
  }
}
