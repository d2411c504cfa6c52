import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { attendJob, orderlyAbort, stopJob } from '../../src/guest/ssh/detached-job.ts';
import type { DetachedJob } from '../../src/guest/ssh/detached-job.ts';
import { openReconnectingLink } from '../../src/guest/ssh/reconnecting.ts';
import type { ReconnectingLink } from '../../src/guest/ssh/reconnecting.ts';
import { startMachine } from '../../src/guest/machine/machine.ts';
import type { Machine } from '../../src/guest/machine/machine.ts';
import { connectGuest } from '../../src/guest/ssh/guest.ts';
import type { Guest } from '../../src/guest/ssh/guest.ts';
import type { Argv } from '../../src/host/host.ts';
import { createHost } from '../../src/host/node-host.ts';
import { faultOf } from '../support/faults.ts';
import { processGone } from '../support/processes.ts';
import { startFakeGuest } from '../support/ssh-server.ts';
import type { FakeGuest } from '../support/ssh-server.ts';
import { tinyGuest } from '../support/tiny-guest.ts';
import type { TinyStep } from '../support/tiny-guest.ts';

const host = createHost();
const hostKey = host.ssh.generateKey('host');
const runKey = host.ssh.generateKey('run');
const keys = { privateKey: runKey.privateKey, hostKey: hostKey.publicKey };

describe('a job in a guest', () => {
  let folder: string;
  let peer: FakeGuest;

  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'drydock-job-'));
    peer = await startFakeGuest({ hostKey, authorizedKey: runKey.publicKey });
  });
  afterEach(async () => {
    await peer[Symbol.asyncDispose]();
    await rm(folder, { recursive: true });
  });

  const at = (name: string): string => path.join(folder, name);
  const job = (...command: Argv): DetachedJob => ({ folder: at('job'), command });
  /** What a shell does with a folder of its own; `$1` is the folder. */
  const script = (text: string): DetachedJob => job('sh', '-c', text, 'job', folder);

  /** A real machine whose sshd is a fake one on loopback. */
  async function startTiny(steps: readonly TinyStep[], signal?: AbortSignal): Promise<Machine> {
    const kernelPath = at('tiny');
    await writeFile(kernelPath, tinyGuest(steps));
    const spec = { accelerator: 'tcg', cpus: 1, memoryMb: 64, kernelPath, cmdline: '' } as const;
    const machine = await startMachine(host, spec, { directory: folder, ...(signal === undefined ? {} : { signal }) });
    return { ...machine, sshPort: peer.port };
  }

  const attending = (machine: Machine, link: ReconnectingLink, lines: string[], silentSec = 600) => ({
    link,
    machine,
    clock: host.clock,
    onLine: (line: string): void => void lines.push(line),
    silentSec,
  });

  test('goes on while the connection is cut, and every line of it comes once', async () => {
    await using machine = await startTiny(['halt']);
    const breaks: string[] = [];
    await using link = await openReconnectingLink(
      () => connectGuest(host, machine, keys),
      (why) => breaks.push(why),
    );
    await host.processes.run(['mkfifo', at('go')]);
    const lines: string[] = [];
    const running = attendJob(
      script(
        'echo began >> "$1/begun"; echo größer; cat "$1/go"; i=0; while [ $i -lt 2000 ]; do echo $((i += 1)); done; exit 3',
      ),
      {
        ...attending(machine, link, lines),
        onLine: (line) => {
          lines.push(line);
          if (lines.length !== 1) return;
          peer.cut();
          // Nobody listens now; the job does not wait for anybody.
          void writeFile(at('go'), 'cut\n');
        },
      },
    );
    expect(await running).toBe(3);
    expect(lines).toEqual(['größer', 'cut', ...Array.from({ length: 2000 }, (_, index) => String(index + 1))]);
    expect(link.breaks).toBe(1);
    expect(breaks[0]).toContain('broke during');
    expect(await readFile(at('begun'), 'utf8')).toBe('began\n');
  });

  test('and what is asked beside it share one new connection when theirs breaks', async () => {
    await using machine = await startTiny(['halt']);
    const connected: Guest[] = [];
    await using link = await openReconnectingLink(async () => {
      const guest = await connectGuest(host, machine, keys);
      connected.push(guest);
      return guest;
    });
    /** Hangs over the first connection, answers over every other. */
    const asked = (word: string): Promise<string> =>
      link.over(async (guest) => {
        const command: Argv = guest === connected[0] ? ['sh', '-c', 'exec sleep 1000', word] : ['echo', word];
        return (await guest.run(command)).stdout.trim();
      });
    const words = ['one', 'two', 'three'];
    const answers = words.map((word) => asked(word));
    await Promise.all(words.map((word) => peer.started(word)));
    peer.cut();
    expect(await Promise.all(answers)).toEqual(words);
    expect([connected.length, link.breaks]).toEqual([2, 1]);
  });

  test('is not begun again over a link that was given up', async () => {
    await using machine = await startTiny(['halt']);
    const link = await openReconnectingLink(() => connectGuest(host, machine, keys));
    const running = faultOf(link.over((guest) => guest.run(['sleep', '1000'])));
    await peer.started('sleep');
    await link[Symbol.asyncDispose]();
    expect((await running).failure.kind).toBe('no-ssh');
    expect(link.breaks).toBe(0);
  });

  test('that was started already is attended, not started again', async () => {
    await using machine = await startTiny(['halt']);
    await using link = await openReconnectingLink(() => connectGuest(host, machine, keys));
    const once = script('echo began >> "$1/begun"; echo said');
    const [first, second]: [string[], string[]] = [[], []];
    expect(await attendJob(once, attending(machine, link, first))).toBe(0);
    expect(await attendJob(once, attending(machine, link, second))).toBe(0);
    expect([first, second]).toEqual([['said'], ['said']]);
    expect(await readFile(at('begun'), 'utf8')).toBe('began\n');
  });

  test('that is killed with its whole group has no status, and that is said', async () => {
    await using machine = await startTiny(['halt']);
    await using link = await openReconnectingLink(() => connectGuest(host, machine, keys));
    const fault = await faultOf(attendJob(script('kill -KILL 0'), attending(machine, link, [])));
    expect(fault.failure).toMatchObject({ kind: 'command-failed' });
    expect(fault.failure.headline).toContain('without leaving a status');
  });

  test('is ended with all it has started before the guest is, when the run is interrupted', async () => {
    const run = new AbortController();
    using orderly = orderlyAbort(host.clock, run.signal);
    await using machine = await startTiny(['halt'], orderly.signal);
    await using link = await openReconnectingLink(() =>
      connectGuest(host, machine, { ...keys, signal: orderly.signal }),
    );
    let wasAbortedAtFarewell: boolean | undefined;
    const lines: string[] = [];
    const farewell = async (): Promise<void> => {
      wasAbortedAtFarewell = orderly.signal.aborted;
      await link.over((guest) => stopJob(guest, at('job')));
    };
    const running = faultOf(
      orderly.during(farewell, () =>
        attendJob(script('sleep 1000 & echo $!; sleep 1001 & echo $!; wait'), {
          ...attending(machine, link, lines),
          onLine: (line) => {
            lines.push(line);
            if (lines.length === 2) run.abort();
          },
        }),
      ),
    );
    expect((await running).failure.kind).toBe('interrupted');
    expect(wasAbortedAtFarewell).toBe(false);
    expect(lines).toHaveLength(2);
    await Promise.all(lines.map((pid) => processGone(Number(pid))));
  });

  test('is not waited for longer than it is silent, and what it says is a sign of life', async () => {
    await using machine = await startTiny(['spin']);
    await using link = await openReconnectingLink(() => connectGuest(host, machine, keys));
    const lines: string[] = [];
    const speaking = script('for i in 1 2 3 4 5 6; do echo $i; sleep 1; done');
    expect(await attendJob(speaking, attending(machine, link, lines, 3))).toBe(0);
    expect(lines).toHaveLength(6);
    const mute = { folder: at('mute'), command: ['sleep', '1000'] } as const;
    const fault = await faultOf(attendJob(mute, attending(machine, link, [], 3)));
    expect(fault.failure).toMatchObject({ kind: 'hang' });
    await link.over((guest) => stopJob(guest, at('mute')));
  });
});
