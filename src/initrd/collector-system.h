/*
 * What the collector needs of a C library, and no more: system calls, the log's buffer, and reading the numbers of /proc.
 * x86-64.
 */
#include <fcntl.h>
#include <sys/syscall.h>
#include <time.h>

typedef unsigned long long u64;
enum { NOWHERE = -1 };

/* /proc, the log, and how much of it has been written. */
static int proc = NOWHERE, logfd = NOWHERE;
static u64 written;
static char out[1 << 16], text[1 << 16];
static unsigned used;

static long sys(long n, long a, long b, long c, long d, long e)
{
	long result;
	register long r10 __asm__("r10") = d, r8 __asm__("r8") = e, r9 __asm__("r9") = 0;
	__asm__ volatile("syscall" : "=a"(result) : "0"(n), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return result;
}
#define SYS(name, a, b, c, d, e) sys(SYS_##name, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e))
#define OPENAT(dir, path, flags) (int)SYS(openat, dir, path, (flags) | O_CLOEXEC, 0600, 0)
#define CLOSE(fd) SYS(close, fd, 0, 0, 0, 0)

/* The compiler calls these for its own ends. */
void *memset(void *to, int byte, unsigned long n) { for (char *p = to; n--;) *p++ = (char)byte; return to; }
void *memcpy(void *to, const void *from, unsigned long n)
{
	char *p = to;
	for (const char *q = from; n--;) *p++ = *q++;
	return to;
}

static int same(const char *a, const char *b) { while (*a && *a == *b) a++, b++; return *a == *b; }
static u64 now_ns(int clock)
{
	struct timespec t = { 0, 0 };
	SYS(clock_gettime, clock, &t, 0, 0, 0);
	return (u64)t.tv_sec * 1000000000 + (u64)t.tv_nsec;
}

static void flush(void)
{
	for (unsigned done = 0; done < used;) {
		long n = SYS(write, logfd, out + done, used - done, 0, 0);
		if (n <= 0) break;
		done += (unsigned)n, written += (u64)n;
	}
	used = 0;
}
static void put(char c) { if (used == sizeof out) flush(); out[used++] = c; }
static void say(const char *s) { while (*s) put(*s++); }
/* A record's fields are told apart by spaces and lines, so a name may not hold what ends a line. */
static void say_name(const char *s) { for (put(' '); *s; s++) put(*s < ' ' && *s >= 0 ? '?' : *s); }
static void say_number(u64 n)
{
	char digits[24];
	int at = 0;
	do digits[at++] = (char)('0' + n % 10); while (n /= 10);
	for (put(' '); at;) put(digits[--at]);
}

static const char *skip(const char *s) { while (*s == ' ') s++; return s; }
static u64 number(const char **s)
{
	u64 n = 0;
	for (*s = skip(*s); **s >= '0' && **s <= '9'; ++*s) n = n * 10 + (u64)(**s - '0');
	return n;
}
/* The end of the field that `s` is in or before. */
static const char *next_field(const char *s) { for (s = skip(s); *s && *s != ' ' && *s != '\n'; s++); return s; }
static const char *next_line(const char *s) { while (*s && *s != '\n') s++; return *s ? s + 1 : s; }

/* A whole file of /proc into `text`, always ended by a zero; the length, or what read(2) failed with. */
static long read_fd(int fd)
{
	long length = SYS(pread64, fd, text, sizeof text - 1, 0, 0);
	text[length > 0 ? length : 0] = 0;
	return length;
}
static long read_at(const char *path)
{
	int fd = OPENAT(proc, path, O_RDONLY);
	if (fd < 0) return text[0] = 0, fd;
	long length = read_fd(fd);
	CLOSE(fd);
	return length;
}
static const char *path_of(int pid, const char *file)
{
	static char path[32];
	char digits[12];
	int at = 0, to = 0;
	do digits[at++] = (char)('0' + pid % 10); while (pid /= 10);
	while (at) path[to++] = digits[--at];
	for (*(path + to++) = '/'; *file && to < 31;) path[to++] = *file++;
	path[to] = 0;
	return path;
}
