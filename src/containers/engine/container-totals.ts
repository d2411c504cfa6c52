import { z } from 'zod';
import type { ContainerTotals } from '../place.ts';

const counter = z.number().nonnegative();
const ioRow = z.looseObject({ op: z.string(), value: counter });

/** What is read of `GET /containers/{id}/stats` (moby: api/types/stats.go); the daemon leaves out what it cannot count. */
const statsSchema = z.looseObject({
  cpu_stats: z.looseObject({ cpu_usage: z.looseObject({ total_usage: counter.optional() }).optional() }).optional(),
  memory_stats: z.looseObject({ usage: counter.optional(), stats: z.record(z.string(), counter).nullish() }).nullish(),
  blkio_stats: z.looseObject({ io_service_bytes_recursive: z.array(ioRow).nullish() }).nullish(),
  networks: z.record(z.string(), z.looseObject({ rx_bytes: counter, tx_bytes: counter })).nullish(),
});
type Stats = z.infer<typeof statsSchema>;

/**
 * Memory without the inactive page cache, as `docker stats` shows it (docker/cli: calculateMemUsageUnixNoCache):
 * `total_inactive_file` under cgroup v1, `inactive_file` under v2.
 */
function memoryBytes(memory: Stats['memory_stats']): number | null {
  const usage = memory?.usage;
  if (usage === undefined) return null;
  const cache = memory?.stats?.total_inactive_file ?? memory?.stats?.inactive_file ?? 0;
  return cache < usage ? usage - cache : usage;
}

/** One row for each device and direction: `Read` under cgroup v1, `read` under v2. */
function diskBytes(stats: Stats, direction: 'read' | 'write'): number | null {
  const rows = stats.blkio_stats?.io_service_bytes_recursive?.filter((row) => row.op.toLowerCase() === direction) ?? [];
  return rows.length === 0 ? null : rows.reduce((sum, row) => sum + row.value, 0);
}

function networkBytes(stats: Stats, direction: 'rx_bytes' | 'tx_bytes'): number | null {
  const interfaces = Object.values(stats.networks ?? {});
  return interfaces.length === 0 ? null : interfaces.reduce((sum, one) => sum + one[direction], 0);
}

/**
 * Reads the daemon's statistics of one container. A counter that the daemon does not give is `null`: its kernel has none, or,
 * for the disk, the container has not touched one yet; the daemon gives the same answer for both.
 *
 * @throws ZodError when this is no such answer
 */
export function readTotals(answer: unknown): ContainerTotals {
  const stats = statsSchema.parse(answer);
  // For a container that does not run, Docker reports zeros that were never counted.
  const usageNs = stats.cpu_stats?.cpu_usage?.total_usage;
  return {
    cpuSec: usageNs === undefined || usageNs === 0 ? null : usageNs / 1e9,
    memoryBytes: memoryBytes(stats.memory_stats),
    diskReadBytes: diskBytes(stats, 'read'),
    diskWriteBytes: diskBytes(stats, 'write'),
    networkReceiveBytes: networkBytes(stats, 'rx_bytes'),
    networkSendBytes: networkBytes(stats, 'tx_bytes'),
  };
}
