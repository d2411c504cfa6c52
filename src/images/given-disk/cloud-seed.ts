import path from 'node:path';
import { stringify } from 'yaml';
import type { Host, KeyPair } from '../../host/host.ts';

/**
 * Writes a seed for cloud-init's data source NoCloud: a volume named `cidata` with two files
 * (https://docs.cloud-init.io/en/latest/reference/datasources/nocloud.html). A system that starts with it lets `login` in as root
 * and has `hostKey` as its own, so that it is known from the first connection on.
 *
 * @param directory empty scratch folder; the private half of `hostKey` is in it
 * @param outputPath the ISO image that is made
 */
export async function writeCloudSeed(
  host: Host,
  seed: { readonly login: KeyPair; readonly hostKey: KeyPair },
  directory: string,
  outputPath: string,
): Promise<void> {
  const user = { name: 'root', lock_passwd: false, ssh_authorized_keys: [seed.login.publicKey] };
  const config = {
    disable_root: false,
    ssh_pwauth: false,
    users: [user],
    ssh_deletekeys: true,
    ssh_keys: { ed25519_private: seed.hostKey.privateKey, ed25519_public: seed.hostKey.publicKey },
  };
  const file = (name: string): string => path.join(directory, name);
  await host.files.writeAtomic(file('user-data'), `#cloud-config\n${stringify(config)}`);
  // A new identity, so that what runs once an instance runs although the disk has been an instance before.
  const identity = { 'instance-id': `drydock-${String(host.clock.nowMs())}`, 'local-hostname': 'drydock' };
  await host.files.writeAtomic(file('meta-data'), stringify(identity));
  const iso = ['genisoimage', '-quiet', '-V', 'cidata', '-J', '-R', '-o', outputPath] as const;
  await host.processes.run([...iso, file('user-data'), file('meta-data')]);
}
