import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parseFunctionName, parseObserverLog } from '../../src/needs/observer-log.ts';

/** Lines of a real watch: Debian 12's 6.1 kernel under TCG. */
const lines = readFileSync(new URL('../fixtures/needs/observer.log', import.meta.url), 'utf8')
  .trim()
  .split('\n');

describe('the observer’s log', () => {
  test('tells what the trace was, what ran and what was loaded', () => {
    const log = parseObserverLog(lines);
    expect(log.unread).toBe(0);
    expect(log.tracing).toMatchObject({ status: 'traced', armed: 47500, lost: 0 });
    const ran = log.functions.find(({ name }) => name === 'br_handle_frame');
    expect(ran?.atSec).toBeGreaterThan(log.readySec);
    const bridge = log.modules.find(({ name }) => name === 'bridge');
    expect(bridge).toMatchObject({ sizeBytes: 319488, references: 1, users: ['br_netfilter'] });
    expect(log.mounts).toContain('overlay');
    expect(log.namespaces).toContain('net');
    expect(log.delegated).toContain('pids');
    expect(log.seccomp).toEqual(['2']);
    expect(log.knobs.some((knob) => knob.startsWith('pids.max '))).toBe(true);
  });

  test('without its end tells that nothing is known of what was lost', () => {
    const cut = lines.filter((line) => !/^(?:traced|end) /.test(line));
    expect(parseObserverLog(cut).tracing.status).toBe('absent');
    expect(parseObserverLog(cut).functions.length).toBeGreaterThan(0);
  });

  test('of a kernel without ftrace says why', () => {
    const log = parseObserverLog(['observer 1', 'untraced 10.00 it has no tracefs', 'ready 10.01', 'end 20.00']);
    expect(log.tracing).toEqual({ status: 'absent', why: 'it has no tracefs' });
    expect(log.readySec).toBe(10.01);
  });

  test('has no number that no clock or counter shows: such a line is not read', () => {
    const digits = '9'.repeat(400);
    const odd = [
      `fn ${digits} sh sys_x`,
      `fn 1e5 sh sys_x`,
      `module 1.00 bridge ${digits} 1 -`,
      `module 1.00 bridge 319488 ${digits} -`,
      `armed 1.00 ${digits} 1.00`,
      `armed 1.00 10 ${digits}`,
      `ready ${digits}`,
    ];
    const log = parseObserverLog(['observer 1', ...odd, 'armed 1.00 10 1.00', `traced 2.00 ${digits} 0 0`, 'end 3.00']);
    expect(log).toMatchObject({ functions: [], modules: [], unread: odd.length + 1 });
    expect(log.tracing.status).toBe('absent');
    expect(log.readySec).toBeNaN();
  });

  test('of a kernel that counts no references of modules has none', () => {
    const log = parseObserverLog(['module 1.00 bridge 319488 - -', 'module 2.00 veth 100 -1 -']);
    expect(log.modules.map(({ references }) => references)).toEqual([0, 0]);
  });

  test('counts lines that it does not know', () => {
    expect(parseObserverLog(['observer 1', 'perl: warning: odd', 'fn 1.0 sh sys_x']).unread).toBe(1);
  });
});

test.each([
  ['tcp_sendmsg', { name: 'tcp_sendmsg' }],
  ['br_handle_frame [bridge]', { name: 'br_handle_frame', module: 'bridge' }],
  ['memcg_charge.constprop.0', { name: 'memcg_charge' }],
  ['ext4_find.isra.0 [ext4]', { name: 'ext4_find', module: 'ext4' }],
])('the traced name %s is told apart', (text, expected) => {
  expect(parseFunctionName(text)).toEqual(expected);
});
