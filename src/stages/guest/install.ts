import path from 'node:path';
import { z } from 'zod';
import { bootOnce } from '../../guest/grub/boot-once.ts';
import { DISTROS } from '../../guest/distro/table.ts';
import { importProbeImage, makeProbeImage, proveDocker } from '../../guest/inspect/docker.ts';
import { checkDefault, locateEnvironment } from '../../guest/grub/grub-environment.ts';
import { installGrub } from '../../guest/grub/grub-install.ts';
import { entryOfArm, installedInitrdPath, installedKernelPath } from '../../guest/grub/grub-menu.ts';
import type { GrubMenu } from '../../guest/grub/grub-menu.ts';
import type { Machine } from '../../guest/machine/machine.ts';
import { flattenOverlay } from '../../guest/machine/overlay.ts';
import { DOCKER_READY } from '../../guest/console/readiness.ts';
import type { OverlayGuest } from '../../guest/overlay-guest.ts';
import { connectGuest, proveReboot } from '../../guest/ssh/guest.ts';
import type { BootIdentity, ConnectOptions, Guest, RebootProof } from '../../guest/ssh/guest.ts';
import { unmeasuredCmdline } from '../../guest/machine/unmeasured-cmdline.ts';
import { putVerified } from '../../guest/ssh/verified-transfer.ts';
import { Fault } from '../../host/fault.ts';
import { parseConfig } from '../../kernel/config/config.ts';
import { checkDockerConfig, compareChecks, parseCheckConfigOutput } from '../../kernel/config/docker-requirements.ts';
import { artifactSchema } from '../../model/artifact.ts';
import type { Artifact } from '../../model/artifact.ts';
import type { Accelerator } from '../../model/environment.ts';
import { configCheckSchema, dockerProofSchema, rebootProofSchema } from '../../model/record.ts';
import type { ConfigCheck } from '../../model/record.ts';
import { openGuestCopy } from '../shared/guest-copy.ts';
import type { Stage, StageContext } from '../stage.ts';
import { filledLines } from '../../text/lines.ts';

/** An arm's kernel and initrd, ready to be booted. */
export type InstallArm = {
  readonly name: string;
  readonly kernel: Artifact;
  readonly config: Artifact;
  readonly release: string;
  readonly initrd: Artifact | null;
  readonly modules: Artifact | null;
  readonly cmdline: string;
  /** The guest's own kernel: nothing to install but perhaps an initrd. */
  readonly isStock: boolean;
  readonly usesStockInitrd: boolean;
};

type InstallInput = {
  readonly disk: Artifact;
  readonly hostKey: string;
  readonly stock: { readonly kernel: Artifact; readonly initrd: Artifact; readonly release: string };
  readonly stockCmdline: string;
  readonly accelerator: Accelerator;
  readonly machine: { readonly cpus: number; readonly memoryMb: number };
  readonly qemu: string;
  readonly busybox: Artifact;
  /** Script that the probe container runs. */
  readonly probe: string;
  readonly arms: readonly InstallArm[];
  /** `null` where the guest's Docker package comes without check-config.sh. */
  readonly checkConfig?: null;
  /** What GRUB is to boot the arms by; absent: QEMU boots them. */
  readonly grub?: GrubMenu;
};

const outputSchema = z.strictObject({
  /** The guest with every arm's kernel installed, shut down in order; every measured boot starts from it. */
  disk: artifactSchema,
  arms: z.array(
    z.strictObject({
      name: z.string(),
      docker: dockerProofSchema,
      configCheck: configCheckSchema,
      reboot: rebootProofSchema.nullable(),
    }),
  ),
  /** Where the disk has GRUB's environment, in bytes; only where GRUB boots. */
  environmentOffsetBytes: z.exactOptional(z.int()),
});
export type Install = z.infer<typeof outputSchema>;
type InstalledArm = Install['arms'][number];

const CHECK_CONFIG = '/usr/share/docker.io/contrib/check-config.sh';

interface InstallContext {
  readonly input: InstallInput;
  readonly context: StageContext;
  readonly guest: OverlayGuest;
}

interface StartedKernel {
  readonly kernel: Artifact;
  readonly initrd: Artifact | null;
  readonly cmdline: string;
}

/** @param started what QEMU boots; `'disk'`: what the disk's own boot loader does */
async function bootArm(lab: InstallContext, name: string, started: StartedKernel | 'disk'): Promise<Machine> {
  const { context, guest } = lab;
  const { store } = context;
  const isDisk = started === 'disk';
  context.progress({ message: isDisk ? `GRUB boots ${name}` : `booting ${name}` });
  const from = isDisk
    ? started
    : {
        kernelPath: await store.use(started.kernel),
        ...(started.initrd === null ? {} : { initrdPath: await store.use(started.initrd) }),
        cmdline: unmeasuredCmdline(started.cmdline),
      };
  return guest.boot(from, {
    directory: path.join(path.dirname(context.logPath), `install-${isDisk ? 'grub-' : ''}${name}`),
    onLine: (line) => {
      context.progress({ message: `${name}: ${line.text.slice(0, 90)}` });
    },
  });
}

async function put(lab: InstallContext, guest: Guest, artifact: Artifact, remotePath: string): Promise<void> {
  await putVerified(guest, await lab.context.store.use(artifact), artifact.sha256, remotePath);
}

/** Kernel, modules, initrd and config go where the distribution keeps its own. */
async function installArm(lab: InstallContext, guest: Guest, arm: InstallArm): Promise<void> {
  lab.context.progress({ message: `installing ${arm.release} through SSH` });
  if (!arm.isStock) {
    await put(lab, guest, arm.kernel, installedKernelPath(arm.release));
    await put(lab, guest, arm.config, `/boot/config-${arm.release}`);
    if (arm.modules !== null) {
      await put(lab, guest, arm.modules, '/root/modules.tar');
      await guest.run([
        'tar',
        '--extract',
        '--file',
        '/root/modules.tar',
        '--directory',
        '/',
        '--no-same-owner',
        '--keep-directory-symlink',
      ]);
      await guest.run(['rm', '/root/modules.tar']);
      await guest.run(['depmod', arm.release]);
    }
  }
  if (arm.initrd !== null && !arm.usesStockInitrd) {
    await put(lab, guest, arm.initrd, installedInitrdPath(arm.name));
  }
}

async function theirCheck(guest: Guest, arm: InstallArm) {
  const command = ['bash', CHECK_CONFIG, `/boot/config-${arm.release}`] as const;
  return parseCheckConfigOutput((await guest.run(command, { okExitCodes: [0, 1] })).stdout);
}

/** The real check-config.sh of the guest's Docker package, if it has one, and ours, on the same file. */
async function checkConfig(lab: InstallContext, guest: Guest, arm: InstallArm): Promise<ConfigCheck> {
  const [major = 0, minor = 0] = arm.release.split('.').map(Number);
  const text = await lab.context.store.readText(arm.config);
  const rows = checkDockerConfig(parseConfig(text), { major, minor });
  const disagreements = lab.input.checkConfig === null ? [] : compareChecks(rows, await theirCheck(guest, arm));
  const necessary = rows.filter((row) => row.section === 'necessary' && row.value === 'missing');
  return {
    rows,
    disagreements,
    missingNecessary: necessary.map((row) => row.symbol),
  };
}

async function proveArm(
  lab: InstallContext,
  guest: Guest,
  arm: InstallArm,
  reboot: RebootProof | null,
): Promise<InstalledArm> {
  const { context } = lab;
  context.progress({ message: `proving Docker on ${arm.release}` });
  if (!arm.isStock) {
    const running = await guest.run(['zcat', '/proc/config.gz'], { okExitCodes: [0, 1, 2] });
    if (running.exitCode === 0 && running.stdout !== (await context.store.readText(arm.config))) {
      throw new Fault({
        kind: 'wrong-kernel',
        headline: `The running kernel ${arm.release} was built from another configuration`,
        hint: '/proc/config.gz differs from the configuration this run built; remove the cached build and run again.',
      });
    }
  }
  const docker = await proveDocker(guest);
  const configCheck = await checkConfig(lab, guest, arm);
  for (const one of configCheck.disagreements) {
    context.finding({ level: 'warning', message: `${arm.name}: check-config.sh and drydock disagree: ${one}` });
  }
  const failed = await guest.run(['systemctl', 'list-units', '--failed', '--plain', '--no-legend'], {
    okExitCodes: [0, 1],
  });
  for (const unit of filledLines(failed.stdout)) {
    context.finding({ level: 'warning', message: `${arm.name}: failed unit ${unit.trim()}` });
  }
  return {
    name: arm.name,
    docker: { ...docker, command: [...docker.command] },
    configCheck: {
      rows: [...configCheck.rows],
      disagreements: [...configCheck.disagreements],
      missingNecessary: [...configCheck.missingNecessary],
    },
    reboot,
  };
}

interface GrubProof {
  readonly arms: readonly InstalledArm[];
  readonly environmentOffsetBytes: number;
}

/** Reboots into every arm's menu entry, once each, one after another, and proves Docker there; then the guest is down. */
async function proveThroughGrub(
  lab: InstallContext,
  login: ConnectOptions,
  from: Guest,
  menu: GrubMenu,
  arms: readonly InstallArm[],
): Promise<GrubProof> {
  const [arm, ...rest] = arms;
  const loader = DISTROS[menu.family].bootLoader;
  if (arm === undefined) {
    const environmentOffsetBytes = await locateEnvironment(from, loader, menu.partition);
    await from.poweroff();
    return { arms: [], environmentOffsetBytes };
  }
  const entry = entryOfArm(menu, arm.name);
  const start = (): Promise<Machine> => bootArm(lab, arm.name, 'disk');
  return bootOnce(lab.context.host, from, loader, { entry, start, login, until: DOCKER_READY }, async (booted) => {
    const proven = await proveArm(lab, booted.guest, arm, booted.proof);
    const others = await proveThroughGrub(lab, login, booted.guest, menu, rest);
    return { ...others, arms: [proven, ...others.arms] };
  });
}

/**
 * Boots the guest on its stock kernel, installs every arm through SSH, reboots into each and proves that Docker works
 * there. What comes out is the one disk from which all measured boots of all arms start. With a menu, GRUB is installed first
 * and boots the arms.
 */
export const install: Stage<InstallInput, Install> = {
  name: 'install',
  version: 1,
  cache: 'content',
  fillsMachine: true,
  output: outputSchema,
  async run(input, context) {
    const { host, store, workDir } = context;
    const overlay = path.join(workDir, 'install.qcow2');
    const lab: InstallContext = { input, context, guest: await openGuestCopy(input, context, overlay) };
    const { login } = lab.guest;
    const proven: InstalledArm[] = [];

    const isBase = (arm: InstallArm): boolean =>
      arm.isStock && arm.usesStockInitrd && arm.cmdline === input.stockCmdline;
    let before: BootIdentity;
    let environmentOffsetBytes: number | undefined;
    const { grub } = input;
    {
      const { kernel, initrd } = input.stock;
      await using machine = await bootArm(lab, 'stock', { kernel, initrd, cmdline: input.stockCmdline });
      await machine.waitFor(/drydock: no probe image/);
      await using guest = await connectGuest(host, machine, login);
      await importProbeImage(guest, await makeProbeImage(host, await store.use(input.busybox), input.probe, workDir));
      for (const arm of input.arms) await installArm(lab, guest, arm);
      before = await guest.identity();
      if (grub === undefined) {
        for (const arm of input.arms.filter(isBase)) proven.push(await proveArm(lab, guest, arm, null));
        await guest.reboot();
      } else {
        context.progress({ message: 'installing GRUB' });
        await installGrub(guest, grub);
        const proof = await proveThroughGrub(lab, login, guest, grub, input.arms);
        ({ environmentOffsetBytes } = proof);
        proven.push(...proof.arms);
      }
    }
    for (const arm of grub === undefined ? input.arms.filter((one) => !isBase(one)) : []) {
      await using machine = await bootArm(lab, arm.name, arm);
      await machine.waitFor(DOCKER_READY);
      await using guest = await connectGuest(host, machine, login);
      proven.push(await proveArm(lab, guest, arm, proveReboot(before, await guest.identity(), arm.release)));
      before = await guest.identity();
      await guest.reboot();
    }
    context.progress({ message: 'keeping the disk' });
    const disk = path.join(workDir, 'installed.qcow2');
    await flattenOverlay(host, overlay, disk);
    if (grub !== undefined && environmentOffsetBytes !== undefined)
      await checkDefault(host, { diskPath: disk, offsetBytes: environmentOffsetBytes, workDir }, grub.stock.id);
    const order = input.arms.map((arm) => arm.name);
    proven.sort((a, b) => order.indexOf(a.name) - order.indexOf(b.name));
    return {
      disk: await store.adopt(disk),
      arms: proven,
      ...(environmentOffsetBytes === undefined ? {} : { environmentOffsetBytes }),
    };
  },
};
