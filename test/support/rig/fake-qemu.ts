import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { KeyPair } from '../../../src/host/host.ts';
import { parseConfig } from '../../../src/kernel/config/config.ts';
import { checkDockerConfig } from '../../../src/kernel/config/docker-requirements.ts';
import { bootLines, lastWord, stamp } from './boot-log.ts';
import type { FakeCall, Gate } from './control.ts';
import { createGate } from './control.ts';
import { readDisk, sha256Of, writeDisk } from './fake-disk.ts';
import type { FakeDisk } from './fake-disk.ts';
import { startGuestSsh } from './guest-ssh.ts';
import type { Answer } from './guest-ssh.ts';
import { STOCK_CONFIG } from './stock-kernel.ts';
import { startMonitor } from './monitor.ts';

/** One boot of the fake guest. */
export interface FakeBoot {
  readonly call: FakeCall;
  readonly bootId: string;
  readonly release: string;
  /** Which measured boot of this rig it is, from 0; absent for the boots of the installation. */
  readonly measured: number | undefined;
  /** Prints a line on the serial console. */
  say(line: string): void;
  /**
   * How its clock shows the seconds since QEMU let it run, in what the guest prints from `ready` on; a test may put another
   * clock in.
   */
  clock: (seconds: number) => string;
}

/** A fake QEMU that boots fake guests; boots wait at `gate` when their kernel is up and before they are ready. */
export interface FakeQemu {
  readonly gate: Gate<FakeBoot>;
  readonly boots: readonly FakeBoot[];
  run(call: FakeCall): Promise<number | undefined>;
}

const MEMINFO = 'MemTotal:        2014212 kB\nMemFree:         1500000 kB\nMemAvailable:    1700000 kB\n';
const PROBE_OUTPUT = 'eth0 172.17.0.2/16\ndefault via 172.17.0.1 dev eth0\n1 packets received\n';
const DOCKER_INFO = JSON.stringify({ ServerVersion: '20.10.24', Driver: 'overlay2', CgroupVersion: '2' });

function valueOf(args: readonly string[], option: string): string | undefined {
  const index = args.indexOf(option);
  return index < 0 ? undefined : args[index + 1];
}

function capture(text: string | undefined, pattern: RegExp): string {
  return pattern.exec(text ?? '')?.[1] ?? '';
}

/** What the guest runs on: the kernel QEMU was given says its own release, and its configuration if it was built here. */
async function kernelOf(file: string): Promise<{ release: string; configText: string | undefined }> {
  const [first = '', ...rest] = (await readFile(file, 'utf8')).split('\n');
  return {
    release: capture(first, /^release=(.+)$/),
    configText: rest.some((line) => line.startsWith('CONFIG_')) ? rest.join('\n') : undefined,
  };
}

const HEADINGS = { necessary: 'Generally Necessary:', optional: 'Optional Features:' } as const;
const DRIVERS = { network: '- Network Drivers:', storage: '- Storage Drivers:' } as const;
const WORDS = { enabled: 'enabled', module: 'enabled (as module)', missing: 'missing' } as const;

/** What Docker's script prints of a configuration, in its own words. */
function checkConfigOutput({ configText = STOCK_CONFIG, boot }: Running): string {
  const [major = 0, minor = 0] = boot.release.split('.').map(Number);
  const rows = checkDockerConfig(parseConfig(configText), { major, minor });
  return Object.entries({ ...HEADINGS, ...DRIVERS })
    .flatMap(([section, heading]) => [
      heading,
      ...rows
        .filter((row) => row.section === section)
        .map(({ symbol, value }) => `- CONFIG_${symbol}: ${WORDS[value]}`),
    ])
    .join('\n');
}

interface Running {
  readonly boot: FakeBoot;
  readonly disk: FakeDisk;
  readonly dmesg: readonly string[];
  readonly configText: string | undefined;
  /** Seconds on the guest's own clock. */
  upSec(): number;
  goDown(reason: 'guest-reset' | 'guest-shutdown'): Promise<void>;
}

async function answerOf(running: Running, argv: readonly string[]): Promise<Answer> {
  const { boot, disk } = running;
  const said = (stdout: string, exitCode = 0): Answer => ({ exitCode, stdout });
  const line = argv.join(' ');
  if (line === 'cat /proc/sys/kernel/random/boot_id') return said(`${boot.bootId}\n`);
  if (line === 'uname -r') return said(`${boot.release}\n`);
  if (line === 'uname -a') return said(`Linux drydock ${boot.release} x86_64 GNU/Linux\n`);
  if (line === 'date +%s.%N') return said(`${(Date.now() / 1000).toFixed(3)}000000\n`);
  if (line.startsWith('sh -c read before _ < /proc/uptime;')) {
    const uptime = running.upSec().toFixed(2);
    boot.say(`${boot.clock(running.upSec())} drydock: clock ${argv.at(-1) ?? ''} ${uptime}`);
    return said(`${uptime}\n`);
  }
  if (line === 'dmesg') return said(`${running.dmesg.join('\n')}\n`);
  if (line === 'zcat /proc/config.gz') return said(running.configText ?? '', running.configText === undefined ? 1 : 0);
  if (line === 'cat /run/drydock/meminfo') return said(MEMINFO);
  if (line === 'docker info --format {{json .}}') return said(DOCKER_INFO);
  if (line.startsWith('docker run ')) return said(PROBE_OUTPUT);
  if (argv[1]?.endsWith('/check-config.sh') === true) return said(checkConfigOutput(running));
  if (line.startsWith('docker import ')) disk.probeImage = true;
  if (argv[0] === 'update-initramfs') {
    // As much as a tool makes of what is there: without the kernel's configuration, nothing.
    const release = argv.at(-1) ?? '';
    if (disk.files[`/boot/config-${release}`] === undefined) return said('', 1);
    disk.files[`/boot/initrd.img-${release}`] = Buffer.from(`initrd of ${release}\n`).toString('base64');
  }
  if (argv[0] === 'sha256sum') {
    const content = disk.files[argv[1] ?? ''];
    return content === undefined
      ? said('', 1)
      : said(`${sha256Of(Buffer.from(content, 'base64'))}  ${argv[1] ?? ''}\n`);
  }
  if (argv[0] === 'rm' && argv[1] !== undefined) {
    disk.files = Object.fromEntries(Object.entries(disk.files).filter(([file]) => file !== argv[1]));
  }
  if (line === 'systemctl reboot') await running.goDown('guest-reset');
  if (line === 'systemctl poweroff') await running.goDown('guest-shutdown');
  return said('');
}

export function createFakeQemu(hostKey: KeyPair): FakeQemu {
  const gate = createGate<FakeBoot>();
  const boots: FakeBoot[] = [];

  const run = async (call: FakeCall): Promise<number | undefined> => {
    const { args } = call;
    if (args.includes('--version')) {
      call.write('QEMU emulator version 7.2.22 (Debian 1:7.2+dfsg-7+deb12u18)\n');
      return 0;
    }
    if (valueOf(args, '-accel') === 'kvm') {
      call.writeError('qemu-system-x86_64: failed to initialize kvm: No such device\n');
      return 1;
    }
    const qmpPath = capture(valueOf(args, '-qmp'), /^unix:([^,]+)/);
    const diskPath = capture(valueOf(args, '-blockdev'), /"filename":"([^"]+)"/);
    const kernel = await kernelOf(valueOf(args, '-kernel') ?? '');
    const disk = await readDisk(diskPath);
    // Measured boots run from a throwaway overlay of this name (src/measure/boot.ts).
    const isMeasured = path.basename(diskPath) === 'overlay.qcow2';
    const boot: FakeBoot = {
      call,
      bootId: randomUUID(),
      release: kernel.release,
      measured: isMeasured ? boots.filter((one) => one.measured !== undefined).length : undefined,
      say: (line) => {
        call.write(`${line}\r\n`);
      },
      clock: stamp,
    };
    boots.push(boot);
    // No two boots are alike, and a kernel of ours is twice as fast. All of it is over sooner than a QEMU can be started:
    // no guest's clock is ahead of the host's.
    const kernelInitSec = (kernel.configText === undefined ? 0.004 : 0.002) * (1 + boots.length / 1000);
    const last = lastWord(disk.probeImage);
    const dmesg = [
      ...bootLines({
        release: kernel.release,
        cmdline: valueOf(args, '-append') ?? '',
        kernelInitSec,
        hasProbeImage: disk.probeImage,
      }),
    ];
    let runsSinceMs = Number.POSITIVE_INFINITY;
    const upSec = (): number => Math.max(last.share * kernelInitSec, (performance.now() - runsSinceMs) / 1000);
    const downAt = new AbortController();
    await using sshd = await startGuestSsh({
      hostPrivateKey: hostKey.privateKey,
      authorizedKey: await readFile(capture(valueOf(args, '-fw_cfg'), /file=(.+)$/), 'utf8'),
      answer: (argv) => answerOf(running, argv),
      store: (file, content) => {
        disk.files[file] = content.toString('base64');
      },
      contentOf: (file) => {
        const content = disk.files[file];
        return content === undefined ? undefined : Buffer.from(content, 'base64');
      },
    });
    await using monitor = await startMonitor({ path: qmpPath, pid: call.pid, sshPort: sshd.port });
    const running: Running = {
      boot,
      disk,
      dmesg,
      configText: kernel.configText,
      upSec,
      goDown: async (reason) => {
        // What a guest has written is on its disk once it has gone down in order, and not before.
        await writeDisk(diskPath, disk);
        monitor.event('SHUTDOWN', { guest: true, reason });
        downAt.abort();
      },
    };
    const comeUp = async (): Promise<void> => {
      await monitor.resumed;
      runsSinceMs = performance.now();
      dmesg.forEach(boot.say);
      await gate.pass(boot);
      dmesg.push(`${boot.clock(upSec())} ${last.text}`);
      dmesg.slice(-1).forEach(boot.say);
      await once(downAt.signal, 'abort');
    };
    // A QEMU that is killed takes its monitor and its guest with it, wherever the guest was.
    await Promise.race([call.gone, comeUp()]);
    return 0;
  };
  return { gate, boots, run };
}
