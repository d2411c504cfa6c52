/*
 * drydock's process collector: started as the initrd's first program (rdinit=/drydock-collect), it leaves a sampler behind
 * and executes /init. The sampler needs nothing but /proc: no TASKSTATS, no SCHEDSTATS; where the kernel has PROC_EVENTS it
 * also hears of every fork, exec and exit. It holds its own descriptors, so switch_root does not touch it, keeps its log in
 * an unlinked file of the rootfs, and carries it to /run/drydock/collector.log once process 1 stands on a root that has a
 * tmpfs there. It ends when /run/drydock/stop appears (a FIFO there is closed when the log is whole), on SIGTERM, or at a
 * limit of time or size; sampling that ended early says so and waits for the stop.
 *
 * The log is text, a record a line, numbers in decimal, every figure but the stamps since the record before of its kind:
 *   drydock-collector 1 hz 25 tick 100 cpus 2 pid 61 events 1     first line; tick: USER_HZ, pid: the sampler's own
 *   T <monotonic us> <boottime us>         a sample; what follows was read then
 *   C <user> <nice> <system> <idle> <iowait> <irq> <softirq> <steal>     ticks of all processors (proc(5), /proc/stat)
 *   D <sectors read> <sectors written> <busy ms> <name>                  a disk that was at work; sectors of 512 bytes
 *   P <pid> <ppid> <start tick, boottime> <1: kernel thread> <comm>      a new process, or a new parent or name of one
 *   S <pid> <state> <ticks>                its state, or the processor time it used
 *   I <pid> <bytes read> <bytes written>   what it moved to and from storage (/proc/pid/io)
 *   G <pid>                                it was there at the sample before and is gone
 *   f <monotonic us> <pid> <ppid>          events, exact to the microsecond: fork,
 *   e <monotonic us> <pid>                 exec; its P and S follow,
 *   x <monotonic us> <pid> <status>        exit, status as wait(2) has it; its last S and I follow
 *   L                                      events were lost; W: more processes than the table holds
 *   M <monotonic us>                       the log was carried over
 *   A <user us> <system us> <log bytes>    what the collector itself has cost up to here, in all
 *   E <why>                                the last sample is above: stop, term, time, size, samples
 * The machine (C, D) is looked at five times a second, kernel threads every two seconds (an A stands at the end of such a
 * sample), I/O when a process has moved or every eighth sample. All that is a matter of cost: /proc/stat alone can take
 * longer than every process.
 *
 * For tests: collector <hz> <log file> <samples> samples this machine. x86-64 only, and without a C library: 14 kB.
 */
#include "collector-system.h"
#include <linux/cn_proc.h>
#include <linux/connector.h>
#include <linux/netlink.h>
#include <poll.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/vfs.h>

enum { MAX_PROCESSES = 1024, MAX_DISKS = 16, MAX_HZ = 250, PF_KTHREAD = 0x00200000 };
#define MAX_BYTES (16ull << 20)
#define MAX_NS (900ull * 1000000000)
#define RAMFS 0x858458f6
#define TMPFS 0x01021994

struct process { int pid, ppid, fd; u64 start, ticks, rd, wr; char state, kernel, seen, comm[16]; };
struct disk { char name[32]; u64 rd, wr, busy; };

static struct process table[MAX_PROCESSES];
static struct disk disks[MAX_DISKS];
static int count, disk_count, run = NOWHERE, kmsg = NOWHERE, events = NOWHERE, full;
static u64 cpu_before[8], hz = 25;

/* The table is in order of pids, as /proc is: where this pid is, or would have to be. */
static int place_of(int pid)
{
	int low = 0, high = count;
	while (low < high) {
		int middle = (low + high) / 2;
		if (table[middle].pid < pid) low = middle + 1; else high = middle;
	}
	return low;
}
static void forget(int at)
{
	if (table[at].fd >= 0) CLOSE(table[at].fd);
	for (count--; at < count; at++) table[at] = table[at + 1];
}
static void gone(int at) { say("G"), say_number((u64)table[at].pid), put('\n'), forget(at); }

static void look_at_io(struct process *p)
{
	if (p->kernel || read_at(path_of(p->pid, "io")) <= 0) return;
	u64 rd = p->rd, wr = p->wr;
	for (const char *s = text; *s; s = next_line(s)) {
		const char *value = next_field(s);
		if (s[0] == 'r' && s[1] == 'e') rd = number(&value); /* read_bytes: */
		if (s[0] == 'w' && s[1] == 'r') wr = number(&value); /* write_bytes: */
	}
	if (rd == p->rd && wr == p->wr) return;
	say("I"), say_number((u64)p->pid), say_number(rd - p->rd), say_number(wr - p->wr), put('\n');
	p->rd = rd, p->wr = wr;
}

/* Reads one process and writes what is new about it; 0 when it is no more. `at` is its place in the table. */
static int look(int at, int with_io)
{
	struct process *p = &table[at];
	int fd = p->fd >= 0 ? p->fd : OPENAT(proc, path_of(p->pid, "stat"), O_RDONLY);
	if (fd < 0) return 0;
	long length = read_fd(fd);
	const char *open = text, *close = 0, *s;
	while (*open && *open != '(') open++;
	for (s = open; *s; s++) if (*s == ')') close = s; /* a name may hold parentheses */
	u64 field[23] = { 0 };
	if (length > 0 && close && close[1] == ' ' && close[2]) {
		s = close + 3;
		for (int i = 4; i <= 22; i++) {
			const char *value = s;
			field[i] = number(&value), s = next_field(s);
		}
	}
	char kernel = (field[9] & PF_KTHREAD) != 0;
	p->fd = fd;
	if (length <= 0 || !close || (p->start != (u64)-1 && p->start != field[22])) return 0;
	if (kernel) CLOSE(fd), p->fd = NOWHERE; /* an open one holds a page of the kernel's */
	char comm[16] = { 0 };
	for (int i = 0; i < 15 && open + 1 + i < close; i++) comm[i] = open[1 + i];
	if (p->start == (u64)-1 || p->ppid != (int)field[4] || !same(p->comm, comm)) {
		p->start = field[22], p->ppid = (int)field[4], p->kernel = kernel;
		memcpy(p->comm, comm, sizeof comm);
		say("P"), say_number((u64)p->pid), say_number(field[4]), say_number(p->start), say_number((u64)kernel);
		say_name(comm), put('\n');
	}
	u64 ticks = field[14] + field[15];
	int moved = ticks > p->ticks || p->state != close[2];
	if (moved) {
		say("S"), say_number((u64)p->pid), put(' '), put(close[2]), say_number(ticks > p->ticks ? ticks - p->ticks : 0);
		put('\n');
		p->state = close[2], p->ticks = ticks > p->ticks ? ticks : p->ticks;
	}
	if (moved || with_io) look_at_io(p);
	return 1;
}

/* Its place in the table after a look at it, NOWHERE when it cannot be seen. */
static int find(int pid)
{
	int at = place_of(pid);
	if (at < count && table[at].pid == pid) return at;
	if (count == MAX_PROCESSES) {
		if (!full) say("W\n");
		full = 1;
		return NOWHERE;
	}
	for (int i = count++; i > at; i--) table[i] = table[i - 1];
	memset(&table[at], 0, sizeof table[at]);
	table[at].pid = pid, table[at].fd = NOWHERE, table[at].start = (u64)-1;
	if (look(at, 1)) return at;
	forget(at);
	return NOWHERE;
}

struct entry { u64 inode, offset; unsigned short length; unsigned char type; char name[]; };
static void find_new(void)
{
	static char listing[1 << 15] __attribute__((aligned(8)));
	SYS(lseek, proc, 0, SEEK_SET, 0, 0);
	for (long n; (n = SYS(getdents64, proc, listing, sizeof listing, 0, 0)) > 0;) {
		for (long at = 0; at < n;) {
			const struct entry *one = (const struct entry *)(listing + at);
			const char *name = one->name;
			if (*name >= '1' && *name <= '9') find((int)number(&name));
			if (!one->length) break;
			at += one->length;
		}
	}
}

static void look_at_machine(int stat_fd, int disk_fd)
{
	if (stat_fd >= 0 && read_fd(stat_fd) > 0) {
		const char *s = next_field(text);
		say("C");
		for (int i = 0; i < 8; i++) {
			u64 value = number(&s); /* idle and iowait may go back a tick */
			say_number(value > cpu_before[i] ? value - cpu_before[i] : 0), cpu_before[i] = value;
		}
		put('\n');
	}
	if (disk_fd < 0 || read_fd(disk_fd) <= 0) return;
	const char *whole = "";
	for (const char *s = text; *s; s = next_line(s)) {
		u64 value[11];
		char name[32] = { 0 };
		const char *from = skip(next_field(next_field(s))), *to = next_field(from);
		for (int i = 0; i < 31 && from + i < to; i++) name[i] = from[i];
		for (int i = 0; i < 11; i++) value[i] = number(&to);
		int end = 0;
		while (whole[end] && whole[end] == name[end]) end++;
		/* vda1 is a part of vda, and its sectors have been counted there. */
		if ((*whole && !whole[end] && name[end]) || same(name, "") || (name[0] == 'l' && name[1] == 'o')) continue;
		int at = 0;
		while (at < disk_count && !same(disks[at].name, name)) at++;
		if (at == MAX_DISKS) continue;
		struct disk *d = &disks[at];
		if (at == disk_count) disk_count++, memcpy(d->name, name, sizeof name);
		whole = d->name;
		if (d->rd == value[2] && d->wr == value[6] && d->busy == value[9]) continue;
		say("D"), say_number(value[2] - d->rd), say_number(value[6] - d->wr), say_number(value[9] - d->busy);
		say_name(name), put('\n');
		d->rd = value[2], d->wr = value[6], d->busy = value[9];
	}
}

/* What the kernel's connector tells of forks, execs and exits (PROC_EVENTS); absent in small kernels. */
static int open_events(void)
{
	int fd = (int)SYS(socket, AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_CONNECTOR, 0, 0);
	struct sockaddr_nl address = { .nl_family = AF_NETLINK, .nl_groups = CN_IDX_PROC };
	struct { struct nlmsghdr head; struct cn_msg message; enum proc_cn_mcast_op wish; } __attribute__((packed)) request = {
		{ sizeof request, NLMSG_DONE, 0, 0, 0 }, { { CN_IDX_PROC, CN_VAL_PROC }, 0, 0, sizeof(int), 0 }, PROC_CN_MCAST_LISTEN };
	int room = 1 << 20;
	if (fd < 0) return NOWHERE;
	SYS(setsockopt, fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room);
	if (SYS(bind, fd, &address, sizeof address, 0, 0) < 0 || SYS(write, fd, &request, sizeof request, 0, 0) < 0) {
		CLOSE(fd);
		return NOWHERE;
	}
	return fd;
}
static void say_event(const char *kind, u64 ns, int pid) { say(kind), say_number(ns / 1000), say_number((u64)pid); }
static void hear(void)
{
	static char packet[4096] __attribute__((aligned(8)));
	const long least = NLMSG_HDRLEN + sizeof(struct cn_msg) + sizeof(struct proc_event);
	for (long n; (n = SYS(read, events, packet, sizeof packet, 0, 0)) != -11 /* EAGAIN */;) {
		if (n == -105 /* ENOBUFS */) { say("L\n"); continue; }
		if (n <= 0) return;
		const struct cn_msg *message = (const void *)(packet + NLMSG_HDRLEN);
		if (n < least || message->id.idx != CN_IDX_PROC) continue;
		const struct proc_event *event = (const void *)message->data;
		int pid = event->event_data.exit.process_tgid;
		if (event->what == PROC_EVENT_FORK && event->event_data.fork.child_pid == event->event_data.fork.child_tgid) {
			say_event("f", event->timestamp_ns, event->event_data.fork.child_tgid);
			say_number((u64)event->event_data.fork.parent_tgid), put('\n');
		} else if (event->what == PROC_EVENT_EXEC) {
			pid = event->event_data.exec.process_tgid;
			say_event("e", event->timestamp_ns, pid), put('\n');
			int at = find(pid);
			if (at >= 0 && !look(at, 0)) gone(at);
		} else if (event->what == PROC_EVENT_EXIT && event->event_data.exit.process_pid == pid) {
			say_event("x", event->timestamp_ns, pid), say_number(event->event_data.exit.exit_code), put('\n');
			int at = place_of(pid); /* its last figures, for as long as nobody has waited for it */
			if (at < count && table[at].pid == pid && !look(at, 1)) forget(at);
		}
	}
}

/* Once process 1 stands on a real root with a tmpfs on /run, the log goes there. */
static void carry_over(void)
{
	struct statfs kind;
	int root = OPENAT(proc, "1/root", O_RDONLY | O_DIRECTORY), tmpfs = NOWHERE, dir = NOWHERE, to;
	if (root < 0 || SYS(fstatfs, root, &kind, 0, 0, 0) < 0 || kind.f_type == RAMFS || kind.f_type == TMPFS) goto done;
	tmpfs = OPENAT(root, "run", O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
	if (tmpfs < 0 || SYS(fstatfs, tmpfs, &kind, 0, 0, 0) < 0 || kind.f_type != TMPFS) goto done;
	SYS(mkdirat, tmpfs, "drydock", 0755, 0, 0);
	dir = OPENAT(tmpfs, "drydock", O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
	SYS(unlinkat, dir, "collector.log", 0, 0, 0);
	to = OPENAT(dir, "collector.log", O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW);
	if (to < 0) goto done;
	SYS(lseek, logfd, 0, SEEK_SET, 0, 0);
	for (long n; (n = SYS(read, logfd, text, sizeof text, 0, 0)) > 0;) SYS(write, to, text, n, 0, 0);
	CLOSE(logfd), logfd = to, run = dir, dir = NOWHERE;
	say("M"), say_number(now_ns(CLOCK_MONOTONIC) / 1000), put('\n');
done:
	if (dir >= 0) CLOSE(dir);
	if (tmpfs >= 0) CLOSE(tmpfs);
	if (root >= 0) CLOSE(root);
}

static void say_cost(void)
{
	struct rusage usage;
	memset(&usage, 0, sizeof usage);
	SYS(getrusage, RUSAGE_SELF, &usage, 0, 0, 0);
	say("A"), say_number((u64)usage.ru_utime.tv_sec * 1000000 + (u64)usage.ru_utime.tv_usec);
	say_number((u64)usage.ru_stime.tv_sec * 1000000 + (u64)usage.ru_stime.tv_usec);
	say_number(written + used), put('\n');
}

static void sample(u64 turn, int is_last, int stat_fd, int disk_fd, int load_fd)
{
	static u64 last_pid_before;
	int whole = turn % (2 * hz) == 0 || is_last;
	say("T"), say_number(now_ns(CLOCK_MONOTONIC) / 1000), say_number(now_ns(CLOCK_BOOTTIME) / 1000), put('\n');
	if (whole || hz < 5 || turn % (hz / 5) == 0) look_at_machine(stat_fd, disk_fd);
	for (int at = 0; at < count;) {
		if (table[at].kernel && !whole) at++;
		else if (look(at, whole || turn % 8 == 0)) at++;
		else gone(at);
	}
	/* The last field of loadavg is the newest pid: while it stands still, nothing has come. */
	const char *s = read_fd(load_fd) > 0 ? text : "";
	for (int i = 0; i < 4; i++) s = next_field(s);
	u64 last_pid = number(&s);
	if (last_pid != last_pid_before || turn == 0) find_new();
	last_pid_before = last_pid;
	if (whole) say_cost();
}

static void collect(u64 samples)
{
	struct { u64 bits; } term = { 1ull << (SIGTERM - 1) };
	struct rlimit files = { MAX_PROCESSES + 64, MAX_PROCESSES + 64 };
	SYS(rt_sigprocmask, SIG_BLOCK, &term, 0, 8, 0);
	SYS(prlimit64, 0, RLIMIT_NOFILE, &files, 0, 0);
	int stat_fd = OPENAT(proc, "stat", O_RDONLY), disk_fd = OPENAT(proc, "diskstats", O_RDONLY);
	int load_fd = OPENAT(proc, "loadavg", O_RDONLY);
	u64 cpus = 0, turn = 0, period = 1000000000 / hz, start = now_ns(CLOCK_MONOTONIC), next = start;
	events = open_events();
	if (stat_fd >= 0) read_fd(stat_fd);
	for (const char *s = text; *s; s = next_line(s)) cpus += s[0] == 'c' && s[1] == 'p' && s[3] != ' ';
	say("drydock-collector 1 hz"), say_number(hz), say(" tick 100 cpus"), say_number(cpus);
	say(" pid"), say_number((u64)SYS(getpid, 0, 0, 0, 0, 0)), say(" events"), say_number(events >= 0), put('\n');
	for (const char *why = 0;;) {
		u64 now = now_ns(CLOCK_MONOTONIC);
		struct timespec none = { 0, 0 };
		int asked = run >= 0 && SYS(faccessat, run, "stop", 0, 0, 0) == 0;
		int ended = SYS(rt_sigtimedwait, &term, 0, &none, 8, 0) == SIGTERM;
		if (events >= 0 && turn > 0) hear(); /* what came before the first sample is heard after it */
		if (!why && (now >= next || asked || ended)) {
			why = ended ? "term" : asked ? "stop" : turn + 1 == samples ? "samples" : now - start > MAX_NS ? "time"
				: written > MAX_BYTES ? "size" : 0;
			sample(turn++, why != 0, stat_fd, disk_fd, load_fd);
			if (why) {
				if (events >= 0) hear(); /* ends that the last sample found: their events say when */
				say("E "), say(why), put('\n');
				if (events >= 0) CLOSE(events), events = NOWHERE;
			}
			for (next += period; next <= now; next += period);
		}
		if (run < 0 && !samples && (why || turn % 4 == 0)) flush(), carry_over();
		flush();
		if (ended || (why && samples)) return;
		if (asked) { /* waits for whoever reads a FIFO, and lets him go */
			SYS(openat, run, "stop", O_WRONLY, 0, 0);
			return;
		}
		now = now_ns(CLOCK_MONOTONIC);
		u64 wait = why ? 100000000 : next > now ? next - now : 0;
		struct timespec rest = { (long)(wait / 1000000000), (long)(wait % 1000000000) };
		struct pollfd source = { events, POLLIN, 0 };
		SYS(ppoll, &source, events >= 0, &rest, 0, 8);
	}
}

static void note(const char *s)
{
	char line[96] = "<6>drydock: ";
	int at = 12;
	while (*s && at < 95) line[at++] = *s++;
	if (kmsg >= 0) SYS(write, kmsg, line, at, 0, 0);
}

static void read_rate(void)
{
	const char *want = "drydock.collect=";
	read_at("cmdline");
	for (const char *s = text; *s; s = skip(next_field(s))) {
		int at = 0;
		while (want[at] && s[at] == want[at]) at++;
		if (want[at]) { if (*s == '\n') break; continue; }
		const char *value = s + at;
		hz = number(&value);
	}
	hz = hz < 1 ? 25 : hz > MAX_HZ ? MAX_HZ : hz;
}

__attribute__((used)) static int run_program(long *stack)
{
	int argc = (int)stack[0];
	char **argv = (char **)(stack + 1), **environment = argv + argc + 1;
	if (SYS(getpid, 0, 0, 0, 0, 0) != 1) {
		if (argc != 4) return 2;
		const char *rate = argv[1], *samples = argv[3];
		hz = number(&rate);
		if (hz < 1 || hz > MAX_HZ) return 2;
		proc = OPENAT(AT_FDCWD, "/proc", O_RDONLY | O_DIRECTORY);
		logfd = OPENAT(AT_FDCWD, argv[2], O_RDWR | O_CREAT | O_EXCL);
		if (proc < 0 || logfd < 0) return 3;
		collect(number(&samples));
		return 0;
	}
	SYS(mknodat, AT_FDCWD, "/drydock-kmsg", S_IFCHR | 0600, 1 << 8 | 11, 0);
	kmsg = OPENAT(AT_FDCWD, "/drydock-kmsg", O_WRONLY);
	SYS(unlinkat, AT_FDCWD, "/drydock-kmsg", 0, 0, 0);
	SYS(mkdirat, AT_FDCWD, "/drydock-proc", 0700, 0, 0);
	long mounted = SYS(mount, "proc", "/drydock-proc", "proc", 0, 0);
	proc = OPENAT(AT_FDCWD, "/drydock-proc", O_RDONLY | O_DIRECTORY);
	/* Detached at once, so that the initrd finds all as it was; the descriptor keeps it. */
	SYS(umount2, "/drydock-proc", MNT_DETACH, 0, 0, 0);
	SYS(unlinkat, AT_FDCWD, "/drydock-proc", AT_REMOVEDIR, 0, 0);
	logfd = OPENAT(AT_FDCWD, "/drydock-log", O_RDWR | O_CREAT | O_EXCL);
	SYS(unlinkat, AT_FDCWD, "/drydock-log", 0, 0, 0);
	if (mounted < 0 || proc < 0 || logfd < 0) {
		note("collector failed: no /proc or no file of its own");
	} else {
		read_rate();
		long child = SYS(fork, 0, 0, 0, 0, 0);
		if (child == 0) {
			for (int fd = 0; fd < 3; fd++) CLOSE(fd);
			SYS(setsid, 0, 0, 0, 0, 0);
			argv[0][0] = '@'; /* systemd's word for: not to be killed when roots change */
			note("collector started");
			collect(0);
			return 0;
		}
		if (child < 0) note("collector failed: no process for it");
	}
	argv[0] = "/init";
	SYS(execve, "/init", argv, environment, 0, 0);
	note("collector failed: there is no /init to go on with");
	return 1;
}

__asm__(".globl _start\n_start: xor %ebp, %ebp\nmov %rsp, %rdi\nand $-16, %rsp\ncall run_program\nmov %eax, %edi\nmov $60, %eax\nsyscall\n");
