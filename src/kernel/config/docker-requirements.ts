import { stripVTControlCharacters } from 'node:util';
import type { RequirementRow } from '../../model/record.ts';
import type { Config } from './config.ts';
import { compareVersions } from '../version.ts';
import type { KernelVersion } from '../version.ts';

type Section = RequirementRow['section'];

/** One `check_flags` line of the script: the symbols it names, and when it names them. */
interface Requirement {
  readonly section: Section;
  readonly symbols: readonly string[];
  /** Last kernel version that is asked for them, inclusive. */
  readonly upTo?: KernelVersion;
  /** First kernel version that is asked for them. */
  readonly from?: KernelVersion;
  /** Asked only while this symbol is off. */
  readonly unless?: string;
}

/**
 * contrib/check-config.sh of moby 20.10, as Debian's docker.io 20.10.24 ships it: same rows in the same order with the
 * same version conditions. Later versions of the script ask for more; the one beside the guest's own dockerd counts.
 */
const REQUIREMENTS: readonly Requirement[] = [
  { section: 'necessary', symbols: ['NAMESPACES', 'NET_NS', 'PID_NS', 'IPC_NS', 'UTS_NS'] },
  {
    section: 'necessary',
    symbols: ['CGROUPS', 'CGROUP_CPUACCT', 'CGROUP_DEVICE', 'CGROUP_FREEZER', 'CGROUP_SCHED', 'CPUSETS', 'MEMCG'],
  },
  { section: 'necessary', symbols: ['KEYS'] },
  { section: 'necessary', symbols: ['VETH', 'BRIDGE', 'BRIDGE_NETFILTER'] },
  { section: 'necessary', symbols: ['IP_NF_FILTER', 'IP_NF_TARGET_MASQUERADE'] },
  {
    section: 'necessary',
    symbols: ['NETFILTER_XT_MATCH_ADDRTYPE', 'NETFILTER_XT_MATCH_CONNTRACK', 'NETFILTER_XT_MATCH_IPVS'],
  },
  { section: 'necessary', symbols: ['NETFILTER_XT_MARK', 'IP_NF_NAT', 'NF_NAT', 'POSIX_MQUEUE'] },
  { section: 'necessary', symbols: ['DEVPTS_MULTIPLE_INSTANCES'], upTo: { major: 4, minor: 7 } },
  { section: 'necessary', symbols: ['NF_NAT_IPV4'], upTo: { major: 5, minor: 1 } },
  { section: 'necessary', symbols: ['NF_NAT_NEEDED'], upTo: { major: 5, minor: 2 } },

  { section: 'optional', symbols: ['USER_NS', 'SECCOMP', 'CGROUP_PIDS', 'MEMCG_SWAP'] },
  { section: 'optional', symbols: ['MEMCG_SWAP_ENABLED'], upTo: { major: 5, minor: 8 } },
  // The vsyscall row stands here; see vsyscallRow.
  { section: 'optional', symbols: ['MEMCG_KMEM'], upTo: { major: 4, minor: 5 } },
  { section: 'optional', symbols: ['RESOURCE_COUNTERS'], upTo: { major: 3, minor: 18 } },
  { section: 'optional', symbols: ['IOSCHED_CFQ', 'CFQ_GROUP_IOSCHED'], upTo: { major: 4, minor: Infinity } },
  { section: 'optional', symbols: ['BLK_CGROUP', 'BLK_DEV_THROTTLING', 'CGROUP_PERF', 'CGROUP_HUGETLB'] },
  { section: 'optional', symbols: ['NET_CLS_CGROUP'] },
  { section: 'optional', symbols: ['NETPRIO_CGROUP'], upTo: { major: 3, minor: 13 } },
  { section: 'optional', symbols: ['CGROUP_NET_PRIO'], from: { major: 3, minor: 14 } },
  { section: 'optional', symbols: ['CFS_BANDWIDTH', 'FAIR_GROUP_SCHED', 'RT_GROUP_SCHED'] },
  { section: 'optional', symbols: ['IP_NF_TARGET_REDIRECT'] },
  { section: 'optional', symbols: ['IP_VS', 'IP_VS_NFCT', 'IP_VS_PROTO_TCP', 'IP_VS_PROTO_UDP', 'IP_VS_RR'] },
  {
    section: 'optional',
    symbols: ['EXT3_FS', 'EXT3_FS_XATTR', 'EXT3_FS_POSIX_ACL', 'EXT3_FS_SECURITY'],
    unless: 'EXT4_USE_FOR_EXT2',
  },
  { section: 'optional', symbols: ['EXT4_FS', 'EXT4_FS_POSIX_ACL', 'EXT4_FS_SECURITY'] },

  { section: 'network', symbols: ['VXLAN', 'BRIDGE_VLAN_FILTERING'] },
  { section: 'network', symbols: ['CRYPTO', 'CRYPTO_AEAD', 'CRYPTO_GCM', 'CRYPTO_SEQIV', 'CRYPTO_GHASH'] },
  { section: 'network', symbols: ['XFRM', 'XFRM_USER', 'XFRM_ALGO', 'INET_ESP'] },
  { section: 'network', symbols: ['INET_XFRM_MODE_TRANSPORT'], upTo: { major: 5, minor: 3 } },
  { section: 'network', symbols: ['IPVLAN', 'MACVLAN', 'DUMMY'] },
  { section: 'network', symbols: ['NF_NAT_FTP', 'NF_CONNTRACK_FTP', 'NF_NAT_TFTP', 'NF_CONNTRACK_TFTP'] },

  { section: 'storage', symbols: ['AUFS_FS'] },
  { section: 'storage', symbols: ['BTRFS_FS', 'BTRFS_FS_POSIX_ACL'] },
  { section: 'storage', symbols: ['BLK_DEV_DM', 'DM_THIN_PROVISIONING'] },
  { section: 'storage', symbols: ['OVERLAY_FS'] },
];

/** The script names the first of these that is on, and none on kernels that have no such choice. */
const VSYSCALL = ['LEGACY_VSYSCALL_NATIVE', 'LEGACY_VSYSCALL_EMULATE', 'LEGACY_VSYSCALL_NONE'] as const;
const ROW_BEFORE_VSYSCALL = new Set(['MEMCG_SWAP', 'MEMCG_SWAP_ENABLED']);

function valueOf(config: Config, symbol: string): RequirementRow['value'] {
  const value = config.get(symbol);
  return value === 'y' ? 'enabled' : value === 'm' ? 'module' : 'missing';
}

function isSet(config: Config, symbol: string): boolean {
  return valueOf(config, symbol) !== 'missing';
}

function applies(requirement: Requirement, config: Config, version: KernelVersion): boolean {
  if (requirement.upTo !== undefined && compareVersions(version, requirement.upTo) > 0) return false;
  if (requirement.from !== undefined && compareVersions(version, requirement.from) < 0) return false;
  return requirement.unless === undefined || !isSet(config, requirement.unless);
}

function vsyscallRow(config: Config): RequirementRow[] {
  const symbol = VSYSCALL.find((one) => isSet(config, one));
  return symbol === undefined ? [] : [{ section: 'optional', symbol, value: 'enabled' }];
}

/**
 * drydock's own check of Docker's kernel requirements on a `.config`, without a shell and without the kernel running:
 * the rows of check-config.sh in its order. What the script asks of the machine it runs on (cgroup mounts, aufs in
 * /proc/filesystems, zfs tools, key limits) is no property of a configuration and has no row.
 */
export function checkDockerConfig(config: Config, version: KernelVersion): RequirementRow[] {
  const rows = REQUIREMENTS.filter((requirement) => applies(requirement, config, version)).flatMap((requirement) =>
    requirement.symbols.map((symbol) => ({ section: requirement.section, symbol, value: valueOf(config, symbol) })),
  );
  const after = rows.findLastIndex((row) => ROW_BEFORE_VSYSCALL.has(row.symbol));
  return rows.toSpliced(after + 1, 0, ...vsyscallRow(config));
}

/** Generally necessary symbols that are neither built in nor a module. */
export function missingNecessary(rows: readonly RequirementRow[]): readonly string[] {
  return rows.filter((row) => row.section === 'necessary' && row.value === 'missing').map((row) => row.symbol);
}

const HEADINGS: readonly (readonly [string, Section | undefined])[] = [
  ['Generally Necessary:', 'necessary'],
  ['Optional Features:', 'optional'],
  ['- Network Drivers:', 'network'],
  ['- Storage Drivers:', 'storage'],
  ['Limits:', undefined],
];

const VALUES: Readonly<Record<string, RequirementRow['value']>> = {
  enabled: 'enabled',
  'enabled (as module)': 'module',
  missing: 'missing',
};

/** Reads what check-config.sh printed, with or without its colours; rows that judge the machine are left out. */
export function parseCheckConfigOutput(text: string): RequirementRow[] {
  const rows: RequirementRow[] = [];
  let section: Section | undefined;
  for (const line of stripVTControlCharacters(text).split('\n')) {
    const heading = HEADINGS.find(([words]) => line.trim() === words);
    if (heading !== undefined) section = heading[1];
    const [, symbol, words = ''] = /^\s*- CONFIG_(\w+): (.+?)\s*$/.exec(line) ?? [];
    const value = Object.hasOwn(VALUES, words) ? VALUES[words] : undefined;
    if (section !== undefined && symbol !== undefined && value !== undefined) rows.push({ section, symbol, value });
  }
  return rows;
}

function describe(row: RequirementRow | undefined): string {
  return row === undefined ? 'no row' : `${row.value} (${row.section})`;
}

/** Rows on which our check and the script's output differ, each a sentence that begins with the symbol. */
export function compareChecks(ours: readonly RequirementRow[], theirs: readonly RequirementRow[]): string[] {
  const symbols = new Set([...ours, ...theirs].map((row) => row.symbol));
  return [...symbols].flatMap((symbol) => {
    const our = describe(ours.find((row) => row.symbol === symbol));
    const their = describe(theirs.find((row) => row.symbol === symbol));
    return our === their ? [] : [`${symbol}: drydock says ${our}, check-config.sh says ${their}`];
  });
}
