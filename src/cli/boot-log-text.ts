import { gunzipSync } from 'node:zlib';
import { Fault } from '../host/fault.ts';
import type { Files } from '../host/host.ts';

/** Names standard input on a command line. */
const STANDARD_INPUT = '-';
/** A string of JavaScript cannot hold more than half a gigabyte; the largest boot log seen is a thousandth of this. */
const MAX_BYTES = 256 * 1024 * 1024;
/** As much of a text as shows whether it is one. */
const SAMPLE_BYTES = 65_536;
/** Serial consoles carry a stray zero byte or broken character; a program or an image carries them everywhere. */
const MAX_ODD_SHARE = 0.05;

/** Files by their first bytes that hold a boot log only in another shape, and how to get at it. */
const MAGIC: readonly { readonly bytes: readonly number[]; readonly what: string; readonly hint: string }[] = [
  {
    bytes: [0x4c, 0x50, 0x4b, 0x53, 0x48, 0x48, 0x52, 0x48],
    what: 'a journal file of systemd',
    hint: 'Print it first: journalctl --file FILE -k -o short-monotonic | npm run drydock -- analyze -',
  },
  {
    bytes: [0x28, 0xb5, 0x2f, 0xfd],
    what: 'compressed with zstd',
    hint: 'Unpack it: zstd -dc FILE | npm run drydock -- analyze -',
  },
  {
    bytes: [0xfd, 0x37, 0x7a, 0x58, 0x5a],
    what: 'compressed with xz',
    hint: 'Unpack it: xz -dc FILE | npm run drydock -- analyze -',
  },
  {
    bytes: [0x42, 0x5a, 0x68],
    what: 'compressed with bzip2',
    hint: 'Unpack it: bzip2 -dc FILE | npm run drydock -- analyze -',
  },
];

const KINDS_OF_TEXT = 'Give the text of dmesg, a serial console, syslog or journalctl.';

export interface BootLogText {
  /** How it is called in output. */
  readonly source: string;
  readonly text: string;
}

/**
 * Reads a boot log from a file, or from standard input for `-`; gzip is unpacked.
 * @throws Fault `usage` for what is missing, unreadable, empty, too large, or no text.
 */
export async function readBootLogText(files: Files, file: string): Promise<BootLogText> {
  const source = file === STANDARD_INPUT ? 'standard input' : file;
  const packed = file === STANDARD_INPUT ? await files.readStandardInput() : await readFile(files, file);
  const bytes = packed[0] === 0x1f && packed[1] === 0x8b ? unpack(packed, source) : packed;
  if (bytes.length === 0) throw usage(`${source} is empty`, KINDS_OF_TEXT);
  if (bytes.length > MAX_BYTES) throw tooLarge(source);
  const magic = MAGIC.find((form) => form.bytes.every((byte, index) => bytes[index] === byte));
  if (magic !== undefined) throw usage(`${source} is ${magic.what}`, magic.hint);
  if (isBinary(bytes.subarray(0, SAMPLE_BYTES))) throw usage(`${source} is not a text`, KINDS_OF_TEXT);
  return { source, text: new TextDecoder().decode(bytes) };
}

async function readFile(files: Files, file: string): Promise<Uint8Array> {
  const found = await files.stat(file);
  if (found === undefined) throw usage(`There is no file ${file}`, `${KINDS_OF_TEXT} A dash reads standard input.`);
  if (found.kind === 'directory') throw usage(`${file} is a folder`, 'Name the log in it.');
  if (found.sizeBytes > MAX_BYTES) throw tooLarge(file);
  try {
    return await files.readBytes(file);
  } catch (error) {
    const cause = error instanceof Error ? error.message : String(error);
    throw usage(`${file} cannot be read`, `The system says: ${cause}. dmesg and /var/log may need root.`, error);
  }
}

function unpack(bytes: Uint8Array, source: string): Uint8Array {
  try {
    return gunzipSync(bytes, { maxOutputLength: MAX_BYTES });
  } catch (error) {
    if (error instanceof RangeError) throw tooLarge(source);
    throw usage(`${source} begins like gzip but cannot be unpacked`, 'It is cut or damaged: try gzip -t.', error);
  }
}

/** Whether control characters that no terminal is sent, or bytes that are no UTF-8, make up a good part of it. */
function isBinary(sample: Uint8Array): boolean {
  const text = new TextDecoder().decode(sample);
  const odd = text.match(/[\x00-\x06\x0e-\x1a\x1c-\x1f\ufffd]/g)?.length ?? 0;
  return odd > text.length * MAX_ODD_SHARE;
}

function tooLarge(source: string): Fault {
  return usage(
    `${source} is larger than ${MAX_BYTES / 1024 / 1024} MiB`,
    'Cut it: a boot is over after a few thousand lines, as in head -n 100000.',
  );
}

function usage(headline: string, hint: string, cause?: unknown): Fault {
  return new Fault({ kind: 'usage', headline, hint }, { cause });
}
