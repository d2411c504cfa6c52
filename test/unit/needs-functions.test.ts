import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { CodeIndex, Definition } from '../../src/model/code.ts';
import type { RanFunction } from '../../src/model/needs.ts';
import { functionEvidence, functionWords, symbolsOf } from '../../src/needs/functions.ts';

const definition = (file: string, needs: readonly string[], module?: string): Definition => ({
  file,
  needs,
  isInit: false,
  ...(module === undefined ? {} : { module }),
});
const indexOf = (functions: Readonly<Record<string, readonly Definition[]>>): CodeIndex => ({
  functions: new Map(Object.entries(functions)),
  modules: [],
  files: [],
});
const ran = (name: string, atSec = 10, task = 'runc'): RanFunction => ({ name, atSec, task });

describe('functions that ran stand for the symbols they are compiled because of', () => {
  const index = indexOf({
    br_handle_frame: [definition('net/bridge/br_input.c', ['NET', 'BRIDGE'], 'bridge')],
    br_mdb_dump: [definition('net/bridge/br_mdb.c', ['NET', 'BRIDGE', 'BRIDGE_IGMP_SNOOPING'], 'bridge')],
    tcp_sendmsg: [definition('net/ipv4/tcp.c', ['NET', 'INET'])],
    helper: [definition('net/a.c', ['NET', 'A']), definition('net/b.c', ['NET', 'B'])],
    pcibios_init: [{ ...definition('arch/x86/pci/common.c', ['PCI']), isInit: true }],
  });
  const traceable = ['br_handle_frame [bridge]', 'br_mdb_dump [bridge]', 'tcp_sendmsg', 'helper', 'made_by_macro'];

  test('folders, files and conditionals alike, and what did not run counts as traceable', () => {
    const { bySymbol, byModule } = functionEvidence(index, traceable, [ran('br_handle_frame', 10, 'iperf3')]);
    expect(bySymbol.get('BRIDGE')).toMatchObject({ traceable: 2, ran: [{ name: 'br_handle_frame' }] });
    expect(bySymbol.get('BRIDGE_IGMP_SNOOPING')).toEqual({ traceable: 1, ran: [], own: [] });
    expect(bySymbol.get('NET')).toMatchObject({ traceable: 4, own: [] });
    expect(byModule.get('bridge')).toEqual({ traceable: 2, ran: 1 });
  });

  test('a name of two files stands for what both need, and is counted', () => {
    const evidence = functionEvidence(index, traceable, [ran('helper')]);
    expect(evidence.bySymbol.get('NET')?.ran).toHaveLength(1);
    expect(evidence.bySymbol.has('A')).toBe(false);
    expect(evidence.ambiguous).toBe(1);
  });

  test('a name without a definition is counted, and stands for nothing', () => {
    expect(functionEvidence(index, traceable, [ran('made_by_macro')]).unknown).toBe(1);
  });

  test('code that is thrown away after boot is no function of the work', () => {
    expect(functionEvidence(index, ['pcibios_init'], []).bySymbol.has('PCI')).toBe(false);
  });

  test('a name that the kernel and a module have stands for what both need, and for no module', () => {
    const both = indexOf({
      init_once: [definition('net/socket.c', ['NET']), definition('fs/ext4/super.c', ['EXT4_FS'], 'ext4')],
    });
    const evidence = functionEvidence(both, ['init_once', 'init_once [ext4]'], [ran('init_once')]);
    expect(evidence.bySymbol.size).toBe(0);
    expect(evidence.byModule.size).toBe(0);
    expect(evidence.ambiguous).toBe(1);
    // Where only the module has it, it is the module's.
    const alone = functionEvidence(both, ['init_once [ext4]'], [ran('init_once')]);
    expect(alone.bySymbol.get('EXT4_FS')?.ran).toHaveLength(1);
    expect(alone.byModule.get('ext4')).toEqual({ traceable: 1, ran: 1 });
  });

  test('the words name a call of the work before one of the idle machine or of the harness', () => {
    const runs = [ran('tcp_sendmsg', 1, 'systemd'), ran('tcp_close', 12, 'sshd'), ran('tcp_poll', 15, 'iperf3')];
    const words = functionWords({ traceable: 9, ran: runs, own: runs }, [
      { name: 'network', fromSec: 10, toSec: 20, status: 'done' },
    ]);
    expect(words).toBe('3 of 9 functions ran, tcp_poll in network (iperf3)');
    expect(functionWords({ traceable: 9, ran: [], own: [] }, [])).toBeUndefined();
  });

  test('the symbols of a name are never more than those of any file that defines it', () => {
    const needs = fc.uniqueArray(fc.constantFrom<string>('NET', 'INET', 'A', 'B', 'C'));
    fc.assert(
      fc.property(fc.array(needs, { minLength: 1 }), (files) => {
        const definitions = files.map((of, at) => definition(`f${String(at)}.c`, of));
        const { symbols, isAmbiguous } = symbolsOf(definitions);
        for (const of of files) expect(symbols.every((symbol) => of.includes(symbol))).toBe(true);
        expect(isAmbiguous).toBe(files.some((of) => of.length !== symbols.length));
      }),
    );
  });
});
