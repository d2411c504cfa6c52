import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseStamps } from '../../src/bootlog/timeline/console-stamps.ts';
import { recordConsole } from '../../src/guest/console/console.ts';
import type { ConsoleRecorder } from '../../src/guest/console/console.ts';
import { createHost } from '../../src/host/node-host.ts';
import type { Host } from '../../src/host/host.ts';
import { runs } from '../support/properties.ts';

interface Desk {
  readonly recorder: ConsoleRecorder;
  readonly file: () => string;
  readonly stamps: () => string;
  say(text: string, atSec?: number): void;
  receive(bytes: Uint8Array, atSec: number): void;
}

/** A console whose clock stands where the test puts it and whose file is a string. */
function desk(): Desk {
  let nowSec = 0;
  const written = { 'console.log': '', 'console.stamps': '' };
  const real = createHost();
  const host: Host = {
    ...real,
    clock: { ...real.clock, monotonicSec: () => nowSec },
    files: {
      ...real.files,
      appendText: (path, text) => {
        if (path === 'console.log' || path === 'console.stamps') written[path] += text;
        return Promise.resolve();
      },
    },
  };
  const recorder = recordConsole(host, 'console.log', { stamps: { path: 'console.stamps', originSec: 0.5 } });
  const encoder = new TextEncoder();
  return {
    recorder,
    file: () => written['console.log'],
    stamps: () => written['console.stamps'],
    receive(bytes, atSec) {
      nowSec = atSec;
      recorder.receive(bytes);
    },
    say(text, atSec = nowSec) {
      nowSec = atSec;
      recorder.receive(encoder.encode(text));
    },
  };
}

const texts = (recorder: ConsoleRecorder): string[] => recorder.log.lines.map((line) => line.text);

describe('a console log', () => {
  test('gives every line the time at which its first byte came', () => {
    const { recorder, say } = desk();
    say('Linux ver', 1);
    say('sion 6.1\nsecond\nthi', 2);
    say('rd\n', 3);
    expect(recorder.log.lines).toEqual([
      { index: 0, atSec: 1, text: 'Linux version 6.1' },
      { index: 1, atSec: 2, text: 'second' },
      { index: 2, atSec: 2, text: 'third' },
    ]);
  });

  test('reads the same lines however the bytes are cut, in the middle of a character too', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.string({ unit: fc.constantFrom('a', 'é', '→', ' ', '😀') })),
        fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1 }),
        async (lines, cuts) => {
          const { recorder, file } = desk();
          const text = lines.map((line) => `${line}\r\n`).join('');
          const bytes = new TextEncoder().encode(text);
          for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
            const length = cuts[turn % cuts.length] ?? 1;
            recorder.receive(bytes.subarray(at, at + length));
            at += length;
          }
          await recorder.end();
          expect(texts(recorder)).toEqual(lines);
          expect(file()).toBe(text);
          expect(recorder.log.sizeBytes).toBe(bytes.length);
        },
      ),
      { numRuns: runs(50) },
    );
  });

  test('keeps the arrival of every byte, in bytes of the file and seconds since its origin', async () => {
    const { recorder, stamps, say } = desk();
    say('→ one', 1);
    say('\ntwo', 2.25);
    // A UART hands over single bytes; what follows at once shares the stamp.
    say('!', 2.25005);
    say('\n', 3);
    await recorder.end();
    expect(stamps()).toBe('0 0.500000\n7 1.750000\n12 2.500000\n');
  });

  test('says in its stamps what the file holds, however the bytes are cut', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.uint8Array({ minLength: 1, maxLength: 4 }), fc.integer({ min: 1, max: 900 })), {
          minLength: 1,
        }),
        async (chunks) => {
          const { recorder, file, stamps, receive } = desk();
          let atSec = 1;
          for (const [bytes, laterMs] of chunks) receive(bytes, (atSec += laterMs / 1000));
          await recorder.end();
          const offsets = parseStamps(stamps()).map(({ offset }) => offset);
          // A character cut in two counts from its last byte on, so a stamp never points beyond the file.
          expect(offsets[0] ?? 0).toBe(0);
          expect([...new Set(offsets)].sort((a, b) => a - b)).toEqual(offsets);
          expect(offsets.at(-1) ?? 0).toBeLessThanOrEqual(new TextEncoder().encode(file()).length);
        },
      ),
      { numRuns: runs(50) },
    );
  });

  test('finds a marker that was split across two chunks', async () => {
    const { recorder, say } = desk();
    const ready = recorder.log.waitFor(/drydock: ready/);
    say('[   36.08] dryd', 5);
    say('ock: rea', 6);
    say('dy\n', 7);
    expect(await ready).toMatchObject({ atSec: 5, text: '[   36.08] drydock: ready' });
  });

  test('finds a prompt, which never ends its line', async () => {
    const { recorder, say } = desk();
    say('guest login: ');
    expect((await recorder.log.waitFor(/login: $/)).text).toBe('guest login: ');
  });

  test('finds a line that was printed before anyone asked, and the first one of several', async () => {
    const { recorder, say } = desk();
    say('tick 1\ntick 2\n');
    expect((await recorder.log.waitFor(/tick/g)).text).toBe('tick 1');
    expect((await recorder.log.waitFor(/tick/g)).text).toBe('tick 1');
  });

  test('wakes everyone who waits, each for their own line', async () => {
    const { recorder, say } = desk();
    const both = Promise.all([recorder.log.waitFor(/one/), recorder.log.waitFor(/two/)]);
    say('one\ntwo\n');
    expect((await both).map((line) => line.index)).toEqual([0, 1]);
  });

  test('stops a wait whose signal aborts, and one whose console ends', async () => {
    const { recorder, say } = desk();
    const abort = new AbortController();
    const aborted = recorder.log.waitFor(/never/, { signal: abort.signal });
    abort.abort(new Error('enough'));
    await expect(aborted).rejects.toThrow('enough');
    const ended = expect(recorder.log.waitFor(/never/)).rejects.toThrow('The console ended');
    say('last words');
    await recorder.end();
    await ended;
    expect(texts(recorder)).toEqual(['last words']);
  });

  test('shows text without colours, cursor movements and carriage returns', () => {
    const { recorder, say } = desk();
    say(
      '[\u001b[0;32m  OK  \u001b[0m] Started \u001b[0;1;39mssh.service\u001b[0m.\r\n\u001b]0;title\u0007\u001b[2Jx\r\n',
    );
    expect(texts(recorder)).toEqual(['[  OK  ] Started ssh.service.', 'x']);
  });

  test("shows nothing of the screen reset that SeaBIOS begins with, nor of a terminal's reset", () => {
    const { recorder, say } = desk();
    say('\u001bc\u001b[2J\u001b[1;1H\u001b[=3h\u001b[2J\u001b[1;1HSeaBIOS (version 1.16.2)\r\n\u001b7a\u001b8\n');
    expect(texts(recorder)).toEqual(['SeaBIOS (version 1.16.2)', 'a']);
  });

  test('keeps a tail that ends with the unfinished line and skips empty ones', () => {
    const { recorder, say } = desk();
    say('a\n\n\nb\nc\n(initramfs) ');
    expect(recorder.log.tail(3)).toEqual(['b', 'c', '(initramfs)']);
  });

  test('does not take repetition for news', () => {
    const { recorder, say } = desk();
    say('[    1.0] systemd[1]: Starting docker.service...\n', 1);
    say('[   61.0] systemd[1]: Starting docker.service...\n', 61);
    say('[ ***  ] A start job is running (1s / no limit)\n', 62);
    say('[  *** ] A start job is running (99s / no limit)\n', 99);
    expect(recorder.log.lastByteAtSec).toBe(99);
    expect(recorder.log.lastNewsAtSec).toBe(62);
  });

  test('ends a line that never ends', () => {
    const { recorder, say } = desk();
    for (let turn = 0; turn < 100; turn += 1) say('x'.repeat(1000));
    expect(recorder.log.lines.length).toBeGreaterThan(5);
  });
});
