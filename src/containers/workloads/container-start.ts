import { Fault } from '../../host/fault.ts';
import { median } from '../../stats/summary.ts';
import type { ContainerSpec } from '../place.ts';
import type { Workload, WorkloadContext } from './workload.ts';
import { beginExecution, imageOf, throwIfInterrupted } from './execution.ts';

/**
 * How long `docker run` takes to the first byte of output, warm and cold, `times` each. Before every cold start the
 * machine's page cache, dentries and inodes are dropped (Linux's Documentation/admin-guide/sysctl/vm.rst, drop_caches) —
 * on the host place that is the physical machine, and everything else that runs there reads from its disk again, too.
 * Image by role: `tools`.
 */
export function containerStart({ times }: { readonly times: number }): Workload {
  return {
    name: 'container-start',
    run: async (context) => {
      const execution = beginExecution(context);
      const spec: ContainerSpec = {
        name: 'start',
        image: imageOf(context, 'tools'),
        command: ['echo', 'started'],
        network: 'bridge',
      };
      const series = async (label: string, prepare: () => Promise<void>): Promise<readonly number[]> => {
        execution.mark(`${label} starts begin`);
        const values: number[] = [];
        for (let index = 1; index <= times; index += 1) {
          throwIfInterrupted(context.signal);
          context.progress(`${label} start ${index} of ${times}`);
          await prepare();
          values.push(await start(context, spec));
        }
        execution.mark(`${label} starts end`);
        return values;
      };

      // The first start after an import pays for what no later one does.
      const first = await start(context, spec);
      context.log(`first start, not counted: ${first.toFixed(3)} s`);
      const warm = await series('warm', () => Promise.resolve());
      const cold = await series('cold', () => dropCaches(context));
      return {
        metrics: { container_start_cold: median(cold), container_start_warm: median(warm) },
        repeats: { container_start_cold: cold, container_start_warm: warm },
        warnings: [],
      };
    },
  };
}

async function start(context: WorkloadContext, spec: ContainerSpec): Promise<number> {
  const { firstOutputSec, exitCode } = await context.place.engine.runToFirstOutput(spec);
  context.log(`first output after ${firstOutputSec.toFixed(6)} s, exit code ${exitCode}`);
  if (exitCode === 0) return firstOutputSec;
  throw new Fault({
    kind: 'command-failed',
    headline: `The container that only says "started" ended with exit code ${exitCode}`,
    hint: 'The image must hold echo(1); 137 is a container that was killed.',
    detail: [`${spec.image}: ${spec.command.join(' ')}`],
  });
}

/** Only clean pages can be dropped, so everything is written out before. */
async function dropCaches({ place }: WorkloadContext): Promise<void> {
  await place.run(['sync']);
  await place.run(['tee', '/proc/sys/vm/drop_caches'], { input: '3\n' });
}
