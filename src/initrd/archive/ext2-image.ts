import path from 'node:path';
import { Fault } from '../../host/fault.ts';
import type { Host } from '../../host/host.ts';
import { jsonText } from '../../json/text.ts';
import type { CpioEntry } from './newc.ts';
import { filledLines } from '../../text/lines.ts';

export interface Ext2ImageOptions {
  /** Parents before what is in them. Hard links become files of their own. */
  readonly entries: readonly CpioEntry[];
  /** Scratch folder; what is in it is the caller's to remove. */
  readonly workDir: string;
  /** Not inside `workDir`'s own names: the image is made there and moved here. */
  readonly outputPath: string;
}

const BLOCK_BYTES = 1024;
/** Large enough that times after 2038 fit, of which kernels complain when they mount what cannot hold them. */
const INODE_BYTES = 256;
/** Of a file's block list, one block of numbers (four bytes each) holds so many. */
const NUMBERS_PER_BLOCK = BLOCK_BYTES / 4;
/** Reserved inodes, the root's and lost+found's, and what mke2fs takes off to come to a multiple of eight. */
const OWN_INODES = 11 + 7;
const IDENTITY = '6d1d0c2e-6f0d-4b5e-9b0a-d0c4e2017001';
/** libext2fs takes this for the time of all that it writes; 0 would mean the clock's. */
const ONE_TIME = { E2FSPROGS_FAKE_TIME: '1' };

function blocksOf(entry: CpioEntry): number {
  if (entry.kind === 'directory') return 1;
  if (entry.kind !== 'file') return 0;
  const data = Math.ceil(entry.content.length / BLOCK_BYTES);
  return data + Math.ceil(data / NUMBERS_PER_BLOCK) + 2;
}

/** Room for everything, with some to spare: gzip makes nothing of what stays empty. */
function sizeInKb(entries: readonly CpioEntry[], inodes: number): number {
  const content = entries.reduce((sum, entry) => sum + blocksOf(entry), 0);
  return Math.ceil((content + (inodes * INODE_BYTES) / BLOCK_BYTES + 64) * 1.02);
}

/** debugfs(8) splits its commands at spaces and knows quotes; no path of an initrd needs either. */
function checkWord(word: string): string {
  if (/^[\w./+@:,=-]+$/.test(word)) return word;
  throw new RangeError(`Not a name for debugfs: ${jsonText(word)}`);
}

function octal(type: number, mode: number): string {
  return `0${(type | (mode & 0o7777)).toString(8)}`;
}

/** The debugfs commands of one entry; `content` is the file on this machine that holds the entry's bytes. */
function commandsFor(entry: CpioEntry, content: string): readonly string[] {
  const file = checkWord(`/${entry.path}`);
  const name = path.posix.basename(file);
  const setMode = (type: number, mode: number): string => `set_inode_field ${file} mode ${octal(type, mode)}`;
  const inFolder = `cd ${path.posix.dirname(file)}`;
  switch (entry.kind) {
    case 'directory':
      return [inFolder, `mkdir ${name}`, setMode(0o040000, entry.mode)];
    case 'file':
      return [inFolder, `write ${content} ${name}`, setMode(0o100000, entry.mode)];
    case 'symlink':
      return [inFolder, `symlink ${name} ${checkWord(entry.target)}`];
    case 'character-device':
      return [inFolder, `mknod ${name} c ${String(entry.major)} ${String(entry.minor)}`, setMode(0o020000, entry.mode)];
    case 'block-device':
      return [inFolder, `mknod ${name} b ${String(entry.major)} ${String(entry.minor)}`, setMode(0o060000, entry.mode)];
  }
}

/**
 * Makes an ext2 image without mounting anything and without root: debugfs(8) writes the files into an empty file system.
 * (`mke2fs -d` takes change times over from the files that it reads, which cannot be set.) The same entries give the same
 * bytes with the same e2fsprogs.
 *
 * @returns the image's size in KiB, which is the RAM disk that it needs
 * @throws Fault `command-failed` when e2fsprogs does not write everything
 */
export async function writeExt2Image(host: Host, options: Ext2ImageOptions): Promise<{ readonly sizeKb: number }> {
  const { entries, workDir, outputPath } = options;
  const inodes = OWN_INODES + entries.length;
  const sizeKb = sizeInKb(entries, inodes);
  const commands: string[] = [];
  for (const [position, entry] of entries.entries()) {
    const content = `content-${String(position)}`;
    if (entry.kind === 'file') await host.files.writeAtomic(path.join(workDir, content), entry.content);
    commands.push(...commandsFor(entry, content));
  }
  await host.files.writeAtomic(path.join(workDir, 'commands'), commands.map((command) => `${command}\n`).join(''));

  const running = { cwd: workDir, env: ONE_TIME };
  await host.processes.run(
    [
      // No feature that a kernel of any age lacks, whatever /etc/mke2fs.conf says.
      ...(['mke2fs', '-q', '-F', '-t', 'ext2', '-O', 'none,filetype', '-L', 'drydock-initrd', '-U', IDENTITY] as const),
      ...['-b', String(BLOCK_BYTES), '-I', String(INODE_BYTES), '-N', String(inodes), '-m', '0'],
      ...['-E', `hash_seed=${IDENTITY},root_owner=0:0`, 'image', `${String(sizeKb)}k`],
    ],
    running,
  );
  const { stderr } = await host.processes.run(['debugfs', '-w', '-f', 'commands', 'image'], running);
  // It ends with 0 whatever happened; all it says there without need is its version.
  const complaints = filledLines(stderr).filter((line) => !/^debugfs \d/.test(line));
  if (complaints.length > 0) {
    throw new Fault({
      kind: 'command-failed',
      headline: `debugfs could not fill the file system of the initrd: ${complaints[0] ?? ''}`,
      hint: 'Is the cache folder full? Is e2fsprogs installed completely?',
      detail: complaints,
    });
  }
  await host.files.rename(path.join(workDir, 'image'), outputPath);
  return { sizeKb };
}
