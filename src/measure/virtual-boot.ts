import path from 'node:path';
import { virtualClockFlaw } from '../bootlog/timeline/guest-clock.ts';
import { summarizeBootLog } from '../bootlog/summary.ts';
import { virtualMetrics } from '../bootlog/reading/virtual-metrics.ts';
import { clockFault } from '../guest/inspect/clock-fault.ts';
import { startMachine } from '../guest/machine/machine.ts';
import { Fault } from '../host/fault.ts';
import type { Host } from '../host/host.ts';
import { concatenateArchives } from '../initrd/virtual-clock-end.ts';
import type { VirtualBoot } from '../model/boots/boot.ts';

/** One boot on the virtual clock: which arm, what ends it, and where its logs go. */
export interface VirtualBootRequest {
  readonly order: number;
  readonly arm: {
    readonly name: string;
    readonly release: string;
    readonly kernelPath: string;
    readonly initrdPath: string | undefined;
    readonly cmdline: string;
  };
  /** The archive of `initrd/hand-over.ts`. */
  readonly handOverPath: string;
  readonly memoryMb: number;
  /** Folder of this boot's logs. */
  readonly directory: string;
  /** Scratch folder for the initrd. */
  readonly workDir: string;
  readonly signal: AbortSignal;
}

/** A nanosecond an instruction: QEMU's `-icount shift=0`, at which its time stamp counter runs at 1 GHz. */
const TICKS_PER_SEC = 1e9;

/**
 * The kernel's own layout in memory is random by default, and with it how many instructions a look-up takes; `boot=` ends
 * the boot at the hand-over.
 */
const VIRTUAL_PARAMETERS = ['nokaslr', 'boot=drydock'];

const LOG_BEGIN = 'drydock: log begin';
const LOG_END = /^drydock: log end/;

/** The last line of this form, as its first group. */
function lastMatch(lines: readonly string[], pattern: RegExp): string | undefined {
  return lines.flatMap((line) => pattern.exec(line)?.[1] ?? []).at(-1);
}

function unexpected(headline: string, logPath: string): Fault {
  return new Fault({
    kind: 'wrong-kernel',
    headline,
    hint: 'The console log shows what the guest said at the hand-over (src/initrd/virtual-clock-end.sh).',
    logPath,
  });
}

/**
 * Boots an arm's kernel and initrd alone, on one CPU whose time is the instructions it executed, up to where the initrd
 * would mount the root. The same kernel, initrd and command line give the same figures on any machine with this QEMU.
 *
 * @throws Fault with the console's last words when the boot does not get there
 */
export async function measureVirtualBoot(host: Host, request: VirtualBootRequest): Promise<VirtualBoot> {
  const { arm, directory, signal } = request;
  const initrdPath = path.join(request.workDir, 'initrd');
  const parts = [...(arm.initrdPath === undefined ? [] : [arm.initrdPath]), request.handOverPath];
  await host.files.writeAtomic(
    initrdPath,
    concatenateArchives(await Promise.all(parts.map((file) => host.files.readBytes(file)))),
  );
  await using machine = await startMachine(
    host,
    {
      accelerator: 'tcg',
      clock: 'virtual',
      cpus: 1,
      memoryMb: request.memoryMb,
      kernelPath: arm.kernelPath,
      initrdPath,
      cmdline: [arm.cmdline, ...VIRTUAL_PARAMETERS].join(' '),
    },
    { directory, signal },
  );
  await machine.waitFor(LOG_END);
  await machine.kill();

  const lines = machine.console.lines.map((line) => line.text);
  const release = lastMatch(lines, /^drydock: kernel (\S+)/);
  if (release !== arm.release) {
    throw unexpected(`The guest booted ${release ?? 'an unknown kernel'}, not ${arm.release}`, machine.console.path);
  }
  const ticks = lastMatch(lines, /^drydock: clock (\d+)/);
  if (ticks === undefined) throw unexpected('The guest did not tell its clock at the hand-over', machine.console.path);
  const begin = lines.findIndex((line) => line.startsWith(LOG_BEGIN));
  const dmesg =
    begin === -1
      ? ''
      : lines
          .slice(
            begin + 1,
            lines.findLastIndex((line) => LOG_END.test(line)),
          )
          .join('\n');
  if (dmesg !== '') await host.files.writeAtomic(path.join(directory, 'dmesg.txt'), `${dmesg}\n`);
  const log = summarizeBootLog(dmesg);
  const flaw = virtualClockFlaw(ticks, TICKS_PER_SEC, log.markers);
  if (flaw !== undefined) throw clockFault(flaw, machine.console);
  return {
    arm: arm.name,
    order: request.order,
    kernelRelease: release,
    markers: log.markers,
    phases: log.phases,
    costliest: log.costliest,
    warnings: dmesg === '' ? ['this kernel keeps no log: timed by the time stamp counter alone'] : log.warnings,
    metrics: virtualMetrics(log.markers, Number(ticks) / TICKS_PER_SEC),
  };
}
