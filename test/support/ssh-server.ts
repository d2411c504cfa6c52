import { spawn } from 'node:child_process';
import { closeSync, fstatSync, openSync, readSync, statSync, writeSync } from 'node:fs';
import { createConnection, createServer } from 'node:net';
import type { Server, Socket } from 'node:net';
import ssh2 from 'ssh2';
import type { AuthContext, Connection, ServerChannel, SFTPWrapper } from 'ssh2';
import type { KeyPair } from '../../src/host/host.ts';

const { OPEN_MODE, STATUS_CODE, flagsToString } = ssh2.utils.sftp;

export interface FakeGuestOptions {
  readonly hostKey: KeyPair;
  /** The one public key that may log in. */
  readonly authorizedKey: string;
  /** Accept connections but never say a word, as QEMU's user network does for a guest without network. */
  readonly mute?: boolean;
  /** A free port unless told. */
  readonly port?: number;
}

/** A fake guest: ssh2's own server on loopback, whose commands run in a real /bin/sh here. */
export interface FakeGuest extends AsyncDisposable {
  readonly port: number;
  readonly username: 'root';
  /** Cuts every connection without a farewell, as a guest that dies does. */
  cut(): void;
  /** Resolves when a command that contains `text` has been started. */
  started(text: string): Promise<void>;
  /** Resolves with the first piece of an upload, long before the last one of a large file. */
  readonly uploadBegun: Promise<void>;
}

function isAllowed(context: AuthContext, authorizedKey: string): boolean {
  if (context.method !== 'publickey' || context.username !== 'root') return false;
  const allowed = ssh2.utils.parseKey(authorizedKey);
  if (allowed instanceof Error || !allowed.getPublicSSH().equals(context.key.data)) return false;
  if (context.signature === undefined || context.blob === undefined) return true;
  const verified: unknown = allowed.verify(context.blob, context.signature, context.hashAlgo);
  return verified === true;
}

/** Runs a command as sshd does, through the user's shell (bash execs the last command), and reports its exit code or signal. */
function execute(command: string, channel: ServerChannel): void {
  const child = spawn('/bin/sh', ['-c', `exec ${command}`], { stdio: 'pipe' });
  channel.on('error', () => undefined);
  child.stdin.on('error', () => undefined);
  channel.pipe(child.stdin);
  child.stdout.pipe(channel, { end: false });
  child.stderr.pipe(channel.stderr, { end: false });
  channel.on('close', () => child.kill('SIGKILL'));
  child.on('close', (code, signal) => {
    if (signal === null) channel.exit(code ?? 0);
    else channel.exit(signal.replace(/^SIG/, ''));
    channel.end();
  });
}

/** Enough of SFTP version 3 for ssh2's fastPut and fastGet, on this machine's files. */
function serveFiles(sftp: SFTPWrapper, onWrite: () => void): void {
  const handles = new Map<number, number>();
  let nextHandle = 1;
  const fdOf = (handle: Buffer): number => handles.get(handle.readUInt32BE(0)) ?? -1;
  const attempt = (request: number, work: () => void): void => {
    try {
      work();
    } catch (error) {
      const missing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
      sftp.status(request, missing ? STATUS_CODE.NO_SUCH_FILE : STATUS_CODE.FAILURE);
    }
  };
  const attributes = (stats: { mode: number; uid: number; gid: number; size: number }) => ({
    mode: stats.mode,
    uid: stats.uid,
    gid: stats.gid,
    size: stats.size,
    atime: 0,
    mtime: 0,
  });
  sftp.on('OPEN', (request, path, flags) => {
    attempt(request, () => {
      const mode = (flags & OPEN_MODE.WRITE) === 0 ? 'r' : (flagsToString(flags) ?? 'w');
      const handle = Buffer.alloc(4);
      handle.writeUInt32BE(nextHandle);
      handles.set(nextHandle++, openSync(path, mode));
      sftp.handle(request, handle);
    });
  });
  sftp.on('READ', (request, handle, offset, length) => {
    attempt(request, () => {
      const bytes = Buffer.alloc(length);
      const count = readSync(fdOf(handle), bytes, 0, length, offset);
      if (count === 0) sftp.status(request, STATUS_CODE.EOF);
      else sftp.data(request, bytes.subarray(0, count));
    });
  });
  sftp.on('WRITE', (request, handle, offset, data) => {
    attempt(request, () => {
      writeSync(fdOf(handle), data, 0, data.length, offset);
      sftp.status(request, STATUS_CODE.OK);
      onWrite();
    });
  });
  sftp.on('FSTAT', (request, handle) => {
    attempt(request, () => sftp.attrs(request, attributes(fstatSync(fdOf(handle)))));
  });
  sftp.on('STAT', (request, path) => {
    attempt(request, () => sftp.attrs(request, attributes(statSync(path))));
  });
  sftp.on('FSETSTAT', (request) => sftp.status(request, STATUS_CODE.OK));
  sftp.on('CLOSE', (request, handle) => {
    attempt(request, () => {
      closeSync(fdOf(handle));
      sftp.status(request, STATUS_CODE.OK);
    });
  });
}

/** Listens for the client where it asks, as an sshd with `GatewayPorts clientspecified` does, until it hangs up. */
function forwardPorts(connection: Connection): void {
  const listeners = new Map<number, Server>();
  connection.on('request', (accept, reject, name, { bindAddr, bindPort }) => {
    if (name === 'cancel-tcpip-forward') {
      listeners.get(bindPort)?.close();
      accept?.();
      return;
    }
    const listener = createServer((socket) => {
      const { remoteAddress = '', remotePort = 0 } = socket;
      socket.on('error', () => undefined);
      connection.forwardOut(bindAddr, portOf(listener), remoteAddress, remotePort, (error, channel) => {
        if (error !== undefined) {
          socket.destroy();
          return;
        }
        channel.on('error', () => undefined);
        socket.once('close', () => channel.destroy());
        channel.once('close', () => socket.destroy());
        socket.pipe(channel).pipe(socket);
      });
    });
    listener.once('error', () => reject?.());
    listener.listen(bindPort, bindAddr, () => {
      listeners.set(portOf(listener), listener);
      accept?.(portOf(listener));
    });
  });
  connection.on('close', () => {
    for (const listener of listeners.values()) listener.close();
  });
}

function portOf(listener: Server): number {
  const address = listener.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

/** Starts a fake guest on a free port of 127.0.0.1. */
export async function startFakeGuest(options: FakeGuestOptions): Promise<FakeGuest> {
  const sockets = new Set<Socket>();
  const commands: string[] = [];
  const waiters: { text: string; resolve: () => void }[] = [];
  let beginUpload: () => void = () => undefined;
  const uploadBegun = new Promise<void>((resolve) => {
    beginUpload = resolve;
  });
  const ssh = new ssh2.Server(
    { hostKeys: [options.hostKey.privateKey], ident: 'OpenSSH_9.2 drydock' },
    (connection: Connection) => {
      connection.on('error', () => undefined);
      connection.on('authentication', (context) => {
        if (isAllowed(context, options.authorizedKey)) context.accept();
        else context.reject(['publickey']);
      });
      forwardPorts(connection);
      connection.on('openssh.streamlocal', (accept, reject, { socketPath }) => {
        // As sshd does: the socket first, and the channel only when somebody listens there.
        const socket = createConnection(socketPath);
        socket.once('error', reject);
        socket.once('connect', () => {
          socket.off('error', reject);
          const channel = accept();
          channel.on('error', () => socket.destroy());
          channel.on('close', () => socket.destroy());
          socket.on('error', () => channel.close());
          channel.pipe(socket).pipe(channel);
        });
      });
      connection.on('session', (acceptSession) => {
        const session = acceptSession();
        session.on('exec', (accept, _reject, info) => {
          const channel = accept();
          execute(info.command, channel);
          commands.push(info.command);
          for (const waiter of waiters) if (info.command.includes(waiter.text)) waiter.resolve();
        });
        session.on('sftp', (accept) => {
          serveFiles(accept(), beginUpload);
        });
      });
    },
  );
  const listener = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => undefined);
    if (options.mute !== true) ssh.injectSocket(socket);
  });
  await new Promise<void>((resolve) => listener.listen(options.port ?? 0, '127.0.0.1', resolve));
  const port = portOf(listener);
  const cut = (): void => {
    for (const socket of sockets) socket.resetAndDestroy();
  };
  return {
    port,
    username: 'root',
    cut,
    uploadBegun,
    started: (text) =>
      commands.some((command) => command.includes(text))
        ? Promise.resolve()
        : new Promise((resolve) => waiters.push({ text, resolve })),
    async [Symbol.asyncDispose]() {
      cut();
      await new Promise((resolve) => listener.close(resolve));
    },
  };
}
