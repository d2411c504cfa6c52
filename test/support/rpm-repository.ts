import { execFile } from 'node:child_process';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Packages of nothing but a name and what they need. */
export interface RpmRepository {
  readonly folder: string;
  /** The public key that signed them, as rpm imports it. */
  readonly keyPath: string;
}

/** A yum repository of tiny packages, built by rpmbuild, signed by a key of its own, indexed by createrepo_c. */
export async function makeRpmRepository(
  scratch: string,
  packages: Readonly<Record<string, readonly string[]>>,
): Promise<RpmRepository> {
  const folder = path.join(scratch, 'repository');
  const keyPath = path.join(scratch, 'signing-key');
  // gpg-agent's socket has to be short; a socket of a test folder is.
  const env = { ...process.env, GNUPGHOME: path.join(scratch, 'gpg') };
  await mkdir(folder, { recursive: true });
  await mkdir(env.GNUPGHOME, { mode: 0o700 });
  const identity = 'packager@example.invalid';
  const gpg = ['--batch', '--passphrase', ''];
  await run('gpg', [...gpg, '--quick-gen-key', identity, 'rsa2048', 'sign', 'never'], { env });
  await writeFile(keyPath, (await run('gpg', ['--armor', '--export', identity], { env })).stdout);
  for (const [name, needs] of Object.entries(packages)) {
    const spec = path.join(scratch, `${name}.spec`);
    const tags = { Name: name, Version: '1', Release: '1.el7', Summary: name, License: 'none', BuildArch: 'noarch' };
    const lines = Object.entries(tags).map(([tag, value]) => `${tag}: ${value}`);
    const requires = needs.map((need) => `Requires: ${need}`);
    await writeFile(spec, [...lines, ...requires, '%description', name, '%files', ''].join('\n'));
    const defines = { _topdir: path.join(scratch, 'rpmbuild'), _rpmdir: folder, _build_name_fmt: '%%{NAME}.rpm' };
    const options = Object.entries(defines).flatMap(([key, value]) => ['--define', `${key} ${value}`]);
    await run('rpmbuild', ['-bb', '--quiet', ...options, spec]);
  }
  const rpms = (await readdir(folder)).map((file) => path.join(folder, file));
  await run('rpmsign', ['--define', '__gpg /usr/bin/gpg', '--define', `_gpg_name ${identity}`, '--addsign', ...rpms], {
    env,
  });
  await run('createrepo_c', ['--quiet', folder]);
  // The agent that gpg started would outlive the test.
  await run('gpgconf', ['--kill', 'all'], { env });
  return { folder, keyPath };
}
