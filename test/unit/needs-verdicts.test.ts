import { describe, expect, test } from 'vitest';
import type { InitcallSpan } from '../../src/model/boots/bootlog.ts';
import type { CodeIndex, Definition } from '../../src/model/code.ts';
import type { ModuleState, ObserverLog, Tracing } from '../../src/model/needs.ts';
import { evidenceOfFacts } from '../../src/needs/facts.ts';
import { functionEvidence } from '../../src/needs/functions.ts';
import type { NeedsMaterial } from '../../src/needs/evidence-inputs.ts';
import { judgeModules } from '../../src/needs/modules.ts';
import { judgeSymbols, unaskedSymbols } from '../../src/needs/verdicts.ts';

const TRACED: Tracing = { status: 'traced', armed: 9, armSec: 1, ran: 2, lost: 0, disarmedUnseen: 0 };
const phases = [{ name: 'network', fromSec: 100, toSec: 200, status: 'done' }] as const;

const define = (needs: readonly string[], module?: string, isInit = false): readonly Definition[] => [
  { file: 'x.c', needs, isInit, ...(module === undefined ? {} : { module }) },
];
const index: CodeIndex = {
  functions: new Map([
    ['br_handle_frame', define(['NET', 'BRIDGE'], 'bridge')],
    ['br_init', define(['NET', 'BRIDGE'], 'bridge', true)],
    ['ip_vs_in', define(['NET', 'IP_VS'], 'ip_vs')],
    ['mqueue_create', define(['POSIX_MQUEUE'])],
    ['init_mqueue_fs', define(['POSIX_MQUEUE'], undefined, true)],
    ['dmi_init', define(['DMI'], undefined, true)],
    ['addrtype_mt_v1', define(['NET', 'NETFILTER_XT_MATCH_ADDRTYPE'], 'xt_addrtype')],
    ['aa_label', define(['SECURITY_APPARMOR'])],
  ]),
  modules: [
    { name: 'bridge', symbol: 'BRIDGE' },
    { name: 'ip_vs', symbol: 'IP_VS' },
    // Switched on by a built-in symbol, and not what that is for.
    { name: 'dccp_ipv6', symbol: 'IPV6' },
    { name: 'xt_addrtype', symbol: 'NETFILTER_XT_MATCH_ADDRTYPE' },
  ],
  files: [{ file: 'head.S', needs: ['PVH'] }],
};

const module = (name: string, references: number, users: readonly string[] = []): ModuleState => ({
  name,
  sizeBytes: 16384,
  references,
  users,
  atSec: 100,
});
const initcall = (name: string, usecs: number, of?: string): InitcallSpan => ({
  kind: 'initcall',
  name,
  ...(of === undefined ? {} : { module: of }),
  startSec: 1,
  endSec: 1,
  usecs,
  selfUsecs: usecs,
  returned: 0,
  depth: 0,
  line: 1,
});

function material(changes: Partial<ObserverLog> = {}): NeedsMaterial {
  const log: ObserverLog = {
    readySec: 50,
    tracing: TRACED,
    functions: [
      { name: 'br_handle_frame', atSec: 120, task: 'iperf3' },
      { name: 'aa_label', atSec: 121, task: 'runc' },
    ],
    modules: [module('bridge', 1, ['br_netfilter']), module('xt_addrtype', 1), module('xt_addrtype', 2)],
    mounts: [],
    namespaces: ['net'],
    controllers: [],
    delegated: ['pids'],
    knobs: [],
    seccomp: ['2'],
    labels: [],
    unread: 0,
    ...changes,
  };
  const traceable = ['br_handle_frame [bridge]', 'addrtype_mt_v1 [xt_addrtype]', 'mqueue_create', 'aa_label'];
  const packetFilter = {
    backend: 'nf_tables',
    tables: [{ family: 'ipv4', name: 'nat', rules: 4 }],
    matches: ['addrtype'],
    targets: [],
  } as const;
  return {
    index,
    log,
    functions: functionEvidence(index, log.tracing.status === 'traced' ? traceable : [], log.functions),
    facts: evidenceOfFacts(log, packetFilter),
    phases,
    initcalls: [initcall('br_init', 300, 'bridge'), initcall('init_mqueue_fs', 40), initcall('dmi_init', 70)],
    stock: new Map(
      Object.entries({
        NET: 'y',
        BRIDGE: 'm',
        IP_VS: 'm',
        POSIX_MQUEUE: 'y',
        DMI: 'y',
        NETFILTER_XT_MATCH_ADDRTYPE: 'm',
        HZ_250: 'y',
        PVH: 'y',
        NAMESPACES: 'y',
        CGROUP_PIDS: 'y',
        IP_NF_NAT: 'm',
        IP_NF_TARGET_MASQUERADE: 'm',
        IP_VS_RR_TABLE: 'y',
        IPV6: 'y',
        NETDEVICES: 'y',
        PCI: 'y',
      }),
    ),
    candidate: new Map(Object.entries({ NET: 'y', BRIDGE: 'y', IP_VS: 'y' })),
    relations: {
      choices: new Set(['HZ_250']),
      dependencies: new Map([
        ['BRIDGE', ['NET', 'NETDEVICES']],
        ['NETDEVICES', ['PCI']],
        ['IP_VS_RR_TABLE', ['IPV6', 'IP_VS']],
      ]),
      selects: new Map([['IP_NF_TARGET_MASQUERADE', ['NETFILTER_XT_TARGET_MASQUERADE']]]),
    },
    docker: new Map([['BRIDGE', 'necessary']]),
  };
}

const judge = (symbol: string, changes: Partial<ObserverLog> = {}) => {
  const [verdict] = judgeSymbols([{ symbol, fragments: ['docker'] }], material(changes));
  if (verdict === undefined) throw new Error('no verdict');
  return verdict;
};

describe('a symbol is', () => {
  test('used where its code ran, with the call that shows it', () => {
    expect(judge('BRIDGE')).toMatchObject({
      verdict: 'used',
      why: '1 of 1 functions ran, br_handle_frame in network (iperf3)',
      docker: 'necessary',
      boot: { initcalls: ['br_init'], usecs: 300 },
    });
  });

  test('used where a rule, a controller or a mode shows it', () => {
    expect(judge('NETFILTER_XT_MATCH_ADDRTYPE')).toMatchObject({
      verdict: 'used',
      why: 'rules match by addrtype, through nft_compat',
    });
    expect(judge('CGROUP_PIDS')).toMatchObject({ verdict: 'used', why: 'containers have the cgroup controller pids' });
  });

  test('idle where it has code that did not run, even if its initcall ran at boot', () => {
    expect(judge('POSIX_MQUEUE')).toMatchObject({
      verdict: 'idle',
      why: 'none of 1 functions ran; at boot init_mqueue_fs ran',
      functions: { traceable: 1, ran: 0 },
    });
  });

  test('idle where its module was never loaded', () => {
    expect(judge('IP_VS')).toMatchObject({ verdict: 'idle', why: 'module ip_vs was never loaded' });
  });

  test('idle where it is part of a module that was never loaded', () => {
    expect(judge('IP_VS_RR_TABLE')).toMatchObject({
      verdict: 'idle',
      why: 'part of IP_VS, whose module ip_vs was never loaded',
    });
  });

  test('not in stock where the watched kernel has it not', () => {
    expect(judge('RTC_NO_SYNC_ON_READ')).toMatchObject({ verdict: 'not in stock', stock: 'n' });
  });

  test.each([
    ['HZ_250', 'one of a choice: it decides how, and has no code of its own'],
    ['NAMESPACES', 'no code of its own: it changes code of others'],
    ['IP_NF_TARGET_MASQUERADE', 'no code of its own: it stands for NETFILTER_XT_TARGET_MASQUERADE'],
    ['PVH', 'its code is assembly, tables or inline'],
    ['DMI', 'all of its code runs at boot only; at boot dmi_init ran'],
  ])('without evidence, and why: %s', (symbol, why) => {
    expect(judge(symbol)).toMatchObject({ verdict: 'no evidence', why });
  });

  test('not called idle for want of a trace', () => {
    const untraced = { tracing: { status: 'absent', why: 'it has no tracefs' }, functions: [] } as const;
    expect(judge('POSIX_MQUEUE', untraced).verdict).toBe('no evidence');
    expect(judge('POSIX_MQUEUE', untraced).why).toMatch('not traced');
    expect(judge('BRIDGE', untraced)).toMatchObject({ verdict: 'no evidence' });
    expect(judge('NETFILTER_XT_MATCH_ADDRTYPE', untraced).verdict).toBe('used');
  });

  test('not used for being loaded and held by other modules', () => {
    const { verdict, evidence } = judge('BRIDGE', { functions: [] });
    expect(verdict).toBe('idle');
    expect(evidence).toEqual([]);
  });
});

test('what used symbols depend on is told, through any number of symbols', () => {
  const wanted = ['BRIDGE', 'NETDEVICES', 'PCI', 'POSIX_MQUEUE'].map((symbol) => ({ symbol, fragments: ['docker'] }));
  const symbols = judgeSymbols(wanted, material());
  expect(symbols.map(({ symbol, neededBy }) => [symbol, neededBy])).toEqual([
    ['BRIDGE', undefined],
    ['NETDEVICES', ['BRIDGE']],
    ['PCI', ['NETDEVICES']],
    ['POSIX_MQUEUE', undefined],
  ]);
});

test('modules are listed with the most that held them, their cost at boot and what the candidate makes of them', () => {
  const modules = judgeModules(
    material(),
    [{ name: 'xt_addrtype', description: 'Xtables: address type match', license: 'GPL', depends: [] }],
    new Set(['bridge']),
  );
  expect(modules).toEqual([
    {
      name: 'bridge',
      symbol: 'BRIDGE',
      sizeBytes: 16384,
      references: 1,
      users: ['br_netfilter'],
      heldOtherwise: 0,
      bootUsecs: 300,
      loaded: 'boot',
      functions: { traceable: 1, ran: 1 },
      candidate: 'built in',
      verdict: 'used',
    },
    {
      name: 'xt_addrtype',
      symbol: 'NETFILTER_XT_MATCH_ADDRTYPE',
      sizeBytes: 16384,
      description: 'Xtables: address type match',
      license: 'GPL',
      references: 2,
      users: [],
      heldOtherwise: 2,
      loaded: 'work',
      functions: { traceable: 1, ran: 0 },
      candidate: 'absent',
      verdict: 'used',
    },
  ]);
});

test('what ran and the candidate does not have is named', () => {
  expect(unaskedSymbols(material())).toEqual([
    {
      symbol: 'SECURITY_APPARMOR',
      functions: { traceable: 1, ran: 1 },
      example: '1 of 1 functions ran, aa_label in network (runc)',
    },
  ]);
});
