import path from 'node:path';
import { z } from 'zod';
import { chooseAccelerator } from '../../guest/machine/kvm-probe.ts';
import { startMachine } from '../../guest/machine/machine.ts';
import type { Machine } from '../../guest/machine/machine.ts';
import { createOverlay, flattenOverlay } from '../../guest/machine/overlay.ts';
import type { DriveSpec } from '../../guest/machine/qemu-args.ts';
import { connectGuest } from '../../guest/ssh/guest.ts';
import type { ConnectOptions, Guest } from '../../guest/ssh/guest.ts';
import { Fault } from '../../host/fault.ts';
import type { Host } from '../../host/host.ts';
import { SshFault } from '../../host/ssh/ssh-fault.ts';
import { DISTROS } from '../../guest/distro/table.ts';
import type { Finding } from '../../model/finding.ts';
import { isInstalled, rootFileSystemOf } from '../../profile/guest-schema.ts';
import type { GuestDefinition } from '../../profile/guest-schema.ts';
import { gatherSupplies } from '../centos/supplies.ts';
import { writeCloudSeed } from './cloud-seed.ts';
import { readExport } from '../guest-export.ts';
import type { GuestExport, InstalledImage } from '../guest-export.ts';
import { hostKernelPath, tryKvm } from '../kvm-probe.ts';
import { notUnderTest } from '../not-under-test.ts';
import { writeSupplyLists } from '../supply-lists.ts';

export interface AdoptedDiskOptions {
  readonly definition: GuestDefinition;
  /** Folder that the definition's paths are relative to. */
  readonly definitionFolder: string;
  /** A qcow2 with an installed system that its own boot loader starts; it is read, never written. */
  readonly diskPath: string;
  /** The private key of one that the system lets in as root; absent: its cloud-init gets one. */
  readonly rootKey?: string;
  readonly busyboxPath: string;
  /** Empty scratch folder on a filesystem with a few GB free. */
  readonly workDir: string;
  readonly logPath: string;
  readonly onProgress: (message: string) => void;
  readonly onFinding: (finding: Finding) => void;
  readonly signal: AbortSignal;
}

/** The key that CentOS signs its packages with, as every CentOS 7 has it. */
const SIGNING_KEY = '/etc/pki/rpm-gpg/RPM-GPG-KEY-CentOS-7';
/** Where the guest keeps drydock's inputs and outputs. */
const REMOTE = '/var/tmp/drydock-adopt';
const SAID_LINES = 12;

/** `qemu-img info --output=json`: what of it makes a disk that is not all in its one file. */
const diskInfo = z.looseObject({
  format: z.string(),
  'backing-filename': z.exactOptional(z.string()),
  encrypted: z.exactOptional(z.boolean()),
  'format-specific': z.exactOptional(
    z.looseObject({ data: z.exactOptional(z.looseObject({ 'data-file': z.exactOptional(z.string()) })) }),
  ),
});

/** Why a disk cannot be adopted: its digest must stand for all of it. */
function whyNotWhole(info: z.infer<typeof diskInfo>): string | undefined {
  const backing = info['backing-filename'] ?? info['format-specific']?.data?.['data-file'];
  if (info.format !== 'qcow2') return `it is ${info.format}, not qcow2`;
  if (backing !== undefined) return `a part of it is in ${backing}`;
  return info.encrypted === true ? 'it is encrypted' : undefined;
}

async function checkDisk({ processes }: Host, diskPath: string): Promise<void> {
  const { stdout } = await processes.run(['qemu-img', 'info', '--output=json', diskPath]);
  const why = whyNotWhole(diskInfo.parse(JSON.parse(stdout)));
  if (why === undefined) return;
  throw new Fault({
    kind: 'usage',
    headline: `The disk ${diskPath} cannot be made a guest: ${why}`,
    hint: 'Convert it to an image without a backing file: qemu-img convert -O qcow2 DISK WHOLE.qcow2',
  });
}

interface Access {
  readonly login: ConnectOptions;
  readonly drives: readonly DriveSpec[];
}

async function accessFor(host: Host, { rootKey, workDir, signal }: AdoptedDiskOptions): Promise<Access> {
  if (rootKey !== undefined) {
    // Nothing but this QEMU's own port on loopback is asked, once; from then on the key that it names is pinned.
    const hostKey = { unpinned: 'the disk was made by others, and is asked for its host key now' };
    return { login: { privateKey: rootKey, hostKey, signal }, drives: [] };
  }
  const login = host.ssh.generateKey('drydock');
  const hostKey = host.ssh.generateKey('drydock-guest');
  const seedPath = path.join(workDir, 'seed.iso');
  await writeCloudSeed(host, { login, hostKey }, path.join(workDir, 'seed'), seedPath);
  return {
    login: { privateKey: login.privateKey, hostKey: hostKey.publicKey, signal },
    // As a virtio disk: kernels made for clouds have no driver for a CD.
    drives: [{ kind: 'disk', path: seedPath, serial: 'drydock-seed' }],
  };
}

function notLetIn({ failure }: SshFault, { rootKey, diskPath }: AdoptedDiskOptions, cause: unknown): Fault {
  const name = path.basename(diskPath);
  return new Fault(
    {
      ...failure,
      kind: 'unavailable',
      headline: `The system on ${name} does not let drydock in as root`,
      hint:
        rootKey === undefined
          ? `It got a key through cloud-init's data source NoCloud. Is cloud-init installed on it? If not, give a key that it accepts: --image-key FILE.`
          : `Put the public half of the --image-key into its /root/.ssh/authorized_keys, or omit --image-key where it has cloud-init.`,
    },
    { cause },
  );
}

async function connect(host: Host, machine: Machine, access: Access, options: AdoptedDiskOptions): Promise<Guest> {
  try {
    return await connectGuest(host, machine, access.login);
  } catch (error) {
    const refused = error instanceof SshFault && ['user-key', 'host-key'].includes(error.trouble);
    throw refused ? notLetIn(error, options, error) : error;
  }
}

/** Command lines name the definition's root and initrds hold its file system driver, so the disk must match. */
async function checkRoot(guest: Guest, { definition, diskPath }: AdoptedDiskOptions): Promise<void> {
  const { stdout } = await guest.run(['findmnt', '--noheadings', '--raw', '--output', 'SOURCE,FSTYPE', '/']);
  const [device = '', fileSystem = ''] = stdout.trim().split(' ');
  const wanted = rootFileSystemOf(definition);
  if (device === definition.rootDevice && fileSystem === wanted) return;
  throw new Fault({
    kind: 'unavailable',
    headline: `The root of ${path.basename(diskPath)} is ${fileSystem} on ${device}, and ${definition.name} has ${wanted} on ${definition.rootDevice}`,
    hint: 'Its root must be a plain partition, not a logical volume; --image-root /dev/vdaN names another than that of the definition.',
  });
}

/** The guest's inputs: with all packages that it may lack where the medium has them, else without. */
async function supplies(host: Host, guest: Guest, options: AdoptedDiskOptions): Promise<string> {
  const { definition, definitionFolder, workDir, logPath, signal, onProgress } = options;
  const directory = path.join(workDir, 'supplies');
  if (isInstalled(definition)) {
    onProgress('fetching the packages that it may lack');
    const signingKeyPath = path.join(workDir, 'signing-key');
    await guest.download(SIGNING_KEY, signingKeyPath);
    const run = {
      logPath,
      signal,
      onLine: (line: string) => {
        onProgress(line.slice(0, 100));
      },
    };
    return gatherSupplies(host, { definition, definitionFolder, signingKeyPath, directory, run });
  }
  if (definition.adopt === undefined) {
    throw new Fault({
      kind: 'profile',
      headline: `The definition of ${definition.name} has no script that makes an installed disk this guest`,
      hint: 'Give it one with adopt:, as vm-images/debian-12-minimal.yaml does.',
    });
  }
  await writeSupplyLists(
    host,
    definition,
    path.resolve(definitionFolder, definition.adopt),
    definitionFolder,
    directory,
  );
  return directory;
}

/** Runs the definition's script in the guest and fetches what it exports. */
async function provision(host: Host, guest: Guest, options: AdoptedDiskOptions, exportPath: string): Promise<void> {
  const { workDir, definition, diskPath, onProgress } = options;
  const tree = await supplies(host, guest, options);
  const packed = path.join(workDir, 'supplies.tar');
  await host.processes.run(['tar', '--create', '--file', packed, '--directory', tree, '.']);
  onProgress('handing over files, units and packages');
  await guest.run(['mkdir', '-p', `${REMOTE}/supplies`]);
  await guest.upload(packed, `${REMOTE}/supplies.tar`);
  const unpack = ['tar', '--extract', '--no-same-owner', '--file', `${REMOTE}/supplies.tar`, '--directory'] as const;
  await guest.run([...unpack, `${REMOTE}/supplies`]);
  onProgress('making it a guest');
  const log = `${REMOTE}/log`;
  const script = ['sh', `${REMOTE}/supplies/provision`, `${REMOTE}/supplies`, `${REMOTE}/export.tar`] as const;
  const ended = await guest.run(['env', `PROVISION_CONSOLE=${log}`, ...script], { okExitCodes: 'any' });
  if (ended.exitCode !== 0) {
    const said = (await guest.run(['cat', log], { okExitCodes: 'any' })).stdout.trim().split('\n');
    const step = /stopped at (.*)$/.exec(said.at(-1) ?? '')?.[1] ?? 'its start';
    throw new Fault({
      kind: 'unavailable',
      headline: `The system on ${path.basename(diskPath)} could not be made ${definition.name}: its script stopped at ${step}`,
      hint: 'Fix the disk (boot it, install what is missing, remove a second kernel), or let drydock make the guest: omit --image.',
      detail: [...said, ...ended.stderr.trim().split('\n')].slice(-SAID_LINES),
    });
  }
  onProgress('fetching its kernel, initrd and modules');
  await guest.download(`${REMOTE}/export.tar`, exportPath);
  await guest.run(['rm', '-rf', REMOTE]);
}

/** The version of the package that brought the stock kernel. */
function kernelVersionOf({ family }: GuestDefinition, { packages, release }: GuestExport): string {
  const name = DISTROS[family].kernelPackageName(release);
  const version = packages[name];
  if (version !== undefined) return version;
  throw new Fault({
    kind: 'unavailable',
    headline: `The kernel ${release} of the disk is from no package ${name}`,
    hint: "The stock arm is the distribution's own kernel: install that, and remove the other.",
  });
}

/**
 * Makes a guest of a disk on which a system is installed already: boots it once by its own boot loader from an overlay, gets in as
 * root, and has the definition's script put files and units in their places (docs/adr/0017-a-given-disk-is-made-a-guest-once.md).
 *
 * @throws Fault `usage` for a disk that is not all in one file, `unavailable` when it does not boot, let in, or fit the definition
 */
export async function adoptDisk(host: Host, options: AdoptedDiskOptions): Promise<InstalledImage> {
  const { definition, diskPath, workDir, logPath, signal, onProgress } = options;
  await checkDisk(host, diskPath);
  const { accelerator, reason } = await chooseAccelerator('auto', () =>
    tryKvm(host, hostKernelPath(host), { busyboxPath: options.busyboxPath, directory: workDir, signal }),
  );
  if (accelerator === 'tcg') {
    options.onFinding({ level: 'info', message: `The given disk is made a guest under TCG: ${reason}` });
  }
  const access = await accessFor(host, options);
  const overlay = path.join(workDir, 'adopted-overlay.qcow2');
  await createOverlay(host, diskPath, overlay);
  const exportPath = path.join(workDir, 'export.tar');
  onProgress(`booting ${path.basename(diskPath)} by its own boot loader`);
  try {
    await using machine = await startMachine(
      host,
      {
        accelerator,
        cpus: definition.machine.cpus,
        memoryMb: definition.machine.memoryMb,
        startsFrom: 'disk',
        disk: { path: overlay, format: 'qcow2' },
        drives: access.drives,
        ssh: {},
      },
      {
        directory: path.join(path.dirname(logPath), 'image-adopted'),
        signal,
        onLine: ({ text }) => {
          onProgress(`${path.basename(diskPath)}: ${text.slice(0, 90)}`);
        },
      },
    );
    await using guest = await connect(host, machine, access, options);
    await checkRoot(guest, options);
    await provision(host, guest, options, exportPath);
    await guest.poweroff();
  } catch (error) {
    throw notUnderTest(error, `The disk ${path.basename(diskPath)} could not be made a guest`);
  }
  const exported = await readExport(host, exportPath, definition.initrdModules, workDir, logPath);
  const diskOut = path.join(workDir, 'adopted.qcow2');
  onProgress('keeping the disk');
  await flattenOverlay(host, overlay, diskOut);
  return { ...exported, diskPath: diskOut, kernelVersion: kernelVersionOf(definition, exported) };
}
