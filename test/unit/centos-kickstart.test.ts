import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { Fault } from '../../src/host/fault.ts';
import { fillKickstart } from '../../src/images/centos/kickstart.ts';
import { centosDefinition } from '../support/centos.ts';

/**
 * The commands that our kickstart may use, with their options: Red Hat Enterprise Linux 7, Installation Guide, 27.3.1
 * "Kickstart Commands and Options". A value: the option wants one. `words`: how many arguments without dashes.
 */
const DOCUMENTED: Readonly<
  Record<string, { readonly words?: number; readonly options: Readonly<Record<string, boolean>> }>
> = {
  install: { options: {} },
  text: { options: {} },
  skipx: { options: {} },
  cdrom: { options: {} },
  poweroff: { options: {} },
  zerombr: { options: {} },
  eula: { options: { agreed: false } },
  firstboot: { options: { enable: false, disable: false, reconfig: false } },
  lang: { words: 1, options: { addsupport: true } },
  keyboard: { options: { vckeymap: true, xlayouts: true, switch: true } },
  timezone: { words: 1, options: { utc: false, isUtc: false, nontp: false, ntpservers: true } },
  network: { options: { hostname: true, bootproto: true, device: true, onboot: true } },
  auth: { options: { enableshadow: false, passalgo: true } },
  rootpw: { words: 1, options: { iscrypted: false, plaintext: false, lock: false } },
  selinux: { options: { enforcing: false, permissive: false, disabled: false } },
  firewall: { options: { enabled: false, disabled: false, service: true, port: true, ssh: false } },
  ignoredisk: { options: { drives: true, 'only-use': true } },
  clearpart: { options: { all: false, drives: true, initlabel: false, linux: false, none: false } },
  bootloader: { options: { append: true, 'boot-drive': true, location: true, timeout: true } },
  part: { words: 1, options: { asprimary: false, fstype: true, grow: false, ondisk: true, size: true } },
};
/** Sections and what their heads may have (27.3.2 to 27.3.7). */
const SECTIONS: Readonly<Record<string, RegExp>> = {
  '%packages': /^%packages$/,
  '%addon': /^%addon com_redhat_kdump (--disable|--enable)$/,
  '%post': /^%post --erroronfail$/,
};
/** Without these the installer asks, and nobody answers (27.1: required; 26.2.1). */
const REQUIRED = ['auth', 'bootloader', 'keyboard', 'lang', 'part', 'rootpw', 'timezone', 'cdrom', 'eula', 'poweroff'];

interface Parsed {
  readonly commands: ReadonlyMap<string, readonly string[]>;
  readonly sections: ReadonlyMap<string, readonly string[]>;
}

/** Reads a kickstart more strictly than anaconda does: what the reference does not have is an error. */
function parse(text: string): Parsed {
  const commands = new Map<string, readonly string[]>();
  const sections = new Map<string, string[]>();
  let open: string[] | undefined;
  for (const [index, line] of text.split('\n').entries()) {
    const where = `line ${String(index + 1)}: ${line}`;
    if (line.startsWith('%end')) {
      if (open === undefined) throw new Error(`${where}: nothing to end`);
      open = undefined;
    } else if (line.startsWith('%')) {
      const name = line.split(' ')[0] ?? '';
      if (open !== undefined || SECTIONS[name]?.test(line) !== true) throw new Error(`${where}: no such section here`);
      open = [];
      sections.set(name, open);
    } else if (open !== undefined) {
      open.push(line);
    } else if (line !== '' && !line.startsWith('#')) {
      // As Python's shlex splits: quotes hold words together.
      const [name = '', ...words] = [...line.matchAll(/(?:[^\s"]|"[^"]*")+/g)].map(([word]) =>
        word.replaceAll('"', ''),
      );
      const known = DOCUMENTED[name];
      if (known === undefined || commands.has(name)) throw new Error(`${where}: unknown, or a second time`);
      const options = words.filter((word) => word.startsWith('--'));
      for (const option of options) {
        const [, key = '', value] = /^--([^=]+)(?:=(.+))?$/.exec(option) ?? [];
        if (known.options[key] !== (value !== undefined)) throw new Error(`${where}: ${option}`);
      }
      if (words.length - options.length !== (known.words ?? 0)) throw new Error(`${where}: too many or too few words`);
      commands.set(name, words);
    }
  }
  if (open !== undefined) throw new Error('a section has no %end');
  return { commands, sections };
}

const template = readFileSync('vm-images/files/centos/kickstart', 'utf8');

describe('the kickstart', () => {
  test('has only commands and options of the reference, and all that the installer would ask for', async () => {
    const { commands, sections } = parse(fillKickstart(template, await centosDefinition()));
    expect(REQUIRED.filter((name) => !commands.has(name))).toEqual([]);
    expect([...sections.keys()]).toEqual(['%packages', '%addon', '%post']);
  });

  test('names the one disk of the definition wherever a disk is named', async () => {
    const { commands } = parse(fillKickstart(template, { ...(await centosDefinition()), rootDevice: '/dev/sdb1' }));
    expect(commands.get('ignoredisk')).toEqual(['--only-use=sdb']);
    expect(commands.get('clearpart')).toContain('--drives=sdb');
    expect(commands.get('part')).toEqual(expect.arrayContaining(['/', '--fstype=xfs', '--ondisk=sdb']));
    expect(commands.get('bootloader')).toContain('--boot-drive=sdb');
  });

  test('leaves SELinux as the stock system has it, and no password that anybody could use', async () => {
    const { commands } = parse(fillKickstart(template, await centosDefinition()));
    expect(commands.get('selinux')).toEqual(['--enforcing']);
    expect(commands.get('rootpw')).toEqual(['--lock', '--iscrypted', '!!']);
  });

  test('takes the supplies and gives the export by the names that QEMU gives the disks', async () => {
    const { sections } = parse(fillKickstart(template, await centosDefinition()));
    const script = sections.get('%post')?.join('\n');
    expect(script).toContain('/dev/disk/by-id/virtio-drydock-supplies');
    expect(script).toContain('/dev/disk/by-id/virtio-drydock-export');
  });

  test('with a word that no definition gives is refused by that word', async () => {
    const definition = await centosDefinition();
    expect(() => fillKickstart('lang @LANGUAGE@\n', definition)).toThrow(Fault);
    expect(() => fillKickstart('lang @LANGUAGE@\n', definition)).toThrow(/@LANGUAGE@/);
  });

  test.each(['instal\n', 'part / --size\n', 'eula --agree\n', 'lang en US\n', '%post\n%end\n', '%packages\n@core\n'])(
    'of a wrong form is noticed by this test itself: %j',
    (text) => {
      expect(() => parse(text)).toThrow();
    },
  );
});

describe('the yum repositories of the guest', () => {
  const text = readFileSync('vm-images/files/centos/vault.repo', 'utf8');
  const sections = text.split(/^(?=\[)/m).filter((section) => section.startsWith('['));

  test('are the vault’s alone, over TLS, and every package’s signature is checked', () => {
    expect(sections.map((section) => /^\[(\w+)\]/.exec(section)?.[1])).toEqual(['base', 'updates', 'extras']);
    for (const section of sections) {
      expect(section).toMatch(/^baseurl=https:\/\/vault\.centos\.org\/7\.9\.2009\/\w+\/\$basearch\/$/m);
      expect(section).toMatch(/^gpgcheck=1$/m);
      expect(section).not.toMatch(/mirrorlist|sslverify/);
    }
  });

  test('agree with where the definition takes its packages from', async () => {
    const { repositories } = await centosDefinition();
    for (const address of Object.values(repositories)) {
      expect(text).toContain(`baseurl=${address.replace('x86_64', '$basearch')}`);
    }
  });
});
