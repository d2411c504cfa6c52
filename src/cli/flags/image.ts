import path from 'node:path';
import { Option } from 'commander';
import { Fault } from '../../host/fault.ts';
import type { Host } from '../../host/host.ts';
import type { RunRequest } from '../../model/request.ts';

/** What the command line says of where the guest comes from. */
export interface ImageFlags {
  /** Path of an installer's medium, or of a disk. */
  readonly image?: string | undefined;
  /** Path of a private key that root of the disk lets in. */
  readonly imageKey?: string | undefined;
  /** Device of the disk's root. */
  readonly imageRoot?: string | undefined;
}

/** First bytes of every qcow2 (QEMU, docs/interop/qcow2.txt). */
const QCOW2_MAGIC = Buffer.from('QFI\u00fb', 'latin1');

export function imageOptions(): readonly Option[] {
  return [
    new Option(
      '--image <path>',
      "installer ISO of centos-7-minimal, instead of a download; or a qcow2 with the guest's distribution installed",
    ),
    new Option(
      '--image-key <file>',
      'private SSH key that root of that qcow2 accepts; without it, drydock gives its cloud-init a key',
    ),
    new Option('--image-root <device>', 'root device of that qcow2, such as /dev/vda2 (default: /dev/vda1)'),
  ];
}

async function isQcow2({ files }: Pick<Host, 'files'>, file: string): Promise<boolean> {
  if ((await files.stat(file))?.kind !== 'file') return false;
  for await (const chunk of await files.openRead(file)) {
    return chunk instanceof Uint8Array && Buffer.from(chunk).subarray(0, QCOW2_MAGIC.length).equals(QCOW2_MAGIC);
  }
  return false;
}

/**
 * Where the guest is to come from, by what the file is and not by its name.
 *
 * @throws Fault `usage` for a key or a root of a disk that is not given
 */
export async function requestedImage(
  host: Pick<Host, 'files'>,
  flags: ImageFlags,
): Promise<Pick<RunRequest, 'image' | 'adopt'>> {
  const { imageKey, imageRoot } = flags;
  const file = flags.image === undefined ? undefined : path.resolve(flags.image);
  if (file !== undefined && (await isQcow2(host, file))) {
    if (imageRoot !== undefined && !/^\/dev\/vda\d+$/.test(imageRoot)) {
      throw new Fault({
        kind: 'usage',
        headline: `--image-root ${imageRoot} is no partition of the guest's disk, which it sees as /dev/vda`,
        hint: 'Give it as /dev/vda2. A root on a logical volume cannot be taken.',
      });
    }
    return {
      adopt: {
        disk: file,
        ...(imageKey === undefined ? {} : { keyPath: path.resolve(imageKey) }),
        ...(imageRoot === undefined ? {} : { root: imageRoot }),
      },
    };
  }
  const stray = imageKey !== undefined ? '--image-key' : imageRoot !== undefined ? '--image-root' : undefined;
  if (stray !== undefined) {
    throw new Fault({
      kind: 'usage',
      headline: `${stray} is for a disk, and ${file === undefined ? 'no --image is given' : `${file} is no qcow2`}`,
      hint: 'Give the disk with --image DISK.qcow2; another format becomes one with qemu-img convert -O qcow2.',
    });
  }
  return file === undefined ? {} : { image: file };
}
