import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createProcesses } from '../../src/host/process/exec.ts';
import { groupGone, groupMembers, groupOf, isRunning, processGone } from '../support/processes.ts';

const EXEC_ROOM = fileURLToPath(new URL('../../src/host/process/exec.ts', import.meta.url));
const processes = createProcesses();
let scratch: string;

beforeAll(async () => {
  scratch = await mkdtemp(path.join(tmpdir(), 'drydock-exec-'));
});

afterAll(async () => {
  await rm(scratch, { recursive: true, force: true });
});

function shell(script: string): ['sh', '-c', string] {
  return ['sh', '-c', script];
}

describe('a program that is read while it runs', () => {
  test('is written to and answers by the line, and its end is the end of the lines', async () => {
    await using live = processes.startLive(shell('while read -r x; do echo "got $x"; done'));
    const lines = live.lines[Symbol.asyncIterator]();
    live.write('one');
    expect((await lines.next()).value).toBe('got one');
    await live.end();
    expect((await lines.next()).done).toBe(true);
  });

  test('that does not listen is ended by SIGTERM', async () => {
    await using live = processes.startLive(shell('echo "$$"; exec sleep 1000'));
    const pid = Number((await live.lines[Symbol.asyncIterator]().next()).value);
    expect(await isRunning(pid)).toBe(true);
    await live.end();
    expect(await isRunning(pid)).toBe(false);
  });

  test('that ends badly by itself is a fault with its last words, after its last line', async () => {
    await using live = processes.startLive(shell('echo last; echo reason >&2; exit 5'));
    const lines = live.lines[Symbol.asyncIterator]();
    expect((await lines.next()).value).toBe('last');
    await expect(lines.next()).rejects.toMatchObject({
      failure: { kind: 'command-failed', detail: [expect.any(String), 'reason'] },
    });
  });
});

describe('a command that runs to its end', () => {
  test('gives its output and exit code', async () => {
    const result = await processes.run(shell('echo out; echo err >&2; exit 3'), { okExitCodes: [0, 3] });
    expect(result).toMatchObject({ exitCode: 3, stdout: 'out\n', stderr: 'err\n' });
  });

  test('with another exit code than expected is a fault with its last words', async () => {
    await expect(processes.run(shell('echo reason >&2; exit 4'))).rejects.toMatchObject({
      failure: {
        kind: 'command-failed',
        headline: 'sh ended with exit code 4',
        detail: [expect.any(String), 'reason'],
      },
    });
  });

  test('that is killed by a signal has 128 and its number as exit code', async () => {
    await expect(processes.run(shell('kill -SEGV $$'))).rejects.toMatchObject({
      failure: { headline: 'sh ended with exit code 139' },
    });
  });

  test('that is killed is not followed by the guard’s own words', async () => {
    const result = await processes.run(shell('echo last >&2; kill -KILL $$'), { okExitCodes: [137] });
    expect(result.stderr).toBe('last\n');
  });

  test('that finds a full disk is a full disk', async () => {
    await expect(processes.run(shell('echo x | cat > /dev/full'))).rejects.toMatchObject({
      failure: { kind: 'disk-full', headline: 'sh found no space left on the disk' },
    });
  });

  test('that is not installed is a missing tool', async () => {
    await expect(processes.run(['drydock-has-no-such-tool'])).rejects.toMatchObject({
      failure: { kind: 'missing-tool', headline: 'drydock-has-no-such-tool is not installed' },
    });
  });

  test('in a folder that does not exist fails and does not hang', async () => {
    await expect(processes.run(['true'], { cwd: path.join(scratch, 'absent') })).rejects.toMatchObject({
      failure: { kind: 'command-failed' },
    });
  });

  test('reads its input and takes its arguments as they are', async () => {
    expect((await processes.run(['cat'], { input: 'through\0here' })).stdout).toBe('through\0here');
    expect((await processes.run(['printf', '%s|', 'a b', '$HOME', `'"`, ''])).stdout).toBe(`a b|$HOME|'"||`);
  });

  test('that does not read its input is no error', async () => {
    expect((await processes.run(['true'], { input: 'x'.repeat(1_000_000) })).exitCode).toBe(0);
  });

  test('sees drydock’s environment and nothing else', async () => {
    const { stdout } = await processes.run(['env'], { env: { EXTRA: '1' } });
    const names = stdout.split('\n').flatMap((line) => /^(\w+)=/.exec(line)?.[1] ?? []);
    expect(names).toEqual(expect.arrayContaining(['EXTRA', 'LANG', 'LC_ALL', 'PATH']));
    expect(names).not.toContain('VITEST');
  });
});

describe('output', () => {
  test('arrives as whole lines, however it is cut into pieces', async () => {
    const pipe = path.join(scratch, 'cut');
    await processes.run(['mkfifo', pipe]);
    const seen: string[] = [];
    // The first half ends inside a character; the rest is written only after it has been read.
    const running = processes.run(shell(`printf 'first\\nsp\\303'; cat ${pipe}; printf '\\244t\\nlast'`), {
      onLine: (line) => {
        seen.push(line);
        if (line === 'first') spawn('sh', ['-c', `: > ${pipe}`]);
      },
    });
    expect((await running).stdout).toBe('first\nspät\nlast');
    expect(seen).toEqual(['first', 'spät', 'last']);
  });

  test('stands in the log in the order in which it was written', async () => {
    const logPath = path.join(scratch, 'ordered.log');
    const { stdout } = await processes.run(['seq', '1', '200000'], { logPath });
    expect(await readFile(logPath, 'utf8')).toBe(stdout);
  });

  test('whose log finds a full disk is a full disk', async () => {
    await expect(processes.run(['seq', '1', '200000'], { logPath: '/dev/full' })).rejects.toMatchObject({
      failure: { kind: 'disk-full', headline: 'No space left while writing /dev/full' },
    });
  });
});

describe('what a command leaves running', () => {
  test('in its group is ended with it', async () => {
    const { stdout } = await processes.run(shell('sleep 600 & echo $!'));
    const left = Number(stdout);
    expect(left).toBeGreaterThan(0);
    await processGone(left);
  });

  test('outside its group and with its output open does not hold up the answer', async () => {
    const pipe = path.join(scratch, 'daemon');
    const daemon = `setsid sh -c 'echo $$; echo up > ${pipe}; exec sleep 600' & read -r _ < ${pipe}`;
    const { stdout } = await processes.run(shell(`mkfifo ${pipe}; ${daemon}`));
    const stray = Number(stdout);
    expect(await isRunning(stray)).toBe(true);
    process.kill(stray, 'SIGKILL');
  });
});

describe('an aborted command', () => {
  test('ends with its children, and may clean up first', async () => {
    const stop = new AbortController();
    const marker = path.join(scratch, 'cleaned-up');
    let child = 0;
    const running = processes.run(
      shell(`trap 'echo done > ${marker}; exit 0' TERM; sleep 600 & echo $!; while :; do wait; done`),
      {
        signal: stop.signal,
        onLine: (line) => {
          child = Number(line);
          stop.abort();
        },
      },
    );
    await expect(running).rejects.toMatchObject({ failure: { kind: 'interrupted' } });
    expect(await readFile(marker, 'utf8')).toBe('done\n');
    expect(child).toBeGreaterThan(0);
    await processGone(child);
  });

  test('is not started at all when the abort came before', async () => {
    const signal = AbortSignal.abort();
    const marker = path.join(scratch, 'never');
    await expect(processes.run(['touch', marker], { signal })).rejects.toMatchObject({
      failure: { kind: 'interrupted' },
    });
    await expect(readFile(marker)).rejects.toMatchObject({ code: 'ENOENT' });
  });
});

describe('a long-lived process', () => {
  test('is killed with its children, and says how it ended', async () => {
    const running = processes.start(shell('sleep 600 & echo up; wait'));
    await once(running.stdout, 'data');
    running.kill('SIGKILL');
    expect(await running.exited).toEqual({ exitCode: null, signal: 'SIGKILL' });
    await groupGone(running.pid);
  });

  test('is ended by disposal', async () => {
    let group = 0;
    {
      await using running = processes.start(shell('echo up; exec sleep 600'));
      await once(running.stdout, 'data');
      group = running.pid;
      expect((await groupMembers(group)).length).toBeGreaterThan(0);
    }
    await groupGone(group);
  });
});

describe('when drydock is killed with SIGKILL', () => {
  const PARENT = `
    import { createProcesses } from ${JSON.stringify(EXEC_ROOM)};
    const onLine = (line) => process.stdout.write(line + '\\n');
    await createProcesses().run(['sh', '-c', process.argv[1]], { onLine });
  `;

  /** A process that guards a command; resolves with the command's process id when it runs. */
  async function startParent(script: string) {
    const parent = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '--eval', PARENT, script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const pid = await new Promise<number>((resolve) => {
      createInterface({ input: parent.stdout }).once('line', (line) => {
        resolve(Number(line));
      });
    });
    return { parent, pid };
  }

  test('the command dies, and so does what it has started', async () => {
    const { parent, pid } = await startParent('sleep 600 & sh -c "sleep 600; :" & echo $$; wait');
    const group = await groupOf(pid);
    expect((await groupMembers(group)).length).toBeGreaterThanOrEqual(4);
    parent.kill('SIGKILL');
    await groupGone(group);
  });

  test('a command that ignores SIGTERM, HUP and INT dies too', async () => {
    const { parent, pid } = await startParent("trap '' TERM HUP INT; sleep 600 & echo $$; wait");
    const group = await groupOf(pid);
    parent.kill('SIGKILL');
    await groupGone(group);
  });
});
