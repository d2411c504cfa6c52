import path from 'node:path';
import { Fault } from '../../host/fault.ts';
import type { Host } from '../../host/host.ts';
import type { RunFlags, RunRequest } from '../../model/request.ts';
import { isDefinitionPath } from '../../profile/load.ts';
import type { Profile } from '../../profile/schema.ts';
import type { BenchFlags } from '../flags/bench.ts';
import { requestedBootMode } from '../flags/boot-mode.ts';
import type { BootModeFlags } from '../flags/boot-mode.ts';
import type { BootFlags } from '../flags/boots.ts';
import { requestedImage } from '../flags/image.ts';
import type { ImageFlags } from '../flags/image.ts';
import { requestedMeasuring } from '../flags/measuring.ts';

/** What the command line says of a run. `run` are the flags that are fields of the request as they are. */
export interface RunOptions extends BootFlags, BenchFlags, BootModeFlags, ImageFlags {
  readonly run: RunFlags;
  readonly guest: string;
  readonly refreshImage: boolean;
}

function refuse(headline: string, hint: string): never {
  throw new Fault({ kind: 'usage', headline, hint });
}

function refuseContradictions(asked: RunOptions, request: RunRequest): void {
  const isVirtual = asked.clock === 'virtual';
  const { bench } = request;
  if (request.accelerator === 'kvm' && isVirtual) {
    refuse(
      '--accel kvm and --clock virtual exclude each other: only TCG counts instructions',
      'Omit --accel, or measure with --clock wall (or both).',
    );
  }
  if (request.collectHz !== undefined && isVirtual) {
    refuse(
      '--collect watches measured boots on the wall clock, and --clock virtual makes none',
      'Omit --collect, or measure with --clock wall (or both).',
    );
  }
  if (request.boots === 0 && (request.virtualBoots ?? 0) === 0 && bench === undefined) {
    refuse('--boots 0 leaves nothing to measure', 'With container work, boots can be omitted: --boots 0 --bench all.');
  }
  if (request.boots === 0 && bench === undefined && request.boot === 'grub') {
    refuse(
      '--boot grub is for measured boots and container work, and --boots 0 leaves neither: boots on the virtual clock have no disk',
      'Run with --boot direct, or with at least --boots 1.',
    );
  }
  if (bench !== undefined && isVirtual) {
    refuse(
      '--bench runs containers, and a boot on the virtual clock has no disk for them',
      'Omit --bench, or measure with --clock wall (or both); --boots 0 leaves the measured boots out.',
    );
  }
}

/**
 * The request that a command line makes of a profile.
 *
 * @throws Fault `usage` for flags that contradict each other or the profile
 */
export async function requestOf(
  host: Pick<Host, 'files' | 'clock'>,
  loaded: { readonly path: string; readonly text: string; readonly profile: Profile },
  asked: RunOptions,
): Promise<RunRequest> {
  const { profile } = loaded;
  const { bench, ...boots } = requestedMeasuring(profile, { ...asked, ...asked.run });
  const request: RunRequest = {
    ...asked.run,
    profilePath: path.resolve(loaded.path),
    profileText: loaded.text,
    // Absolute, so that the run can be resumed from another folder.
    guest: isDefinitionPath(asked.guest) ? path.resolve(asked.guest) : asked.guest,
    ...(await requestedImage(host, asked)),
    ...requestedBootMode(profile, { ...asked, ...asked.run }),
    ...boots,
    refresh: asked.refreshImage ? new Date(host.clock.nowMs()).toISOString() : '',
    ...(bench === undefined ? {} : { bench }),
  };
  refuseContradictions(asked, request);
  return request;
}
