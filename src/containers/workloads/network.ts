import { parseIperf3 } from '../../bench/tool-output/iperf3.ts';
import { parseSockperf } from '../../bench/tool-output/sockperf.ts';
import type { Argv } from '../../host/host.ts';
import type { Workload } from './workload.ts';
import { beginExecution } from './execution.ts';
import { read } from './failing.ts';

const CLIENT = 'tools';
const SERVER = 'server';

/**
 * sockperf counts nothing of its first and last moments (400 ms of warm-up, 50 ms at the end, and with `--no-rdtsc` as
 * much again): with a time of one second no observation is left.
 */
const SOCKPERF_UNCOUNTED_SEC = 2;
/** A server that does not answer in this time is behind a packet filter; TCP itself would try for two minutes. */
const CONNECT_TIMEOUT_MS = 20_000;

/**
 * A container on the bridge against its machine's bridge address: TCP throughput both ways (iperf3), then round trips
 * (sockperf), `seconds` each. The machine's end is a container in the machine's own network. Image by role: `tools`.
 */
export function network({ seconds }: { readonly seconds: number }): Workload {
  return {
    name: 'network',
    run: async (context) => {
      const address = context.place.bridgeAddress;
      const execution = beginExecution(context);
      await using server = await execution.idle(SERVER, { image: CLIENT, network: 'host' });
      await using client = await execution.idle(CLIENT, { network: 'bridge' });

      const throughput = async (label: string, direction: readonly string[]): Promise<number> => {
        // One test and it ends; without --forceflush its line of readiness stays in its buffer.
        const served = await execution.serve(
          server,
          'iperf3 --server',
          ['iperf3', '--server', '--one-off', '--bind', address, '--forceflush'],
          /^Server listening on /,
        );
        const asked: Argv = ['iperf3', '--client', address, '--time', String(seconds), '--json', ...direction];
        const { ran } = await execution.step(client, label, [
          ...asked,
          '--connect-timeout',
          String(CONNECT_TIMEOUT_MS),
        ]);
        await served.ended();
        return read(ran, parseIperf3).bytesPerSec;
      };
      const toMachine = await throughput('iperf3', []);
      const fromMachine = await throughput('iperf3 --reverse', ['--reverse']);

      await execution.serve(
        server,
        'sockperf server',
        ['sockperf', 'server', '--tcp', '-i', address],
        /\bto block on socket/,
      );
      const { ran } = await execution.step(client, 'sockperf ping-pong', [
        ...(['sockperf', 'ping-pong', '--tcp', '-i', address] as const),
        // The monotonic clock: a guest's time stamp counter has a rate that would have to be guessed.
        ...['--full-rtt', '--no-rdtsc', '--msg-size', '64', '--time', String(seconds + SOCKPERF_UNCOUNTED_SEC)],
      ]);
      const roundTrips = read(ran, parseSockperf);
      context.log(`${roundTrips.observations} round trips`);
      return {
        metrics: {
          network_to_machine: toMachine,
          network_from_machine: fromMachine,
          network_latency_median: roundTrips.medianSec,
          network_latency_p99: roundTrips.p99Sec,
        },
        warnings: [],
      };
    },
  };
}
