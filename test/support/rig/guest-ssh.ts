import { createServer } from 'node:net';
import type { Socket } from 'node:net';
import ssh2 from 'ssh2';
import type { AuthContext, SFTPWrapper } from 'ssh2';

/** What a command of the guest printed, and how it ended. */
export interface Answer {
  readonly exitCode: number;
  readonly stdout: string;
}

export interface GuestSshOptions {
  readonly hostPrivateKey: string;
  readonly authorizedKey: string;
  answer(argv: readonly string[]): Promise<Answer>;
  /** Takes a file that was uploaded whole. */
  store(path: string, content: Buffer): void;
  contentOf(path: string): Buffer | undefined;
}

export interface GuestSsh extends AsyncDisposable {
  readonly port: number;
}

/** Splits a command line in which every argument is in single quotes, as drydock sends them. */
function splitQuoted(line: string): readonly string[] {
  return [...line.matchAll(/'((?:[^']|'\\'')*)'/g)].map(([, quoted = '']) => quoted.replaceAll(`'\\''`, `'`));
}

function isAllowed(context: AuthContext, authorizedKey: string): boolean {
  if (context.method !== 'publickey' || context.username !== 'root') return false;
  const allowed = ssh2.utils.parseKey(authorizedKey);
  if (allowed instanceof Error || !allowed.getPublicSSH().equals(context.key.data)) return false;
  if (context.signature === undefined || context.blob === undefined) return true;
  return allowed.verify(context.blob, context.signature, context.hashAlgo);
}

/** The part of SFTP that transfers use, on files that exist in memory alone. */
function serveFiles(sftp: SFTPWrapper, options: GuestSshOptions): void {
  const { OK, EOF, NO_SUCH_FILE } = ssh2.utils.sftp.STATUS_CODE;
  const open = new Map<number, { path: string; content: Buffer; changed: boolean }>();
  let next = 1;
  const attributes = (size: number) => ({ mode: 0o100644, uid: 0, gid: 0, size, atime: 0, mtime: 0 });
  sftp.on('OPEN', (request, path, flags) => {
    const reads = (flags & ssh2.utils.sftp.OPEN_MODE.WRITE) === 0;
    const content = reads ? options.contentOf(path) : Buffer.alloc(0);
    if (content === undefined) {
      sftp.status(request, NO_SUCH_FILE);
      return;
    }
    const handle = Buffer.alloc(4);
    handle.writeUInt32BE(next);
    open.set(next++, { path, content, changed: !reads });
    sftp.handle(request, handle);
  });
  sftp.on('WRITE', (request, handle, offset, data) => {
    const file = open.get(handle.readUInt32BE(0));
    if (file !== undefined) {
      const grown = Buffer.alloc(Math.max(file.content.length, offset + data.length));
      file.content.copy(grown);
      data.copy(grown, offset);
      file.content = grown;
    }
    sftp.status(request, OK);
  });
  sftp.on('READ', (request, handle, offset, length) => {
    const content = open.get(handle.readUInt32BE(0))?.content ?? Buffer.alloc(0);
    if (offset >= content.length) sftp.status(request, EOF);
    else sftp.data(request, content.subarray(offset, offset + length));
  });
  sftp.on('FSTAT', (request, handle) => {
    sftp.attrs(request, attributes(open.get(handle.readUInt32BE(0))?.content.length ?? 0));
  });
  sftp.on('FSETSTAT', (request) => {
    sftp.status(request, OK);
  });
  sftp.on('CLOSE', (request, handle) => {
    const file = open.get(handle.readUInt32BE(0));
    if (file?.changed === true) options.store(file.path, file.content);
    sftp.status(request, OK);
  });
  sftp.on('STAT', (request, path) => {
    const content = options.contentOf(path);
    if (content === undefined) sftp.status(request, NO_SUCH_FILE);
    else sftp.attrs(request, attributes(content.length));
  });
}

/** The fake guest's sshd, on a free port of 127.0.0.1. */
export async function startGuestSsh(options: GuestSshOptions): Promise<GuestSsh> {
  const sockets = new Set<Socket>();
  const ssh = new ssh2.Server({ hostKeys: [options.hostPrivateKey] }, (connection) => {
    connection.on('error', () => undefined);
    connection.on('authentication', (context) => {
      if (isAllowed(context, options.authorizedKey)) context.accept();
      else context.reject(['publickey']);
    });
    connection.on('session', (acceptSession) => {
      const session = acceptSession();
      session.on('sftp', (accept) => {
        serveFiles(accept(), options);
      });
      session.on('exec', (accept, _reject, { command }) => {
        const channel = accept();
        channel.on('error', () => undefined);
        channel.resume();
        void options.answer(splitQuoted(command)).then(({ exitCode, stdout }) => {
          channel.write(stdout);
          channel.exit(exitCode);
          channel.end();
        });
      });
    });
  });
  const listener = createServer((socket) => {
    sockets.add(socket);
    socket.setNoDelay(true);
    socket.on('error', () => undefined);
    socket.once('close', () => sockets.delete(socket));
    ssh.injectSocket(socket);
  });
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  const address = listener.address();
  return {
    port: address === null || typeof address === 'string' ? 0 : address.port,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => listener.close(resolve));
    },
  };
}
