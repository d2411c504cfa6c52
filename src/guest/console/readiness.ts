import type { ConsoleLine } from './console-line.ts';

/** A step of a boot that can be waited for. Every row carries the hint to show when it does not come. */
interface ReadinessBase {
  readonly id: 'console' | 'init' | 'systemd' | 'docker0' | 'ready' | 'sshd';
  /** Completes the sentence "waiting for …". */
  readonly description: string;
  readonly hint: string;
}

/** A step that the guest announces on its console. */
export interface ConsoleReadiness extends ReadinessBase {
  readonly by: 'console';
  readonly pattern: RegExp;
}

/** A step that only a connection proves. */
export interface SshReadiness extends ReadinessBase {
  readonly by: 'ssh';
}

export const FIRST_WORD: ConsoleReadiness = {
  id: 'console',
  by: 'console',
  description: 'the first word on the console',
  pattern: /./,
  hint: 'Nothing came from the serial port: is console=ttyS0 on the command line, and SERIAL_8250_CONSOLE built in?',
};

const INIT_STARTED: ConsoleReadiness = {
  id: 'init',
  by: 'console',
  description: 'the first process',
  // Printed since 4.18 or so (init/main.c run_init_process); older kernels end their own start with the second form.
  pattern: /Run \S+ as init process|Freeing unused kernel (?:image \(initmem\) )?memory/,
  hint: 'The kernel did not finish its own start; the last line on the console names the step it was in.',
};

const SYSTEMD_STARTED: ConsoleReadiness = {
  id: 'systemd',
  by: 'console',
  description: 'systemd',
  pattern: /systemd\[1\]: systemd \d+|Welcome to \S+/,
  hint: "The initrd did not switch to the guest's root file system: check root=, and the drivers for the root's disk and file system.",
};

export const SSHD_REACHABLE: SshReadiness = {
  id: 'sshd',
  by: 'ssh',
  description: 'sshd',
  hint: 'sshd needs the network (VIRTIO_NET, INET, UNIX, PACKET) and entropy (HW_RANDOM_VIRTIO); the console shows which service failed.',
};

const DOCKER0_UP: ConsoleReadiness = {
  id: 'docker0',
  by: 'console',
  description: 'the bridge docker0',
  pattern: /drydock: docker0 up|ADDRCONF\(NETDEV_(?:UP|CHANGE)\): docker0/,
  hint: 'dockerd did not make its bridge: often BRIDGE, VETH, NF_NAT or an iptables option is missing in the kernel; `journalctl -u docker` in the guest shows the cause.',
};

export const DOCKER_READY: ConsoleReadiness = {
  id: 'ready',
  by: 'console',
  description: 'Docker to run a container (drydock: ready)',
  pattern: /drydock: ready/,
  hint: 'A container did not run: `journalctl -u docker -u containerd` in the guest says why; `drydock check-config` checks the kernel for what Docker needs.',
};

/** The steps a console can show, in the order in which a healthy Docker guest passes them. */
const CONSOLE_STEPS = [FIRST_WORD, INIT_STARTED, SYSTEMD_STARTED, DOCKER0_UP, DOCKER_READY];

/** Which steps a console has shown, as a fact for a report; a quiet boot shows few although it passes all. */
export function stepsSeen(lines: readonly ConsoleLine[]): string {
  const seen = CONSOLE_STEPS.filter((step) => lines.some((line) => step.pattern.test(line.text)));
  return `seen on the console: ${seen.length === 0 ? 'nothing' : seen.map((step) => step.description).join(', ')}`;
}
