import path from 'node:path';
import { z } from 'zod';
import { Fault } from '../../host/fault.ts';
import type { Host } from '../../host/host.ts';
import type { DockerProof } from '../../model/record.ts';
import type { Guest } from '../ssh/guest.ts';

/** The image that the guest's own readiness check runs. */
const PROBE_IMAGE = 'drydock/probe';
const PROBE_COMMAND = ['docker', 'run', '--rm', '--network', 'bridge', PROBE_IMAGE, '/probe'] as const;
const APPLETS = ['sh', 'sed', 'ip', 'ping', 'sleep', 'cat'];

const infoSchema = z.looseObject({
  ServerVersion: z.string(),
  Driver: z.string(),
  CgroupVersion: z.string().optional(),
});

/** Makes a root file system of BusyBox and the probe script, as a tar for `docker import`. */
export async function makeProbeImage(host: Host, busyboxPath: string, probe: string, workDir: string): Promise<string> {
  const root = path.join(workDir, 'probe-root');
  const program = path.join(root, 'bin/busybox');
  await host.files.copy(busyboxPath, program);
  await host.files.chmod(program, 0o755);
  for (const applet of APPLETS) await host.processes.run(['ln', '-s', 'busybox', path.join(root, 'bin', applet)]);
  await host.files.writeAtomic(path.join(root, 'probe'), probe);
  await host.files.chmod(path.join(root, 'probe'), 0o755);
  const tar = path.join(workDir, 'probe.tar');
  await host.processes.run([
    ...(['tar', '--create', '--file', tar, '--directory', root] as const),
    ...['--sort=name', '--mtime=@0', '--owner=0', '--group=0', '--numeric-owner', '.'],
  ]);
  return tar;
}

/** Puts the probe image into the guest's Docker, without a network. */
export async function importProbeImage(guest: Guest, tar: string): Promise<void> {
  await guest.upload(tar, '/root/probe.tar');
  await guest.run(['docker', 'import', '/root/probe.tar', PROBE_IMAGE]);
  await guest.run(['rm', '/root/probe.tar']);
}

/**
 * Runs a container on Docker's default bridge and keeps what it said.
 * @throws Fault `not-ready` when it does not run or does not reach the bridge's gateway
 */
export async function proveDocker(guest: Guest): Promise<DockerProof> {
  const ran = await guest.run(PROBE_COMMAND, { okExitCodes: 'any' });
  if (ran.exitCode !== 0) {
    const journal = await guest.run(['journalctl', '-u', 'docker', '-b', '--no-pager', '-n', '15'], {
      okExitCodes: [0, 1],
    });
    throw new Fault({
      kind: 'not-ready',
      headline: `docker run ended with exit code ${ran.exitCode} on this kernel`,
      hint: 'Docker names the missing feature above; `npm run drydock -- check-config <.config>` lists what it needs.',
      detail: [...ran.stderr.trim().split('\n'), ...journal.stdout.trim().split('\n')],
      consoleTail: guest.console.tail(25),
      logPath: guest.console.path,
    });
  }
  const info = infoSchema.parse(JSON.parse((await guest.run(['docker', 'info', '--format', '{{json .}}'])).stdout));
  return {
    command: PROBE_COMMAND,
    exitCode: ran.exitCode,
    stdout: ran.stdout,
    network: 'bridge',
    serverVersion: info.ServerVersion,
    storageDriver: info.Driver,
    cgroupVersion: info.CgroupVersion ?? '1',
  };
}
