import { createWriteStream } from 'node:fs';
import * as fs from 'node:fs/promises';
import path from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import pRetry, { AbortError } from 'p-retry';
import { Fault } from '../fault.ts';
import { namingCause } from '../files.ts';
import type { DownloadOptions, Downloads, Files } from '../host.ts';

/** A connection that delivers nothing for this long is dead; a slow one is not. */
const SILENCE_MS = 60_000;
const RETRIES = 4;
/** Timeout of reachability checks. */
const ANSWER_MS = 10_000;

function failed(url: string, why: string, cause?: unknown): Fault {
  return new Fault(
    {
      kind: 'download-failed',
      headline: `Could not download ${url}: ${why}`,
      hint: 'Check the address and the network, then resume: what has arrived is kept and the download goes on from there.',
    },
    { cause },
  );
}

async function sizeOf(file: string): Promise<number> {
  return fs.stat(file).then(
    (found) => found.size,
    () => 0,
  );
}

/** One request; appends to the part file from where it ends. */
async function attempt(url: string, part: string, options: DownloadOptions): Promise<void> {
  const have = await sizeOf(part);
  const silence = new AbortController();
  let timer = setTimeout(() => {
    silence.abort();
  }, SILENCE_MS);
  const signals = options.signal === undefined ? [silence.signal] : [silence.signal, options.signal];
  try {
    const response = await fetch(url, {
      // Ranges count the bytes on the wire, so these must be the file's own: no compression on the way.
      headers: { 'accept-encoding': 'identity', ...(have > 0 ? { range: `bytes=${String(have)}-` } : {}) },
      signal: AbortSignal.any(signals),
    });
    // 416: nothing after what we have, so the part is whole (or wrong, which the digest shows).
    if (response.status === 416 && have > 0) return;
    if (!response.ok || response.body === null) {
      const why = `the server answered ${String(response.status)} ${response.statusText}`.trim();
      if (response.status >= 500 || response.status === 429) throw failed(url, why);
      throw new AbortError(failed(url, why));
    }
    const resumed = response.status === 206;
    let done = resumed ? have : 0;
    const length = Number(response.headers.get('content-length') ?? Number.NaN);
    const total = Number.isNaN(length) ? undefined : done + length;
    const counted = async function* (source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
      for await (const chunk of source) {
        clearTimeout(timer);
        timer = setTimeout(() => {
          silence.abort();
        }, SILENCE_MS);
        done += chunk.length;
        options.onProgress?.(done, total);
        yield chunk;
      }
    };
    const { body } = response;
    await namingCause(part, () =>
      pipeline(Readable.fromWeb(body), counted, createWriteStream(part, { flags: resumed ? 'a' : 'w' })),
    );
  } finally {
    clearTimeout(timer);
  }
}

/** HTTP downloads that resume and are verified before they get their name. */
export function createDownloads(files: Pick<Files, 'sha256' | 'rename' | 'remove'>): Downloads {
  return {
    async fetch(url, target, options) {
      const part = `${target}.part`;
      await fs.mkdir(path.dirname(target), { recursive: true });
      const fetchPart = async (): Promise<string> => {
        try {
          await pRetry(() => attempt(url, part, options), {
            retries: RETRIES,
            minTimeout: 500,
            shouldRetry: ({ error }) => !(error instanceof Fault && error.failure.kind === 'disk-full'),
            ...(options.signal === undefined ? {} : { signal: options.signal }),
          });
        } catch (error) {
          if (options.signal?.aborted === true) {
            throw new Fault(
              { kind: 'interrupted', headline: `The download of ${url} was interrupted`, hint: 'Resume the run.' },
              { cause: error },
            );
          }
          throw error instanceof Fault ? error : failed(url, describe(error), error);
        }
        return files.sha256(part);
      };
      const wasBegun = (await sizeOf(part)) > 0;
      let got = await fetchPart();
      if (got !== options.sha256 && wasBegun) {
        // What an earlier attempt left may have been torn by a crash; only a file in one piece speaks against its source.
        await files.remove(part);
        got = await fetchPart();
      }
      if (got !== options.sha256) {
        await files.remove(part);
        throw new Fault({
          kind: 'digest-mismatch',
          headline: `${url} is not the file that was asked for`,
          hint: 'Either the sha256 in the profile is wrong, or the file changed during the download. drydock does not use it. Compare the sha256 with the one that the publisher signs.',
          detail: [`asked for sha256 ${options.sha256}`, `got       sha256 ${got}`],
        });
      }
      await files.rename(part, target);
    },

    async readText(url, signal) {
      try {
        const timeout = AbortSignal.timeout(ANSWER_MS);
        const response = await fetch(url, { signal: AbortSignal.any([signal, timeout]) });
        if (response.ok) return await response.text();
        throw failed(url, `the server answered ${String(response.status)} ${response.statusText}`.trim());
      } catch (error) {
        signal.throwIfAborted();
        throw error instanceof Fault ? error : failed(url, describe(error), error);
      }
    },

    async whyNot(url, signal) {
      try {
        const timeout = AbortSignal.timeout(ANSWER_MS);
        const { ok, status } = await fetch(url, { method: 'HEAD', signal: AbortSignal.any([signal, timeout]) });
        return ok ? undefined : `${url} is answered with ${String(status)}`;
      } catch (error) {
        signal.throwIfAborted();
        return `${new URL(url).host} does not answer (${describe(error)})`;
      }
    },
  };
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? error.cause.message : error.message;
}
