import { execFile } from 'node:child_process';
import { appendFile, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { FileServer } from '../../src/host/host.ts';
import { createHost } from '../../src/host/node-host.ts';
import { gatherSupplies, packSupplies } from '../../src/images/centos/supplies.ts';
import type { InstalledGuest } from '../../src/profile/guest-schema.ts';
import { centosDefinition, GUESTS, guestFile } from '../support/centos.ts';
import { faultOf } from '../support/faults.ts';
import { makeRpmRepository } from '../support/rpm-repository.ts';
import type { RpmRepository } from '../support/rpm-repository.ts';

const host = createHost();
const run = promisify(execFile);

/** Real dnf, rpmkeys, createrepo_c and xorriso, against a vault on loopback with packages that rpmbuild made. */
describe('what an installation lacks on its medium', () => {
  let folder: string;
  let repository: RpmRepository;
  let server: FileServer;
  let address: string;
  let shipped: InstalledGuest;
  let turn = 0;

  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'drydock-supplies-'));
    repository = await makeRpmRepository(folder, { docker: ['containerd-like'], 'containerd-like': [], other: [] });
    server = await host.servers.serveFolder(repository.folder);
    address = `http://127.0.0.1:${String(await server.listen({ address: '127.0.0.1' }))}/`;
    shipped = await centosDefinition();
  }, 300_000);
  afterAll(async () => {
    await server[Symbol.asyncDispose]();
    await rm(folder, { recursive: true });
  });

  const build = async (change: Partial<InstalledGuest> = {}): Promise<string> => {
    turn += 1;
    const outputPath = path.join(folder, `supplies-${String(turn)}.iso`);
    const supplies = await gatherSupplies(host, {
      definition: { ...shipped, packages: ['docker'], repositories: { base: address }, ...change },
      definitionFolder: GUESTS,
      signingKeyPath: repository.keyPath,
      directory: path.join(folder, `scratch-${String(turn)}`),
      run: {},
    });
    await packSupplies(host, supplies, outputPath, {});
    return outputPath;
  };

  test('is on one ISO image: the packages with all they need as a repository, files, units and the script', async () => {
    const iso = await build();
    const out = path.join(folder, 'unpacked');
    await run('xorriso', ['-no_rc', '-osirrox', 'on', '-indev', iso, '-extract', '/', out]);
    const text = (name: string): Promise<string> => readFile(path.join(out, name), 'utf8');
    const rpms = (await readdir(path.join(out, 'packages'))).filter((name) => name.endsWith('.rpm'));
    expect(rpms.toSorted()).toEqual(['containerd-like.rpm', 'docker.rpm']);
    expect(await text('packages/repodata/repomd.xml')).toContain('type="primary"');
    expect(await text('package-names')).toBe('docker\n');
    expect(await text('provision')).toBe(await guestFile('files/centos/provision'));
    expect(await text('signing-key')).toBe(await readFile(repository.keyPath, 'utf8'));
    const list = (await text('file-list')).trim().split('\n');
    expect(list).toHaveLength(shipped.files.length);
    for (const [index, line] of list.entries()) {
      const { from = '', mode, to } = shipped.files[index] ?? {};
      expect(line).toBe(`${String(mode)} ${String(index)} ${String(to)}`);
      expect(await text(`files/${String(index)}`)).toBe(await guestFile(from));
    }
    expect((await text('enable')).trim().split('\n')).toEqual(shipped.enable);
  });

  test('is looked for in the vault by the guest’s own yum, too, whose configuration a real dnf can read', async () => {
    const config = path.join(folder, 'guest.conf');
    const own = ['cachedir', 'persistdir', 'logdir'].map((key) => `${key}=${path.join(folder, 'guest-dnf', key)}`);
    const main = ['[main]', `reposdir=${path.join(GUESTS, 'files/centos')}`, 'plugins=0', ...own, ''];
    await writeFile(config, main.join('\n'));
    const { stdout } = await run('dnf', ['--config', config, '--releasever=7', '--forcearch=x86_64', 'repolist']);
    const ids = stdout.trim().split('\n').slice(1);
    expect(ids.map((line) => line.split(' ')[0])).toEqual(['base', 'extras', 'updates']);
  });

  test('that a repository does not have is named, with where it was looked for', async () => {
    const { failure } = await faultOf(build({ packages: ['docker', 'nonesuch'] }));
    expect(failure.kind).toBe('download-failed');
    expect(failure.headline).toBe(`The packages of centos-7-minimal could not be had from ${address}`);
    expect(failure.detail?.join('\n')).toContain('nonesuch');
  });

  test('that somebody changed or nobody signed is refused before a guest sees it', async () => {
    const changed = path.join(folder, 'changed');
    await run('cp', ['-r', repository.folder, changed]);
    await run('rpmsign', ['--delsign', path.join(changed, 'docker.rpm')]);
    await run('createrepo_c', ['--quiet', changed]);
    await using other = await host.servers.serveFolder(changed);
    const base = `http://127.0.0.1:${String(await other.listen({ address: '127.0.0.1' }))}/`;
    const unsigned = await faultOf(build({ repositories: { base } }));
    expect(unsigned.failure.kind).toBe('digest-mismatch');
    expect(unsigned.failure.headline).toBe("1 of the packages is not signed by the key on the installer's medium");
    expect(unsigned.failure.detail?.join('\n')).toContain('docker.rpm');

    await appendFile(path.join(changed, 'containerd-like.rpm'), 'more');
    // Against its own index dnf sees it first.
    expect((await faultOf(build({ repositories: { base } }))).failure.kind).toBe('download-failed');
  });
});
