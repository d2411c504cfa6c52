/**
 * Name → version of every package that is installed, by dpkg's status file: stanzas of `Field: value` lines with an empty
 * line between them (deb-control(5)); `Status:` has three words, of which the last says what is there (dpkg(1), "package
 * states"). What is only half there, or left as configuration, does not count.
 */
export function installedPackages(status: string): Readonly<Record<string, string>> {
  const installed = status.split(/\n{2,}/).flatMap((stanza): [string, string][] => {
    const field = (name: string): string | undefined => new RegExp(`^${name}: (.+)$`, 'm').exec(stanza)?.[1];
    const [name, version] = [field('Package'), field('Version')];
    const isInstalled = field('Status')?.endsWith(' installed') === true;
    return isInstalled && name !== undefined && version !== undefined ? [[name, version]] : [];
  });
  return Object.fromEntries(installed.sort(([one], [other]) => (one < other ? -1 : 1)));
}
