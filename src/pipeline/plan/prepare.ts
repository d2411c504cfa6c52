import path from 'node:path';
import { Fault } from '../../host/fault.ts';
import type { Host } from '../../host/host.ts';
import type { GuestDefinition } from '../../profile/guest-schema.ts';
import { profileFor } from '../../profile/for-guest.ts';
import { anchoredProfile, definitionNames, loadGuest, parseDefinition } from '../../profile/load.ts';
import { nearest } from '../../profile/nearest.ts';
import { profileSchema } from '../../profile/schema.ts';
import type { Profile } from '../../profile/schema.ts';
import type { Folders } from '../../stages/stage.ts';
import type { History } from '../../store/durations.ts';
import type { Store } from '../../store/store.ts';
import type { PlannedUnit } from '../events/event.ts';
import type { GuestChoice, RunRequest } from '../../model/request.ts';
import { sessionKind } from './bench-order.ts';
import { planSites } from './build-choice.ts';
import { checkGuest, requestedGuest, provisionalGuest } from './guest-choice.ts';
import { guestBootedBy, guestOnDisk } from './image.ts';
import { planRun } from './plan.ts';
import type { Plan } from './plan.ts';

/** A run that is laid out but not started. */
export interface PreparedRun {
  readonly profile: Profile;
  readonly guest: GuestDefinition;
  readonly choice: GuestChoice;
  readonly plan: Plan;
}

interface PrepareOptions {
  readonly host: Host;
  readonly folders: Folders;
  readonly request: RunRequest;
}

/** A misspelt fragment is found before anything is built. */
async function checkFragments({ host, folders, request }: PrepareOptions, profile: Profile): Promise<void> {
  const files = await host.files.list(path.join(folders.pipelines, 'kconfig'));
  const known = files.filter((file) => file.endsWith('.config')).map((file) => file.slice(0, -'.config'.length));
  const asked = Object.values(profile.arms).flatMap(({ kernel }) =>
    kernel === 'stock' ? [] : [kernel, ...Object.values(kernel.guests ?? {})].flatMap(({ fragments }) => fragments),
  );
  const unknown = [...new Set(asked)].filter((fragment) => !known.includes(fragment));
  if (unknown.length === 0) return;
  throw new Fault({
    kind: 'profile',
    headline: `${request.profilePath} names ${unknown.length === 1 ? 'a fragment' : 'fragments'} that pipelines/kconfig/ does not hold`,
    hint: `There are: ${known.join(', ')}.`,
    detail: unknown.map((fragment) => {
      const meant = nearest(fragment, known);
      return meant === undefined ? fragment : `${fragment} — did you mean ${meant}?`;
    }),
  });
}

/** A misspelt guest would leave out what a profile has for that guest alone. */
async function checkGuestKeys(options: PrepareOptions, profile: Profile, guest: string): Promise<void> {
  const { host, folders, request } = options;
  const known = [...new Set([...(await definitionNames(host.files, folders.guests)), guest])];
  const kernels = Object.values(profile.arms).flatMap(({ kernel }) =>
    kernel === 'stock' ? [] : [kernel.guests ?? {}],
  );
  const keys = [profile.guestCmdline ?? {}, ...kernels].flatMap((part) => Object.keys(part));
  // Another name may be a guest of the user's own that this run does not use.
  const misspelt = keys.find((key) => !known.includes(key) && nearest(key, known) !== undefined);
  if (misspelt === undefined) return;
  throw new Fault({
    kind: 'profile',
    headline: `${request.profilePath} has settings for the guest ${misspelt}, which does not exist`,
    hint: `Did you mean ${nearest(misspelt, known) ?? ''}? There are: ${known.join(', ')}.`,
  });
}

/**
 * Reads the request and lays out the plan; everything wrong with either is found here.
 *
 * @param decided what `chooseGuest` said, once it has been asked
 */
export async function prepareRun(options: PrepareOptions, decided?: GuestChoice): Promise<PreparedRun> {
  const { host, folders, request } = options;
  const parsed = parseDefinition(profileSchema, request.profilePath, request.profileText);
  // A journal from before paths counted from the profile's folder has the path as it was typed: they count from here, as then.
  const folder = path.isAbsolute(request.profilePath) ? path.dirname(request.profilePath) : '.';
  const profile = anchoredProfile(parsed, folder);
  const choice = decided ?? provisionalGuest(requestedGuest(request, profile), request);
  const { value: definition } = await loadGuest(host.files, choice.name, folders.guests);
  const guest = guestOnDisk(request, guestBootedBy(request.boot, definition));
  const onGuest = profileFor(profile, guest.name);
  await checkGuest(host, guest, request, onGuest);
  await checkFragments(options, profile);
  await checkGuestKeys(options, profile, guest.name);
  const sites = await planSites(host, onGuest, guest, request);
  const plan = planRun({ host, profile: onGuest, guest, request, folders }, sites);
  return { profile, guest, choice, plan };
}

/**
 * Refuses a kernel source that is not there before anything is built.
 *
 * @param steps what is known to be cached: a tarball that is in the store is not needed any more. Without them only folders are
 * checked; a missing tarball then ends the run at its source step.
 * @throws Fault `profile`
 */
export async function checkSources(
  host: Host,
  { plan }: PreparedRun,
  steps: readonly PlannedUnit[] = [],
): Promise<void> {
  for (const { name, spec } of plan.arms) {
    const source = spec.kernel === 'stock' ? undefined : spec.kernel.source;
    if (source === undefined || 'package' in source) continue;
    const isTree = 'directory' in source;
    const place = 'directory' in source ? source.directory : source.tarball;
    const isNeeded = isTree || steps.some(({ id, cached }) => id === `source:${name}` && !cached);
    if (!isNeeded || /^https?:/.test(place)) continue;
    if ((await host.files.stat(place))?.kind === (isTree ? 'directory' : 'file')) continue;
    throw new Fault({
      kind: 'profile',
      headline: `There is no ${isTree ? 'folder' : 'file'} ${place}, which has the kernel source of ${name}`,
      hint: `Fix ${isTree ? 'directory' : 'tarball'}: of this arm; a relative path counts from the profile's folder.`,
    });
  }
}

/** Steps and boots with what is cached and how long the rest took the last time. */
export async function estimateRun(
  prepared: PreparedRun,
  store: Store,
  history: History,
): Promise<{
  readonly steps: readonly PlannedUnit[];
  readonly boots: readonly PlannedUnit[];
  readonly benches?: readonly PlannedUnit[];
}> {
  const steps: PlannedUnit[] = [];
  for (const step of prepared.plan.steps) {
    const expectedMs = history.expectedMs(step.id);
    steps.push({
      id: step.id,
      cached: await step.peek({ store }),
      ...(expectedMs === undefined ? {} : { expectedMs }),
    });
  }
  const { boots: wall, virtualBoots } = prepared.plan;
  const boots = [...wall, ...virtualBoots].map(({ id, arm }): PlannedUnit => {
    const expectedMs = history.expectedMs(`${id.split(':')[0] ?? ''}:${arm}`);
    return { id, cached: false, ...(expectedMs === undefined ? {} : { expectedMs }) };
  });
  if (prepared.plan.bench === undefined) return { steps, boots };
  const benches = prepared.plan.bench.sessions.map((session): PlannedUnit => {
    const expectedMs = history.expectedMs(sessionKind(session));
    return { id: session.id, cached: false, ...(expectedMs === undefined ? {} : { expectedMs }) };
  });
  return { steps, boots, benches };
}
