import path from 'node:path';
import { isMap, isScalar, LineCounter, parseDocument } from 'yaml';
import type { Document } from 'yaml';
import { z } from 'zod';
import { Fault } from '../host/fault.ts';
import type { Files } from '../host/host.ts';
import { codeFrame } from './code-frame.ts';
import { keysAt } from './known-keys.ts';
import { nearest } from './nearest.ts';
import { guestSchema, isInstalled } from './guest-schema.ts';
import type { GuestDefinition } from './guest-schema.ts';
import { profileSchema } from './schema.ts';
import type { KernelSpec, Profile } from './schema.ts';

/** A definition with the text it came from, so that a record can name its digest. */
export interface Loaded<T> {
  readonly value: T;
  readonly path: string;
  readonly text: string;
}

interface Problem {
  readonly offset: number;
  readonly length: number;
  readonly message: string;
}

/** Where a value stands: the deepest node on the path that exists, else the start of the file. */
function locate(document: Document, keys: readonly PropertyKey[]): { offset: number; length: number } {
  for (let depth = keys.length; depth >= 0; depth -= 1) {
    const at = keys.slice(0, depth).map((key) => (typeof key === 'symbol' ? key.toString() : key));
    const node: unknown = depth === 0 ? document.contents : document.getIn(at, true);
    const range = rangeOf(node);
    if (range !== undefined) return range;
  }
  return { offset: 0, length: 1 };
}

const rangedNode = z.looseObject({ range: z.tuple([z.number(), z.number()], z.number()) });

function rangeOf(node: unknown): { offset: number; length: number } | undefined {
  const parsed = rangedNode.safeParse(node);
  if (!parsed.success) return undefined;
  const [from, to] = parsed.data.range;
  return { offset: from, length: Math.max(1, to - from) };
}

/** Where a key itself stands, for keys that should not be there. */
function locateKey(document: Document, keys: readonly PropertyKey[], unknownKey: string) {
  const parent: unknown = keys.length === 0 ? document.contents : document.getIn([...keys], true);
  if (isMap(parent)) {
    const pair = parent.items.find((item) => isScalar(item.key) && item.key.value === unknownKey);
    const range = rangeOf(pair?.key);
    if (range !== undefined) return range;
  }
  return locate(document, keys);
}

function dotted(keys: readonly PropertyKey[]): string {
  return keys.map(String).join('.');
}

function schemaProblems(
  document: Document,
  issues: readonly z.core.$ZodIssue[],
  keysIn: (path: readonly PropertyKey[]) => readonly string[],
): Problem[] {
  return issues.flatMap((issue): Problem[] => {
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((key) => {
        const meant = nearest(key, keysIn(issue.path));
        const suggestion = meant === undefined ? '' : `; did you mean ${meant}?`;
        return {
          ...locateKey(document, issue.path, key),
          message: `${dotted([...issue.path, key])} — unknown key${suggestion}`,
        };
      });
    }
    if (issue.code === 'invalid_union') {
      // Prefer what the nearest alternative says; a union's own message would hide it.
      const inner = issue.errors
        .filter((branch) => branch.every((one) => one.path.length > 0 || one.code === 'unrecognized_keys'))
        .sort((a, b) => a.length - b.length)[0];
      if (inner !== undefined && inner.length > 0) {
        const nested = inner.map((one) => ({ ...one, path: [...issue.path, ...one.path] }));
        return schemaProblems(document, nested, keysIn);
      }
    }
    const where = dotted(issue.path);
    const words = issue.message.replace(/^Invalid input: /, '');
    return [{ ...locate(document, issue.path), message: where === '' ? words : `${where} — ${words}` }];
  });
}

/**
 * Reads one definition: every problem at once, each with file, line, column and a code frame.
 * @throws Fault `profile` that lists them all.
 */
export function parseDefinition<S extends z.ZodType>(schema: S, file: string, text: string): z.infer<S> {
  const lineCounter = new LineCounter();
  const document = parseDocument(text, { lineCounter, prettyErrors: false });
  const problems: Problem[] = document.errors.map((error) => ({
    offset: error.pos[0],
    length: Math.max(1, error.pos[1] - error.pos[0]),
    message: error.message,
  }));
  if (problems.length === 0) {
    const result = schema.safeParse(document.toJS());
    if (result.success) return result.data;
    const described = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' });
    problems.push(...schemaProblems(document, result.error.issues, (path) => keysAt(described, path)));
  }
  const frames = problems
    .sort((a, b) => a.offset - b.offset)
    .map((problem) => {
      const { line, col } = lineCounter.linePos(problem.offset);
      return codeFrame({ path: file, text, line, column: col, length: problem.length, message: problem.message });
    });
  const count = frames.length === 1 ? 'a problem' : `${String(frames.length)} problems`;
  throw new Fault({
    kind: 'profile',
    headline: `${file} has ${count}`,
    hint: 'Fix the lines shown. docs/reference/ has every key of a profile and of a guest; editors check a profile against pipelines/schema.json.',
    detail: frames.flatMap((frame) => frame.split('\n')),
  });
}

/** Whether a profile or a guest is given as a file, not by name. */
export function isDefinitionPath(asked: string): boolean {
  return asked.includes('/') || /\.ya?ml$/.test(asked);
}

/** Names of the profiles or guests that a folder defines. */
export async function definitionNames(files: Files, folder: string): Promise<readonly string[]> {
  return (await files.list(folder)).filter((one) => one.endsWith('.yaml')).map((one) => one.slice(0, -'.yaml'.length));
}

interface Catalogue<S extends z.ZodType> {
  readonly what: string;
  readonly folder: string;
  readonly schema: S;
}

async function load<S extends z.ZodType>(
  files: Files,
  asked: string,
  catalogue: Catalogue<S>,
): Promise<Loaded<z.infer<S>>> {
  const isPath = isDefinitionPath(asked);
  const file = isPath ? asked : path.join(catalogue.folder, `${asked}.yaml`);
  if ((await files.stat(file))?.kind !== 'file') {
    const known = await definitionNames(files, catalogue.folder);
    const meant = isPath ? undefined : nearest(asked, known);
    throw new Fault({
      kind: 'usage',
      headline: isPath ? `There is no file ${asked}` : `There is no ${catalogue.what} named ${asked}`,
      hint:
        meant === undefined
          ? `There are: ${known.join(', ')}.`
          : `Did you mean ${meant}? There are: ${known.join(', ')}.`,
    });
  }
  const text = await files.readText(file);
  const shown = path.relative('.', file);
  return { value: parseDefinition(catalogue.schema, shown.startsWith('..') ? file : shown, text), path: file, text };
}

/** The profile with its relative paths, of kernel sources and of a guest's definition, taken from the folder that it is in. */
export function anchoredProfile(profile: Profile, folder: string): Profile {
  const anchor = (source: KernelSpec['source']): KernelSpec['source'] => {
    if ('directory' in source) return { ...source, directory: path.resolve(folder, source.directory) };
    if ('tarball' in source && !/^https?:/.test(source.tarball)) {
      return { ...source, tarball: path.resolve(folder, source.tarball) };
    }
    return source;
  };
  const anchoredKernel = (kernel: KernelSpec): KernelSpec => ({
    ...kernel,
    source: anchor(kernel.source),
    ...(kernel.guests === undefined
      ? {}
      : {
          guests: Object.fromEntries(
            Object.entries(kernel.guests).map(([guest, own]) => [
              guest,
              { ...own, ...(own.source === undefined ? {} : { source: anchor(own.source) }) },
            ]),
          ),
        }),
  });
  const arms = Object.entries(profile.arms).map(([arm, spec]): [string, Profile['arms'][string]] => [
    arm,
    spec.kernel === 'stock' ? spec : { ...spec, kernel: anchoredKernel(spec.kernel) },
  ]);
  const guest = isDefinitionPath(profile.guest) ? path.resolve(folder, profile.guest) : profile.guest;
  return { ...profile, guest, arms: Object.fromEntries(arms) };
}

/** Loads a profile by name (from `pipelines/`) or by path. */
export function loadProfile(files: Files, asked: string, folder: string): Promise<Loaded<Profile>> {
  return load(files, asked, { what: 'profile', folder, schema: profileSchema });
}

/** A file that a definition names, absolute where it lies in the definition's own folder. */
function anchoredFiles(guest: GuestDefinition, folder: string): GuestDefinition {
  const anchor = (file: string): string => (/^\.\.?\//.test(file) ? path.resolve(folder, file) : file);
  const files = guest.files.map((file) => ({ ...file, from: anchor(file.from) }));
  if (isInstalled(guest)) {
    return { ...guest, files, kickstart: anchor(guest.kickstart), provision: anchor(guest.provision) };
  }
  return { ...guest, files, ...(guest.adopt === undefined ? {} : { adopt: anchor(guest.adopt) }) };
}

/**
 * Loads a guest definition by name (from `vm-images/`) or by path. Files that it names with ./ or ../ lie in its own folder,
 * all others in `vm-images/`.
 */
export async function loadGuest(files: Files, asked: string, folder: string): Promise<Loaded<GuestDefinition>> {
  const loaded = await load(files, asked, { what: 'guest', folder, schema: guestSchema });
  return { ...loaded, value: anchoredFiles(loaded.value, path.dirname(loaded.path)) };
}
