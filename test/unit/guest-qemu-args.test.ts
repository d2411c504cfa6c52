import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { forwardedPort } from '../../src/guest/machine/machine.ts';
import { escapeOption, qemuArgs } from '../../src/guest/machine/qemu-args.ts';
import type { MachineSpec } from '../../src/guest/machine/qemu-args.ts';

const probe: MachineSpec = {
  accelerator: 'kvm',
  cpus: 2,
  memoryMb: 512,
  kernelPath: '/k/bzImage',
  cmdline: 'console=ttyS0',
};

function valueOf(args: readonly string[], option: string): string | undefined {
  const at = args.indexOf(option);
  return at < 0 ? undefined : args[at + 1];
}

/** Splits a QemuOpts string as QEMU does: `,,` is a comma, `,` a border. */
function splitOptions(text: string): string[] {
  return text.split(/(?<!,)(?:,,)*,(?!,)/).map((part) => part.replaceAll(',,', ','));
}

describe('the QEMU command line', () => {
  test('of an initrd-only guest has neither disk nor network', () => {
    const args = qemuArgs(probe, '/t/qmp.sock');
    expect(args.filter((arg) => /blk|netdev|fw_cfg|initrd/.test(arg))).toEqual([]);
  });

  test('of a guest that starts from its disk names no kernel, and the disk is where the firmware looks first', () => {
    const { accelerator, cpus, memoryMb } = probe;
    const disk = { path: '/d/disk.qcow2', format: 'qcow2' } as const;
    const args = qemuArgs({ accelerator, cpus, memoryMb, startsFrom: 'disk', disk }, 's');
    expect(args.filter((arg) => ['-kernel', '-initrd', '-append'].includes(arg))).toEqual([]);
    expect(args.filter((arg) => arg.includes('bootindex'))).toEqual([
      'virtio-blk-pci,drive=root,serial=drydock-root,bootindex=0',
    ]);
    expect(qemuArgs({ ...probe, disk }, 's').join(' ')).not.toContain('bootindex');
  });

  test('starts no guest before drydock watches it, whatever its accelerator and clock', () => {
    for (const change of [{}, { accelerator: 'tcg' }, { accelerator: 'tcg', clock: 'virtual' }] as const)
      expect(qemuArgs({ ...probe, ...change }, 's')).toContain('-S');
  });

  test('takes the host processor under KVM and never under TCG', () => {
    expect(valueOf(qemuArgs(probe, 's'), '-cpu')).toBe('host');
    expect(valueOf(qemuArgs({ ...probe, accelerator: 'tcg' }, 's'), '-cpu')).not.toBe('host');
  });

  test('gives a guest with SSH no way out but the forwarded port on loopback', () => {
    const args = qemuArgs({ ...probe, ssh: { authorizedKeysPath: '/run/key.pub' } }, 's');
    const netdev = valueOf(args, '-netdev') ?? '';
    expect(netdev).toContain('restrict=on');
    expect(netdev).toContain('hostfwd=tcp:127.0.0.1:0-:22');
    expect(valueOf(args, '-fw_cfg')).toBe('name=opt/drydock/authorized_keys,file=/run/key.pub');
  });

  test('tells a kernel without a driver for fw_cfg the same key in its SMBIOS tables', () => {
    const args = qemuArgs({ ...probe, ssh: { authorizedKeysPath: '/run/a,b.pub' } }, 's');
    expect(valueOf(args, '-smbios')).toBe('type=11,path=/run/a,,b.pub');
    expect(qemuArgs(probe, 's')).not.toContain('-smbios');
  });

  test('gives an installer its CD in a SATA drive and its disks by name, and lets it write only what it is told to', () => {
    const args = qemuArgs(
      {
        ...probe,
        disk: { path: '/d/disk.qcow2', format: 'qcow2' },
        drives: [
          { kind: 'cdrom', path: '/d/installer.iso', serial: 'cd' },
          { kind: 'disk', path: '/d/export.raw', serial: 'out', writable: true },
        ],
      },
      's',
    );
    const nodes = args
      .flatMap((arg, index) => (args[index - 1] === '-blockdev' ? [arg] : []))
      .map((text): unknown => JSON.parse(text));
    expect(nodes).toMatchObject([
      { 'node-name': 'root' },
      { driver: 'raw', 'read-only': true, file: { filename: '/d/installer.iso', 'read-only': true } },
      { driver: 'raw', 'read-only': false, file: { filename: '/d/export.raw', 'read-only': false } },
    ]);
    const devices = args.filter((_, index) => args[index - 1] === '-device');
    expect(devices).toEqual(expect.arrayContaining(['ide-cd,drive=drive0,bus=ide.0,serial=cd']));
    expect(devices).toEqual(expect.arrayContaining(['virtio-blk-pci,drive=drive1,serial=out']));
    expect(args).not.toContain('-netdev');
  });

  test('ends QEMU when the guest reboots, so that the next start chooses the kernel', () => {
    expect(valueOf(qemuArgs(probe, 's'), '-action')).toBe('reboot=shutdown');
  });

  test('on the virtual clock counts instructions on one thread and lets nothing of the host in', () => {
    const args = qemuArgs({ ...probe, accelerator: 'tcg', cpus: 1, clock: 'virtual' }, '/t/qmp.sock');
    expect(valueOf(args, '-icount')).toBe('shift=0,sleep=off');
    expect(valueOf(args, '-accel')).toBe('tcg,thread=single');
    expect(valueOf(args, '-rtc')).toMatch(/^base=\d{4}-.*,clock=vm$/);
    expect(args).toContain('-seed');
    expect(args.filter((arg) => arg.includes('virtio-rng'))).toEqual([]);
  });

  test('keeps the command line of the kernel in one argument', () => {
    const cmdline = 'root=/dev/vda init=/bin/sh, "x y"';
    expect(valueOf(qemuArgs({ ...probe, cmdline }, 's'), '-append')).toBe(cmdline);
  });

  test('names any disk file exactly, whatever characters its path has', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), (path) => {
        const args = qemuArgs({ ...probe, disk: { path, format: 'qcow2' } }, 's');
        const blockdev: unknown = JSON.parse(valueOf(args, '-blockdev') ?? '');
        expect(blockdev).toMatchObject({ driver: 'qcow2', file: { driver: 'file', filename: path } });
      }),
    );
  });

  test('escapes commas so that QEMU reads one value back', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[a-z,/.]+$/), (path) => {
        expect(escapeOption(path).replaceAll(',,', ',')).toBe(path);
      }),
    );
    expect(splitOptions(`file=${escapeOption('/a,b')},format=raw`)).toEqual(['file=/a,b', 'format=raw']);
  });
});

describe('the port that leads to sshd', () => {
  const table = [
    'Hub -1 (net):',
    '  Protocol[State]    FD  Source Address  Port   Dest. Address  Port RecvQ SendQ',
    '  TCP[ESTABLISHED]  21       127.0.0.1 40000       10.0.2.15    22     0     0',
    '  TCP[HOST_FORWARD]   3       127.0.0.1 32963       10.0.2.15    22     0     0',
    '',
  ].join('\r\n');

  test('is read from the table of QEMU 7.2', () => {
    expect(forwardedPort(table)).toBe(32963);
  });

  test('is absent where nothing is forwarded', () => {
    expect(forwardedPort(table.replace('HOST_FORWARD', 'SYN_SENT'))).toBeUndefined();
  });
});
