/* SPDX-License-Identifier: MIT */
/*
 * The profiles `agent` and `lsp`: what a person's own tools do in them, and
 * what is not to be had. Each refusal is of something that is there and open to
 * the same account outside, which the same try in a login shows.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/priv/rig.h"
#include "tests/priv/rigactor.h"
#include "tests/unit/check.h"

/* One worktree of a repository with another beside it. */
#define REPOSITORY                                                          \
	"set -e; exec 2>&1; export HOME=/nonexistent; git init -q -b main " \
	"main; cd main; git config user.name n; git config user.email e; "  \
	"echo 1 >f; git add f; git commit -qm first; git worktree add -q "  \
	"../a; git worktree add -q ../b; cd ..; echo secret >beside"

static char out[1 << 16];

struct scene {
	struct rig r;
	char work[128], a[160];
	bool alone;  /* runs have namespaces here */
	uint8_t net; /* what the next ones ask for */
};

static void
begin_in(struct scene *s, const char *parent, const char *mutant)
{
	memset(s, 0, sizeof(*s));
	rig_prepare_in(&s->r, parent);
	rig_launch(&s->r, mutant);
	rig_daemon(&s->r);
	rig_ops(&s->r);
	rig_login(&s->r);
	s->alone = (s->r.hello.features & PRIV_F_USERNS) != 0;
	snprintf(s->work, sizeof(s->work), "%s/work", s->r.dir);
	assert_int_equal(mkdir(s->work, 0700), 0);
	snprintf(s->a, sizeof(s->a), "%s/a", s->work);
}

/* Not below /tmp, which is a run's own. */
static void
begin(struct scene *s, const char *mutant)
{
	begin_in(s, "/var/tmp", mutant);
}

static void
end(struct scene *s)
{
	rig_stop(&s->r);
}

/* What `text` says in the worktree; its exit status. */
static int
run(struct scene *s, const char *profile, const char *cwd, const char *text)
{
	const bool login = strcmp(profile, "login") == 0;
	struct rig_spawn spawn = { .profile = profile,
		.argv = SH(text),
		.cwd = cwd,
		.net = s->net,
		.paths = login ? NULL : ARGV(cwd) };
	struct priv_exit e;

	rig_run(&s->r, &spawn, out, sizeof(out), &e);
	return e.status;
}

static void
says(struct scene *s, const char *profile, const char *text, const char *wanted)
{
	const int status = run(s, profile, s->a, text);

	if (strcmp(out, wanted) != 0)
		print_message("%s: %s\n", profile, text);
	assert_string_equal(out, wanted);
	assert_int_equal(status, 0);
}

static void
make_worktrees(struct scene *s)
{
	const int status = run(s, "login", s->work, REPOSITORY);

	assert_string_equal(out, "");
	assert_int_equal(status, 0);
}

static bool
have(const char *program)
{
	if (access(program, X_OK) == 0)
		return true;
	print_message("no %s here, left out\n", program);
	return false;
}

static void
works_worktree(void **state)
{
	struct scene s;

	(void)state;
	begin(&s, NULL);
	make_worktrees(&s);
	says(&s, "agent",
	    "exec 2>&1; echo 2 >>f && git commit -qam second && "
	    "git log --format=%s && git status --porcelain && "
	    "git switch -qc other && git branch --show-current",
	    "second\nfirst\nother\n");
	says(&s, "lsp",
	    "git log --format=%s; git ls-files; cat f; "
	    "(echo x >f) 2>/dev/null || echo no",
	    "second\nfirst\nf\n1\n2\nno\n");
	end(&s);
}

static void
works_tools(void **state)
{
	struct scene s;

	(void)state;
	begin(&s, NULL);
	make_worktrees(&s);
	if (have("/usr/bin/gcc"))
		says(&s, "agent",
		    "exec 2>&1; printf '#include <stdio.h>\\nint main(void)"
		    "{puts(\"built\");}\\n' >a.c && gcc -o a.out a.c && "
		    "./a.out",
		    "built\n");
	if (have("/usr/bin/python3"))
		says(&s, "agent",
		    "/usr/bin/python3 -c 'import tempfile, threading, os\n"
		    "open(tempfile.mkstemp()[1]).close()\nprint(\"ran\")' 2>&1",
		    "ran\n");
	/* A named semaphore lies in /dev/shm. */
	if (s.alone && have("/usr/bin/python3"))
		says(&s, "agent",
		    "/usr/bin/python3 -c 'import multiprocessing as m\n"
		    "m.Lock()\nprint(\"locked\")' 2>&1",
		    "locked\n");
	if (have("/usr/bin/npm"))
		says(&s, "agent",
		    "exec 2>&1; export HOME=$TMPDIR npm_config_update_notifier="
		    "false; echo '{\"scripts\":{\"test\":\"node -e \\\"console."
		    "log(6*7)\\\"\"}}' >package.json; npm -s test",
		    "42\n");
	end(&s);
}

/* With paths in the host's /tmp that is not its own, and closed around them. */
static void
works_in_tmp(void **state)
{
	static const char *const profiles[] = { "agent", "script" };
	struct scene s;

	(void)state;
	begin_in(&s, "/tmp", NULL);
	make_worktrees(&s);
	for (size_t i = 0; i < 2; i++)
		says(&s, profiles[i],
		    "exec 2>&1; echo $TMPDIR | cut -c1-13; echo x >$TMPDIR/x; "
		    "cat $TMPDIR/x; echo y >>f; git commit -qam more; git log "
		    "--format=%s -1; (echo z >/tmp/no) 2>/dev/null || echo no; "
		    "(echo z >../main/.git/config) 2>/dev/null || echo no",
		    "/tmp/rdv-run-\nx\nmore\nno\nno\n");
	end(&s);
}

/* A path with a link on the way to it keeps its name. */
static void
works_by_a_link(void **state)
{
	char link[160], way[200];
	struct scene s;

	(void)state;
	begin(&s, NULL);
	make_worktrees(&s);
	snprintf(link, sizeof(link), "%s/link", s.r.dir);
	assert_int_equal(symlink(s.work, link), 0);
	snprintf(way, sizeof(way), "%s/a", link);
	assert_int_equal(run(&s, "agent", way, "cat f; echo x >made"), 0);
	assert_string_equal(out, "1\n");
	snprintf(way, sizeof(way), "%s/made", s.a);
	assert_int_equal(access(way, F_OK), 0);
	end(&s);
}

/* A server and its client, by a path of their own and by an abstract name. */
#define OWN_SOCKETS                                                          \
	"/usr/bin/python3 - 2>&1 <<'EOF'\n"                                  \
	"import socket, os\n"                                                \
	"for name in ('own.sock', os.environ['TMPDIR'] + '/s', '\\0own'):\n" \
	"    s = socket.socket(socket.AF_UNIX); s.bind(name); s.listen()\n"  \
	"    c = socket.socket(socket.AF_UNIX); c.connect(name)\n"           \
	"    c.send(b'x'); assert s.accept()[0].recv(1) == b'x'\n"           \
	"a, b = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)\n"      \
	"s = socket.socket(); s.bind(('127.0.0.1', 0)); s.listen()\n"        \
	"socket.create_connection(s.getsockname()).close()\n"                \
	"print('talked')\n"                                                  \
	"EOF\n"                                                              \
	"rm -f own.sock"

/* I09: without namespaces they are refused, as before. */
static void
abuse_I09_own_sockets(void **state)
{
	struct scene s;

	(void)state;
	if (!have("/usr/bin/python3"))
		skip();
	begin(&s, NULL);
	make_worktrees(&s);
	if (s.alone) {
		says(&s, "agent", OWN_SOCKETS, "talked\n");
	} else {
		(void)run(&s, "agent", s.a, OWN_SOCKETS);
		assert_non_null(strstr(out, "PermissionError"));
	}
	end(&s);
	begin(&s, "no userns");
	make_worktrees(&s);
	(void)run(&s, "agent", s.a, OWN_SOCKETS);
	assert_non_null(strstr(out, "PermissionError"));
	end(&s);
}

/*
 * As test runners start one: a sandbox of its own it cannot have in here. Its
 * processes speak over sockets and shared memory of their own.
 */
#define BROWSES                                                           \
	"export HOME=$TMPDIR; /usr/bin/chromium --headless --no-sandbox " \
	"--disable-gpu --user-data-dir=$TMPDIR/profile --dump-dom "       \
	"'data:text/html,<script>document.write(6*7)</script>' "          \
	"2>$TMPDIR/said | grep -o '>42<' || cat $TMPDIR/said"

static void
abuse_I09_a_browser(void **state)
{
	struct scene s;

	(void)state;
	if (!have("/usr/bin/chromium"))
		skip();
	begin(&s, NULL);
	make_worktrees(&s);
	if (s.alone)
		says(&s, "agent", BROWSES, ">42<\n");
	end(&s);
}

/* Listens where whoever may look finds it; -1 from accept(2): nobody came. */
static int
canary(const char *name, size_t len)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	memcpy(sun.sun_path, name, len);
	assert_int_equal(bind(fd, (struct sockaddr *)&sun,
			     (socklen_t)(sizeof(sa_family_t) + len)),
	    0);
	assert_int_equal(listen(fd, 8), 0);
	return fd;
}

static void
try_sockets(struct scene *s, const char *profile, int n, const int fds[],
    const char *text, bool reached)
{
	(void)run(s, profile, s->a, text);
	for (int i = 0; i < n; i++) {
		const int fd = accept(fds[i], NULL, NULL);

		assert_int_equal(fd >= 0, reached);
		if (fd >= 0)
			(void)close(fd);
	}
}

/* I08: those of others that are merely there. */
static void
abuse_I08_sockets_of_others(void **state)
{
	static const char *const profiles[] = { "agent", "lsp", "script" };
	char path[100], name[64], text[1024];
	struct scene s;
	int fds[3];

	(void)state;
	if (!have("/usr/bin/python3"))
		skip();
	begin(&s, NULL);
	make_worktrees(&s);
	snprintf(path, sizeof(path), "%s/broker", s.r.dir);
	snprintf(name, sizeof(name), "%crdv-canary-%d", 0, getpid());
	fds[0] = canary(path, strlen(path));
	fds[1] = canary(name, 1 + strlen(name + 1));
	/* rdv's own, which this test serves in rdvd's place. */
	fds[2] = s.r.api;
	assert_int_equal(fcntl(fds[2], F_SETFL, O_NONBLOCK), 0);
	snprintf(text, sizeof(text),
	    "exec /usr/bin/python3 -c 'import socket\n"
	    "for name in (\"%s\", \"\\0%s\", \"%s/api.sock\"):\n"
	    "    try: socket.socket(socket.AF_UNIX).connect(name)\n"
	    "    except OSError as e: print(e)'",
	    path, name + 1, s.r.base);
	for (size_t i = 0; i < 3; i++)
		try_sockets(&s, profiles[i], 3, fds, text, false);
	try_sockets(&s, "login", 3, fds, text, true);
	(void)close(fds[0]);
	(void)close(fds[1]);
	end(&s);
}

/* What an agent would want of the account and of the machine. */
static void
abuse_I18_I21_out_of_reach(void **state)
{
	static const char *const no[] = { "cat ../beside", "cat ../b/f",
		"cat ../main/f", "echo x >../main/.git/config",
		"echo x >../main/.git/HEAD",
		"echo x >../main/.git/hooks/pre-commit",
		"cd ../main/.git && mkdir -p info && >info/attributes",
		"echo x >../main/.git/worktrees/b/HEAD",
		"ln -s x ../main/.git/objects/link",
		"echo 0 >/proc/self/oom_score_adj", "echo x >/etc/rdv-made",
		"ls ~", "cat /proc/kcore", "cat /dev/mem", "cat /dev/kmsg",
		"mkdir /sys/fs/cgroup/x", "mknod n b 7 0",
		"echo x >/proc/sysrq-trigger", "echo x >/rdv-made",
		"echo core >/proc/sys/kernel/core_pattern",
		"echo 1 >/sys/kernel/mm/ksm/run" };
	char text[256];
	struct scene s;

	(void)state;
	begin(&s, NULL);
	make_worktrees(&s);
	for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++) {
		snprintf(text, sizeof(text), "(%s) >/dev/null 2>&1 || echo no",
		    no[i]);
		says(&s, "agent", text, "no\n");
		says(&s, "lsp", text, "no\n");
	}
	/* The first six are open to whoever is not confined. */
	for (size_t i = 0; i < 6; i++) {
		snprintf(text, sizeof(text), "(%s) >/dev/null 2>&1 && echo yes",
		    no[i]);
		says(&s, "login", text, "yes\n");
	}
	end(&s);
}

/* In a root of its own not even that they exist. */
static void
abuse_I18_names(void **state)
{
	char text[512];
	struct scene s;

	(void)state;
	begin(&s, NULL);
	make_worktrees(&s);
	snprintf(text, sizeof(text),
	    "for f in %s/base ../beside ../b ../main/f /root /home /var "
	    "/mnt; do test -e $f && echo $f; done; ls /dev | tr '\\n' ' '; ls "
	    "..",
	    s.r.dir);
	if (s.alone)
		says(&s, "agent", text,
		    "/var\nfd full null ptmx pts random shm stderr stdin "
		    "stdout tty urandom zero a\nmain\n");
	end(&s);
}

/* A service of the machine on a port of 127.0.0.1, and how to call it. */
static int
service(char text[512])
{
	struct sockaddr_in in = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(in);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&in, len), 0);
	assert_int_equal(listen(fd, 8), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&in, &len), 0);
	snprintf(text, 512,
	    "exec /usr/bin/python3 -c 'import socket; "
	    "socket.create_connection((\"127.0.0.1\", %u))' 2>/dev/null",
	    ntohs(in.sin_port));
	return fd;
}

/* Without one of their own they have no sockets for it. */
static void
network_of(const char *mutant)
{
	static const char *const profiles[] = { "agent", "script", "lsp" };
	char text[512], ours[64];
	const int fd = service(text);
	struct scene s;
	ssize_t n = readlink("/proc/self/ns/net", ours, sizeof(ours) - 1);

	assert_true(n > 0);
	ours[n] = '\0';
	begin(&s, mutant);
	make_worktrees(&s);
	for (size_t i = 0; i < 3; i++) {
		s.net = PRIV_NET_NONE;
		try_sockets(&s, profiles[i], 1, &fd, text, false);
		(void)run(&s, profiles[i], s.a, "readlink /proc/self/ns/net");
		out[strcspn(out, "\n")] = '\0';
		assert_int_equal(strcmp(out, ours) != 0, s.alone);
		s.net = PRIV_NET_PROFILE;
		try_sockets(&s, profiles[i], 1, &fd, text, i < 2);
	}
	end(&s);
	(void)close(fd);
}

static void
abuse_I10_network(void **state)
{
	(void)state;
	if (!have("/usr/bin/python3"))
		skip();
	network_of(NULL);
	network_of("no userns");
}

/* I13: what cannot be held to is not started. */
static void
abuse_I13_network_refused(void **state)
{
	static const struct {
		const char *profile;
		uint8_t net, result;
		const char *why;
	} no[] = {
		{ "agent", PRIV_NET_LIST, PRIV_DENIED, "none is asked for" },
		{ "login", PRIV_NET_LIST, PRIV_DENIED, "not confined" },
		{ "git", PRIV_NET_LIST, PRIV_DENIED, "has none" },
		{ "login", PRIV_NET_NONE, PRIV_DENIED, "not confined" },
		{ "lsp", PRIV_NET_FULL, PRIV_DENIED, "has none" },
		{ "git", PRIV_NET_FULL, PRIV_DENIED, "has none" },
	};
	struct rig_spawn spawn = { .argv = ARGV("git", "--version") };
	struct rig_result res;
	struct priv_exit e;
	struct scene s;

	(void)state;
	begin(&s, NULL);
	for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++) {
		spawn.profile = no[i].profile;
		spawn.net = no[i].net;
		rig_spawn(&s.r, &spawn, &res);
		assert_int_equal(res.a.result, no[i].result);
		assert_non_null(strstr(res.a.why, no[i].why));
		spawn.net = PRIV_NET_PROFILE;
		rig_run(&s.r, &spawn, out, sizeof(out), &e);
		assert_int_equal(e.status, 0);
	}
	end(&s);
}

/* Objects known by a number, which the account has outside. */
static void
abuse_I20_objects(void **state)
{
	const int id = shmget(0x72647601, 4096, IPC_CREAT | 0600);
	struct scene s;

	(void)state;
	if (!have("/usr/bin/ipcmk"))
		skip();
	begin(&s, NULL);
	make_worktrees(&s);
	assert_true(id >= 0);
	says(&s, "login", "ipcs -m | grep -c 0x72647601", "1\n");
	if (s.alone)
		says(&s, "agent",
		    "ipcs -m | grep -c 0x72647601; "
		    "ipcmk -M 4096 >/dev/null && ipcs -m | "
		    "grep -c ' 644 '; :",
		    "0\n1\n");
	end(&s);
	assert_int_equal(shmctl(id, IPC_RMID, NULL), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(works_worktree),
		cmocka_unit_test(works_tools),
		cmocka_unit_test(works_in_tmp),
		cmocka_unit_test(works_by_a_link),
		cmocka_unit_test(abuse_I09_own_sockets),
		cmocka_unit_test(abuse_I09_a_browser),
		cmocka_unit_test(abuse_I08_sockets_of_others),
		cmocka_unit_test(abuse_I18_I21_out_of_reach),
		cmocka_unit_test(abuse_I18_names),
		cmocka_unit_test(abuse_I10_network),
		cmocka_unit_test(abuse_I13_network_refused),
		cmocka_unit_test(abuse_I20_objects),
	};

	return cmocka_run_group_tests_name("agent", tests, find_tools, NULL);
}
