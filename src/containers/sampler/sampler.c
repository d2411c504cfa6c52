/*
 * drydock's sampler: the counters of a machine and of its containers, once a second, from /proc and the cgroup file systems.
 * It needs no library, allocates nothing, holds its files open, and prints totals; whoever reads them computes the rates
 * (src/bench/series/series.ts). x86-64, cgroup v1, v2 and both at once.
 *
 *   sampler [--root DIR] [--interval-ms N]      DIR holds the proc and sys that are read instead of this machine's
 *
 * Standard input takes commands, a line each; its end, or SIGTERM, ends the sampler after a last record:
 *   watch <name> <pid>      from now on the container whose main process this is (as this machine counts processes)
 *   drop <name>             no longer
 *
 * Standard output is text, a record a line, stamps are CLOCK_MONOTONIC in microseconds, taken before the figures after them:
 *   drydock-sampler 1 interval=1000000 cpus=2 pid=4711                                  first line; interval in microseconds
 *   tick at=<us> own=<us>,<us> | machine at=<us> <figures> load=<1 minute> | container <name> at=<us> <figures> | gone <name> .
 *   watched <name> pid=<pid> from=1,1,2 at=<us> <figures> .     a container's first reading; from which cgroup version come
 *                                                               cpu, mem and disk. The point shows that a line is whole
 *   refused <name> why=process|full|command                 no such process, no room, no such command
 *   end stdin|term                          the last tick is above; a sampler whose output nobody takes ends without a word
 * own: user and system time of the sampler so far, microseconds. Figures, `-` for whatever this kernel does not count:
 *   cpu=<us>         time processors were busy: of a machine user, nice, system, irq and softirq (10 ms is the grain), of a
 *                    container cpu.stat's usage_usec or cpuacct.usage
 *   mem=<bytes>      machine: MemTotal less MemAvailable; container: as `docker stats` has it, memory.current less
 *                    inactive_file, or memory.usage_in_bytes less total_inactive_file
 *   disk=<read bytes>,<written bytes>     machine: disks that have a device, so no partitions, loops, device mappers, RAM disks;
 *                    container: io.stat or blkio's io_service_bytes, all devices. v1 does not see what the page cache writes later.
 *   net=<received bytes>,<sent bytes>     machine: interfaces that have a device, so no bridges and veths; container: its eth*
 * A tick that came late has a late stamp; one that was missed altogether is not made up for. `gone` is told once, in the first
 * tick that finds the process or its cgroup no more. The root cgroup is the machine, not a container: not read as one.
 */
/* Made for the collector, which uses all of it. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-function"
#include "collector-system.h"
#pragma GCC diagnostic pop
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>

enum { MAX_WATCHED = 128, MAX_KNOWN = 64, NAME = 32, PATH = 4096 };

struct source { int fd; char version; };
struct watched { char name[NAME]; int dir, statistics; struct source cpu, memory, disk; char has_network; };
struct known { char name[NAME], place, has_device; };

static struct watched watched[MAX_WATCHED];
static struct known known[MAX_KNOWN];
static int count, known_next, root = NOWHERE;
static char mounts[1 << 18], cgroups[1 << 13];

/* Text and paths */

/* What is left of `s` behind `word`, 0 when it does not begin so. */
static const char *after(const char *s, const char *word)
{
	while (*word) if (*s++ != *word++) return 0;
	return s;
}
/* Whether a list with commas, up to `end`, holds the word. */
static int lists(const char *s, const char *end, const char *word)
{
	while (s < end) {
		const char *rest = after(s, word);
		if (rest && (rest == end || *rest == ',')) return 1;
		while (s < end && *s != ',') s++;
		s++;
	}
	return 0;
}
static unsigned append(char *path, unsigned at, const char *s, const char *end)
{
	while (at < PATH - 1 && *s && s != end) path[at++] = *s++;
	path[at] = 0;
	return at;
}
static void say_figure(int is_known, u64 value)
{
	char digits[24];
	int at = 0;
	if (!is_known) { put('-'); return; }
	do digits[at++] = (char)('0' + value % 10); while (value /= 10);
	while (at) put(digits[--at]);
}
static void say_pair(const char *key, int is_known, u64 a, u64 b)
{
	say(key), say_figure(is_known, a), put(','), say_figure(is_known, b);
}
static void say_stamp(void) { say(" at="), say_figure(1, now_ns(CLOCK_MONOTONIC) / 1000); }
/* The number behind a key at the head of a line of `text`; 0 when there is none. */
static int look_up(const char *key, u64 *value)
{
	for (const char *s = text; *s; s = next_line(s)) {
		const char *rest = after(s, key);
		if (!rest || (*rest != ' ' && *rest != ':')) continue;
		rest = skip(rest + 1);
		if (*rest < '0' || *rest > '9') return 0;
		*value = number(&rest);
		return 1;
	}
	return 0;
}

/* The machine */

/* Disks and interfaces without a device are made of others that have one, and their bytes have been counted there. */
static int has_device(char place, const char *folder, const char *name)
{
	char path[128], target[8];
	for (int i = 0; i < MAX_KNOWN; i++) if (known[i].place == place && same(known[i].name, name)) return known[i].has_device;
	struct known *one = &known[known_next++ % MAX_KNOWN];
	unsigned at = append(path, 0, folder, 0), start = at;
	at = append(path, at, name, 0);
	for (unsigned i = start; i < at; i++) if (path[i] == '/') path[i] = '!'; /* as sysfs spells cciss/c0d0 */
	append(path, at, "/device", 0);
	memcpy(one->name, name, NAME), one->place = place;
	return one->has_device = SYS(readlinkat, root, path, target, sizeof target, 0) >= 0;
}

/* Sums /proc/net/dev as it stands in `text`; which interfaces count: those with a device, or else those of a container. */
static int sum_interfaces(int of_machine, u64 *received, u64 *sent)
{
	int found = 0;
	*received = *sent = 0;
	for (const char *s = next_line(next_line(text)); *s; s = next_line(s)) {
		char name[NAME] = { 0 };
		const char *from = skip(s);
		for (int i = 0; i < NAME - 1 && *from && *from != ':' && *from != '\n'; i++) name[i] = *from++;
		if (*from++ != ':') return 0;
		if (of_machine ? after(name, "veth") || !has_device('n', "sys/class/net/", name) : !after(name, "eth")) continue;
		*received += number(&from), found = 1;
		for (int i = 0; i < 7; i++) number(&from);
		*sent += number(&from);
	}
	return found;
}
static int sum_disks(u64 *rd, u64 *wr)
{
	int found = 0;
	*rd = *wr = 0;
	for (const char *s = text; *s; s = next_line(s)) {
		char name[NAME] = { 0 };
		const char *from = skip(next_field(next_field(s))), *to = next_field(from);
		for (int i = 0; i < NAME - 1 && from + i < to; i++) name[i] = from[i];
		if (!name[0] || !has_device('d', "sys/block/", name)) continue;
		u64 field[7];
		for (int i = 0; i < 7; i++) field[i] = number(&to);
		*rd += field[2] * 512, *wr += field[6] * 512, found = 1; /* sectors are of 512 bytes, whatever the disk's own are */
	}
	return found;
}

static int stat_fd, load_fd, memory_fd, disk_fd, network_fd;
static u64 cpu_count(void)
{
	u64 cpus = 0;
	if (read_fd(stat_fd) > 0) for (const char *s = text; *s; s = next_line(s)) cpus += after(s, "cpu") && s[3] != ' ';
	return cpus;
}
static void open_machine(void)
{
	stat_fd = OPENAT(proc, "stat", O_RDONLY), load_fd = OPENAT(proc, "loadavg", O_RDONLY);
	memory_fd = OPENAT(proc, "meminfo", O_RDONLY), disk_fd = OPENAT(proc, "diskstats", O_RDONLY);
	network_fd = OPENAT(proc, "net/dev", O_RDONLY);
}
static void look_at_machine(void)
{
	u64 a = 0, b = 0;
	say(" | machine"), say_stamp();
	const char *s = read_fd(stat_fd) > 0 ? after(text, "cpu ") : 0;
	u64 ticks[7];
	for (int i = 0; s && i < 7; i++) ticks[i] = number(&s); /* user nice system idle iowait irq softirq */
	say(" cpu="), say_figure(s != 0, s ? (ticks[0] + ticks[1] + ticks[2] + ticks[5] + ticks[6]) * 10000 : 0);
	int ok = read_fd(memory_fd) > 0 && look_up("MemTotal", &a) && look_up("MemAvailable", &b) && a >= b;
	say(" mem="), say_figure(ok, (a - b) * 1024);
	ok = read_fd(disk_fd) > 0 && sum_disks(&a, &b), say_pair(" disk=", ok, a, b);
	ok = read_fd(network_fd) > 0 && sum_interfaces(1, &a, &b), say_pair(" net=", ok, a, b);
	say(" load=");
	if (read_fd(load_fd) > 0 && text[0] >= '0' && text[0] <= '9') for (s = text; *s && *s != ' '; s++) put(*s);
	else put('-');
}

/* Containers */

static void read_whole(int dir, const char *path, char *to, unsigned size)
{
	unsigned at = 0;
	int fd = OPENAT(dir, path, O_RDONLY);
	for (long n; fd >= 0 && at < size - 1 && (n = SYS(read, fd, to + at, size - 1 - at, 0, 0)) > 0;) at += (unsigned)n;
	to[at] = 0;
	if (fd >= 0) CLOSE(fd);
}

/*
 * The folder of a container's cgroup in the hierarchy that holds `controller`, or in v2's where that is 0, up to the slash at
 * its end; its length, 0 when there is none. `cgroups` is the container's /proc/<pid>/cgroup (cgroups(7)), `mounts` our
 * mountinfo (proc(5)): id parent major:minor root mount-point options [fields] - type source super-options.
 */
static unsigned folder_of(const char *controller, char *path)
{
	const char *own = 0;
	for (const char *s = cgroups; *s && !own; s = next_line(s)) {
		const char *list = s, *end;
		while (*list && *list != ':') list++;
		for (end = *list ? ++list : list; *end && *end != ':'; end++);
		if (*end && (controller ? lists(list, end, controller) : list == end)) own = end + 1;
	}
	if (!own || own[0] != '/' || own[1] == '\n' || !own[1]) return 0;
	for (const char *s = mounts; *s; s = next_line(s)) {
		const char *top = skip(next_field(next_field(next_field(s)))), *top_end = next_field(top);
		const char *point = skip(top_end), *point_end = next_field(point), *type = next_field(point_end);
		while (*type == ' ' && !(type[1] == '-' && type[2] == ' ')) type = next_field(type);
		if (*type != ' ') continue;
		type += 3;
		const char *options = skip(next_field(next_field(type))), *end = next_field(options), *below = own;
		if (controller ? !after(type, "cgroup ") || !lists(options, end, controller) : !after(type, "cgroup2 ")) continue;
		if (top_end - top > 1) { /* only a part of the hierarchy is mounted, as in a container */
			const char *t = top;
			while (t < top_end && *t == *below) t++, below++;
			if (t < top_end || (*below != '/' && *below != '\n')) continue;
		}
		const char *below_end = below;
		while (*below_end && *below_end != '\n') below_end++;
		unsigned at = append(path, append(path, 0, point, point_end), below, below_end);
		at = append(path, at, "/", 0);
		return at < PATH - 64 ? at : 0;
	}
	return 0;
}
static int open_in(char *path, unsigned at, const char *file)
{
	append(path, at, file, 0);
	return OPENAT(root, path + 1, O_RDONLY);
}
/* The first of the files that is there, v1's before v2's: a controller that v1 has is not in v2. */
static struct source open_source(const char *controller, const char *const *v1, const char *v2)
{
	static char path[PATH];
	unsigned at = folder_of(controller, path);
	for (int fd; at && *v1; v1++) if ((fd = open_in(path, at, *v1)) >= 0) return (struct source){ fd, '1' };
	at = folder_of(0, path);
	int fd = at ? open_in(path, at, v2) : NOWHERE;
	return (struct source){ fd < 0 ? NOWHERE : fd, fd < 0 ? '-' : '2' };
}

static int sum_io(char version, u64 *rd, u64 *wr)
{
	*rd = *wr = 0;
	for (const char *s = text, *value; *s; s = next_line(s)) {
		if (version == '1') { /* 254:0 Read 4096 */
			const char *kind = skip(next_field(s));
			if ((value = after(kind, "Read "))) *rd += number(&value);
			if ((value = after(kind, "Write "))) *wr += number(&value);
			continue;
		}
		for (const char *field = s; *field && *field != '\n'; field = next_field(field)) { /* 254:0 rbytes=4096 wbytes=0 rios=… */
			field = skip(field);
			if ((value = after(field, "rbytes="))) *rd += number(&value);
			if ((value = after(field, "wbytes="))) *wr += number(&value);
		}
	}
	return 1;
}

static void look_at_container(struct watched *w)
{
	u64 a = 0, b = 0;
	say_stamp();
	int ok = w->cpu.version != '-' && read_fd(w->cpu.fd) > 0;
	if (ok && w->cpu.version == '1') { const char *s = text; a = number(&s) / 1000; }
	else ok = ok && look_up("usage_usec", &a);
	say(" cpu="), say_figure(ok, a);
	ok = w->memory.version != '-' && read_fd(w->memory.fd) > 0;
	const char *s = text;
	a = number(&s);
	ok = ok && read_fd(w->statistics) > 0 && look_up(w->memory.version == '1' ? "total_inactive_file" : "inactive_file", &b);
	say(" mem="), say_figure(ok, b < a ? a - b : a);
	/* An empty io.stat is a container that has read and written nothing. */
	ok = w->disk.version != '-' && read_fd(w->disk.fd) >= 0 && sum_io(w->disk.version, &a, &b), say_pair(" disk=", ok, a, b);
	/* Opened anew each time: an open one would keep the network alive after its container. */
	int fd = w->has_network ? OPENAT(w->dir, "net/dev", O_RDONLY) : NOWHERE;
	ok = fd >= 0 && read_fd(fd) > 0 && sum_interfaces(0, &a, &b), say_pair(" net=", ok, a, b);
	if (fd >= 0) CLOSE(fd);
}
static int is_gone(const struct watched *w)
{
	/* The folder of a process stays that process's own; its number may be another's by now. */
	return SYS(faccessat, w->dir, "stat", 0, 0, 0) < 0 || (w->cpu.version != '-' && read_fd(w->cpu.fd) == -ENODEV);
}

static void forget(int at)
{
	const int fds[] = { watched[at].dir, watched[at].statistics, watched[at].cpu.fd, watched[at].memory.fd, watched[at].disk.fd };
	for (int i = 0; i < 5; i++) if (fds[i] >= 0) CLOSE(fds[i]);
	for (count--; at < count; at++) watched[at] = watched[at + 1];
}
static void drop(const char *name)
{
	for (int at = count; at--;) if (same(watched[at].name, name)) forget(at);
}
static void refuse(const char *name, const char *why) { say("refused"), say_name(name), say(" why="), say(why), put('\n'); }

static const char *const CPU[] = { "cpuacct.usage", 0 };
static const char *const MEMORY[] = { "memory.usage_in_bytes", 0 };
static const char *const DISK[] = { "blkio.throttle.io_service_bytes_recursive", "blkio.bfq.io_service_bytes_recursive",
	"blkio.io_service_bytes_recursive", "blkio.throttle.io_service_bytes", "blkio.io_service_bytes", 0 };
static const char *const STATISTICS[] = { "memory.stat", 0 };

static void watch(const char *name, u64 pid)
{
	drop(name);
	if (count == MAX_WATCHED) { refuse(name, "full"); return; }
	struct watched *w = &watched[count];
	char ours[64] = { 0 }, theirs[64] = { 0 };
	memset(w, 0, sizeof *w);
	memcpy(w->name, name, NAME);
	w->dir = pid && pid < 1 << 30 ? OPENAT(proc, path_of((int)pid, ""), O_RDONLY | O_DIRECTORY) : NOWHERE;
	if (w->dir < 0) { refuse(name, "process"); return; }
	read_whole(w->dir, "cgroup", cgroups, sizeof cgroups);
	w->cpu = open_source("cpuacct", CPU, "cpu.stat");
	w->memory = open_source("memory", MEMORY, "memory.current");
	w->statistics = open_source("memory", STATISTICS, "memory.stat").fd;
	w->disk = open_source("blkio", DISK, "io.stat");
	/* A container in the machine's own network has no network of its own to count. */
	SYS(readlinkat, proc, "self/ns/net", ours, sizeof ours - 1, 0), SYS(readlinkat, w->dir, "ns/net", theirs, sizeof theirs - 1, 0);
	w->has_network = !ours[0] || !same(ours, theirs);
	count++;
	say("watched"), say_name(name), say(" pid="), say_figure(1, pid), say(" from=");
	put(w->cpu.version), put(','), put(w->memory.version), put(','), put(w->disk.version);
	look_at_container(w), say(" .\n");
}

/* The program */

static void tick(void)
{
	struct rusage usage;
	memset(&usage, 0, sizeof usage);
	SYS(getrusage, RUSAGE_SELF, &usage, 0, 0, 0);
	say("tick"), say_stamp();
	say_pair(" own=", 1, (u64)usage.ru_utime.tv_sec * 1000000 + (u64)usage.ru_utime.tv_usec,
		 (u64)usage.ru_stime.tv_sec * 1000000 + (u64)usage.ru_stime.tv_usec);
	look_at_machine();
	for (int at = 0; at < count;) {
		int gone = is_gone(&watched[at]);
		say(gone ? " | gone" : " | container"), say_name(watched[at].name);
		if (gone) forget(at); else look_at_container(&watched[at++]);
	}
	say(" .\n");
}

/* A name is letters, digits, `_`, `.` and `-`, as Docker's are; what does not fit is no name. */
static const char *read_name(const char *s, char *name)
{
	int at = 0;
	memset(name, 0, NAME);
	for (s = skip(s); *s && *s != ' '; s++) {
		char lower = (char)(*s | 32);
		if (at == NAME - 1 || !((lower >= 'a' && lower <= 'z') || (*s >= '0' && *s <= '9') || *s == '_' || *s == '.' || *s == '-'))
			return 0;
		name[at++] = *s;
	}
	return at ? s : 0;
}
static void obey(const char *line)
{
	char name[NAME];
	const char *rest = after(line, "watch "), *end = rest ? read_name(rest, name) : 0;
	if (end) {
		const char *digits = skip(end), *behind = digits;
		u64 pid = number(&behind);
		if (behind > digits && !*behind) { watch(name, pid); return; }
	}
	rest = after(line, "drop "), end = rest ? read_name(rest, name) : 0;
	if (end && !*end) drop(name); else refuse("?", "command");
}
/* 0 at the end of standard input. */
static int hear(void)
{
	static char line[256];
	static unsigned at, is_long;
	char piece[512];
	long n = SYS(read, 0, piece, sizeof piece, 0, 0);
	if (n == -EINTR || n == -EAGAIN) return 1;
	for (long i = 0; i < n; i++) {
		if (piece[i] == '\n') {
			line[at] = 0;
			if (is_long) refuse("?", "command"); else obey(line);
			at = is_long = 0;
		} else if (at < sizeof line - 1) line[at++] = piece[i]; else is_long = 1;
	}
	return n > 0;
}

static void sample(u64 interval)
{
	u64 mask = 1ull << (SIGTERM - 1), next = now_ns(CLOCK_MONOTONIC);
	struct rlimit files = { 1024, 1024 };
	SYS(prlimit64, 0, RLIMIT_NOFILE, &files, 0, 0);
	SYS(rt_sigprocmask, SIG_BLOCK, &mask, 0, 8, 0);
	struct pollfd sources[] = { { 0, POLLIN, 0 }, { (int)SYS(signalfd4, -1, &mask, 8, O_CLOEXEC, 0), POLLIN, 0 } };
	/* Without signalfd the signal just ends it. */
	if (sources[1].fd < 0) SYS(rt_sigprocmask, SIG_UNBLOCK, &mask, 0, 8, 0);
	read_whole(proc, "self/mountinfo", mounts, sizeof mounts);
	open_machine();
	say("drydock-sampler 1 interval="), say_figure(1, interval / 1000), say(" cpus="), say_figure(1, cpu_count());
	say(" pid="), say_figure(1, (u64)SYS(getpid, 0, 0, 0, 0, 0)), put('\n');
	for (const char *why = 0;;) {
		u64 now = now_ns(CLOCK_MONOTONIC), before = written;
		if (why || now >= next) tick();
		if (why) say("end "), say(why), put('\n');
		int has_words = used > 0;
		flush();
		if (why || (has_words && written == before)) return; /* nobody listens any more */
		while (next <= now) next += interval;
		now = now_ns(CLOCK_MONOTONIC);
		u64 wait = next > now ? next - now : 0;
		struct timespec rest = { (long)(wait / 1000000000), (long)(wait % 1000000000) };
		if (SYS(ppoll, sources, 2, &rest, 0, 8) <= 0) continue;
		if (sources[1].revents) why = "term";
		else if (sources[0].revents && !hear()) why = "stdin";
	}
}

__attribute__((used)) static int run_program(long *stack)
{
	int argc = (int)stack[0];
	char **argv = (char **)(stack + 1);
	const char *folder = "/";
	u64 interval_ms = 1000;
	for (int i = 1; i < argc; i += 2) {
		if (i + 1 == argc) return 2;
		const char *value = argv[i + 1];
		if (same(argv[i], "--root")) folder = value;
		else if (same(argv[i], "--interval-ms")) interval_ms = number(&value);
		else return 2;
		if (value != argv[i + 1] && *value) return 2;
	}
	if (interval_ms < 10 || interval_ms > 60000) return 2;
	root = OPENAT(AT_FDCWD, folder, O_RDONLY | O_DIRECTORY);
	proc = OPENAT(root, "proc", O_RDONLY | O_DIRECTORY);
	if (root < 0 || proc < 0) return 3;
	logfd = 1;
	sample(interval_ms * 1000000);
	return 0;
}

__asm__(".globl _start\n_start: xor %ebp, %ebp\nmov %rsp, %rdi\nand $-16, %rsp\ncall run_program\nmov %eax, %edi\nmov $60, %eax\nsyscall\n");
