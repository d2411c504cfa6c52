import path from 'node:path';
import { expect, test } from 'vitest';
import { createHost } from '../../src/host/node-host.ts';
import { parseObserverLog } from '../../src/needs/observer-log.ts';

const PROGRAM = path.resolve(import.meta.dirname, '../../src/guest/inspect/observer.pl');

test('the observer says what this machine is used for, until it is told to end', async () => {
  await using live = createHost().processes.startLive(['perl', PROGRAM, 'off']);
  const lines: string[] = [];
  let isTold = false;
  for await (const line of live.lines) {
    lines.push(line);
    // The first look is over when namespaces or cgroups have been told; a mount comes with it at the least.
    if (!isTold && line.startsWith('mount ')) {
      isTold = true;
      live.write('end');
    }
  }
  const log = parseObserverLog(lines);
  expect(lines[0]).toBe('observer 1');
  expect(lines.at(-1)).toMatch(/^end \d/);
  expect(log.unread).toBe(0);
  expect(log.tracing).toEqual({ status: 'absent', why: 'it was not asked for' });
  expect(log.mounts).toContain('proc');
  expect(log.readySec).toBeGreaterThan(0);
});
