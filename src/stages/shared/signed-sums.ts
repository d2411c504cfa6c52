import path from 'node:path';
import { Fault } from '../../host/fault.ts';
import type { StageContext } from '../stage.ts';

/** Where the publisher of a file signs its digests. */
export type SignedSums = {
  /** Name of the list, in the folder of the file's address: `sha256sums.asc`. */
  readonly file: string;
  /** Keyring of the publisher on this machine. */
  readonly keyring?: string;
};

/** Lines of sha256sum(1), in text or binary mode. */
const LINE = /^([0-9a-f]{64}) [ *](.+)$/gm;

/** The digests that a list names for a file: none when it does not speak of it. */
function digestsOf(list: string, name: string): readonly string[] {
  return [...list.matchAll(LINE)].flatMap(([, digest = '', file = '']) => (file === name ? [digest] : []));
}

/**
 * What a clear-signed message signs (RFC 9580, section 7), unverified: what stands before and after it does not count, and
 * an escaped dash is a dash.
 */
function signedPart(message: string): string {
  const [, part = ''] =
    /^-----BEGIN PGP SIGNED MESSAGE-----\r?\n(?:[^\r\n]+\r?\n)*\r?\n([^]*?)^-----BEGIN PGP SIGNATURE-----/m.exec(
      message,
    ) ?? [];
  return part.replaceAll('\r\n', '\n').replaceAll(/^- /gm, '');
}

function contradiction(headline: string, detail: readonly string[], cause?: unknown): Fault {
  return new Fault(
    {
      kind: 'digest-mismatch',
      headline,
      hint: 'The profile and the publisher contradict each other, so the file is not used. Find out which file is right, and pin its sha256.',
      detail,
    },
    { cause },
  );
}

/** What the signature covers, once gpgv has found it good. */
async function verifiedPart(list: string, keyring: string, url: string, context: StageContext): Promise<string> {
  const { host, workDir, signal } = context;
  const message = path.join(workDir, 'signed-sums.asc');
  const content = path.join(workDir, 'signed-sums');
  await host.files.writeAtomic(message, list);
  try {
    await host.processes.run(['gpgv', '--keyring', keyring, '--output', content, message], { signal });
  } catch (error) {
    if (!(error instanceof Fault) || error.failure.kind !== 'command-failed') throw error;
    throw contradiction(`The signature of ${url} is not one of ${keyring}`, error.failure.detail ?? [], error);
  }
  return host.files.readText(content);
}

/**
 * Compares a pinned digest with the one its publisher signs beside the file. That the list cannot be had is a finding, for
 * the pin has decided already; so is a signature that cannot be checked here.
 *
 * @throws Fault `digest-mismatch` when the publisher names another digest, or the signature is bad
 */
export async function checkSignedSums(
  location: string,
  sha256: string,
  { file, keyring }: SignedSums,
  context: StageContext,
): Promise<void> {
  const { host, signal } = context;
  const say = (message: string): void => {
    context.finding({ level: 'info', message });
  };
  if (!/^https?:/.test(location)) {
    say(
      `${path.basename(location)} is from a path: its publisher's ${file} was not asked, the sha256 of the profile decides`,
    );
    return;
  }
  const url = new URL(file, location).href;
  const name = decodeURIComponent(path.posix.basename(new URL(location).pathname));
  context.progress({ message: `comparing with ${url}` });
  let list: string;
  try {
    list = await host.downloads.readText(url, signal);
  } catch (error) {
    if (!(error instanceof Fault) || error.failure.kind !== 'download-failed') throw error;
    say(
      `${name} could not be compared with its publisher's digests, the sha256 of the profile decides: ${error.message}`,
    );
    return;
  }
  const digests = digestsOf(
    keyring === undefined ? signedPart(list) : await verifiedPart(list, keyring, url, context),
    name,
  );
  if (digests.length === 0) {
    say(`${url} does not speak of ${name}: the sha256 of the profile decides`);
    return;
  }
  if (digests.some((digest) => digest !== sha256)) {
    throw contradiction(`${url} names another digest for ${name} than the profile`, [
      `profile says   sha256 ${sha256}`,
      ...digests.map((digest) => `publisher says sha256 ${digest}`),
    ]);
  }
  say(
    keyring === undefined
      ? `${url} names the same digest for ${name}; its signature was not checked, for the profile names no keyring of who signs it`
      : `${url} names the same digest for ${name}, and its signature is of ${keyring}`,
  );
}
