import { parseSysbenchMemory } from '../../bench/tool-output/sysbench.ts';
import type { Workload } from './workload.ts';
import { beginExecution } from './execution.ts';
import { read } from './failing.ts';

/** More than any machine moves in the time: the clock ends the run, not the amount. */
const TOTAL = '100T';

/** sysbench memory, reading and then writing, one thread for each processor, `seconds` each. Image by role: `tools`. */
export function memory({ seconds }: { readonly seconds: number }): Workload {
  return {
    name: 'memory',
    run: async (context) => {
      const execution = beginExecution(context);
      await using tools = await execution.idle('tools', { network: 'none' });
      const metrics: Record<string, number> = {};
      for (const operation of ['read', 'write'] as const) {
        const { ran } = await execution.step(tools, `sysbench memory ${operation}`, [
          'sysbench',
          'memory',
          `--threads=${context.place.cpus}`,
          `--time=${seconds}`,
          '--memory-block-size=1M',
          `--memory-total-size=${TOTAL}`,
          // A buffer a thread: one shared buffer would measure how processors fight for it.
          '--memory-scope=local',
          `--memory-oper=${operation}`,
          'run',
        ]);
        const found = read(ran, parseSysbenchMemory);
        metrics[`memory_${found.operation}`] = found.bytesPerSec;
      }
      return { metrics, warnings: [] };
    },
  };
}
