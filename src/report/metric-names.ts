/** What a metric is called in a report. An id that is not listed is shown in its own words. */
const names: Readonly<Record<string, string>> = {
  kernel_init: 'Kernel init',
  initrd_release: 'Initrd release',
  initrd_phase: 'Initrd phase',
  module_loading: 'Module loading',
  total_boot: 'Total boot to Docker',
  bzimage_size: 'bzImage size',
  kernel_size: 'bzImage size',
  initrd_size: 'Initrd size',
  memory_used: 'Memory used when ready',
};

export function metricName(id: string): string {
  const name = Object.hasOwn(names, id) ? names[id] : undefined;
  if (name !== undefined) return name;
  const words = id.replaceAll('_', ' ').trim();
  return words === '' ? id : words.charAt(0).toUpperCase() + words.slice(1);
}
