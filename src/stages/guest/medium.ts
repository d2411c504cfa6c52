import { z } from 'zod';
import { Fault } from '../../host/fault.ts';
import { artifactSchema } from '../../model/artifact.ts';
import { obtainFile } from '../shared/obtain-file.ts';
import type { Stage } from '../stage.ts';

const outputSchema = z.strictObject({ iso: artifactSchema });
export type Medium = z.infer<typeof outputSchema>;

export type MediumInput = {
  /** Name of the guest whose installer it is. */
  readonly guest: string;
  /** An http(s) address, or a path on this machine. */
  readonly location: string;
  readonly sha256: string;
};

/** What a person can do who cannot get at the medium. */
const OTHERWISE =
  'Give the ISO by its path (--image PATH; what has arrived of a download is kept for the next try), or take the other guest: --guest debian-12-minimal.';

/** Gets an installer's ISO into the store, its digest verified. */
export const medium: Stage<MediumInput, Medium> = {
  name: 'medium',
  version: 1,
  cache: 'content',
  output: outputSchema,
  async run({ guest, location, sha256 }, context) {
    try {
      const iso = await obtainFile(location, sha256, context, {
        absent: {
          kind: 'unavailable',
          headline: `The guest ${guest} cannot be made: there is no ISO ${location}`,
          hint: '--image takes the path of the ISO; without it, it is downloaded.',
        },
        different: {
          kind: 'digest-mismatch',
          headline: `${location} is not the installer that ${guest} is made from`,
          hint: 'The file may be incomplete or of another release. Nothing was used. The definition in vm-images/ pins its digest.',
        },
        asker: 'the definition',
      });
      return { iso };
    } catch (error) {
      if (!(error instanceof Fault) || error.failure.kind !== 'download-failed') throw error;
      const { headline } = error.failure;
      throw new Fault(
        {
          ...error.failure,
          headline: `The guest ${guest} cannot be made: ${uncapitalized(headline)}`,
          hint: OTHERWISE,
        },
        { cause: error },
      );
    }
  },
};

const uncapitalized = (text: string): string => text.slice(0, 1).toLowerCase() + text.slice(1);
