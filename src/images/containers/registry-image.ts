import path from 'node:path';
import { Fault } from '../../host/fault.ts';
import type { Argv, Host, RunOptions } from '../../host/host.ts';
import type { FailureKind } from '../../model/failure.ts';
import { asRootOf, inScratch } from '../scratch.ts';
import type { WorkloadImageOptions } from './workload-image.ts';

/** An image in a registry, named by what it is and not by what it is called. */
export interface RegistryReference {
  /** `docker.io/library/fedora`, without a tag. */
  readonly registry: string;
  /** `sha256:…` of its manifest or of the list of its manifests. */
  readonly digest: string;
}

/** Layers come from busy servers; skopeo itself knows which of its errors are worth another attempt. */
const RETRIES = 2;

interface Cause {
  readonly pattern: RegExp;
  readonly kind: FailureKind;
  readonly headline: (at: RegistryReference) => string;
  readonly hint: string;
}

/** What skopeo 1.9 (containers/image 5.22) says, from the sentence that only one cause has to the ones that more have. */
const CAUSES: readonly Cause[] = [
  {
    pattern: /does not match provided manifest digest|Digest did not match|does not match expected|digest mismatch/i,
    kind: 'digest-mismatch',
    headline: ({ registry, digest }) => `${registry} answered with other content than ${digest}`,
    hint: 'drydock does not use it. The registry, or something between it and this machine, sends wrong data.',
  },
  {
    pattern: /no image found in (?:manifest list|image index) for architecture/i,
    kind: 'download-failed',
    headline: ({ registry }) => `The image of ${registry} is not made for linux/amd64, and the guest is`,
    hint: 'Name the digest of an image that has an amd64 variant.',
  },
  {
    pattern: /unauthorized|authentication required|denied/i,
    kind: 'download-failed',
    headline: ({ registry }) => `The registry does not give ${registry} to everybody, or does not have it`,
    hint: 'Log in with `skopeo login`, or check the name.',
  },
  {
    pattern: /manifest unknown|name unknown|\b404\b|not found/i,
    kind: 'download-failed',
    headline: ({ registry, digest }) => `The registry has no ${registry} with ${digest}`,
    hint: 'Check both in bench.images of the profile. Registries delete old images that have no tag.',
  },
  {
    pattern: /connection refused|no such host|network is unreachable|no route to host|timeout|server misbehaving/i,
    kind: 'download-failed',
    headline: ({ registry }) => `The registry of ${registry} cannot be reached`,
    hint: 'Check the network, or use the key `packages:` to build the image, which needs no registry.',
  },
];

function explained(error: unknown, reference: RegistryReference): unknown {
  if (!(error instanceof Fault) || error.failure.kind !== 'command-failed') return error;
  const said = error.failure.detail?.join('\n') ?? '';
  const cause = CAUSES.find(({ pattern }) => pattern.test(said));
  if (cause === undefined) return error;
  const { kind, headline, hint } = cause;
  return new Fault({ ...error.failure, kind, headline: headline(reference), hint }, { cause: error });
}

/** Docker, too, speaks plain HTTP with registries of this machine, and with no other. */
function isLoopback(registry: string): boolean {
  return /^(?:localhost|127(?:\.\d{1,3}){3})(?::\d+)?\//.test(registry);
}

async function requireTools(host: Host, reference: RegistryReference): Promise<void> {
  const tools = ['skopeo', 'umoci'];
  const found = await Promise.all(tools.map((tool) => host.processes.which(tool)));
  const missing = tools.filter((_, index) => found[index] === undefined);
  if (missing.length === 0) return;
  throw new Fault({
    kind: 'missing-tool',
    headline: `${missing.join(' and ')} ${missing.length === 1 ? 'is' : 'are'} needed to fetch ${reference.registry}, and not installed`,
    hint: `sudo apt-get install --yes --no-install-recommends ${missing.join(' ')}`,
  });
}

/**
 * Fetches an image from a registry and flattens its layers to one root file system for `docker import`; what the image
 * says of entry points and environment stays behind, for workloads name their commands. skopeo checks the manifest
 * against the digest that was asked for, and every layer against the manifest; umoci lays the layers on each other without
 * ever following a link out of the tree. Time stamps of files are the image's own (Python's caches depend on them).
 *
 * @returns path of the tar
 * @throws Fault `digest-mismatch`, `download-failed` or `missing-tool`
 */
export async function fetchRegistryImage(
  host: Host,
  reference: RegistryReference,
  options: WorkloadImageOptions,
): Promise<string> {
  await requireTools(host, reference);
  const { workDir, ...rest } = options;
  return inScratch(host, workDir, async (scratch) => {
    const runOptions: RunOptions = { ...rest, env: { TMPDIR: scratch } };
    const plain = (command: Argv) => host.processes.run(command, runOptions);
    const asRoot = (command: Argv) => plain(asRootOf(host, command));
    const layout = path.join(scratch, 'oci');
    const bundle = path.join(scratch, 'bundle');
    await plain([
      'skopeo',
      // Who signed it does not matter when the digest says what it is; the host's policy may be absent altogether.
      '--insecure-policy',
      ...['--override-os', 'linux', '--override-arch', 'amd64'],
      'copy',
      ...['--retry-times', String(RETRIES)],
      ...(isLoopback(reference.registry) ? ['--src-tls-verify=false'] : []),
      `docker://${reference.registry}@${reference.digest}`,
      `oci:${layout}:image`,
    ]).catch((error: unknown) => {
      throw explained(error, reference);
    });
    await asRoot(['umoci', 'unpack', '--image', `${layout}:image`, bundle]);
    const root = path.join(bundle, 'rootfs');
    // The top is umoci's own folder where no layer names it.
    await asRoot(['touch', '--date=@0', root]);
    const tarPath = path.join(scratch, 'image.tar');
    await asRoot([
      ...(['tar', '--create', '--file', tarPath, '--directory', root, '--exclude=./dev/*'] as const),
      ...['--sort=name', '--numeric-owner', '--format=pax', '--xattrs', '--xattrs-include=security.capability'],
      // A pax header's own name holds tar's process id otherwise (GNU tar, "Controlling Extended Header Keywords").
      '--pax-option=exthdr.name=%d/PaxHeaders/%f,delete=atime,delete=ctime',
      '.',
    ]);
    await asRoot(['rm', '-rf', layout, bundle]);
    const kept = path.join(workDir, 'image.tar');
    // Not a rename: the namespace's root owns it.
    if (kept !== tarPath) await host.files.copy(tarPath, kept);
    return kept;
  });
}
