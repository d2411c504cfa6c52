import path from 'node:path';
import type { Host } from '../host/host.ts';
import { initrdScriptsDigest } from '../initrd/busybox-initrd.ts';
import type { Artifact } from '../model/artifact.ts';
import type { Arm, GuestDefinition, KernelSpec, Profile } from '../profile/schema.ts';
import { accelerator } from '../stages/accelerator.ts';
import type { AcceleratorChoice } from '../stages/accelerator.ts';
import { build } from '../stages/build.ts';
import { configure } from '../stages/configure.ts';
import { image, imageInput } from '../stages/image.ts';
import type { Image } from '../stages/image.ts';
import { initrd } from '../stages/initrd.ts';
import { install } from '../stages/install.ts';
import type { InstallArm, Install } from '../stages/install.ts';
import { patch } from '../stages/patch.ts';
import { preflight } from '../stages/preflight.ts';
import type { Preflight } from '../stages/preflight.ts';
import { source } from '../stages/source.ts';
import type { SourceInput } from '../stages/source.ts';
import type { Folders } from '../stages/stage.ts';
import { sha256Text } from '../store/canonical.ts';
import { bootOrder } from './boot-order.ts';
import type { PlannedBoot } from './boot-order.ts';
import type { RunRequest } from './event.ts';
import { defineStep } from './step.ts';
import type { Step } from './step.ts';

/** One arm with everything a boot of it needs, once its steps have run. */
export interface PlannedArm {
  readonly name: string;
  readonly spec: Arm;
  kernelOrigin(): string;
  built(): InstallArm;
  /** Absent for a kernel that was not built here. */
  configSymbols(): { readonly builtIn: number; readonly modules: number } | undefined;
  patchProof(): readonly string[] | undefined;
}

/** Steps in the order they run, the boots after them, and the steps by name where others read them. */
export interface Plan {
  readonly steps: readonly Step<unknown>[];
  readonly preflight: Step<Preflight>;
  readonly image: Step<Image>;
  readonly accelerator: Step<AcceleratorChoice>;
  readonly install: Step<Install>;
  readonly arms: readonly PlannedArm[];
  readonly boots: readonly PlannedBoot[];
}

interface PlanInput {
  readonly host: Host;
  readonly profile: Profile;
  readonly guest: GuestDefinition;
  readonly request: RunRequest;
  readonly folders: Folders;
}

/** Shell quoting never comes in: the command line is one string for the kernel, and parameters hold no spaces. */
function cmdlineOf(profile: Profile, arm: Arm): string {
  const entry = arm.initrd === 'busybox' ? ['rdinit=/linuxrc'] : [];
  return [...profile.cmdline, ...entry, ...arm.cmdline].join(' ');
}

async function directoryStamp(host: Host, directory: string): Promise<string> {
  // The stage itself says what is wrong with a folder that is not there.
  if ((await host.files.stat(directory))?.kind !== 'directory') return 'absent';
  const { stdout } = await host.processes.run(['find', directory, '-type', 'f', '-printf', '%P %s %T@\\n']);
  return stdout.split('\n').sort().join('\n');
}

async function sourceInput(input: PlanInput, spec: KernelSpec, stock: Image): Promise<SourceInput> {
  const { source: from } = spec;
  if ('package' in from) {
    const { archives, keyring } = input.guest;
    return { kind: 'package', package: from.package, version: stock.kernelVersion, archives, keyring };
  }
  if ('directory' in from) {
    const directory = path.resolve(from.directory);
    const stamp = sha256Text(await directoryStamp(input.host, directory));
    return { kind: 'directory', directory, stamp };
  }
  const location = /^https?:/.test(from.tarball) ? from.tarball : path.resolve(from.tarball);
  return { kind: 'tarball', location, sha256: from.sha256 };
}

interface BuiltArm {
  readonly steps: readonly Step<unknown>[];
  readonly arm: PlannedArm;
}

type Early = Pick<Plan, 'preflight' | 'image'>;

function planBuiltKernel(input: PlanInput, name: string, spec: KernelSpec, early: Early) {
  const { host, folders } = input;
  const tool = (tool: string): string => early.preflight.output().tools[tool] ?? '';
  const sourceStep = defineStep({
    stage: source,
    arm: name,
    input: () => sourceInput(input, spec, early.image.output()),
    summary: ({ origin }) => origin,
  });
  const patchStep = spec.patches.includes('rtc-no-sync')
    ? defineStep({
        stage: patch,
        arm: name,
        input: async () => ({
          tarball: sourceStep.output().tarball,
          semanticPatch: await host.files.readText(path.join(folders.pipelines, 'patches', 'rtc-no-sync.cocci')),
          spatch: tool('coccinelle'),
        }),
      })
    : undefined;
  const tree = () => ({ tarball: sourceStep.output().tarball, diff: patchStep?.output().diff ?? null });
  const compiler = () => ({ gcc: tool('gcc'), binutils: tool('binutils') });
  const configureStep = defineStep({
    stage: configure,
    arm: name,
    input: async () => ({
      ...tree(),
      compiler: compiler(),
      base: spec.base,
      fragments: await Promise.all(
        // A patch brings the fragment of its own name, which switches it on.
        [...spec.fragments, ...spec.patches].map(async (fragment) => ({
          name: fragment,
          text: await host.files.readText(path.join(folders.pipelines, 'kconfig', `${fragment}.config`)),
        })),
      ),
      symbols: Object.fromEntries(Object.entries(spec.symbols).map(([symbol, value]) => [symbol, String(value)])),
      localVersion: `-${name}`,
    }),
    summary: ({ builtIn, modules }) => `${String(builtIn)} symbols built in, ${String(modules)} as modules`,
  });
  const buildStep = defineStep({
    stage: build,
    arm: name,
    input: () => ({
      ...tree(),
      compiler: compiler(),
      config: configureStep.output().config,
      proveRtc: patchStep !== undefined,
    }),
    summary: ({ release, kernel }) => `${release}, bzImage ${(kernel.sizeBytes / 1024 ** 2).toFixed(2)} MiB`,
  });
  const steps = [sourceStep, ...(patchStep === undefined ? [] : [patchStep]), configureStep, buildStep];
  return { steps, sourceStep, configureStep, buildStep };
}

function planArm(input: PlanInput, name: string, spec: Arm, early: Early): BuiltArm {
  const own = spec.kernel === 'stock' ? undefined : planBuiltKernel(input, name, spec.kernel, early);
  const initrdStep =
    spec.initrd === 'busybox'
      ? defineStep({
          stage: initrd,
          arm: name,
          input: async () => {
            const stock = early.image.output();
            const modules =
              own === undefined ? { tar: stock.modules, order: stock.moduleOrder, release: stock.release } : null;
            return {
              busybox: early.preflight.output().busybox,
              modules,
              compression: 'none' as const,
              scripts: await initrdScriptsDigest(input.host),
            };
          },
          summary: ({ initrd: file }) => `${(file.sizeBytes / 1024 ** 2).toFixed(2)} MiB`,
        })
      : undefined;

  const initrdOf = (): Artifact | null => {
    if (spec.initrd === 'none') return null;
    return initrdStep === undefined ? early.image.output().initrd : initrdStep.output().initrd;
  };
  return {
    steps: [...(own?.steps ?? []), ...(initrdStep === undefined ? [] : [initrdStep])],
    arm: {
      name,
      spec,
      kernelOrigin: () => {
        const stock = early.image.output();
        return own === undefined
          ? `linux-image-${stock.release} ${stock.kernelVersion}`
          : `${own.sourceStep.output().origin}, profile ${input.profile.name}`;
      },
      built: () => {
        const stock = early.image.output();
        const { kernel, config, release } = own === undefined ? stock : own.buildStep.output();
        return {
          name,
          kernel,
          config,
          release,
          initrd: initrdOf(),
          modules: own?.buildStep.output().modules ?? null,
          cmdline: cmdlineOf(input.profile, spec),
          isStock: own === undefined,
          usesStockInitrd: spec.initrd === 'stock',
        };
      },
      configSymbols: () => {
        if (own === undefined) return undefined;
        const { builtIn, modules } = own.configureStep.output();
        return { builtIn, modules };
      },
      patchProof: () => own?.buildStep.output().patchProof,
    },
  };
}

/** Whether this user may open /dev/kvm; whether it works is for the probe boot to say. */
async function kvmAccess(host: Host): Promise<string> {
  if ((await host.files.stat('/dev/kvm')) === undefined) return 'absent';
  return (await host.files.isWritable('/dev/kvm')) ? 'writable' : 'denied';
}

/** Lays out a run: which stages for which arm, and the interleaved boots. Nothing is executed here. */
export function planRun(input: PlanInput): Plan {
  const { host, guest, request, profile, folders } = input;
  const preflightStep = defineStep({ stage: preflight, input: () => ({ install: request.install }) });
  const tools = () => preflightStep.output().tools;
  const imageStep = defineStep({
    stage: image,
    input: () => imageInput((file) => host.files.sha256(file), guest, folders.guests, tools(), request.refresh),
    summary: ({ release, kernelVersion }) => `${guest.name}, stock kernel ${release} (${kernelVersion})`,
  });
  const acceleratorStep = defineStep({
    stage: accelerator,
    input: async () => ({
      asked: request.accelerator,
      kernel: imageStep.output().kernel,
      busybox: preflightStep.output().busybox,
      scripts: await initrdScriptsDigest(host),
      host: {
        name: host.system.hostname,
        cpu: host.system.cpuModel,
        kernel: host.system.kernel,
        qemu: tools()['qemu-system-x86'] ?? '',
        kvm: await kvmAccess(host),
        // Modules and permissions may be others after the host has been restarted.
        boot: (await host.files.readText('/proc/sys/kernel/random/boot_id')).trim(),
      },
    }),
    summary: ({ accelerator: chosen, reason }) => `${chosen}: ${reason}`,
  });
  const early = { preflight: preflightStep, image: imageStep };
  const arms = Object.entries(profile.arms).map(([name, spec]) => planArm(input, name, spec, early));
  const installStep = defineStep({
    stage: install,
    input: async () => {
      const stock = imageStep.output();
      return {
        disk: stock.disk,
        hostKey: stock.hostKey,
        stock: { kernel: stock.kernel, initrd: stock.initrd, release: stock.release },
        stockCmdline: profile.cmdline.join(' '),
        accelerator: acceleratorStep.output().accelerator,
        machine: { cpus: guest.machine.cpus, memoryMb: guest.machine.memoryMb },
        qemu: tools()['qemu-system-x86'] ?? '',
        busybox: preflightStep.output().busybox,
        probe: await host.files.readText(path.join(folders.guests, 'files', 'probe')),
        arms: arms.map(({ arm }) => arm.built()),
      };
    },
    summary: ({ arms: proven }) => `Docker proven on ${proven.map((arm) => arm.name).join(' and ')}`,
  });
  return {
    steps: [preflightStep, imageStep, acceleratorStep, ...arms.flatMap((one) => one.steps), installStep],
    ...early,
    accelerator: acceleratorStep,
    install: installStep,
    arms: arms.map((one) => one.arm),
    boots: bootOrder(Object.keys(profile.arms), request.boots),
  };
}
