import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { scanFunctions } from '../../src/kernel/code/c-functions.ts';

const config = new Map(Object.entries({ NET: 'y', SECCOMP_FILTER: 'y', PROC_FS: 'y', VLAN: 'm', SMP: 'y' }));
const scan = (text: string) => scanFunctions(text, config);
const named = (text: string) =>
  Object.fromEntries(scan(text).functions.map(({ name, needs }): [string, readonly string[]] => [name, needs]));

describe('functions of a C file are found by the kernel’s coding style', () => {
  test('definitions, not declarations, calls, structures or inline functions', () => {
    const text = `
/* int commented(void)
{
 */
static int declared(struct sk_buff *skb);
struct fs_context {
	int (*parse)(struct fs_context *fc);
};
static const struct file_operations signalfd_fops = {
	.release	= signalfd_release,
};
static inline int quick(void)
{
	return 1;
}
static int signalfd_release(struct inode *inode, struct file *file)
{
	if (call(file)) {
		return 0;
	}
	return "text }";
}
static noinline struct page *
__alloc_pages(gfp_t gfp, unsigned int order,
	      int preferred_nid)
{
}
void __printf(1, 2) panic(const char *fmt, ...)
{
}
int short_one(void) { return 0; }
EXPORT_SYMBOL(short_one);
`;
    expect(scan(text).functions.map(({ name }) => name)).toEqual([
      'signalfd_release',
      '__alloc_pages',
      'panic',
      'short_one',
    ]);
  });

  test('a system call has the names that its macro makes', () => {
    const text = 'SYSCALL_DEFINE3(seccomp, unsigned int, op, unsigned int, flags,\n\t\tvoid __user *, uargs)\n{\n}\n';
    expect(scan(text).functions.map(({ name }) => name)).toContain('__x64_sys_seccomp');
  });

  test('a BPF helper has the name that stands in its macro', () => {
    expect(named('BPF_CALL_2(bpf_map_lookup_elem, struct bpf_map *, map, void *, key)\n{\n}\n')).toEqual({
      bpf_map_lookup_elem: [],
    });
  });

  test('what is thrown away after boot is marked', () => {
    const text = 'static int __init tcp_init(void)\n{\n}\nvoid tcp_done(struct sock *sk)\n{\n}\n';
    expect(scan(text).functions).toEqual([
      { name: 'tcp_init', needs: [], isInit: true },
      { name: 'tcp_done', needs: [], isInit: false },
    ]);
  });

  test('files of C that are included are named with their condition', () => {
    const text = '#include "clock.c"\n#ifdef CONFIG_SMP\n# include "cpupri.c"\n#endif\n#include "sched.h"\n';
    expect(scan(text).includes).toEqual([
      { file: 'clock.c', needs: [] },
      { file: 'cpupri.c', needs: ['SMP'] },
    ]);
  });
});

describe('conditionals tell which symbols a function is there for', () => {
  const under = (condition: string) => named(`${condition}\nint f(void)\n{\n}\n#endif\n`);

  test.each([
    ['#ifdef CONFIG_NET', ['NET']],
    ['#if IS_ENABLED(CONFIG_VLAN)', ['VLAN']],
    ['#if defined(CONFIG_NET) && defined(CONFIG_SMP)', ['NET', 'SMP']],
    ['#if defined CONFIG_NET && BITS_PER_LONG == 64', ['NET']],
    // One of two would do, and only one is on.
    ['#if defined(CONFIG_NET) || defined(CONFIG_NUMA)', ['NET']],
    ['#if defined(CONFIG_VLAN) || defined(CONFIG_VLAN_MODULE)', ['VLAN']],
    // Either would do: it is there for neither alone.
    ['#if defined(CONFIG_NET) || defined(CONFIG_SMP)', []],
    ['#ifndef CONFIG_NUMA', []],
    ['#if !IS_ENABLED(CONFIG_NUMA)', []],
    ['#ifdef MODULE', []],
  ])('%s', (condition, needs) => {
    expect(under(condition)).toEqual({ f: needs });
  });

  test.each([
    '#ifdef CONFIG_NUMA',
    '#ifndef CONFIG_NET',
    '#if 0 && defined(CONFIG_NUMA)',
    // A module is no built-in part: the preprocessor sees CONFIG_VLAN_MODULE.
    '#ifdef CONFIG_VLAN',
    '#if IS_BUILTIN(CONFIG_VLAN)',
    '#if !(defined(CONFIG_NET) && defined(CONFIG_SMP))',
  ])('%s is not compiled', (condition) => {
    expect(under(condition)).toEqual({});
  });

  test('else and elif take over where the branch before does not hold', () => {
    const text = `#ifdef CONFIG_NUMA
int a(void)
{
}
#elif defined(CONFIG_SMP)
int b(void)
{
}
#else
int c(void)
{
}
#endif
#ifdef CONFIG_NET
#ifdef CONFIG_PROC_FS
int d(void)
{
}
#endif
int e(void)
{
}
#endif
int f(void)
{
}
`;
    expect(named(text)).toEqual({ b: ['SMP'], d: ['NET', 'PROC_FS'], e: ['NET'], f: [] });
  });

  test('a file may hold anything without making the scanner fail', () => {
    const line = fc.oneof(
      fc.constantFrom(
        '#if (',
        '#if A && ',
        '#elif',
        '#else',
        '#endif',
        '{',
        '}',
        '/*',
        '"',
        'int f(void)',
        '#ifdef CONFIG_',
      ),
      fc.string(),
    );
    fc.assert(
      fc.property(fc.array(line), (lines) => {
        expect(Array.isArray(scan(lines.join('\n')).functions)).toBe(true);
      }),
    );
  });
});
