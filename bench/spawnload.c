/* SPDX-License-Identifier: MIT */
/*
 * From the request at the daemon to exec in the child. This program is started
 * by rdv-helper in rdvd's place and asks the live [ops] for runs of bench/stamp
 * as rdvd does, by turns with a plain fork and exec of the same program and,
 * where it is installed, with bwrap. It prints one line and ends.
 *
 *   rdvd --base DIR ...
 *
 * DIR/plan holds, by lines: a directory with a program "stamp" in it, which
 * runs may write; how many starts a turn has; the path of bwrap, or nothing.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/bench.h"
#include "build.h"
#include "lib/privproto.h"
#include "lib/seqpkt.h"

#define CONTROL_FD 3
/* To [main]: do not start it again. */
#define DONE	77
#define TURNS	9
#define STARTS	1000
#define WAIT_MS 10000
/*
 * Between starts: nobody starts one in the very moment another has ended. A
 * spare run with a network is longer in the making; and the kernel is slower
 * at both while it takes down those of the starts before.
 */
#define PAUSE_MS	 5
#define PAUSE_SPARE_MS	 15
#define PAUSE_NETWORK_MS 50
#define PAUSE_ALL_MS	 100 /* a spare run for each of other kinds */
#define KINDS		 8

static char dir[256], program[300], bwrap[256];
static long starts;
static int ops, ops_pid;
static uint32_t id;
static struct priv_login_answer grant;

static void
read_plan(const char *base)
{
	char path[256], n[32];
	FILE *f;

	snprintf(path, sizeof(path), "%s/plan", base);
	f = fopen(path, "re");
	if (f == NULL || fscanf(f, "%255s\n%31s\n%255s", dir, n, bwrap) < 2)
		bench_die(path);
	(void)fclose(f);
	starts = bench_num(n);
	if (starts < 1 || starts > STARTS)
		bench_die("starts");
	snprintf(program, sizeof(program), "%s/stamp", dir);
}

static void
wait_for(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	if (poll(&p, 1, WAIT_MS) != 1) {
		errno = ETIMEDOUT;
		bench_die("nothing comes");
	}
}

/* The next packet of that op and kind; others are passed over. */
static void
expect(uint16_t op, enum priv_kind kind, struct buf *b, struct seqpkt_fds *fds)
{
	static uint8_t packet[SEQPKT_MAX];
	struct priv_header h;
	long n;

	do {
		wait_for(ops);
		n = seqpkt_recv(ops, packet, sizeof(packet), fds);
		if (n <= 0)
			bench_die("[ops] is gone");
		buf_wrap(b, packet, (size_t)n);
		if (!priv_get_header(b, &h))
			bench_die("a broken packet");
	} while (h.op != op || h.kind != kind);
}

static void
ask(struct buf *b)
{
	if (!buf_ok(b) || seqpkt_send(ops, b->data, b->len, NULL) != 0)
		bench_die("send");
	buf_done(b);
	buf_init(b, SEQPKT_MAX);
}

/* As rdvd does it when [main] has handed it the way to [ops]. */
static void
join(void)
{
	const struct priv_login login = { .kind = PRIV_LOGIN_UID,
		.uid = getuid() };
	struct priv_hello hello = { .pid = 1 };
	struct seqpkt_fds fds;
	struct buf b;
	char what;

	wait_for(CONTROL_FD);
	if (seqpkt_recv(CONTROL_FD, &what, 1, &fds) != 1 || fds.n != 1)
		bench_die("no way to [ops]");
	ops = fds.fd[0];
	snprintf(hello.build, sizeof(hello.build), "%s", RDV_BUILD);
	buf_init(&b, SEQPKT_MAX);
	priv_put_hello(&b, ++id, PRIV_REQUEST, &hello);
	ask(&b);
	expect(PRIV_HELLO, PRIV_ANSWER, &b, &fds);
	if (!priv_get_hello(&b, &hello))
		bench_die("hello");
	ops_pid = (int)hello.pid;
	buf_init(&b, SEQPKT_MAX);
	priv_put_login(&b, ++id, &login);
	ask(&b);
	expect(PRIV_LOGIN, PRIV_ANSWER, &b, &fds);
	if (!priv_get_login_answer(&b, &grant) || grant.result != PRIV_DONE)
		bench_die("login");
}

static int64_t
stamped(int fd)
{
	int64_t t;

	wait_for(fd);
	if (read(fd, &t, sizeof(t)) != sizeof(t))
		bench_die("no stamp");
	return t;
}

/* Until the helper has forgotten it: no run stands beside the next. */
static void
finish(uint64_t handle)
{
	struct priv_exit end = { .handle = handle };
	struct seqpkt_fds fds;
	struct buf b;

	expect(PRIV_EXIT, PRIV_NOTICE, &b, &fds);
	buf_init(&b, SEQPKT_MAX);
	priv_put_exit(&b, ++id, PRIV_REQUEST, &end);
	ask(&b);
	expect(PRIV_EXIT, PRIV_ANSWER, &b, &fds);
}

struct side {
	const char *name;
	int64_t (*run)(const struct side *s);
	const char *profile;
	uint8_t net;
	bool paths, other, anew;
	int pause_ms; /* before each; 0: PAUSE_MS */
	int64_t best; /* median of the best turn, -1: there is no such thing */
};

/*
 * What nobody has asked for: one path more, another each time and more of them
 * than [ops] remembers.
 */
static void
add_path(char path[300])
{
	static unsigned turn;

	snprintf(path, 300, "%s/%u", dir, turn++ % KINDS);
	if (mkdir(path, 0755) != 0 && errno != EEXIST)
		bench_die(path);
}

/* Nanoseconds until exec, or -1 when this helper has no such profile. */
static int64_t
spawn(const struct side *s)
{
	char *argv[] = { program, NULL }, path[300];
	char *paths[] = { dir, path };
	struct priv_spawn m = { .io = PRIV_IO_PIPES,
		.net = s->net,
		.cwd = dir,
		.argv = argv,
		.argc = 1,
		.paths = paths,
		.pathc = s->paths + s->other };
	int64_t begun;
	struct priv_spawn_answer a;
	struct seqpkt_fds fds;
	struct buf b;
	int64_t t;

	if (s->other)
		add_path(path);
	begun = bench_ns();
	memcpy(m.grant, grant.grant, sizeof(m.grant));
	snprintf(m.profile, sizeof(m.profile), "%s", s->profile);
	buf_init(&b, SEQPKT_MAX);
	priv_put_spawn(&b, ++id, &m);
	ask(&b);
	expect(PRIV_SPAWN, PRIV_ANSWER, &b, &fds);
	if (!priv_get_spawn_answer(&b, &a) ||
	    (a.result != PRIV_DONE && a.result != PRIV_DENIED)) {
		fprintf(stderr, "spawnload: %s: %s\n", s->name, a.why);
		exit(DONE);
	}
	if (a.result == PRIV_DENIED)
		return -1;
	t = stamped(fds.fd[1]) - begun;
	seqpkt_fds_close(&fds);
	finish(a.handle);
	return t;
}

/*
 * Starts of as many other kinds as [ops] remembers, so that nothing is made
 * ahead for the kind that is looked at.
 */
static void
drive_out(void)
{
	static const struct side others[] = {
		{ .name = "lsp", .profile = "lsp", .paths = true },
		{ .name = "online", .profile = "agent", .paths = true },
		{ .name = "login", .profile = "login" },
		{ .name = "script", .profile = "script", .paths = true },
	};
	size_t i;

	for (i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		(void)spawn(&others[i]);
}

/* The peer: nothing between fork and exec but the pipe. */
static int64_t
plain(const char *const argv[])
{
	char *env[] = { NULL };
	const int64_t begun = bench_ns();
	int64_t t;
	pid_t pid;
	int p[2];

	if (pipe2(p, O_CLOEXEC) != 0 || (pid = fork()) < 0)
		bench_die("fork");
	if (pid == 0) {
		(void)dup2(p[1], 1);
		(void)execve(argv[0], (char *const *)argv, env);
		_exit(127);
	}
	(void)close(p[1]);
	t = stamped(p[0]) - begun;
	(void)close(p[0]);
	(void)waitpid(pid, NULL, 0);
	return t;
}

static int64_t
bare_side(const struct side *s)
{
	const char *const argv[] = { program, NULL };

	(void)s;
	return plain(argv);
}

/* The strongest it has in one command line, with as much of the system. */
static int64_t
bwrap_side(const struct side *s)
{
	const char *const argv[] = { bwrap, "--unshare-all",
		"--die-with-parent", "--new-session", "--ro-bind", "/usr",
		"/usr", "--ro-bind", "/etc", "/etc", "--symlink", "usr/bin",
		"/bin", "--symlink", "usr/lib", "/lib", "--symlink",
		"usr/lib64", "/lib64", "--proc", "/proc", "--dev", "/dev",
		"--tmpfs", "/tmp", "--bind", dir, dir, "--chdir", dir, program,
		NULL };

	(void)s;
	return bwrap[0] == '\0' ? -1 : plain(argv);
}

static struct side sides[] = {
	{ .name = "plain", .run = bare_side },
	/* The rarer, the colder the processor: the peer of "agent". */
	{ .name = "rarer", .run = bare_side, .pause_ms = PAUSE_SPARE_MS },
	{ .name = "login", .run = spawn, .profile = "login" },
	{ .name = "script", .run = spawn, .profile = "script", .paths = true },
	{ .name = "agent",
	    .run = spawn,
	    .profile = "agent",
	    .net = PRIV_NET_NONE,
	    .paths = true,
	    .pause_ms = PAUSE_SPARE_MS },
	{ .name = "other",
	    .run = spawn,
	    .profile = "agent",
	    .net = PRIV_NET_NONE,
	    .paths = true,
	    .other = true,
	    .pause_ms = PAUSE_NETWORK_MS },
	{ .name = "anew",
	    .run = spawn,
	    .profile = "agent",
	    .net = PRIV_NET_NONE,
	    .paths = true,
	    .other = true,
	    .anew = true,
	    .pause_ms = PAUSE_ALL_MS },
	{ .name = "bwrap", .run = bwrap_side, .pause_ms = PAUSE_NETWORK_MS },
};
#define SIDES (sizeof(sides) / sizeof(sides[0]))

static void
turn(struct side *s)
{
	static int64_t took[STARTS];
	int64_t median;
	long i;

	for (i = 0; i < starts && s->best >= 0; i++) {
		if (s->anew)
			drive_out();
		(void)poll(NULL, 0, s->pause_ms > 0 ? s->pause_ms : PAUSE_MS);
		took[i] = s->run(s);
		if (took[i] < 0)
			s->best = -1;
	}
	if (s->best < 0)
		return;
	median = bench_quantile(took, (size_t)starts, 0.5);
	if (median < s->best)
		s->best = median;
}

static long
resident_kb(int pid)
{
	char path[64];
	long all, resident, shared;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/statm", pid);
	f = fopen(path, "re");
	if (f == NULL ||
	    fscanf(f, "%ld %ld %ld", &all, &resident, &shared) != 3)
		bench_die(path);
	(void)fclose(f);
	return resident * (sysconf(_SC_PAGESIZE) / 1024);
}

/* fork's price grows with what there is to copy: be no smaller than [ops]. */
static void
grow_to(long kb)
{
	const long more = kb - resident_kb(getpid());
	void *p;

	if (more <= 0)
		return;
	p = mmap(NULL, (size_t)more * 1024, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (p == MAP_FAILED)
		bench_die("mmap");
}

int
main(int argc, char **argv)
{
	size_t i;
	int n;

	if (argc < 3 || strcmp(argv[1], "--base") != 0)
		return DONE;
	read_plan(argv[2]);
	join();
	grow_to(resident_kb(ops_pid));
	for (i = 0; i < SIDES; i++)
		sides[i].best = INT64_MAX;
	for (n = 0; n < TURNS; n++)
		for (i = 0; i < SIDES; i++)
			turn(&sides[i]);
	printf("{\"ops_kb\":%ld,\"peer_kb\":%ld", resident_kb(ops_pid),
	    resident_kb(getpid()));
	for (i = 0; i < SIDES; i++)
		if (sides[i].best >= 0)
			printf(",\"%s\":%.1f", sides[i].name,
			    (double)sides[i].best / 1e3);
		else
			printf(",\"%s\":null", sides[i].name);
	printf("}\n");
	return DONE;
}
