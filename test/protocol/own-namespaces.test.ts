import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createProcesses } from '../../src/host/process/exec.ts';
import type { Argv } from '../../src/host/host.ts';
import { inOwnNamespaces } from '../../src/host/process/own-namespaces.ts';
import { drydockMain } from '../support/drydock-main.ts';
import { groupGone, processGone } from '../support/processes.ts';

const processes = createProcesses();
const isRoot = process.getuid?.() === 0;
let scratch: string;

beforeAll(async () => {
  scratch = await mkdtemp(path.join(tmpdir(), 'drydock-namespaces-'));
});

afterAll(async () => {
  await rm(scratch, { recursive: true, force: true });
});

const shell = (script: string, ...args: readonly string[]): Argv => ['sh', '-c', script, 'sh', ...args];
const hostMounts = (): Promise<string> => readFile('/proc/self/mountinfo', 'utf8');

// Mount namespaces take root; without it drydock builds images in the user namespace that mmdebstrap makes.
describe.runIf(isRoot)('a command in namespaces of its own', () => {
  test('gets its input, and its output and exit code arrive', async () => {
    const { stdout, exitCode } = await processes.run(inOwnNamespaces(shell('cat; exit 7')), {
      input: 'words',
      okExitCodes: [7],
    });
    expect({ stdout, exitCode }).toEqual({ stdout: 'words', exitCode: 7 });
  });

  test('mounts what the machine never sees, and cleans up on SIGTERM', async () => {
    const folder = path.join(scratch, 'mounted');
    await mkdir(folder);
    const before = await hostMounts();
    const script =
      'trap "echo cleaned; exit 0" TERM; exec 2>/dev/null; mount -t tmpfs x "$1" && grep -c " $1 " /proc/self/mountinfo; while :; do sleep 0.1; done';
    const seen: string[] = [];
    const stop = new AbortController();
    const run = processes.run(inOwnNamespaces(shell(script, folder)), {
      signal: stop.signal,
      onLine: (line) => {
        seen.push(line);
        stop.abort();
      },
    });
    await expect(run).rejects.toMatchObject({ failure: { kind: 'interrupted' } });
    expect(seen).toEqual(['1', 'cleaned']);
    expect(await hostMounts()).toBe(before);
  });

  test('ends with its group, together with what has left the group', async () => {
    const before = await hostMounts();
    const script = 'mount -t tmpfs x "$1"; setsid sh -c "while :; do sleep 1; done" & echo mounted; wait';
    await using child = processes.start(inOwnNamespaces(shell(script, scratch)));
    for await (const chunk of child.stdout) if (String(chunk).includes('mounted')) break;
    const away = await pidsOfNamespaceBelow(child.pid);
    expect(away.length).toBeGreaterThan(2);
    child.kill('SIGKILL');
    await groupGone(child.pid);
    for (const pid of away) await processGone(pid);
    expect(await hostMounts()).toBe(before);
  });
});

/** Every process below a guard, whatever its group. */
async function pidsOfNamespaceBelow(pid: number): Promise<readonly number[]> {
  const text = await readFile(`/proc/${String(pid)}/task/${String(pid)}/children`, 'utf8').catch(() => '');
  const children = text.trim().split(' ').filter(Boolean).map(Number);
  const below = await Promise.all(children.map(pidsOfNamespaceBelow));
  return [...children, ...below.flat()];
}

describe.runIf(isRoot)('a folder with something mounted below it', () => {
  /** Runs a script in a mount namespace in which a tmpfs with a file is mounted at the cache's `work/a b`. */
  const withMount = async (cache: string, command: readonly string[]) => {
    const script = 'mount -t tmpfs x "$1" && echo kept > "$1/file" && shift && "$@"';
    const inside = path.join(cache, 'work/a b');
    await mkdir(inside, { recursive: true });
    const options = { env: { ...process.env }, maxBuffer: 1 << 24 };
    const argv = ['--mount', '--', 'sh', '-c', `${script}; code=$?; cat "${inside}/file"; exit $code`, 'sh', inside];
    try {
      return { code: 0, ...(await promisify(execFile)('unshare', [...argv, ...command], options)) };
    } catch (error) {
      if (!(error instanceof Error && 'stdout' in error && 'stderr' in error && 'code' in error)) throw error;
      return { code: error.code, stdout: String(error.stdout), stderr: String(error.stderr) };
    }
  };

  test('is no cache: the refusal holds the command that unmounts, and nothing is deleted', async () => {
    const cache = path.join(scratch, 'cache');
    const doctor = [process.execPath, ...drydockMain(), 'doctor', '--no-install', '--cache-dir', cache];
    const { code, stdout, stderr } = await withMount(cache, doctor);
    expect(stderr).toContain(`✗ ${cache} has something mounted below it`);
    expect(stderr).toContain(`sudo umount -- '${cache}/work/a b'`);
    expect(stdout).toMatch(new RegExp(`✗ mounts in the cache +${cache}/work/a b`));
    expect(stdout.endsWith('kept\n')).toBe(true);
    expect(code).toBe(3);
  });

  test('is not removed', async () => {
    const cache = path.join(scratch, 'removed');
    const files = new URL('../../src/host/files.ts', import.meta.url).href;
    const program = `const { createFiles } = await import(${JSON.stringify(files)});
      await createFiles().remove(process.argv[1]).catch((error) => console.error(error.message));`;
    const node = [process.execPath, '--import', 'tsx', '--input-type=module', '--eval', program, cache];
    const { stdout, stderr } = await withMount(cache, node);
    expect(stderr).toContain('has something mounted below it');
    expect(stdout).toBe('kept\n');
  });
});
