import { Fault } from '../../host/fault.ts';
import { jsonText } from '../../json/text.ts';
import type { RunRequest } from '../../model/request.ts';
import type { BuildChoice, PlannedUnit } from '../../pipeline/events/event.ts';
import { whyNotHere } from '../../pipeline/plan/guest-choice.ts';
import { checkSources, estimateRun, prepareRun } from '../../pipeline/plan/prepare.ts';
import type { PreparedRun } from '../../pipeline/plan/prepare.ts';
import { profileFor } from '../../profile/for-guest.ts';
import { openHistory } from '../../store/durations.ts';
import { openStore } from '../../store/store.ts';
import type { Store } from '../../store/store.ts';
import { durationText } from '../../text/duration.ts';
import type { CommandContext } from '../context.ts';
import { folders } from '../locations.ts';

/** A planned stage or boot as a line: its name, and `cached` or how long it took on this host. */
export function unitLine(unit: PlannedUnit): string {
  const expected =
    unit.expectedMs === undefined ? 'not timed on this host yet' : `about ${durationText(unit.expectedMs / 1000)}`;
  return `  ${unit.id.padEnd(28)} ${unit.cached ? 'cached' : expected}`;
}

/**
 * Checks the host as the run would, without installing anything.
 *
 * @throws Fault for what a run could not go on without
 */
export async function preflightDry(context: CommandContext, store: Store, prepared: PreparedRun): Promise<void> {
  const { files } = context.host;
  const scratch = await files.makeTempDirectory(store.workDir(), 'plan-');
  try {
    const runtime = { host: context.host, store, folders, signal: context.signal, emit: () => undefined };
    await prepared.plan.preflight.run({ ...runtime, runDirectory: scratch });
  } finally {
    await files.remove(scratch);
  }
}

/** What a run would meet on this host: a note, or `undefined` when nothing is missing. */
async function missingHere(context: CommandContext, store: Store, prepared: PreparedRun): Promise<string | undefined> {
  try {
    await preflightDry(context, store, prepared);
    return undefined;
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    return error.failure.kind === 'missing-tool'
      ? `${error.message}; a real run would install it`
      : `${error.message}: a real run would stop with this error`;
  }
}

/** `, built on the host (auto: current compilers build Linux 6.1)` */
function builtWhere(choice: BuildChoice | undefined): string {
  if (choice === undefined) return '';
  return `, built ${choice.where === 'host' ? 'on the host' : 'in the guest'} (${choice.reason})`;
}

function armLines({ plan, profile, guest }: PreparedRun): readonly string[] {
  const cmdline = (name: string): string => profile.arms[name]?.cmdline.join(' ') ?? '';
  return [
    ...plan.arms.map(({ name, spec, buildPlanned }) => {
      const kernel =
        spec.kernel === 'stock'
          ? 'stock kernel'
          : `kernel from ${spec.kernel.base} + ${spec.kernel.fragments.join(', ')}${builtWhere(buildPlanned)}`;
      return `  ${name.padEnd(14)} ${spec.role.padEnd(10)} ${kernel}; initrd ${spec.initrd}; ${cmdline(name)}`.trimEnd();
    }),
    `  every arm      ${profileFor(profile, guest.name).cmdline.join(' ')}`,
  ];
}

/** One line per arm: every boot of an arm is expected to take as long as the first. */
function bootLines({ plan }: PreparedRun, boots: readonly PlannedUnit[]): readonly string[] {
  const ofArm = new Map(plan.boots.map((boot, index) => [boot.arm, boots[index]]));
  return [...ofArm].flatMap(([arm, unit]) => (unit === undefined ? [] : [unitLine({ ...unit, id: `one of ${arm}` })]));
}

type Estimate = Awaited<ReturnType<typeof estimateRun>>;

function measuringLines(
  prepared: PreparedRun,
  request: RunRequest,
  { boots, benches = [] }: Estimate,
): readonly string[] {
  const { plan } = prepared;
  const atMost = request.sequential === undefined ? '' : ', up to';
  const shared = request.bench?.measuresBoots === true ? ', one at the start of each session' : '';
  const arms = plan.boots.map((boot) => boot.arm).join(' ') || 'none';
  const places = benches.map(({ id }) => id.split(':').at(-1) ?? '').join(' ');
  return [
    ...(plan.virtualBoots.length === 0
      ? []
      : [`Boots on the virtual clock: ${plan.virtualBoots.map((boot) => boot.arm).join(' ')}`]),
    `Measured boots, interleaved${atMost}${shared}: ${arms}`,
    ...bootLines(prepared, boots),
    ...(benches.length === 0
      ? []
      : [`Container work (${request.bench?.workloads.join(', ') ?? ''}), interleaved: ${places}`]),
  ];
}

function durationLine(request: RunRequest, { steps, boots, benches = [] }: Estimate): string {
  const ahead = [...steps.filter((unit) => !unit.cached), ...boots, ...benches];
  const known = ahead.filter((unit) => unit.expectedMs !== undefined);
  if (known.length === 0) return 'Expected duration: nothing of this has been timed on this host yet.';
  const totalMs = known.reduce((sum, unit) => sum + (unit.expectedMs ?? 0), 0);
  const atMost = request.sequential === undefined ? '' : 'up to ';
  const rest = known.length < ahead.length ? ', plus what has not been timed yet' : '';
  return `Expected duration: ${atMost}${durationText(totalMs / 1000)}${rest}.`;
}

function bootModeLines({ boot, keepKernel }: RunRequest): readonly string[] {
  if (boot === undefined) return [];
  const kept = keepKernel === undefined ? '' : `; a disk is kept whose default is the kernel of ${keepKernel}`;
  return [`boot  GRUB, from the guest's own disk${kept}`];
}

function planJson({ plan, profile, choice }: PreparedRun, request: RunRequest, estimate: Estimate): unknown {
  const { steps, boots, benches = [] } = estimate;
  const arms = plan.arms.map(({ name, spec, buildPlanned }) => ({
    name,
    ...spec,
    ...(buildPlanned === undefined ? {} : { build: buildPlanned }),
  }));
  return { profile: profile.name, guest: choice, boot: request.boot ?? 'direct', arms, steps, boots, benches };
}

/** `--dry-run`: arms, stages, what is cached, how long it may take. Nothing is built, booted or installed. */
export async function showPlan(
  context: CommandContext,
  options: { readonly json: boolean; readonly cacheRoot: string },
  request: RunRequest,
): Promise<number> {
  const { host, stdout, signal } = context;
  const store = openStore(host, options.cacheRoot);
  const prepared = await prepareRun({ host, folders, request: { ...request, install: false } });
  const missing = await missingHere(context, store, prepared);
  const estimate = await estimateRun(prepared, store, await openHistory(host, options.cacheRoot));
  await checkSources(host, prepared, estimate.steps);
  const absent = await whyNotHere(host, prepared.guest, request, estimate.steps, signal);
  if (options.json) {
    stdout.write(`${jsonText(planJson(prepared, request, estimate), 1)}\n`);
    return 0;
  }
  const { profile, choice } = prepared;
  stdout.write(
    [
      `${profile.name}: ${profile.description}`,
      `guest ${choice.name} (${choice.reason})`,
      ...bootModeLines(request),
      ...[missing, absent].flatMap((note) => (note === undefined ? [] : [`note: ${note}`])),
      '',
      'Arms',
      ...armLines(prepared),
      '',
      'Stages',
      ...estimate.steps.map(unitLine),
      '',
      ...measuringLines(prepared, request, estimate),
      '',
      durationLine(request, estimate),
      '',
    ].join('\n'),
  );
  return 0;
}
