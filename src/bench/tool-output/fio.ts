import { z } from 'zod';
import { documentOf, OutputError, positive } from './output-error.ts';

const TOOL = 'fio';

/** One job of a job file, in the one direction in which it worked. */
export interface FioJob {
  readonly name: string;
  readonly direction: 'read' | 'write';
  readonly bytesPerSec: number;
  /** Requests finished in a second. */
  readonly opsPerSec: number;
}

const sideSchema = z.looseObject({ total_ios: z.number(), bw_bytes: z.number(), iops: z.number() });
const outputSchema = z.looseObject({
  jobs: z.array(z.looseObject({ jobname: z.string(), error: z.number(), read: sideSchema, write: sideSchema })),
});

/**
 * Reads what fio 3 writes with `--output-format=json` (fio's HOWTO, "JSON output"). Lines that it writes before the
 * document (`fio: …`) are skipped. Jobs must be of one direction each.
 * @throws OutputError that names what is missing, or the job that failed
 */
export function parseFio(text: string): readonly FioJob[] {
  if (text.trim() === '') throw new OutputError(TOOL, 'is empty');
  const start = /^\{$/m.exec(text);
  if (start === null) throw new OutputError(TOOL, 'has no JSON document');
  const { jobs } = documentOf(TOOL, text.slice(start.index), outputSchema);
  if (jobs.length === 0) throw new OutputError(TOOL, 'has no job');
  return jobs.map(({ jobname, error, read, write }) => {
    if (error !== 0) throw new OutputError(TOOL, `says that the job ${jobname} failed with errno ${String(error)}`);
    if (read.total_ios > 0 && write.total_ios > 0) {
      throw new OutputError(TOOL, `has both reads and writes in the job ${jobname}, which is to do one of them`);
    }
    const direction = write.total_ios > 0 ? 'write' : 'read';
    const side = direction === 'write' ? write : read;
    return {
      name: jobname,
      direction,
      bytesPerSec: positive(TOOL, `bw_bytes of the job ${jobname}`, side.bw_bytes),
      opsPerSec: positive(TOOL, `iops of the job ${jobname}`, side.iops),
    };
  });
}
