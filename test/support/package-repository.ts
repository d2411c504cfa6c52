import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import path from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

export interface TestRepository extends AsyncDisposable {
  /** A line of sources.list. */
  readonly source: string;
}

/** A flat repository of empty packages with the given names, served on one address; apt and dpkg find nothing to object to. */
export async function serveEmptyPackages(
  parent: string,
  address: string,
  names: readonly string[],
): Promise<TestRepository> {
  const folder = await mkdtemp(path.join(parent, 'repository-'));
  const files = new Map<string, Buffer>();
  const index: string[] = [];
  for (const name of names) {
    const control = `Package: ${name}\nVersion: 1\nArchitecture: all\nMaintainer: nobody <nobody@example.org>\nDescription: empty\n`;
    const tree = path.join(folder, name);
    await mkdir(path.join(tree, 'DEBIAN'), { recursive: true });
    await writeFile(path.join(tree, 'DEBIAN/control'), control);
    const deb = `${tree}.deb`;
    await run('dpkg-deb', ['--build', '--root-owner-group', tree, deb]);
    const bytes = await readFile(deb);
    files.set(`/${name}.deb`, bytes);
    const facts = `Filename: ./${name}.deb\nSize: ${String(bytes.length)}\nSHA256: ${sha256(bytes)}\n`;
    index.push(control + facts);
  }
  const packages = Buffer.from(index.join('\n'));
  files.set('/Packages', packages);
  const date = new Date().toUTCString();
  files.set(
    '/Release',
    Buffer.from(`Date: ${date}\nSHA256:\n ${sha256(packages)} ${String(packages.length)} Packages\n`),
  );

  const server = createServer((request, response) => {
    const found = files.get(path.posix.normalize(request.url ?? '/'));
    response.writeHead(found === undefined ? 404 : 200, { 'Content-Length': String(found?.length ?? 0) });
    response.end(found);
  });
  await new Promise<void>((resolve) => server.listen(0, address, resolve));
  const bound = server.address();
  const port = bound !== null && typeof bound === 'object' ? bound.port : 0;
  return {
    source: `deb [trusted=yes] http://${address}:${String(port)} ./\n`,
    async [Symbol.asyncDispose]() {
      await new Promise((resolve) => {
        server.close(resolve);
        server.closeAllConnections();
      });
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
