import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createHost } from '../../src/host/node-host.ts';
import { openInstallerMedium } from '../../src/images/centos/medium.ts';
import { exitCodeOf } from '../../src/pipeline/events/failure.ts';
import { medium } from '../../src/stages/guest/medium.ts';
import type { StageProgress } from '../../src/stages/stage.ts';
import { openStore } from '../../src/store/store.ts';
import { faultOf } from '../support/faults.ts';
import { makeIso } from '../support/installer-iso.ts';

const host = createHost();
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'drydock-medium-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

describe('an installer’s ISO', () => {
  const contents = {
    'images/pxeboot/vmlinuz': 'the kernel',
    'images/pxeboot/initrd.img': 'the initrd',
    'RPM-GPG-KEY-CentOS-7': 'the key',
  };

  test('gives its kernel, its initrd, its key and its name', async () => {
    const iso = path.join(folder, 'a name, with a comma.iso');
    await makeIso(iso, 'CentOS 7 x86_64', contents);
    const opened = await openInstallerMedium(host, iso, path.join(folder, 'out'));
    expect(opened.label).toBe('CentOS 7 x86_64');
    expect(await readFile(opened.kernelPath, 'utf8')).toBe('the kernel');
    expect(await readFile(opened.initrdPath, 'utf8')).toBe('the initrd');
    expect(await readFile(opened.signingKeyPath, 'utf8')).toBe('the key');
  });

  test('that boots no kernel over a network is refused by what it lacks', async () => {
    const iso = path.join(folder, 'data.iso');
    await makeIso(iso, 'DATA', { readme: 'no installer' });
    const { failure } = await faultOf(openInstallerMedium(host, iso, path.join(folder, 'out')));
    expect(failure.headline).toBe(`${iso} is no installer of CentOS 7: it has no /images/pxeboot/vmlinuz`);
    expect(failure.hint).toContain('CentOS-7-x86_64-Minimal-2009.iso');
  });

  test('that is no ISO at all is told as that', async () => {
    const file = path.join(folder, 'random');
    await writeFile(file, randomBytes(300_000));
    const { failure } = await faultOf(openInstallerMedium(host, file, path.join(folder, 'out')));
    expect(failure.headline).toBe(`${file} is no installer of CentOS 7: it is no ISO image`);
  });
});

describe('the medium of a guest', () => {
  const CONTENT = randomBytes(3_000_000);
  const SHA256 = createHash('sha256').update(CONTENT).digest('hex');
  type Reply = (request: IncomingMessage, response: ServerResponse, from: number) => void;

  /** A vault on loopback that answers one request after the other as told; the last answer repeats. */
  async function vault(...replies: readonly [Reply, ...Reply[]]) {
    const ranges: (string | undefined)[] = [];
    const server = createServer((request, response) => {
      const reply = replies[Math.min(ranges.length, replies.length - 1)] ?? replies[0];
      ranges.push(request.headers.range);
      reply(request, response, Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    return {
      location: `http://127.0.0.1:${String(address.port)}/CentOS-7-x86_64-Minimal-2009.iso`,
      ranges,
      [Symbol.asyncDispose]: async () => {
        server.closeAllConnections();
        await new Promise((resolve) => server.close(resolve));
      },
    };
  }

  const whole: Reply = (_request, response, from) => {
    const body = CONTENT.subarray(from);
    response.writeHead(from === 0 ? 200 : 206, { 'content-length': body.length }).end(body);
  };
  const cutAfterAMegabyte: Reply = (_request, response, from) => {
    response.writeHead(from === 0 ? 200 : 206, { 'content-length': CONTENT.length - from });
    response.write(CONTENT.subarray(from, from + 1_000_000), () => {
      response.destroy();
    });
  };
  const refuse =
    (status: number): Reply =>
    (_request, response) => {
      response.writeHead(status).end();
    };

  const get = (location: string, sha256 = SHA256, progress: (told: StageProgress) => void = () => undefined) => {
    const store = openStore(host, path.join(folder, 'cache'));
    const context = {
      host,
      store,
      signal: new AbortController().signal,
      workDir: path.join(store.workDir(), 'scratch'),
      logPath: path.join(folder, 'log'),
      folders: { pipelines: 'pipelines', guests: 'vm-images' },
      progress,
      finding: () => undefined,
    };
    return medium.run({ guest: 'centos-7-minimal', location, sha256 }, context);
  };
  const stored = async (sha256: string): Promise<Buffer> =>
    readFile(await openStore(host, path.join(folder, 'cache')).use({ sha256, sizeBytes: CONTENT.length }));

  test('is downloaded, goes on where a broken connection ended, and is kept by its digest', async () => {
    await using server = await vault(cutAfterAMegabyte, whole);
    const { iso } = await get(server.location);
    expect(iso).toEqual({ sha256: SHA256, sizeBytes: CONTENT.length });
    expect(server.ranges).toEqual([undefined, expect.stringMatching(/^bytes=[1-9]\d*-$/)]);
    expect((await stored(SHA256)).equals(CONTENT)).toBe(true);
  });

  test('that comes slowly shows how far it is, and slowness alone does not end it', async () => {
    const told: StageProgress[] = [];
    let next: (() => void) | undefined;
    const drip: Reply = (_request, response) => {
      response.writeHead(200, { 'content-length': CONTENT.length });
      let sent = 0;
      next = () => {
        response.write(CONTENT.subarray(sent, sent + 500_000));
        sent += 500_000;
        if (sent >= CONTENT.length) response.end();
      };
      next();
    };
    await using server = await vault(drip);
    // The next piece is sent only when progress has told of the one before it.
    await get(server.location, SHA256, (progress) => {
      if (told.at(-1)?.message !== progress.message) next?.();
      told.push(progress);
    });
    const fractions = told.map(({ fraction = 0 }) => fraction);
    expect(fractions).toEqual(fractions.toSorted((a, b) => a - b));
    expect(fractions.at(-1)).toBe(1);
    expect(told.at(-1)?.message).toBe('2.9 of 2.9 MiB');
  });

  test('that is another file than the pinned one is not used, and both digests are shown', async () => {
    await using server = await vault(whole);
    const { failure } = await faultOf(get(server.location, 'a'.repeat(64)));
    expect(failure.kind).toBe('digest-mismatch');
    expect(failure.detail?.join('\n')).toContain(SHA256);
    await expect(stored(SHA256)).rejects.toThrow();
  });

  test('that the vault does not have ends with the cause, the ways out and exit code 3', async () => {
    await using server = await vault(refuse(404));
    const { failure } = await faultOf(get(server.location));
    expect(failure.headline).toBe(
      `The guest centos-7-minimal cannot be made: could not download ${server.location}: the server answered 404 Not Found`,
    );
    expect(failure.hint).toContain('--image PATH');
    expect(failure.hint).toContain('--guest debian-12-minimal');
    expect(exitCodeOf(failure)).toBe(3);
    expect(server.ranges).toHaveLength(1);
  });

  test('is taken from a path on this machine, and checked there as well', async () => {
    const iso = path.join(folder, 'given.iso');
    await writeFile(iso, CONTENT);
    expect((await get(iso)).iso.sha256).toBe(SHA256);
    await truncate(iso, 1000);
    const { failure } = await faultOf(get(iso));
    expect(failure.headline).toBe(`${iso} is not the installer that centos-7-minimal is made from`);
    expect(failure.hint).toContain('incomplete');
  });

  test('that cannot be had is told in one clause, without a download', async () => {
    await using server = await vault(refuse(404));
    const { signal } = new AbortController();
    expect(await host.downloads.whyNot(server.location, signal)).toBe(`${server.location} is answered with 404`);
    await using other = await vault(whole);
    expect(await host.downloads.whyNot(other.location, signal)).toBeUndefined();
    expect(await host.downloads.whyNot('http://127.0.0.1:1/iso', signal)).toMatch(
      /^127\.0\.0\.1:1 does not answer \(.+\)$/,
    );
  });
});
