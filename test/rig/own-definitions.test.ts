import { cp, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { recordSchema } from '../../src/model/record.ts';
import { createRig } from '../support/rig/rig.ts';

const SHIPPED = 'vm-images/debian-12-minimal.yaml';

describe.concurrent('a guest', () => {
  test('may be a definition of the user’s own, with a file beside it and others of vm-images/', async () => {
    await using rig = await createRig();
    const own = path.join(rig.folder, 'my-guest.yaml');
    const text = (await readFile(SHIPPED, 'utf8'))
      .replace('name: debian-12-minimal', 'name: my-guest')
      .replace('from: files/sshd.conf', 'from: ./sshd.conf');
    expect(text).toContain('./sshd.conf');
    await writeFile(own, text);
    await cp('vm-images/files/sshd.conf', path.join(rig.folder, 'sshd.conf'));
    // Named from the profile's folder, which is not the one that drydock runs in.
    const profile = await rig.profile();
    const settings = { guest: './my-guest.yaml', guestCmdline: { 'my-guest': ['drydock.own=1'] } };
    await writeFile(profile, JSON.stringify({ ...JSON.parse(await readFile(profile, 'utf8')), ...settings }));
    const args = ['--profile', profile, '--boots', '1', '--accel', 'tcg'];
    const { code, stderr } = await rig.drydock('run', ...args).ended;
    expect(stderr).toBe('');
    expect(code).toBe(0);
    const record = recordSchema.parse(
      JSON.parse(await readFile(path.join(await rig.runDirectory(), 'record.json'), 'utf8')),
    );
    expect(record.guest.name).toBe(own);
    expect(record.environment.guest).toBe('my-guest');
    expect(record.arms[0]?.cmdline).toContain('drydock.own=1');
    // Settings for a guest that this run does not use are no mistake.
    const other = await rig.drydock('run', ...args, '--guest', 'debian-12-minimal', '--dry-run').ended;
    expect([other.code, other.stderr]).toEqual([0, '']);
  });

  test('that does not exist is refused with the nearest name, wherever it is named', async () => {
    await using rig = await createRig();
    const profile = await rig.profile();
    const unknown = await rig.drydock('run', '--profile', profile, '--guest', 'debian-12-minimum', '--dry-run').ended;
    expect(unknown.code).toBe(2);
    expect(unknown.stderr).toMatch(/no guest named debian-12-minimum[^]*Did you mean debian-12-minimal\?/);
    const misspelt = path.join(rig.folder, 'misspelt.yaml');
    const settingsFor = { guestCmdline: { 'centos-7-minimum': ['quiet'] } };
    await writeFile(misspelt, JSON.stringify({ ...JSON.parse(await readFile(profile, 'utf8')), ...settingsFor }));
    const settings = await rig.drydock('run', '--profile', misspelt, '--dry-run').ended;
    expect(settings.code).toBe(2);
    expect(settings.stderr).toMatch(
      /settings for the guest centos-7-minimum, which does not exist[^]*Did you mean centos-7-minimal\?/,
    );
  });
});

describe.concurrent('a profile of the user’s own', () => {
  test('names its kernel source from its own folder, and the repeating command names the profile’s path', async () => {
    await using rig = await createRig({ hasImage: true });
    const own = await rig.profile();
    const relative = (await readFile(own, 'utf8')).replace(/"directory": ?"[^"]*\//, '"directory":"./');
    expect(relative).toContain('"directory":"./');
    await writeFile(own, relative);
    const { code, stderr } = await rig.drydock('run', '--profile', own, '--boots', '1', '--accel', 'tcg').ended;
    expect(stderr).toBe('');
    expect(code).toBe(0);
    const report = await readFile(path.join(await rig.runDirectory(), 'report.md'), 'utf8');
    expect(report).toContain(`npm run pipeline -- --profile ${own} `);
  });

  test('is refused by a dry run when a tarball is neither there nor in the cache', async () => {
    await using rig = await createRig({ hasImage: true });
    const kernel = { ...rig.kernel, source: { tarball: './linux.tar.xz', sha256: '0'.repeat(64) } };
    const own = await rig.profile({ small: { role: 'candidate', kernel, initrd: 'busybox' } });
    const { code, stderr } = await rig.drydock('run', '--profile', own, '--dry-run').ended;
    expect(code).toBe(2);
    expect(stderr).toMatch(/no file \S+\/linux\.tar\.xz, which has the kernel source of small/);
  });

  test('is refused before anything is built when its kernel source is not there', async () => {
    await using rig = await createRig({ hasImage: true });
    const own = await rig.profile();
    await writeFile(own, (await readFile(own, 'utf8')).replace(/"directory": ?"[^"]*"/, '"directory":"./linus"'));
    const { code, stderr } = await rig.drydock('run', '--profile', own, '--dry-run').ended;
    expect(code).toBe(2);
    expect(stderr).toMatch(/no folder \S+\/linus, which has the kernel source of/);
    expect(rig.callsOf('make')).toEqual([]);
  });
});
