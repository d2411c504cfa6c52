import { parseSysbenchCpu } from '../../bench/tool-output/sysbench.ts';
import type { Workload } from './workload.ts';
import { beginExecution } from './execution.ts';
import { read } from './failing.ts';

/** The largest number that is tried in one event; sysbench's own default, written down. */
const MAX_PRIME = 10_000;

/** sysbench cpu, one thread for each processor of the place. Image by role: `tools`. */
export function cpu({ seconds }: { readonly seconds: number }): Workload {
  return {
    name: 'cpu',
    run: async (context) => {
      const execution = beginExecution(context);
      await using tools = await execution.idle('tools', { network: 'none' });
      const { ran } = await execution.step(tools, 'sysbench cpu', [
        'sysbench',
        'cpu',
        `--threads=${context.place.cpus}`,
        `--time=${seconds}`,
        `--cpu-max-prime=${MAX_PRIME}`,
        'run',
      ]);
      const { eventsPerSec } = read(ran, parseSysbenchCpu);
      return { metrics: { cpu_events: eventsPerSec }, warnings: [] };
    },
  };
}
