import path from 'node:path';
import { installerProgress } from '../../guest/console/anaconda-patterns.ts';
import { startMachine } from '../../guest/machine/machine.ts';
import { NO_TIMER_CHECK } from '../../guest/machine/unmeasured-cmdline.ts';
import type { Host } from '../../host/host.ts';
import { concatenateArchives } from '../../initrd/virtual-clock-end.ts';
import { writeNewc } from '../../initrd/archive/newc.ts';
import type { Accelerator } from '../../model/environment.ts';
import type { InstallerMedium } from './medium.ts';
import { notUnderTest } from '../not-under-test.ts';

/** The installer holds its packages' lists, its own root and a transaction in memory. */
const INSTALLER_MEMORY_MB = 2048;
/** Room for a kernel, its initrd and all its modules; the file is sparse. */
const EXPORT_BYTES = 1024 ** 3;

export interface InstallerRun {
  readonly accelerator: Accelerator;
  readonly cpus: number;
  readonly isoPath: string;
  readonly medium: InstallerMedium;
  readonly kickstart: string;
  readonly suppliesPath: string;
  readonly diskPath: string;
  readonly diskGb: number;
  readonly exportPath: string;
  /** Scratch folder. */
  readonly workDir: string;
  /** Where the console and QEMU's own log go. */
  readonly logDirectory: string;
  readonly onProgress: (message: string, fraction?: number) => void;
  readonly signal?: AbortSignal;
  /** Default: as for any machine. */
  readonly silenceMs?: number;
}

/** Where the installer looks for its kickstart: in its own initrd, so that it needs neither a network nor a floppy. */
const KICKSTART = 'ks.cfg';

/**
 * The installer's initrd with a kickstart behind it. The kernel unpacks one archive after the other, whatever each is packed
 * with, if each begins at a multiple of four bytes (Documentation/driver-api/early-userspace/buffer-format.rst).
 */
export function withKickstart(initrd: Uint8Array, kickstart: string): Uint8Array {
  const content = new TextEncoder().encode(kickstart);
  return concatenateArchives([initrd, writeNewc([{ kind: 'file', path: KICKSTART, mode: 0o644, content }])]);
}

/**
 * The installer's command line (anaconda's boot-options.rst): kickstart out of the initrd, the rest of itself and its packages
 * from the volume of that name, everything on the serial console and no terminal multiplexer that would paint over it.
 */
export function installerCmdline(label: string): string {
  // The kernel splits at spaces, and dracut undoes udev's escapes.
  const volume = `hd:LABEL=${label.replaceAll(' ', '\\x20')}`;
  return [
    'console=ttyS0',
    NO_TIMER_CHECK,
    'inst.text',
    'inst.notmux',
    `inst.ks=file:/${KICKSTART}`,
    `inst.stage2=${volume}`,
    'inst.repo=cdrom',
    'net.ifnames=0',
    'panic=-1',
  ].join(' ');
}

/**
 * Runs the distribution's own installer, without a network, and waits until it has powered off. What it leaves is on the disk
 * and in the export. The console is watched as in every boot: a crash, an unanswered question and silence end it; a
 * slow machine does not.
 *
 * @throws Fault `unavailable` with the console's last words
 */
export async function runInstaller(host: Host, run: InstallerRun): Promise<void> {
  const initrdPath = path.join(run.workDir, 'installer-initrd-kickstart');
  const initrd = await host.files.readBytes(run.medium.initrdPath);
  await host.files.writeAtomic(initrdPath, withKickstart(initrd, run.kickstart));
  const create = ['qemu-img', 'create', '-q'] as const;
  await host.processes.run([...create, '-f', 'qcow2', run.diskPath, `${String(run.diskGb)}G`]);
  await host.processes.run([...create, '-f', 'raw', run.exportPath, String(EXPORT_BYTES)]);
  try {
    await using machine = await startMachine(
      host,
      {
        accelerator: run.accelerator,
        cpus: run.cpus,
        memoryMb: INSTALLER_MEMORY_MB,
        kernelPath: run.medium.kernelPath,
        initrdPath,
        cmdline: installerCmdline(run.medium.label),
        disk: { path: run.diskPath, format: 'qcow2' },
        drives: [
          { kind: 'cdrom', path: run.isoPath, serial: 'drydock-installer' },
          { kind: 'disk', path: run.suppliesPath, serial: 'drydock-supplies' },
          { kind: 'disk', path: run.exportPath, serial: 'drydock-export', writable: true },
        ],
      },
      {
        directory: run.logDirectory,
        ...(run.signal === undefined ? {} : { signal: run.signal }),
        ...(run.silenceMs === undefined ? {} : { silenceMs: run.silenceMs }),
        onLine: ({ text }) => {
          const progress = installerProgress(text);
          if (progress === undefined) run.onProgress(`installer: ${text.slice(0, 90)}`);
          else run.onProgress(`installer: ${progress.message}`, progress.fraction);
        },
      },
    );
    await machine.expectExit('the installer to finish');
  } catch (error) {
    throw notUnderTest(error, 'The installation did not end well');
  }
}
