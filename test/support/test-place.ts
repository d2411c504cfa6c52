import path from 'node:path';
import { openHostPlace } from '../../src/containers/places/host-place.ts';
import type { Place } from '../../src/containers/place.ts';
import { createHost } from '../../src/host/node-host.ts';

/** This machine, with a daemon of its own that is gone after the test. */
export type TestPlace = Place & AsyncDisposable;

/** Why no daemon can be started here; `undefined` when one can. */
export async function whyNoDocker(): Promise<string | undefined> {
  const host = createHost();
  if (!host.system.isRoot) return 'only root may start a Docker daemon';
  return (await host.processes.which('dockerd')) === undefined ? 'dockerd is not installed' : undefined;
}

export function openTestPlace(folder: string): Promise<TestPlace> {
  return openHostPlace(createHost(), {
    folder: path.join(folder, 'docker'),
    logPath: path.join(folder, 'dockerd.log'),
    // Never the machine's own daemon: what a test leaves behind there is somebody's trouble.
    systemSocket: path.join(folder, 'none'),
  });
}
