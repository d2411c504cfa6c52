import path from 'node:path';
import { z } from 'zod';
import { extractPackage, openDebianArchive } from '../../host/net/debian-archive.ts';
import { Fault } from '../../host/fault.ts';
import { artifactSchema } from '../../model/artifact.ts';
import { obtainFile } from '../shared/obtain-file.ts';
import { checkSignedSums } from '../shared/signed-sums.ts';
import type { SignedSums } from '../shared/signed-sums.ts';
import type { Stage, StageContext } from '../stage.ts';

const outputSchema = z.strictObject({
  /** The kernel source as a tar, compressed as it came. */
  tarball: artifactSchema,
  /** Where it is from, for the record. */
  origin: z.string(),
});
export type Source = z.infer<typeof outputSchema>;

export type SourceInput =
  | {
      readonly kind: 'package';
      readonly package: string;
      readonly version: string;
      readonly archives: readonly string[];
      readonly keyring: string;
    }
  | {
      readonly kind: 'directory';
      readonly directory: string;
      /** Digest of names, sizes and times. */ readonly stamp: string;
    }
  | {
      readonly kind: 'tarball';
      readonly location: string;
      readonly sha256: string;
      /** Where the publisher's own signed digests are. */
      readonly signedSums?: SignedSums;
    };

async function fromPackage(input: Extract<SourceInput, { kind: 'package' }>, context: StageContext): Promise<Source> {
  const { host, workDir, signal } = context;
  context.progress({ message: `${input.package} ${input.version} from ${input.archives[0] ?? ''}` });
  const archive = await openDebianArchive(host, input, path.join(workDir, 'apt'), signal);
  const fetched = await archive.fetch(input.package, input.version);
  const tree = path.join(workDir, 'files');
  await extractPackage(host, fetched.path, tree);
  const folder = path.join(tree, 'usr/src');
  const tarball = (await host.files.list(folder)).find(
    (file) => file.startsWith('linux-source-') && file.endsWith('.tar.xz'),
  );
  if (tarball === undefined) {
    throw new Fault({
      kind: 'download-failed',
      headline: `${input.package} ${input.version} holds no kernel source`,
      hint: 'Its /usr/src should have linux-source-*.tar.xz; give a tarball instead.',
    });
  }
  const artifact = await context.store.adopt(path.join(folder, tarball));
  return { tarball: artifact, origin: `${input.package} ${input.version}` };
}

async function fromDirectory(
  input: Extract<SourceInput, { kind: 'directory' }>,
  context: StageContext,
): Promise<Source> {
  const { host, workDir, signal } = context;
  if ((await host.files.stat(path.join(input.directory, 'Kconfig'))) === undefined) {
    throw new Fault({
      kind: 'profile',
      headline: `${input.directory} is not a kernel source tree`,
      hint: 'kernel.source.directory wants the folder that holds Kconfig and Makefile.',
    });
  }
  context.progress({ message: `packing ${input.directory}` });
  const file = path.join(workDir, 'source.tar');
  await host.processes.run(
    [
      'tar',
      ...['--create', '--file', file, '--sort=name', '--mtime=@0', '--owner=0', '--group=0', '--numeric-owner'],
      ...['--exclude-vcs', '--transform', 's,^\\.,linux,S', '--directory', input.directory, '.'],
    ],
    { signal },
  );
  return { tarball: await context.store.adopt(file), origin: `directory ${input.directory}` };
}

async function fromTarball(input: Extract<SourceInput, { kind: 'tarball' }>, context: StageContext): Promise<Source> {
  const tarball = await obtainFile(input.location, input.sha256, context, {
    absent: {
      kind: 'profile',
      headline: `There is no tarball ${input.location}`,
      hint: 'kernel.source.tarball is a path on this machine, or an http(s) address.',
    },
    different: {
      kind: 'digest-mismatch',
      headline: `${input.location} is not the file the profile asks for`,
      hint: 'Either kernel.source.sha256 in the profile is wrong, or the file is not the expected one. drydock does not use it.',
    },
    asker: 'profile',
  });
  if (input.signedSums !== undefined) await checkSignedSums(input.location, input.sha256, input.signedSums, context);
  return { tarball, origin: input.location };
}

/** Gets the kernel source into the store, its digest or signature verified. */
export const source: Stage<SourceInput, Source> = {
  name: 'source',
  version: 1,
  cache: 'content',
  output: outputSchema,
  run: (input, context) => {
    switch (input.kind) {
      case 'package':
        return fromPackage(input, context);
      case 'directory':
        return fromDirectory(input, context);
      case 'tarball':
        return fromTarball(input, context);
    }
  },
};
