import type { Evidence, EvidenceKind, NeedsReport, PacketFilter } from '../model/needs.ts';

type Table = Readonly<Record<string, readonly string[]>>;

/** What of an observation stands for which symbols. Source: the Kconfig and Makefile lines of Linux 6.1 that make each name. */
const FILE_SYSTEMS: Table = {
  autofs: ['AUTOFS_FS'],
  binfmt_misc: ['BINFMT_MISC'],
  bpf: ['BPF_SYSCALL'],
  cgroup: ['CGROUPS'],
  cgroup2: ['CGROUPS'],
  configfs: ['CONFIGFS_FS'],
  debugfs: ['DEBUG_FS'],
  devpts: ['UNIX98_PTYS'],
  devtmpfs: ['DEVTMPFS'],
  ext4: ['EXT4_FS'],
  fusectl: ['FUSE_FS'],
  hugetlbfs: ['HUGETLBFS'],
  mqueue: ['POSIX_MQUEUE'],
  overlay: ['OVERLAY_FS'],
  proc: ['PROC_FS'],
  pstore: ['PSTORE'],
  securityfs: ['SECURITYFS'],
  sysfs: ['SYSFS'],
  tmpfs: ['TMPFS'],
  tracefs: ['TRACING'],
  xfs: ['XFS_FS'],
};

/** Controllers of cgroup v2 (Documentation/admin-guide/cgroup-v2.rst). */
const CONTROLLERS: Table = {
  cpu: ['CGROUP_SCHED', 'FAIR_GROUP_SCHED'],
  cpuset: ['CPUSETS'],
  hugetlb: ['CGROUP_HUGETLB'],
  io: ['BLK_CGROUP'],
  memory: ['MEMCG'],
  misc: ['CGROUP_MISC'],
  pids: ['CGROUP_PIDS'],
  rdma: ['CGROUP_RDMA'],
};

const NAMESPACES: Table = {
  cgroup: ['CGROUPS'],
  ipc: ['IPC_NS'],
  net: ['NET_NS'],
  pid: ['PID_NS'],
  time: ['TIME_NS'],
  user: ['USER_NS'],
  uts: ['UTS_NS'],
};

const SECCOMP_MODES: Table = { '1': ['SECCOMP'], '2': ['SECCOMP', 'SECCOMP_FILTER'] };

/** Matches and targets that rules named. Through nft_compat they are the same modules as for the legacy tables. */
const MATCHES: Table = {
  addrtype: ['NETFILTER_XT_MATCH_ADDRTYPE'],
  comment: ['NETFILTER_XT_MATCH_COMMENT'],
  conntrack: ['NETFILTER_XT_MATCH_CONNTRACK'],
  ipvs: ['NETFILTER_XT_MATCH_IPVS'],
  mark: ['NETFILTER_XT_MARK'],
};
const TARGETS: Table = {
  DNAT: ['NETFILTER_XT_NAT'],
  SNAT: ['NETFILTER_XT_NAT'],
  MARK: ['NETFILTER_XT_MARK'],
  MASQUERADE: ['NETFILTER_XT_TARGET_MASQUERADE'],
  REDIRECT: ['NETFILTER_XT_TARGET_REDIRECT'],
};
/** What holds a legacy table; under nf_tables a table of that name is an ordinary one of the family. */
const LEGACY_TABLES: Readonly<Record<'ipv4' | 'ipv6', Table>> = {
  ipv4: { filter: ['IP_NF_FILTER'], mangle: ['IP_NF_MANGLE'], nat: ['IP_NF_NAT'], raw: ['IP_NF_RAW'] },
  ipv6: { filter: ['IP6_NF_FILTER'], mangle: ['IP6_NF_MANGLE'], nat: ['IP6_NF_NAT'], raw: ['IP6_NF_RAW'] },
};
const NFT_FAMILIES: Readonly<Record<'ipv4' | 'ipv6', readonly string[]>> = {
  ipv4: ['NF_TABLES', 'NF_TABLES_IPV4'],
  ipv6: ['NF_TABLES', 'NF_TABLES_IPV6'],
};

/** An observation, and the symbols that make it possible. */
interface Fact {
  readonly symbols: readonly string[];
  readonly evidence: Evidence;
}

function factsOf(kind: EvidenceKind, names: readonly string[], table: Table, words: (name: string) => string): Fact[] {
  return names.flatMap((name) => {
    const symbols = Object.hasOwn(table, name) ? table[name] : undefined;
    return symbols === undefined ? [] : [{ symbols, evidence: { kind, detail: words(name) } }];
  });
}

function packetFilterFacts({ backend, tables, matches, targets }: PacketFilter): Fact[] {
  const kind = 'packet filter';
  const throughNft = backend === 'nf_tables' ? ', through nft_compat' : '';
  return [
    ...tables
      .filter(({ rules }) => rules > 0)
      .flatMap(({ family, name, rules }): Fact[] => {
        const symbols = backend === 'nf_tables' ? NFT_FAMILIES[family] : (LEGACY_TABLES[family][name] ?? []);
        const detail = `${String(rules)} rules in the ${family} table ${name}${backend === 'nf_tables' ? ' of nf_tables' : ''}`;
        return [{ symbols, evidence: { kind, detail } }];
      }),
    ...factsOf(kind, matches, MATCHES, (name) => `rules match by ${name}${throughNft}`),
    ...factsOf(kind, targets, TARGETS, (name) => `rules jump to ${name}${throughNft}`),
  ];
}

/** Evidence by symbol of everything that was seen apart from functions and modules. */
export function evidenceOfFacts(
  seen: NeedsReport['seen'],
  packetFilter: PacketFilter,
): ReadonlyMap<string, readonly Evidence[]> {
  const facts: Fact[] = [
    ...factsOf('controller', seen.delegated, CONTROLLERS, (name) => `containers have the cgroup controller ${name}`),
    ...factsOf('controller', seen.controllers, CONTROLLERS, (name) => `the cgroup controller ${name} is enabled`),
    ...packetFilterFacts(packetFilter),
    ...factsOf('file system', seen.mounts, FILE_SYSTEMS, (name) => `${name} is mounted`),
    ...factsOf('namespace', seen.namespaces, NAMESPACES, (name) => `there are several ${name} namespaces`),
    ...factsOf('seccomp', seen.seccomp, SECCOMP_MODES, (mode) =>
      mode === '2' ? 'processes run under a seccomp filter' : 'processes run under strict seccomp',
    ),
    ...seen.labels.slice(0, 1).map((label): Fact => ({
      symbols: ['SECURITY_APPARMOR'],
      evidence: { kind: 'confinement', detail: `processes are confined by ${label}` },
    })),
  ];
  const bySymbol = new Map<string, Evidence[]>();
  for (const { symbols, evidence } of facts) {
    for (const symbol of symbols) bySymbol.set(symbol, [...(bySymbol.get(symbol) ?? []), evidence]);
  }
  return bySymbol;
}
