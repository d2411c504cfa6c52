import { mkdtempSync, rmSync, writeFileSync, chmodSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createHost } from '../../src/host/node-host.ts';
import { z } from 'zod';
import type { Json } from '../../src/model/json.ts';
import { canonicalJson } from '../../src/store/canonical.ts';
import { openStore } from '../../src/store/store.ts';

const host = createHost();
let root = '';
beforeEach(() => {
  root = mkdtempSync(path.join(tmpdir(), 'drydock-store-'));
});
afterEach(() => {
  rmSync(root, { recursive: true, force: true });
});

function shuffled(value: Json): Json {
  if (Array.isArray(value)) return value.map(shuffled);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, item]) => [key, shuffled(item)]),
  );
}

describe('canonical JSON', () => {
  test('does not depend on the order of keys and keeps the value', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const json = z.json().parse(JSON.parse(JSON.stringify(value)));
        expect(canonicalJson(shuffled(json))).toBe(canonicalJson(json));
        expect(JSON.parse(canonicalJson(json))).toEqual(json);
      }),
    );
  });
});

describe('the store', () => {
  const finish = async (output: Json) => {
    const store = openStore(host, root);
    const inputs = { stage: 'x', input: 1 };
    const fingerprint = store.fingerprint(inputs);
    await store.record({ fingerprint, inputs, output, findings: [], durationMs: 5, finishedAt: 'now' });
    return { store, fingerprint };
  };

  test('keeps a file under its digest and restores the stage that made it', async () => {
    const artifact = await openStore(host, root).put('hello');
    expect(artifact).toEqual({
      sha256: '2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824',
      sizeBytes: 5,
    });
    const { store, fingerprint } = await finish({ file: artifact });
    expect((await store.restore(fingerprint))?.output).toEqual({ file: artifact });
    expect(await store.readText(artifact)).toBe('hello');
  });

  test('never hands out a file whose content has changed, and makes its stage run again', async () => {
    const artifact = await openStore(host, root).put('hello');
    const { store, fingerprint } = await finish({ nested: [{ file: artifact }] });
    const file = await store.use(artifact);
    chmodSync(file, 0o644);
    writeFileSync(file, 'jello');
    const later = openStore(host, root);
    await expect(later.use(artifact)).rejects.toThrow('damaged');
    expect(await later.restore(fingerprint)).toBeUndefined();
  });

  test('does not restore a stage whose file is gone', async () => {
    const artifact = await openStore(host, root).put('hello');
    const { store, fingerprint } = await finish({ file: artifact });
    rmSync(await store.use(artifact));
    expect(await store.restore(fingerprint)).toBeUndefined();
  });

  test('lets one holder at a time work on a fingerprint and says who waits for whom', async () => {
    const store = openStore(host, root);
    const events: string[] = [];
    const first = await store.lock('f', () => undefined);
    const waiting = store.lock('f', (holder) => {
      events.push(holder);
      void first[Symbol.asyncDispose]();
    });
    const second = await waiting;
    expect(events[0]).toMatch(/^process \d+ since /);
    await second[Symbol.asyncDispose]();
  });
});
