import { execFile } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { APT_OPTIONS, packagesIndex, poolName, releaseFile, sourcesList } from '../../src/bench/debian-repository.ts';
import { Fault } from '../../src/host/fault.ts';
import { createHost } from '../../src/host/node-host.ts';
import { buildPackageRepository, unpackRepository } from '../../src/images/containers/package-repository.ts';
import type { PackageRepository } from '../../src/images/containers/package-repository.ts';

const exec = promisify(execFile);
const host = createHost();

let folder: string;
let archive: string;
let keyring: string;
let built = 0;

/** Builds a real package with one file, and puts it into the archive. */
async function addPackage(name: string, version: string, fields: readonly string[]) {
  const root = path.join(folder, 'source', name);
  await mkdir(path.join(root, 'DEBIAN'), { recursive: true });
  await mkdir(path.join(root, 'usr/share', name), { recursive: true });
  await writeFile(path.join(root, 'usr/share', name, 'data'), `${name} ${version}`);
  const control = [
    `Package: ${name}`,
    `Version: ${version}`,
    'Architecture: all',
    'Maintainer: Nobody <nobody@example.org>',
  ];
  await writeFile(path.join(root, 'DEBIAN/control'), [...control, ...fields, `Description: ${name}`, ''].join('\n'));
  const file = path.join(folder, `${name}.deb`);
  await exec('dpkg-deb', ['--root-owner-group', '--build', root, file], {
    env: { ...process.env, SOURCE_DATE_EPOCH: '1700000000' },
  });
  const { stdout } = await exec('dpkg-deb', ['--field', file]);
  const filename = poolName(stdout);
  await rename(file, path.join(archive, filename));
  const kept = path.join(archive, filename);
  return { control: stdout, filename, sizeBytes: (await stat(kept)).size, sha256: await host.files.sha256(kept) };
}

/** A signed Debian archive in a folder: `main` depends on `needed`, which needs `present`, and recommends `extra`. */
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'drydock-archive-'));
  archive = path.join(folder, 'archive');
  await mkdir(archive);
  const packages = [
    await addPackage('main', '1:2.0-1+x', ['Depends: needed', 'Recommends: extra']),
    await addPackage('needed', '1.0', ['Depends: present']),
    await addPackage('extra', '1.0', []),
    await addPackage('present', '1.0', []),
    await addPackage('broken', '1.0', ['Depends: nowhere']),
  ];
  const index = path.join(archive, 'Packages');
  await writeFile(index, packagesIndex(packages));
  const vouched = { sha256: await host.files.sha256(index), sizeBytes: (await stat(index)).size };
  await writeFile(path.join(archive, 'Release'), releaseFile(vouched, 1_700_000_000, 'all'));
  const home = path.join(folder, 'gpg');
  await mkdir(home);
  await chmod(home, 0o700);
  const gpg = (...rest: string[]) => exec('gpg', ['--homedir', home, '--batch', '--yes', '--passphrase', '', ...rest]);
  await gpg('--quick-generate-key', 'archive@example.org', 'ed25519', 'sign', 'never');
  keyring = path.join(folder, 'keyring.gpg');
  await gpg('--output', keyring, '--export');
  await gpg('--clearsign', '--output', path.join(archive, 'InRelease'), path.join(archive, 'Release'));
  await exec('gpgconf', ['--homedir', home, '--kill', 'all']);
});

afterAll(() => rm(folder, { recursive: true, force: true }));

/** dpkg's status file of a system on which `present` is installed. */
const STATUS = [
  'Package: present',
  'Status: install ok installed',
  'Version: 1.0',
  'Architecture: all',
  'Maintainer: Nobody <nobody@example.org>',
  'Description: present',
  '',
].join('\n');

async function build(wanted: readonly string[], key = keyring): Promise<PackageRepository> {
  built += 1;
  const workDir = path.join(folder, `work-${String(built)}`);
  await mkdir(workDir);
  const statusPath = path.join(workDir, 'status');
  await writeFile(statusPath, STATUS);
  return buildPackageRepository(host, { archives: [`file:${archive} ./`], keyring: key, wanted, statusPath, workDir });
}

test('holds what is wanted and all it needs, but nothing that is recommended or installed already', async () => {
  const { packages } = await build(['main']);
  expect(Object.keys(packages).sort()).toEqual(['main', 'needed']);
  expect(packages.main?.version).toBe('1:2.0-1+x');
  expect(packages.main?.sha256).toBe(await host.files.sha256(path.join(archive, 'main_2.0-1+x_all.deb')));
});

test('has the same bytes whenever it is made of the same packages', async () => {
  const digests = [await build(['main']), await build(['main'])].map(({ tarPath }) => host.files.sha256(tarPath));
  const [first, second] = await Promise.all(digests);
  expect(first).toBe(second);
});

test('leaves the archive as it was', async () => {
  const before = await readdir(archive);
  await build(['main']);
  expect(await readdir(archive)).toEqual(before);
});

test.each(['broken', 'unheard-of'])('cannot be made of %s, and says what apt said', async (name) => {
  const error: unknown = await build([name]).then(
    () => undefined,
    (why: unknown) => why,
  );
  if (!(error instanceof Fault)) throw new Error('It was made', { cause: error });
  expect(error.failure.kind).toBe('download-failed');
  expect(error.failure.headline).toContain(name);
  expect(error.failure.detail).toBeInstanceOf(Array);
});

test('is not made from an archive that nobody we trust has signed', async () => {
  const empty = path.join(folder, 'empty.gpg');
  await writeFile(empty, '');
  await expect(build(['main'], empty)).rejects.toMatchObject({ failure: { kind: 'download-failed' } });
});

test('is all that apt needs, served by drydock', async () => {
  const { tarPath } = await build(['main']);
  const served = path.join(folder, 'served');
  await unpackRepository(host, tarPath, served);
  await using server = await host.servers.serveFolder(served);
  const port = await server.listen({ address: '127.0.0.1' });

  const own = path.join(folder, 'client');
  await mkdir(path.join(own, 'state/lists/partial'), { recursive: true });
  await mkdir(path.join(own, 'cache/archives/partial'), { recursive: true });
  await writeFile(path.join(own, 'status'), STATUS);
  await writeFile(path.join(own, 'sources.list'), sourcesList(`http://127.0.0.1:${String(port)}`));
  const settings = {
    'Dir::State': path.join(own, 'state'),
    'Dir::State::status': path.join(own, 'status'),
    'Dir::Cache': path.join(own, 'cache'),
    'Dir::Etc::SourceList': path.join(own, 'sources.list'),
    'APT::Sandbox::User': 'root',
    // A proxy of this machine has no business between two ends of it.
    'Acquire::http::Proxy': 'DIRECT',
  };
  const options = [...Object.entries(settings).flatMap(([key, value]) => ['-o', `${key}=${value}`]), ...APT_OPTIONS];
  await host.processes.run(['apt-get', ...options, '-o', 'APT::Update::Error-Mode=any', 'update']);
  await host.processes.run(['apt-get', ...options, '--download-only', 'install', 'main']);
  const fetched = path.join(own, 'cache/archives');
  expect((await readdir(fetched)).filter((file) => file.endsWith('.deb'))).toEqual([
    'main_1%3a2.0-1+x_all.deb',
    'needed_1.0_all.deb',
  ]);
  expect(await readFile(path.join(fetched, 'needed_1.0_all.deb'))).toEqual(
    await readFile(path.join(archive, 'needed_1.0_all.deb')),
  );

  // The second time there is nothing new to fetch.
  const { bytesSent } = server.traffic;
  await host.processes.run(['apt-get', ...options, '-o', 'APT::Update::Error-Mode=any', 'update']);
  expect(server.traffic.bytesSent).toBe(bytesSent);
});
