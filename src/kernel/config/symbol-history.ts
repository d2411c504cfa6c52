/** Releases from one to another, both inclusive, as `4.10`; an end that is not given is open. */
export interface Releases {
  readonly from?: string;
  readonly upTo?: string;
}

/** Another symbol that does the same in other releases. */
export interface OtherName extends Releases {
  readonly name: string;
  /** It asks the opposite question: `y` here is `n` there. */
  readonly opposite?: boolean;
}

/** When a symbol exists, and what stands for it when it does not. */
export interface SymbolHistory extends Releases {
  readonly names?: readonly OtherName[];
  /** Releases without the symbol do in any case what it asks for. */
  readonly always?: boolean;
}

/**
 * Symbols of pipelines/kconfig/ that not every release from 3.10 to 6.12 has. A tree that does have a symbol is not asked
 * for its version: stable branches take over what later releases brought, mitigations above all, so `from` is the first
 * mainline release that is sure to have it.
 *
 * The ends at 6.1 and 6.12 were checked against all Kconfig files of Debian's linux-source-6.1 (6.1.192) and -6.12
 * (6.12.117): what the fragments ask for exists in both but for the rows that say otherwise here. The patches that renamed
 * or split KCMP, BASE_FULL, AUTOFS4_FS, MEMCG_SWAP and the mitigations, and net/ipv4/netfilter/Kconfig of trees around 3.18
 * and 4.9, were read for their rows; so were large parts of a configuration of 4.10.0 that has nearly everything on. The other first releases are from the kernel's history as remembered; a row that is
 * wrong there lets a run stop, as it did without the table, or leaves out what the tree has not got.
 */
export const SYMBOL_HISTORY: Readonly<Record<string, SymbolHistory>> = {
  // distribution
  SYSTEM_TRUSTED_KEYS: { from: '4.3' },
  DEBUG_INFO_NONE: { from: '5.18', names: [{ name: 'DEBUG_INFO', upTo: '5.17', opposite: true }] },
  MODULE_COMPRESS_NONE: {
    from: '5.13',
    upTo: '6.11',
    always: true,
    names: [
      { name: 'MODULE_COMPRESS', upTo: '5.12', opposite: true },
      { name: 'MODULE_COMPRESS', from: '6.12', opposite: true },
    ],
  },

  // x86-guest
  PVH: { from: '5.0' },
  KERNEL_ZSTD: { from: '5.9' },
  CC_OPTIMIZE_FOR_PERFORMANCE: {
    from: '4.7',
    names: [{ name: 'CC_OPTIMIZE_FOR_SIZE', upTo: '4.6', opposite: true }],
  },
  SLUB_CPU_PARTIAL: { from: '3.11', always: true },
  FW_CFG_SYSFS: { from: '4.6' },
  MODPROBE_PATH: { from: '5.13' },

  // virtio
  VIRTIO_MENU: { from: '4.17', always: true },
  RANDOM_TRUST_CPU: { from: '4.19', upTo: '6.1' },
  RANDOM_TRUST_BOOTLOADER: { from: '5.4', upTo: '6.1' },

  // console
  MAGIC_SYSRQ_SERIAL: { from: '4.13', always: true },

  // security
  CPU_MITIGATIONS: { from: '6.9', names: [{ name: 'SPECULATION_MITIGATIONS', from: '5.19', upTo: '6.8' }] },
  PAGE_TABLE_ISOLATION: {
    from: '4.15',
    upTo: '6.8',
    names: [{ name: 'MITIGATION_PAGE_TABLE_ISOLATION', from: '6.9' }],
  },
  RETPOLINE: { from: '4.15', upTo: '6.8', names: [{ name: 'MITIGATION_RETPOLINE', from: '6.9' }] },
  RETHUNK: { from: '5.19', upTo: '6.8', names: [{ name: 'MITIGATION_RETHUNK', from: '6.9' }] },
  CPU_UNRET_ENTRY: { from: '5.19', upTo: '6.8', names: [{ name: 'MITIGATION_UNRET_ENTRY', from: '6.9' }] },
  CPU_IBPB_ENTRY: { from: '5.19', upTo: '6.8', names: [{ name: 'MITIGATION_IBPB_ENTRY', from: '6.9' }] },
  CPU_IBRS_ENTRY: { from: '5.19', upTo: '6.8', names: [{ name: 'MITIGATION_IBRS_ENTRY', from: '6.9' }] },
  CPU_SRSO: { from: '6.5', upTo: '6.8', names: [{ name: 'MITIGATION_SRSO', from: '6.9' }] },
  SLS: { from: '5.17', upTo: '6.8', names: [{ name: 'MITIGATION_SLS', from: '6.9' }] },
  MITIGATION_RFDS: { from: '6.9' },
  MITIGATION_SPECTRE_BHI: { from: '6.9' },
  MITIGATION_ITS: { from: '6.15' },
  MITIGATION_TSA: { from: '6.16' },
  X86_INTEL_TSX_MODE_OFF: { from: '5.4' },
  X86_UMIP: { from: '5.5', names: [{ name: 'X86_INTEL_UMIP', from: '4.15', upTo: '5.4' }] },
  LEGACY_VSYSCALL_NONE: { from: '4.4' },
  BPF_JIT_ALWAYS_ON: { from: '4.15' },
  BPF_UNPRIV_DEFAULT_OFF: { from: '5.13' },
  RANDOMIZE_BASE: { from: '3.14' },
  RANDOMIZE_MEMORY: { from: '4.8' },
  RANDOMIZE_KSTACK_OFFSET: { from: '5.18' },
  RANDOMIZE_KSTACK_OFFSET_DEFAULT: { from: '5.13' },
  STACKPROTECTOR: { from: '4.18', names: [{ name: 'CC_STACKPROTECTOR', upTo: '4.17' }] },
  STACKPROTECTOR_STRONG: { from: '4.18', names: [{ name: 'CC_STACKPROTECTOR_STRONG', from: '3.14', upTo: '4.17' }] },
  VMAP_STACK: { from: '4.9' },
  INIT_STACK_ALL_ZERO: { from: '5.9' },
  INIT_ON_ALLOC_DEFAULT_ON: { from: '5.3' },
  HARDENED_USERCOPY: { from: '4.8' },
  FORTIFY_SOURCE: { from: '4.13' },
  SLAB_FREELIST_RANDOM: { from: '4.7' },
  SLAB_FREELIST_HARDENED: { from: '4.14' },
  STRICT_MODULE_RWX: { from: '4.11', names: [{ name: 'DEBUG_SET_MODULE_RONX', upTo: '4.10' }] },
  BUG_ON_DATA_CORRUPTION: { from: '4.10' },

  // docker
  BPF_SYSCALL: { from: '3.18' },
  CGROUP_BPF: { from: '4.10' },
  CGROUP_PIDS: { from: '4.3' },
  OVERLAY_FS: { from: '3.18' },
  IP_NF_NAT: { from: '3.17', names: [{ name: 'NF_NAT_IPV4', upTo: '3.16' }] },
  IP6_NF_NAT: { from: '3.17', names: [{ name: 'NF_NAT_IPV6', upTo: '3.16' }] },
  NETFILTER_XT_NAT: { from: '3.17', always: true },
  // Until then IP_NF_TARGET_MASQUERADE and its sister, which the fragment asks for too, were the target themselves.
  NETFILTER_XT_TARGET_MASQUERADE: { from: '5.2', always: true },
  NF_TABLES: { from: '3.13' },
  NF_TABLES_INET: { from: '3.14' },
  NF_TABLES_IPV4: { from: '3.13' },
  NF_TABLES_IPV6: { from: '3.13' },
  NFT_COMPAT: { from: '3.13' },
  NFT_CT: { from: '3.13' },
  NFT_NAT: { from: '3.13' },
  NFT_MASQ: { from: '3.18' },
  NFT_FIB: { from: '4.10' },
  NFT_FIB_IPV4: { from: '4.10' },
  NFT_FIB_IPV6: { from: '4.10' },

  // cgroup-v1
  CGROUP_NET_CLASSID: { from: '3.14', names: [{ name: 'NET_CLS_CGROUP', upTo: '3.13' }] },
  CGROUP_NET_PRIO: { from: '3.14', names: [{ name: 'NETPRIO_CGROUP', upTo: '3.13' }] },

  // systemd
  MULTIUSER: { from: '4.1', always: true },
  POSIX_TIMERS: { from: '4.10', always: true },
  ADVISE_SYSCALLS: { from: '3.18', always: true },
  MEMBARRIER: { from: '4.3' },
  RSEQ: { from: '4.18' },
  IO_URING: { from: '5.1' },
  KCMP: { from: '5.12', names: [{ name: 'CHECKPOINT_RESTORE', upTo: '5.11' }] },
  BASE_FULL: { upTo: '6.9', names: [{ name: 'BASE_SMALL', from: '6.10', opposite: true }] },
  EXT4_USE_FOR_EXT2: { from: '4.3', names: [{ name: 'EXT4_USE_FOR_EXT23', upTo: '4.2' }] },
  AUTOFS_FS: { from: '4.18', names: [{ name: 'AUTOFS4_FS', upTo: '4.17' }] },
};

/** A second symbol that some releases need for the same effect; later releases made it part of the first. */
export const COMPANION_SYMBOLS: Readonly<Record<string, readonly OtherName[]>> = {
  MEMCG: [
    { name: 'RESOURCE_COUNTERS', upTo: '3.18' },
    { name: 'MEMCG_KMEM', upTo: '4.5' },
    { name: 'MEMCG_SWAP', upTo: '5.7' },
  ],
  // Until then there were no tests to disable without the manager, which nothing of docker-min selects.
  CRYPTO_MANAGER_DISABLE_TESTS: [{ name: 'CRYPTO_MANAGER', upTo: '5.8' }],
  UNIX98_PTYS: [{ name: 'DEVPTS_MULTIPLE_INSTANCES', upTo: '4.6' }],
  NF_CONNTRACK: [
    { name: 'NF_CONNTRACK_IPV4', upTo: '4.18' },
    { name: 'NF_CONNTRACK_IPV6', upTo: '4.18' },
  ],
  NF_NAT: [
    { name: 'NF_NAT_IPV4', upTo: '5.0' },
    { name: 'NF_NAT_IPV6', upTo: '5.0' },
  ],
  NFT_NAT: [
    { name: 'NFT_CHAIN_NAT_IPV4', upTo: '5.0' },
    { name: 'NFT_CHAIN_NAT_IPV6', upTo: '5.0' },
  ],
  NFT_MASQ: [
    { name: 'NFT_MASQ_IPV4', upTo: '5.0' },
    { name: 'NFT_MASQ_IPV6', upTo: '5.0' },
  ],
};
