import type { Host } from '../../host/host.ts';

/** A file of /proc; `''` when its process has ended meanwhile. */
async function readProc(host: Host, file: string): Promise<string> {
  return host.files.readText(file).catch(() => '');
}

/**
 * A process's number in the machine's PID namespace, from its number in the namespace below, in which dockerd runs: the first
 * and the second of `NSpid` in /proc/<pid>/status (proc(5)). The container's id in its control group tells it from a process
 * of another such namespace.
 *
 * @returns 0 when there is no such process (any more)
 */
export async function machinePid(host: Host, pid: number, containerId: string): Promise<number> {
  const numbers = (await host.files.list('/proc')).filter((name) => /^\d+$/.test(name));
  for (const number of numbers) {
    const namespaced = /^NSpid:\s+(.*)$/m.exec(await readProc(host, `/proc/${number}/status`))?.[1]?.split(/\s+/);
    if (namespaced?.[1] !== String(pid)) continue;
    if ((await readProc(host, `/proc/${number}/cgroup`)).includes(containerId)) return Number(number);
  }
  return 0;
}
