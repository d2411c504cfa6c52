import path from 'node:path';
import { chooseAccelerator } from '../../guest/machine/kvm-probe.ts';
import { Fault } from '../../host/fault.ts';
import type { Host } from '../../host/host.ts';
import type { Finding } from '../../model/finding.ts';
import type { InstalledGuest } from '../../profile/guest-schema.ts';
import { readExport } from '../guest-export.ts';
import type { InstalledImage } from '../guest-export.ts';
import { openInstallerMedium } from './medium.ts';
import { gatherSupplies, packSupplies } from './supplies.ts';
import { runInstaller } from './installer.ts';
import { fillKickstart } from './kickstart.ts';
import { tryKvm } from '../kvm-probe.ts';

export interface CentosImageOptions {
  readonly definition: InstalledGuest;
  /** Folder that the definition's paths are relative to. */
  readonly definitionFolder: string;
  /** The installer's ISO, its digest verified. */
  readonly isoPath: string;
  readonly busyboxPath: string;
  /** Empty scratch folder on a filesystem with a few GB free. */
  readonly workDir: string;
  readonly logPath: string;
  readonly onProgress: (message: string, fraction?: number) => void;
  readonly onFinding: (finding: Finding) => void;
  readonly signal: AbortSignal;
}

/** Under TCG, an installation is some hours of work instead of some minutes. */
const HOUR_MS = 3_600_000;

/**
 * Makes a CentOS guest with the distribution's own installer: kernel and initrd out of its ISO, a kickstart behind the initrd,
 * the packages that the ISO lacks on a second disk, and no network at all (docs/adr/0011-centos-is-installed-without-a-network.md).
 */
export async function buildCentosImage(host: Host, options: CentosImageOptions): Promise<InstalledImage> {
  const { definition, definitionFolder, workDir, isoPath, logPath, signal, onProgress } = options;
  onProgress('opening the installer', 0);
  const medium = await openInstallerMedium(host, isoPath, path.join(workDir, 'medium'));
  const template = await host.files.readText(path.resolve(definitionFolder, definition.kickstart));
  const kickstart = fillKickstart(template, definition);
  onProgress('fetching the packages that the medium lacks', 0.005);
  const suppliesPath = path.join(workDir, 'supplies.iso');
  const run = {
    logPath,
    signal,
    onLine: (line: string) => {
      onProgress(line.slice(0, 100));
    },
  };
  const supplies = await gatherSupplies(host, {
    definition,
    definitionFolder,
    signingKeyPath: medium.signingKeyPath,
    directory: path.join(workDir, 'supplies'),
    run,
  });
  await packSupplies(host, supplies, suppliesPath, run);
  const { accelerator, reason } = await chooseAccelerator('auto', () =>
    tryKvm(host, medium.kernelPath, { busyboxPath: options.busyboxPath, directory: workDir, signal }),
  );
  if (accelerator === 'tcg') {
    options.onFinding({
      level: 'warning',
      message: `The installer of ${definition.name} runs without KVM and takes hours: ${reason}`,
    });
  }
  const diskPath = path.join(workDir, 'installed.qcow2');
  const exportPath = path.join(workDir, 'export.raw');
  const logDirectory = path.join(path.dirname(logPath), 'image-installer');
  await runInstaller(host, {
    accelerator,
    cpus: definition.machine.cpus,
    isoPath,
    medium,
    kickstart,
    suppliesPath,
    diskPath,
    diskGb: definition.machine.diskGb,
    exportPath,
    workDir,
    logDirectory,
    onProgress,
    signal,
    // Its scriptlets, its initrd and its labels print nothing for minutes, under TCG for an hour.
    silenceMs: accelerator === 'tcg' ? 3 * HOUR_MS : HOUR_MS / 3,
  });
  const told = await readExport(
    host,
    exportPath,
    definition.initrdModules,
    workDir,
    path.join(logDirectory, 'console.log'),
  );
  const kernelVersion = told.packages.kernel;
  if (kernelVersion === undefined) {
    throw new Fault({
      kind: 'unavailable',
      headline: 'The installed system does not name the package of its kernel',
      hint: 'rpm -qa in vm-images/files/centos/provision should list "kernel"; see the console log.',
      logPath: path.join(logDirectory, 'console.log'),
    });
  }
  return { ...told, diskPath, kernelVersion };
}
