import { expect, test } from 'vitest';
import type { NeedsReport, SymbolNeed } from '../../src/model/needs.ts';
import { renderNeeds } from '../../src/report/needs/markdown.ts';
import { needsSummary } from '../../src/report/needs/terminal.ts';

const symbol = (name: string, changes: Partial<SymbolNeed>): SymbolNeed => ({
  symbol: name,
  fragments: ['docker'],
  stock: 'm',
  verdict: 'used',
  why: '12 of 622 functions ran, br_handle_frame in network (iperf3)',
  evidence: [],
  functions: { traceable: 622, ran: 12 },
  ...changes,
});

const REPORT: NeedsReport = {
  format: 'drydock-needs/1',
  id: '20261126-003500-docker-min-needs',
  drydockVersion: '0.1.0',
  startedAt: '2026-11-26T00:35:00.000Z',
  finishedAt: '2026-11-26T01:00:00.000Z',
  profile: 'docker-min',
  watched: { arm: 'stock', kernelRelease: '6.1.0-56-amd64', bootId: 'x' },
  candidate: { arm: 'docker-min', fragments: ['virtio', 'docker'] },
  conditions: {
    accelerator: 'tcg',
    qemu: '7.2.22',
    cpus: 2,
    memoryMb: 2048,
    hostCpu: 'a CPU',
    dockerVersion: '20.10.24',
    storageDriver: 'overlay2',
    cgroupVersion: '2',
  },
  phases: [{ name: 'network', fromSec: 100, toSec: 130.5, status: 'done' }],
  tracing: { status: 'traced', armed: 47500, armSec: 20.8, ran: 6579, lost: 0, disarmedUnseen: 0 },
  packetFilter: {
    backend: 'nf_tables',
    tables: [{ family: 'ipv4', name: 'nat', rules: 4 }],
    matches: ['addrtype'],
    targets: ['MASQUERADE'],
  },
  seen: {
    mounts: ['ext4', 'overlay'],
    namespaces: ['net'],
    controllers: ['pids'],
    delegated: ['pids'],
    knobs: [],
    seccomp: ['2'],
    labels: [],
  },
  symbols: [
    symbol('BRIDGE', { docker: 'necessary' }),
    symbol('NETDEVICES', { verdict: 'idle', why: 'none of 3 functions ran', neededBy: ['VETH', 'BRIDGE'] }),
    symbol('IP_VS', { verdict: 'idle', why: 'module ip_vs was never loaded', docker: 'optional' }),
    symbol('VIRTIO_MENU', { fragments: ['virtio', 'docker'], verdict: 'no evidence', why: 'no code of its own' }),
  ],
  modules: [
    {
      name: 'nf_nat',
      symbol: 'NF_NAT',
      sizeBytes: 57344,
      references: 3,
      users: ['nft_chain_nat', 'xt_nat'],
      heldOtherwise: 1,
      bootUsecs: 2240,
      loaded: 'boot',
      functions: { traceable: 59, ran: 17 },
      candidate: 'built in',
      verdict: 'used',
    },
  ],
  unasked: [
    {
      symbol: 'AUDIT',
      functions: { traceable: 90, ran: 8 },
      example: '8 of 90 functions ran, audit_alloc in cpu (runc)',
    },
  ],
  functions: { ambiguous: 48, unknown: 298 },
  warnings: [],
};

test('the report counts verdicts by the first fragment that asks, and overall', () => {
  const lines = renderNeeds(REPORT).split('\n');
  expect(lines).toContain('| virtio | 1 | 0 | 0 | 1 | 0 |');
  expect(lines).toContain('| docker | 3 | 1 | 2 | 0 | 0 |');
  expect(lines).toContain('| all | 4 | 1 | 2 | 1 | 0 |');
});

test('the report shows each symbol with its evidence and what depends on it, and each module with who needs it', () => {
  const text = renderNeeds(REPORT);
  expect(text).toContain('| IP\\_VS | m | idle | optional | module ip\\_vs was never loaded |  |');
  expect(text).toContain('| NETDEVICES | m | idle |  | none of 3 functions ran | VETH, BRIDGE |');
  expect(text).toContain(
    '| nf\\_nat | NF\\_NAT | 56.0 KiB | 3 | nft\\_chain\\_nat, xt\\_nat, 1 more | 2.24 ms | boot | 17/59 | built in |  |',
  );
  expect(text).toContain('0 events were lost');
});

test('a report without a trace says that verdicts rest on less', () => {
  const untraced = { ...REPORT, tracing: { status: 'absent', why: 'it has no tracefs' } } as const;
  expect(renderNeeds(untraced)).toContain('Functions were not traced (it has no tracefs)');
});

test.each([60, 100, 200])('the summary has no line longer than a terminal of %i columns', (columns) => {
  const lines = needsSummary(REPORT, columns).split('\n');
  expect(lines.filter((line) => [...line].length > columns)).toEqual([]);
});

test('the summary names what no workload touched and no used symbol depends on', () => {
  const summary = needsSummary(REPORT, 100);
  expect(summary).toMatch(/^docker: IP_VS$/m);
  expect(summary).not.toContain('NETDEVICES');
});
