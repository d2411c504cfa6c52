import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { buffer } from 'node:stream/consumers';
import ssh2 from 'ssh2';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { SshSession, SshTarget } from '../../src/host/host.ts';
import { SshFault } from '../../src/host/ssh/ssh-fault.ts';
import { createSsh } from '../../src/host/ssh/ssh.ts';
import { faultOf } from '../support/faults.ts';
import { isRunning } from '../support/processes.ts';
import { startFakeGuest } from '../support/ssh-server.ts';
import type { FakeGuest } from '../support/ssh-server.ts';

const ssh = createSsh();
const hostKey = ssh.generateKey('host');
const runKey = ssh.generateKey('run');

/** A guest, a session with it and a folder, which all go together. */
async function connectedGuest() {
  const folder = await mkdtemp(path.join(tmpdir(), 'drydock-ssh-'));
  const guest = await startFakeGuest({ hostKey, authorizedKey: runKey.publicKey });
  const session = await ssh.connect({
    host: '127.0.0.1',
    port: guest.port,
    username: guest.username,
    privateKey: runKey.privateKey,
    hostKey: hostKey.publicKey,
  });
  return {
    folder,
    guest,
    session,
    async [Symbol.asyncDispose]() {
      await session[Symbol.asyncDispose]();
      await guest[Symbol.asyncDispose]();
      await rm(folder, { recursive: true });
    },
  };
}

test('every key that is made can be read, though ssh2 cuts a leading zero byte off one public key in 256', () => {
  for (let made = 0; made < 2_000; made += 1) {
    const { privateKey, publicKey } = ssh.generateKey('many');
    const parsed = ssh2.utils.parseKey(privateKey);
    if (parsed instanceof Error) throw parsed;
    // RFC 8709: string "ssh-ed25519", string of 32 bytes.
    const blob = Buffer.from(publicKey.split(' ')[1] ?? '', 'base64');
    expect(blob.length).toBe(4 + 11 + 4 + 32);
  }
});

describe('a session with a guest', () => {
  let guest: FakeGuest;
  let session: SshSession;
  let folder: string;
  const target = (): SshTarget => ({
    host: '127.0.0.1',
    port: guest.port,
    username: guest.username,
    privateKey: runKey.privateKey,
    hostKey: hostKey.publicKey,
  });

  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'drydock-ssh-'));
    guest = await startFakeGuest({ hostKey, authorizedKey: runKey.publicKey });
    session = await ssh.connect(target());
  });

  afterEach(async () => {
    await session[Symbol.asyncDispose]();
    await guest[Symbol.asyncDispose]();
    await rm(folder, { recursive: true });
  });

  test('runs a command and keeps its two outputs apart', async () => {
    const result = await session.run(['sh', '-c', 'echo out; echo err >&2']);
    expect(result).toMatchObject({ exitCode: 0, stdout: 'out\n', stderr: 'err\n' });
  });

  test('hands arguments over as they are, whatever is in them', async () => {
    const odd = ['$HOME', 'a b', "it's", '"; rm -rf x', '', '\\', '*', 'new\nline', 'ünïcode', '-n'];
    const result = await session.run(['printf', '%s\\0', ...odd]);
    expect(result.stdout.split('\0').slice(0, -1)).toEqual(odd);
  });

  test('reports an exit code that was not allowed as a failed command, with what it said', async () => {
    const fault = await faultOf(session.run(['sh', '-c', 'echo no such thing >&2; exit 7']));
    expect(fault.failure.kind).toBe('command-failed');
    expect(fault.failure.headline).toContain('exit code 7');
    expect(fault.failure.detail).toContain('no such thing');
  });

  test('returns an exit code that was allowed', async () => {
    const result = await session.run(['sh', '-c', 'exit 3'], { okExitCodes: [0, 3] });
    expect(result.exitCode).toBe(3);
  });

  test('names the signal that ended a command', async () => {
    const fault = await faultOf(session.run(['sh', '-c', 'kill -SEGV $$']));
    expect(fault.failure.kind).toBe('command-failed');
    expect(fault.failure.headline).toContain('signal SIGSEGV');
  });

  test('counts a signal as the shell does when its exit code is allowed', async () => {
    const result = await session.run(['sh', '-c', 'kill -TERM $$'], { okExitCodes: [143] });
    expect(result.exitCode).toBe(143);
  });

  test('calls a full guest disk by its name', async () => {
    const fault = await faultOf(session.run(['sh', '-c', 'echo "cp: No space left on device" >&2; exit 1']));
    expect(fault.failure.kind).toBe('disk-full');
  });

  test('streams input larger than any window to the command', async () => {
    const input = randomBytes(5_000_000);
    const result = await session.run(['wc', '-c'], { input });
    expect(result.stdout.trim()).toBe('5000000');
  });

  test('runs several commands at once over one connection', async () => {
    const results = await Promise.all([1, 2, 3, 4, 5].map((n) => session.run(['echo', String(n)])));
    expect(results.map((result) => result.stdout)).toEqual(['1\n', '2\n', '3\n', '4\n', '5\n']);
  });

  test('ends a command with no-ssh when the link breaks under it', async () => {
    const running = faultOf(session.run(['sh', '-c', 'echo marker; exec sleep 1000']));
    await guest.started('marker');
    guest.cut();
    const fault = await running;
    expect(fault).toBeInstanceOf(SshFault);
    expect(fault.failure.kind).toBe('no-ssh');
    expect(fault.failure.headline).toContain('broke during');
    await session.closed;
  });

  test('refuses to run anything after the link has gone', async () => {
    guest.cut();
    await session.closed;
    expect((await faultOf(session.run(['true']))).failure.kind).toBe('no-ssh');
  });

  test('stops waiting for a command when the run is aborted', async () => {
    const abort = new AbortController();
    const running = faultOf(session.run(['sh', '-c', 'echo marker; exec sleep 1000'], { signal: abort.signal }));
    await guest.started('marker');
    abort.abort();
    expect((await running).failure.kind).toBe('interrupted');
    expect((await session.run(['echo', 'alive'])).stdout).toBe('alive\n');
  });

  test.each([0, 1, 32_768, 3_000_001])('uploads and downloads %i bytes unchanged', async (size) => {
    const [local, remote, back] = ['local', 'remote', 'back'].map((name) => path.join(folder, name));
    if (local === undefined || remote === undefined || back === undefined) throw new Error('three names');
    const content = randomBytes(size);
    await writeFile(local, content);
    await session.upload(local, remote);
    expect((await stat(remote)).size).toBe(size);
    await session.download(remote, back);
    expect((await readFile(back)).equals(content)).toBe(true);
  });

  test('tells after every piece of a transfer how far it is', async () => {
    const [local, remote] = [path.join(folder, 'local'), path.join(folder, 'remote')];
    await writeFile(local, randomBytes(300_000));
    const there: (readonly [number, number])[] = [];
    await session.upload(local, remote, { onProgress: (done, total) => there.push([done, total]) });
    const back: (readonly [number, number])[] = [];
    await session.download(remote, path.join(folder, 'back'), {
      onProgress: (done, total) => back.push([done, total]),
    });
    for (const told of [there, back]) {
      expect(told.length).toBeGreaterThan(3);
      expect(told.at(-1)).toEqual([300_000, 300_000]);
      const done = told.map(([bytes]) => bytes);
      expect(done).toEqual([...done].sort((one, other) => one - other));
    }
  });

  test('says which file could not be downloaded', async () => {
    const fault = await faultOf(session.download(path.join(folder, 'absent'), path.join(folder, 'x')));
    expect(fault.failure.kind).toBe('command-failed');
    expect(fault.failure.headline).toContain('absent');
  });

  test('ends an upload with no-ssh when the link breaks under it', async () => {
    const local = path.join(folder, 'big');
    await writeFile(local, randomBytes(50_000_000));
    const uploading = faultOf(session.upload(local, path.join(folder, 'copy')));
    await guest.uploadBegun;
    guest.cut();
    expect((await uploading).failure.kind).toBe('no-ssh');
  });

  test('refuses a guest whose host key is not the pinned one, by name', async () => {
    const stranger = ssh.generateKey('stranger');
    const fault = await faultOf(ssh.connect({ ...target(), hostKey: stranger.publicKey }));
    expect(fault).toMatchObject({ trouble: 'host-key', failure: { kind: 'no-ssh' } });
    expect(fault.failure.headline).toContain("host key differs from the image's");
  });

  test('says so when the guest refuses the key of the run', async () => {
    const other = ssh.generateKey('other');
    const fault = await faultOf(ssh.connect({ ...target(), privateKey: other.privateKey }));
    expect(fault).toMatchObject({ trouble: 'user-key', failure: { kind: 'no-ssh' } });
  });
});

describe('a Unix socket of the guest', () => {
  test('is spoken to through the session, both ways, to the end of each', async () => {
    await using peers = await connectedGuest();
    const file = path.join(peers.folder, 'echo.sock');
    const listener = createServer({ allowHalfOpen: true }, (socket) => socket.pipe(socket));
    await new Promise<void>((resolve) => listener.listen(file, resolve));
    const stream = await peers.session.openUnixSocket(file);
    const sent = randomBytes(3_000_000);
    stream.end(sent);
    expect((await buffer(stream)).equals(sent)).toBe(true);
    await new Promise((resolve) => listener.close(resolve));
  });

  test('where nobody listens is refused by name, and the session goes on', async () => {
    await using peers = await connectedGuest();
    const fault = await faultOf(peers.session.openUnixSocket('/nowhere/docker.sock'));
    expect(fault.failure.kind).toBe('unavailable');
    expect(fault.failure.headline).toContain('/nowhere/docker.sock');
    expect((await peers.session.run(['echo', 'alive'])).stdout).toBe('alive\n');
  });

  test('ends when the link breaks, and cannot be opened any more', async () => {
    await using peers = await connectedGuest();
    const file = path.join(peers.folder, 'mute.sock');
    const listener = createServer();
    await new Promise<void>((resolve) => listener.listen(file, resolve));
    const stream = await peers.session.openUnixSocket(file);
    const ended = once(stream.resume(), 'close');
    peers.guest.cut();
    await ended;
    await peers.session.closed;
    expect((await faultOf(peers.session.openUnixSocket(file))).failure.kind).toBe('no-ssh');
    await new Promise((resolve) => listener.close(resolve));
  });
});

describe('a program that is read while it runs', () => {
  async function collected(lines: AsyncIterable<string>): Promise<string[]> {
    const all: string[] = [];
    for await (const line of lines) all.push(line);
    return all;
  }

  test('is written to and answers by the line; its end ends the lines', async () => {
    await using peers = await connectedGuest();
    const live = await peers.session.start(['sh', '-c', 'while read -r x; do echo "got $x"; done']);
    live.write('one');
    live.write("it's two");
    const lines = live.lines[Symbol.asyncIterator]();
    expect((await lines.next()).value).toBe('got one');
    expect((await lines.next()).value).toBe("got it's two");
    await live.end();
    expect((await lines.next()).done).toBe(true);
  });

  test('that does not listen to its input is ended by SIGTERM, as root too', async () => {
    await using peers = await connectedGuest();
    const live = await peers.session.start(['sh', '-c', 'echo "$$"; exec sleep 1000']);
    const lines = live.lines[Symbol.asyncIterator]();
    const pid = Number((await lines.next()).value);
    expect(await isRunning(pid)).toBe(true);
    await live.end();
    expect(await isRunning(pid)).toBe(false);
  });

  test('that ends badly by itself is a fault with its last words, after its last line', async () => {
    await using peers = await connectedGuest();
    const live = await peers.session.start(['sh', '-c', 'echo last; echo reason >&2; exit 5']);
    const lines = live.lines[Symbol.asyncIterator]();
    expect((await lines.next()).value).toBe('last');
    const fault = await faultOf(lines.next());
    expect(fault.failure).toMatchObject({ kind: 'command-failed', detail: [expect.any(String), 'reason'] });
    expect(fault.failure.headline).toContain('exit code 5');
  });

  test('that comes to its end by itself just ends, an unfinished line left out', async () => {
    await using peers = await connectedGuest();
    const live = await peers.session.start(['printf', 'a\nb\nhalf']);
    expect(await collected(live.lines)).toEqual(['a', 'b']);
    await live.end();
  });

  test('is a broken link when the link breaks, for its reader and for its end', async () => {
    await using peers = await connectedGuest();
    const live = await peers.session.start(['sh', '-c', 'echo marker; exec sleep 1000']);
    const reading = faultOf(collected(live.lines));
    await peers.guest.started('marker');
    peers.guest.cut();
    expect((await reading).failure.kind).toBe('no-ssh');
    expect((await faultOf(live.end())).failure.kind).toBe('no-ssh');
  });

  test('that is not there is a fault that says so', async () => {
    await using peers = await connectedGuest();
    const live = await peers.session.start(['no-such-program']);
    const fault = await faultOf(collected(live.lines));
    expect(fault.failure.detail?.join('\n')).toContain('not found');
  });
});

describe('connecting', () => {
  const nowhere = (port: number): SshTarget => ({
    host: '127.0.0.1',
    port,
    username: 'root',
    privateKey: runKey.privateKey,
    hostKey: hostKey.publicKey,
  });

  test('fails with no-ssh where nothing listens', async () => {
    const listener = createServer();
    await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
    const address = listener.address();
    await new Promise((resolve) => listener.close(resolve));
    const port = typeof address === 'object' && address !== null ? address.port : 1;
    expect(await faultOf(ssh.connect(nowhere(port)))).toMatchObject({ trouble: 'unreachable' });
  });

  test('gives up on a peer that accepts and says nothing', async () => {
    await using guest = await startFakeGuest({ hostKey, authorizedKey: runKey.publicKey, mute: true });
    const fault = await faultOf(ssh.connect(nowhere(guest.port), { readyTimeoutMs: 50 }));
    expect(fault).toMatchObject({ trouble: 'unreachable' });
    expect(fault.failure.headline).toContain('nothing was heard');
  });

  test('stops when the run is aborted', async () => {
    await using guest = await startFakeGuest({ hostKey, authorizedKey: runKey.publicKey, mute: true });
    const abort = new AbortController();
    const connecting = faultOf(ssh.connect(nowhere(guest.port), { signal: abort.signal }));
    abort.abort();
    expect((await connecting).failure.kind).toBe('interrupted');
  });

  test('does not take a peer that hangs up at once for a guest', async () => {
    const listener = createServer((socket) => socket.destroy());
    await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
    const address = listener.address();
    const port = typeof address === 'object' && address !== null ? address.port : 1;
    const fault = await faultOf(ssh.connect(nowhere(port)));
    await new Promise((resolve) => listener.close(resolve));
    expect(fault).toMatchObject({ trouble: 'unreachable' });
  });
});
