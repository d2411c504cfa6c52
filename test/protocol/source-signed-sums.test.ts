import { execFile } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createHost } from '../../src/host/node-host.ts';
import { exitCodeOf } from '../../src/pipeline/events/failure.ts';
import { source } from '../../src/stages/kernel/source.ts';
import type { SourceInput } from '../../src/stages/kernel/source.ts';
import { openStore } from '../../src/store/store.ts';
import { faultOf } from '../support/faults.ts';

const run = promisify(execFile);
const host = createHost();

const NAME = 'linux-4.10.11.tar.xz';
const TARBALL = randomBytes(200_000);
const SHA256 = createHash('sha256').update(TARBALL).digest('hex');
const OTHER = 'a'.repeat(64);

let folder: string;
/** GnuPG's home of one who signs, and the keyring that gpgv gets of it. */
const signers: Record<string, { readonly env: NodeJS.ProcessEnv; readonly keyring: string }> = {};

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'drydock-sums-'));
  for (const name of ['publisher', 'stranger']) {
    const home = path.join(folder, name);
    await mkdir(home, { mode: 0o700 });
    const env = { ...process.env, GNUPGHOME: home };
    const identity = `${name}@example.invalid`;
    await run('gpg', ['--batch', '--passphrase', '', '--quick-gen-key', identity, 'rsa2048', 'sign', 'never'], { env });
    const keyring = path.join(folder, `${name}.gpg`);
    await run('gpg', ['--output', keyring, '--export', identity], { env });
    signers[name] = { env, keyring };
  }
});
afterAll(async () => {
  // The agents that gpg started would outlive the test.
  for (const { env } of Object.values(signers)) await run('gpgconf', ['--kill', 'all'], { env });
  await rm(folder, { recursive: true });
});

/** The list as kernel.org's autosigner makes it. */
async function signed(lines: readonly string[], by = 'publisher'): Promise<string> {
  const list = path.join(folder, 'list');
  await writeFile(list, `${lines.join('\n')}\n`);
  await run('gpg', ['--batch', '--yes', '--clearsign', '--output', `${list}.asc`, list], { env: signers[by]?.env });
  return readFile(`${list}.asc`, 'utf8');
}

const listed = (digest: string): readonly string[] => [
  `${OTHER}  linux-4.10.10.tar.xz`,
  `${digest}  ${NAME}`,
  `${OTHER}  patch-4.10.11.xz`,
];

/** kernel.org's folder on loopback. */
async function publisher(sums: string | undefined) {
  const server = createServer((request, response) => {
    const body = request.url?.endsWith(NAME) === true ? TARBALL : sums;
    if (body === undefined) response.writeHead(404).end();
    else response.writeHead(200, { 'content-length': Buffer.byteLength(body) }).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    folder: `http://127.0.0.1:${String(address.port)}/pub/linux/kernel/v4.x`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function obtain(input: SourceInput) {
  const store = openStore(host, await mkdtemp(path.join(folder, 'cache-')));
  const findings: string[] = [];
  const output = await source.run(input, {
    host,
    store,
    signal: new AbortController().signal,
    workDir: await mkdtemp(path.join(folder, 'work-')),
    logPath: path.join(folder, 'log'),
    folders: { pipelines: 'pipelines', guests: 'vm-images' },
    progress: () => undefined,
    finding: ({ level, message }) => findings.push(`${level}: ${message}`),
  });
  return { output, findings };
}

async function fetchWith(sums: string | undefined, keyring?: string) {
  await using server = await publisher(sums);
  const signedSums = { file: 'sha256sums.asc', ...(keyring === undefined ? {} : { keyring }) };
  const got = await obtain({ kind: 'tarball', location: `${server.folder}/${NAME}`, sha256: SHA256, signedSums });
  return { ...got, list: `${server.folder}/sha256sums.asc` };
}

describe('a pinned tarball whose publisher signs its digest', () => {
  test('is taken when both name the same, and the signature is that of the keyring', async () => {
    const keyring = signers.publisher?.keyring;
    const { output, findings, list } = await fetchWith(await signed(listed(SHA256)), keyring);
    expect(output.tarball.sha256).toBe(SHA256);
    expect(findings).toEqual([
      `info: ${list} names the same digest for ${NAME}, and its signature is of ${keyring ?? ''}`,
    ]);
  });

  test('says that nobody checked the signature where there is no keyring', async () => {
    const { findings, list } = await fetchWith(await signed(listed(SHA256)));
    expect(findings).toEqual([
      `info: ${list} names the same digest for ${NAME}; its signature was not checked, for the profile names no keyring of who signs it`,
    ]);
  });

  test.each([['with a keyring'], ['without one']])('is refused when the publisher names another, %s', async (how) => {
    const keyring = how === 'with a keyring' ? signers.publisher?.keyring : undefined;
    const { failure } = await faultOf(fetchWith(await signed(listed(OTHER)), keyring));
    expect(failure.kind).toBe('digest-mismatch');
    expect(failure.headline).toMatch(
      /sha256sums\.asc names another digest for linux-4\.10\.11\.tar\.xz than the profile$/,
    );
    expect(failure.detail).toEqual([`profile says   sha256 ${SHA256}`, `publisher says sha256 ${OTHER}`]);
    expect(exitCodeOf(failure)).toBe(2);
  });

  test('is refused when somebody else signed the list, or changed it afterwards', async () => {
    const keyring = signers.publisher?.keyring;
    const stranger = await faultOf(fetchWith(await signed(listed(SHA256), 'stranger'), keyring));
    expect(stranger.failure.kind).toBe('digest-mismatch');
    expect(stranger.failure.headline).toMatch(/^The signature of .*sha256sums\.asc is not one of /);
    const changed = (await signed(listed(OTHER))).replace(`${OTHER}  ${NAME}`, `${SHA256}  ${NAME}`);
    expect((await faultOf(fetchWith(changed, keyring))).failure.kind).toBe('digest-mismatch');
  });

  test('believes only what is signed: a line outside of it does not speak of the file', async () => {
    const message = await signed([`${OTHER}  linux-4.10.10.tar.xz`]);
    for (const keyring of [undefined, signers.publisher?.keyring]) {
      const { findings, list } = await fetchWith(`${SHA256}  ${NAME}\n${message}${SHA256}  ${NAME}\n`, keyring);
      expect(findings).toEqual([`info: ${list} does not speak of ${NAME}: the sha256 of the profile decides`]);
    }
  });

  test('is taken on its pin where the list cannot be reached, and that is said', async () => {
    const { output, findings, list } = await fetchWith(undefined);
    expect(output.tarball.sha256).toBe(SHA256);
    expect(findings).toEqual([
      `info: ${NAME} could not be compared with its publisher's digests, the sha256 of the profile decides: Could not download ${list}: the server answered 404 Not Found`,
    ]);
  });

  test('from a path is not compared with what its publisher may say', async () => {
    const location = path.join(folder, NAME);
    await writeFile(location, TARBALL);
    const signedSums = { file: 'sha256sums.asc' };
    const { findings } = await obtain({ kind: 'tarball', location, sha256: SHA256, signedSums });
    expect(findings).toEqual([
      `info: ${NAME} is from a path: its publisher's sha256sums.asc was not asked, the sha256 of the profile decides`,
    ]);
  });
});
