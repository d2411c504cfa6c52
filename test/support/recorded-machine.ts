import { mkdir, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';

/** Files of a machine's /proc and /sys, by path; a value `{ linkTo }` is a symbolic link. */
export type RecordedFiles = Readonly<Record<string, string | { readonly linkTo: string }>>;

/** Writes a machine's /proc and /sys below `root`, as the sampler's `--root` takes them. */
export async function writeRecordedMachine(root: string, files: RecordedFiles): Promise<void> {
  for (const [name, content] of Object.entries(files)) {
    const file = path.join(root, name);
    await mkdir(path.dirname(file), { recursive: true });
    await (typeof content === 'string' ? writeFile(file, content) : symlink(content.linkTo, file));
  }
}

const NET_HEAD =
  'Inter-|   Receive                                                |  Transmit\n' +
  ' face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed\n';

/** /proc/net/dev as net/core/net-procfs.c writes it; interface → bytes received and sent. */
function netDev(interfaces: Readonly<Record<string, readonly [number, number]>>): string {
  const line = ([name, [received, sent]]: [string, readonly [number, number]]): string =>
    `${name.padStart(6)}: ${received}   12    0    0    0     0          0         0 ${sent}   9    0    0    0     0       0          0\n`;
  return NET_HEAD + Object.entries(interfaces).map(line).join('');
}

/**
 * A machine with a disk of two partitions, a device mapper, a loop device, one network card, and Docker's bridge with a veth:
 * 3.7 s busy, 6 of 8 MiB available, 2 sectors read and 3 written, 1000 bytes received and 2000 sent.
 */
export const MACHINE_FILES: RecordedFiles = {
  'proc/stat':
    'cpu  100 20 150 9000 300 40 60 70 5 0\ncpu0 50 10 75 4500 150 20 30 35 2 0\ncpu1 50 10 75 4500 150 20 30 35 3 0\nintr 1 2 3\n',
  'proc/loadavg': '0.42 0.10 0.05 1/99 1234\n',
  'proc/meminfo': 'MemTotal:           8192 kB\nMemFree:             100 kB\nMemAvailable:       6144 kB\n',
  'proc/diskstats':
    ' 254       0 vda 1 0 2 4 5 0 3 6 0 7 8 0 0 0 0 0 0\n 254       1 vda1 1 0 2 4 5 0 3 6 0 7 8 0 0 0 0 0 0\n' +
    ' 253       0 dm-0 1 0 2 4 5 0 3 6 0 7 8 0 0 0 0 0 0\n   7       0 loop0 9 0 9 9 9 0 9 9 0 9 9 0 0 0 0 0 0\n',
  'proc/net/dev': netDev({ lo: [7, 7], eth0: [1000, 2000], docker0: [500, 600], veth1a2b3c: [500, 600] }),
  'proc/self/ns/net': { linkTo: 'net:[4026531840]' },
  'sys/block/vda/device': { linkTo: '../../../virtio1' },
  'sys/block/dm-0/size': '1\n',
  'sys/block/loop0/size': '1\n',
  'sys/class/net/eth0/device': { linkTo: '../../../virtio0' },
  'sys/class/net/docker0/address': '02:42\n',
};

const ID = '0123456789abcdef';

/** A container of process 500 on a machine with cgroup v2 alone and systemd's driver, as on Debian 12. */
export const CGROUP_V2: RecordedFiles = {
  'proc/self/mountinfo':
    '23 1 0:21 / /proc rw shared:13 - proc proc rw\n30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n',
  'proc/500/stat': '500 (sleep) S 480\n',
  'proc/500/cgroup': `0::/system.slice/docker-${ID}.scope\n`,
  'proc/500/ns/net': { linkTo: 'net:[4026532222]' },
  'proc/500/net/dev': netDev({ lo: [9, 9], eth0: [333, 444] }),
  [`sys/fs/cgroup/system.slice/docker-${ID}.scope/cpu.stat`]:
    'usage_usec 1234567\nuser_usec 1000000\nsystem_usec 234567\n',
  [`sys/fs/cgroup/system.slice/docker-${ID}.scope/memory.current`]: '5000000\n',
  [`sys/fs/cgroup/system.slice/docker-${ID}.scope/memory.stat`]: 'anon 4000000\nfile 1000000\ninactive_file 700000\n',
  [`sys/fs/cgroup/system.slice/docker-${ID}.scope/io.stat`]:
    '8:0 rbytes=100 wbytes=200 rios=1 wios=2 dbytes=0 dios=0\n254:0 rbytes=11 wbytes=22 rios=1 wios=2 dbytes=0 dios=0\n',
};

/** The same of cgroup v1 beside systemd's v2 tree, with the cgroupfs driver; `mounts` is that of a Debian 11 in hybrid mode. */
export const CGROUP_V1: RecordedFiles = {
  'proc/self/mountinfo': [
    '25 24 0:22 / /sys/fs/cgroup ro,nosuid shared:9 - tmpfs tmpfs ro,mode=755',
    '26 25 0:23 / /sys/fs/cgroup/unified rw,nosuid shared:10 - cgroup2 cgroup2 rw,nsdelegate',
    '27 25 0:24 / /sys/fs/cgroup/systemd rw,nosuid shared:11 - cgroup cgroup rw,xattr,name=systemd',
    '31 25 0:28 / /sys/fs/cgroup/cpu,cpuacct rw,nosuid shared:15 - cgroup cgroup rw,cpu,cpuacct',
    '32 25 0:29 / /sys/fs/cgroup/memory rw,nosuid shared:16 - cgroup cgroup rw,memory',
    '33 25 0:30 / /sys/fs/cgroup/blkio rw,nosuid shared:17 - cgroup cgroup rw,blkio\n',
  ].join('\n'),
  'proc/500/stat': '500 (sleep) S 480\n',
  'proc/500/cgroup':
    `9:memory:/docker/${ID}\n8:blkio:/docker/${ID}\n4:cpu,cpuacct:/docker/${ID}\n` +
    `1:name=systemd:/docker/${ID}\n0::/system.slice/containerd.service\n`,
  'proc/500/ns/net': { linkTo: 'net:[4026532222]' },
  'proc/500/net/dev': netDev({ lo: [9, 9], eth0: [333, 444] }),
  // What the daemon itself uses, in v2's tree of the hybrid: not the container's.
  'sys/fs/cgroup/unified/system.slice/containerd.service/cpu.stat': 'usage_usec 999999999\n',
  [`sys/fs/cgroup/cpu,cpuacct/docker/${ID}/cpuacct.usage`]: '1234567890\n',
  [`sys/fs/cgroup/memory/docker/${ID}/memory.usage_in_bytes`]: '5000000\n',
  [`sys/fs/cgroup/memory/docker/${ID}/memory.stat`]:
    'cache 5\ninactive_file 1\ntotal_cache 5\ntotal_inactive_file 700000\n',
  [`sys/fs/cgroup/blkio/docker/${ID}/blkio.throttle.io_service_bytes`]:
    '8:0 Read 100\n8:0 Write 200\n8:0 Sync 300\n8:0 Async 0\n8:0 Discard 0\n8:0 Total 300\n254:0 Read 11\n254:0 Write 22\nTotal 333\n',
};
