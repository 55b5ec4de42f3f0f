/* SPDX-License-Identifier: MIT */
/*
 * A run whose network is held to a list (abuse I10, I11, I12, I13): what it
 * reaches and by which way alone, what rdv-egress may do itself, what it
 * counts, and that it ends with its run. The service outside is open to the
 * account all the time, which a run with all of the network shows.
 */
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/egress.h"
#include "lib/privproto.h"
#include "tests/priv/rigops.h"
#include "tests/priv/rigpic.h"
#include "tests/unit/check.h"

#define PYTHON "/usr/bin/python3"
#define ANSWER                                                      \
	"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close" \
	"\r\n\r\nok\n"

static char out[1 << 16];

/* A service on 127.0.0.2, which is not what NO_PROXY has. */
struct service {
	int fd;
	pid_t pid;
	unsigned port;
	char name[32]; /* HOST:PORT */
};

static _Noreturn void
answer_all(int fd)
{
	char text[4096];
	int c;

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;) {
		c = accept(fd, NULL, NULL);
		if (c < 0)
			_exit(1);
		/* A head comes in one piece, or is none of a client here. */
		if (read(c, text, sizeof(text)) > 0)
			(void)!write(c, ANSWER, sizeof(ANSWER) - 1);
		(void)close(c);
	}
}

static void
serve(struct service *s)
{
	struct sockaddr_in in = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(0x7f000002) };
	socklen_t len = sizeof(in);

	s->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(s->fd, (struct sockaddr *)&in, len), 0);
	assert_int_equal(listen(s->fd, 64), 0);
	assert_int_equal(getsockname(s->fd, (struct sockaddr *)&in, &len), 0);
	s->port = ntohs(in.sin_port);
	(void)snprintf(s->name, sizeof(s->name), "127.0.0.2:%u", s->port);
	s->pid = fork();
	if (s->pid == 0)
		answer_all(s->fd);
	assert_true(s->pid > 0);
}

static void
serve_no_more(struct service *s)
{
	assert_int_equal(kill(s->pid, SIGKILL), 0);
	assert_int_equal(waitpid(s->pid, NULL, 0), s->pid);
	(void)close(s->fd);
}

struct scene {
	struct rig r;
	struct service s;
	char work[128];
	const char *paths[2];
};

static void
end(struct scene *s)
{
	serve_no_more(&s->s);
	rig_stop(&s->r);
}

static void
expect_no(struct rig *r, const char *stage, const char *why)
{
	struct rig_spawn run = { .profile = "script",
		.cwd = "/",
		.argv = ARGV("true"),
		.hosts = ARGV("127.0.0.2:1"),
		.net = PRIV_NET_LIST };
	struct rig_result res;
	struct priv_exit e;

	rig_spawn(r, &run, &res);
	assert_int_equal(res.a.result, PRIV_FAILED);
	assert_string_equal(res.a.stage, stage);
	assert_non_null(strstr(res.a.why, why));
	run.net = PRIV_NET_NONE;
	run.hosts = NULL;
	rig_run(r, &run, out, sizeof(out), &e);
	assert_int_equal(e.status, 0);
}

/*
 * False where runs have no namespaces, as root's, once a list has been refused
 * there. Not below /tmp, a run's own.
 */
static bool
begin(struct scene *s)
{
	memset(s, 0, sizeof(*s));
	if (access(PYTHON, X_OK) != 0)
		skip();
	rig_prepare_in(&s->r, "/var/tmp");
	rig_launch(&s->r, NULL);
	rig_daemon(&s->r);
	rig_ops(&s->r);
	rig_login(&s->r);
	serve(&s->s);
	(void)snprintf(s->work, sizeof(s->work), "%s/work", s->r.dir);
	assert_int_equal(mkdir(s->work, 0700), 0);
	s->paths[0] = s->work;
	if ((s->r.hello.features & PRIV_F_USERNS) != 0)
		return true;
	expect_no(&s->r, "C8b namespaces", "net_namespace");
	end(s);
	return false;
}

static struct rig_spawn
python(const struct scene *s, const char *const *argv, uint8_t net)
{
	return (struct rig_spawn){ .profile = "script",
		.cwd = s->work,
		.argv = argv,
		.paths = s->paths,
		.net = net };
}

/* Each line what became of one way to the service or to anybody. */
static const char ways[] =
    "import os, socket, sys, urllib.request as u\n"
    "port = int(sys.argv[1]); url = f'http://127.0.0.2:{port}/'\n"
    "def say(what, fn):\n"
    "    try: print(what, fn())\n"
    "    except Exception as e: print(what, 'no')\n"
    "def http(url, **how):\n"
    "    try: return u.urlopen(url, timeout=20).read().decode().strip()\n"
    "    except u.HTTPError as e: return e.code\n"
    "def direct(family, kind, to):\n"
    "    s = socket.socket(family, kind); s.settimeout(20)\n"
    "    s.connect(to); s.send(b'x'); return 'yes'\n"
    "def tunnel(to, host):\n"
    "    s = socket.create_connection(('127.0.0.1', 3128), 20)\n"
    "    s.sendall(f'CONNECT {to} HTTP/1.1\\r\\nHost: {host}\\r\\n\\r\\n'\n"
    "        .encode())\n"
    "    return s.recv(4096).decode().split(' ')[1]\n"
    "I, I6, S, D = (socket.AF_INET, socket.AF_INET6, socket.SOCK_STREAM,\n"
    "    socket.SOCK_DGRAM)\n"
    "say('proxy', lambda: http(url))\n"
    "say('connect', lambda: tunnel(f'127.0.0.2:{port}', 'x'))\n"
    "say('port', lambda: tunnel(f'127.0.0.2:{port % 65535 + 1}', 'x'))\n"
    "say('host', lambda: tunnel('127.0.0.3:%d' % port,\n"
    "    f'127.0.0.2:{port}'))\n"
    "say('mapped', lambda: tunnel('[::ffff:127.0.0.2]:%d' % port, 'x'))\n"
    "say('metadata', lambda: tunnel('169.254.169.254:80', 'x'))\n"
    "say('name', lambda: tunnel('localhost:%d' % port, 'x'))\n"
    "say('itself', lambda: tunnel('127.0.0.1:3128', 'x'))\n"
    "say('direct', lambda: direct(I, S, ('127.0.0.2', port)))\n"
    "say('outside', lambda: direct(I, S, ('192.0.2.1', 80)))\n"
    "say('outside6', lambda: direct(I6, S, ('2001:db8::1', 80)))\n"
    "say('udp', lambda: direct(I, D, ('192.0.2.1', 53)))\n"
    "say('udp6', lambda: direct(I6, D, ('2001:db8::1', 53)))\n"
    "say('metadata', lambda: direct(I, S, ('169.254.169.254', 80)))\n"
    "say('dns', lambda: bool(socket.getaddrinfo('rdv.invalid', 80)))\n"
    "say('abstract', lambda: direct(socket.AF_UNIX, S,\n"
    "    '\\0rdv-egress-%d' % port))\n"
    "say('links', lambda: ' '.join(l.split(':')[0].strip()\n"
    "    for l in open('/proc/self/net/dev') if ':' in l))\n";

static const char held[] = "proxy ok\nconnect 200\nport 403\nhost 403\n"
			   "mapped 403\nmetadata 403\nname 403\nitself 403\n"
			   "direct no\noutside no\noutside6 no\nudp no\n"
			   "udp6 no\nmetadata no\ndns no\nabstract no\n"
			   "links lo\n";

static int
abstract_service(unsigned port)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int n = snprintf(un.sun_path + 1, sizeof(un.sun_path) - 1,
	    "rdv-egress-%u", port);

	assert_int_equal(bind(fd, (struct sockaddr *)&un,
			     (socklen_t)(offsetof(struct sockaddr_un,
					     sun_path) +
					 1 + (size_t)n)),
	    0);
	assert_int_equal(listen(fd, 8), 0);
	return fd;
}

static void
abuse_I10_one_way_out(void **state)
{
	static const char *const profiles[] = { "script", "agent" };
	struct priv_exit e;
	struct rig_spawn run;
	char port[16];
	struct scene s;
	int fd;

	(void)state;
	if (!begin(&s))
		return;
	(void)snprintf(port, sizeof(port), "%u", s.s.port);
	fd = abstract_service(s.s.port);
	run = python(&s, ARGV(PYTHON, "-c", ways, port), PRIV_NET_LIST);
	run.hosts = ARGV(s.s.name);
	for (size_t i = 0; i < 2; i++) {
		run.profile = profiles[i];
		rig_run(&s.r, &run, out, sizeof(out), &e);
		assert_string_equal(out, held);
	}
	/* Outside all of it is open to the account. */
	run = python(&s, ARGV(PYTHON, "-c", ways, port), PRIV_NET_FULL);
	run.profile = "login";
	run.paths = NULL;
	rig_run(&s.r, &run, out, sizeof(out), &e);
	assert_non_null(strstr(out, "proxy ok\n"));
	assert_non_null(strstr(out, "direct yes\n"));
	assert_non_null(strstr(out, "abstract yes\n"));
	(void)close(fd);
	end(&s);
}

/* The rdv-egress that [ops] has, or 0. */
static pid_t
proxy_of(const struct rig *r)
{
	char path[64], text[512] = "", comm[32], *at = text;
	long pid;
	FILE *f;

	(void)snprintf(path, sizeof(path), "/proc/%u/task/%u/children",
	    r->hello.pid, r->hello.pid);
	f = fopen(path, "re");
	assert_non_null(f);
	(void)!fread(text, 1, sizeof(text) - 1, f);
	(void)fclose(f);
	while ((pid = strtol(at, &at, 10)) > 0) {
		(void)snprintf(path, sizeof(path), "/proc/%ld/comm", pid);
		comm[0] = '\0';
		f = fopen(path, "re");
		if (f != NULL && fgets(comm, sizeof(comm), f) == NULL)
			comm[0] = '\0';
		if (f != NULL)
			(void)fclose(f);
		if (strcmp(comm, "rdv-egress\n") == 0)
			return (pid_t)pid;
	}
	return 0;
}

/* A run that lives until its standard input ends. */
static void
start_cat(struct scene *s, struct rig_result *res)
{
	struct rig_spawn run = python(s, ARGV("cat"), PRIV_NET_LIST);

	run.hosts = ARGV(s->s.name);
	rig_spawn(&s->r, &run, res);
	assert_int_equal(res->a.result, PRIV_DONE);
	assert_int_equal(res->a.hold.net, PRIV_NET_LIST);
	assert_int_equal(res->fds.n, 4);
}

static void
is_held(pid_t pid, uid_t uid)
{
	char value[128], number[64];

	(void)snprintf(number, sizeof(number), "%u\t%u\t%u\t%u", uid, uid, uid,
	    uid);
	rigops_status(pid, "Uid", value);
	assert_string_equal(value, number);
	rigops_status(pid, "NoNewPrivs", value);
	assert_string_equal(value, "1");
	rigops_status(pid, "Seccomp", value);
	assert_string_equal(value, "2");
	rigops_status(pid, "CapEff", value);
	assert_string_equal(value, "0000000000000000");
	rigops_status(pid, "CapPrm", value);
	assert_string_equal(value, "0000000000000000");
}

static void
abuse_I13_what_it_is(void **state)
{
	struct rig_result res;
	struct scene s;
	pid_t pid;

	(void)state;
	if (!begin(&s))
		return;
	start_cat(&s, &res);
	assert_true((res.a.guards & PRIV_G_NETNS) != 0);
	assert_string_equal(res.a.hold.listed,
	    "network_hosts as asked for, within [profile.script] network "
	    "(user mode)");
	pid = proxy_of(&s.r);
	assert_true(pid > 0);
	is_held(pid, geteuid());
	rig_close(&res);
	rig_exit(&s.r, res.a.handle, &(struct priv_exit){ 0 });
	/* Before that was said it had let go of everything. */
	rig_gone(pid);
	end(&s);
}

/* By itself with its reaper, however that ends. */
static void
abuse_H01_ends_with_its_reaper(void **state)
{
	struct rig_result res, other;
	struct scene s;
	pid_t pid;

	(void)state;
	if (!begin(&s))
		return;
	start_cat(&s, &res);
	pid = proxy_of(&s.r);
	assert_true(pid > 0);
	assert_int_equal(kill(rig_parent((pid_t)res.a.pid), SIGKILL), 0);
	rig_gone(pid);
	rig_exit(&s.r, res.a.handle, &(struct priv_exit){ 0 });
	rig_close(&res);
	/* And another's, whose reaper lives, is left alone by that. */
	start_cat(&s, &res);
	pid = proxy_of(&s.r);
	start_cat(&s, &other);
	assert_int_equal(kill(rig_parent((pid_t)other.a.pid), SIGKILL), 0);
	rig_exit(&s.r, other.a.handle, &(struct priv_exit){ 0 });
	rig_close(&other);
	assert_true(rig_alive(pid));
	rig_close(&res);
	rig_exit(&s.r, res.a.handle, &(struct priv_exit){ 0 });
	end(&s);
}

/* A start that fails has none left. */
static void
abuse_I24_no_run_no_proxy(void **state)
{
	struct rig_spawn run;
	struct rig_result res;
	int64_t deadline = rig_deadline();
	struct scene s;

	(void)state;
	if (!begin(&s))
		return;
	run = python(&s, ARGV(PYTHON), PRIV_NET_LIST);
	run.hosts = ARGV(s.s.name);
	run.cwd = "/nonexistent";
	rig_spawn(&s.r, &run, &res);
	assert_int_equal(res.a.result, PRIV_FAILED);
	assert_int_equal(res.fds.n, 0);
	while (proxy_of(&s.r) != 0)
		assert_false(rig_late(deadline));
	end(&s);
}

static const char twice[] =
    "import os, sys, urllib.request as u\n"
    "os.environ['no_proxy'] = os.environ['NO_PROXY'] = ''\n"
    "for i in range(2): u.urlopen(sys.argv[1], timeout=20).read()\n"
    "for to in ('http://127.0.0.3:1/', 'http://localhost:1/'):\n"
    "    try: u.urlopen(to, timeout=20)\n"
    "    except u.HTTPError as e: print(e.code, e.read().decode(), end='')\n";

static void
abuse_I12_counted_by_host(void **state)
{
	struct egress_page page;
	struct rig_result res;
	struct rig_spawn run;
	struct priv_inventory_answer a;
	struct seqpkt_fds fds;
	char url[64], wanted[1024];
	struct scene s;
	size_t n;

	(void)state;
	if (!begin(&s))
		return;
	(void)snprintf(url, sizeof(url), "http://%s/", s.s.name);
	run = python(&s, ARGV(PYTHON, "-c", twice, url), PRIV_NET_LIST);
	run.hosts = ARGV("a.example:443", s.s.name, "localhost:1");
	rig_spawn(&s.r, &run, &res);
	assert_int_equal(res.a.result, PRIV_DONE);
	n = rig_read_all(res.fds.fd[1], out, sizeof(out));
	out[n] = '\0';
	(void)snprintf(wanted, sizeof(wanted),
	    "403 rdv: 127.0.0.3:1 is not let through by %s\n"
	    "403 rdv: localhost:1: its name leads to a loopback address, "
	    "which has to stand itself in %s\n",
	    res.a.hold.listed, res.a.hold.listed);
	assert_string_equal(out, wanted);
	rig_exit(&s.r, res.a.handle, &(struct priv_exit){ 0 });
	assert_true(egress_read(res.fds.fd[3], &page));
	assert_int_equal(page.n, 3);
	assert_string_equal(page.rows[0].host, "a.example:443");
	assert_int_equal(page.rows[0].count[EGRESS_SENT], 0);
	assert_string_equal(page.rows[1].host, s.s.name);
	assert_int_equal(page.rows[1].count[EGRESS_CONNECTIONS], 2);
	assert_int_equal(page.rows[1].count[EGRESS_RECEIVED],
	    2 * (sizeof(ANSWER) - 1));
	assert_true(page.rows[1].count[EGRESS_SENT] > 40);
	assert_int_equal(page.rows[1].count[EGRESS_REFUSED], 0);
	assert_int_equal(page.rows[2].count[EGRESS_REFUSED], 1);
	assert_int_equal(page.rows[2].count[EGRESS_CONNECTIONS], 0);
	assert_int_equal(page.rows[3].count[EGRESS_REFUSED], 1);
	/* rdvd may only look, and the next one is given the same. */
	assert_int_equal(write(res.fds.fd[3], "x", 1), -1);
	assert_int_equal(rig_inventory(&s.r, 0, &a, &fds), PRIV_DONE);
	assert_int_equal(a.hold.net, PRIV_NET_LIST);
	assert_int_equal(fds.n, 3);
	assert_true(egress_read(fds.fd[2], &page));
	assert_int_equal(page.rows[1].count[EGRESS_CONNECTIONS], 2);
	seqpkt_fds_close(&fds);
	rig_close(&res);
	end(&s);
}

/* Nothing else would do as well, so nothing is started without. */
static void
abuse_I17_refused_without(void **state)
{
	struct rig r;

	(void)state;
	rig_start(&r, "no userns");
	expect_no(&r, "C8b namespaces", "net_namespace");
	rig_stop(&r);
	if (geteuid() == 0)
		return;
	rig_start(&r, "egress");
	expect_no(&r, "P6 egress", "P6 egress");
	rig_stop(&r);
}

/* One that ends when it has the socket, as if it could not be confined. */
static void
abuse_I24_not_before_it_is_confined(void **state)
{
	static const char *const programs[] = { "rdv-helper", "rdvd" };
	struct rig_spawn run = { .profile = "script",
		.argv = ARGV("true"),
		.hosts = ARGV("127.0.0.2:1"),
		.net = PRIV_NET_LIST };
	char tools[256], from[300], to[128];
	struct rig_result res;
	struct rig r;

	(void)state;
	rig_tools(tools, sizeof(tools));
	rig_prepare(&r);
	for (size_t i = 0; i < 2; i++) {
		(void)snprintf(from, sizeof(from), "%s/real/%s", tools,
		    programs[i]);
		(void)snprintf(to, sizeof(to), "%s/%s", r.dir, programs[i]);
		picture_program(from, to);
	}
	(void)snprintf(to, sizeof(to), "%s/rdv-egress", r.dir);
	(void)snprintf(from, sizeof(from), "%s/real/rdv-git", tools);
	assert_int_equal(symlink(from, to), 0);
	r.programs = r.dir;
	rig_launch(&r, NULL);
	rig_daemon(&r);
	rig_ops(&r);
	rig_login(&r);
	rig_spawn(&r, &run, &res);
	assert_int_equal(res.a.result, PRIV_FAILED);
	if ((r.hello.features & PRIV_F_USERNS) != 0)
		assert_string_equal(res.a.stage, "C8c egress");
	rig_stop(&r);
}

/* With real accounts: whose it is, and by which rule. */
static void
abuse_E01_of_the_account(void **state)
{
	struct rig_spawn run = { .profile = "script", .argv = ARGV("cat") };
	struct rig_result res;
	struct rigops s;
	size_t used;
	pid_t pid;

	(void)state;
	rigops_need();
	rigops_prepare(&s);
	used = strlen(s.policy);
	(void)snprintf(s.policy + used, sizeof(s.policy) - used,
	    "[profile.script]\nnetwork = \"list\"\n"
	    "network_hosts = [\"127.0.0.2:1\"]\n");
	rigops_launch(&s, NULL);
	rigops_enter(&s, 0);
	rig_spawn(&s.rig, &run, &res);
	assert_int_equal(res.a.result, PRIV_DONE);
	assert_int_equal(res.a.hold.net, PRIV_NET_LIST);
	assert_true(strncmp(res.a.hold.listed,
			"[profile.script] network_hosts (policy:", 39) == 0);
	pid = proxy_of(&s.rig);
	assert_true(pid > 0);
	is_held(pid, s.who[0].uid);
	rig_close(&res);
	rig_exit(&s.rig, res.a.handle, &(struct priv_exit){ 0 });
	assert_int_equal(rig_ack(&s.rig, res.a.handle), PRIV_DONE);
	/* No more than that is to be had by asking. */
	run.net = PRIV_NET_LIST;
	run.hosts = ARGV("127.0.0.2:2");
	rig_spawn(&s.rig, &run, &res);
	assert_int_equal(res.a.result, PRIV_DENIED);
	assert_non_null(strstr(res.a.why, "127.0.0.2:2 is not granted by the "
					  "policy: [profile.script]"));
	run.net = PRIV_NET_FULL;
	run.hosts = NULL;
	rig_spawn(&s.rig, &run, &res);
	assert_int_equal(res.a.result, PRIV_DENIED);
	assert_non_null(strstr(res.a.why, "so much of the network"));
	rigops_stop(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(abuse_I10_one_way_out),
		cmocka_unit_test(abuse_I13_what_it_is),
		cmocka_unit_test(abuse_H01_ends_with_its_reaper),
		cmocka_unit_test(abuse_I24_no_run_no_proxy),
		cmocka_unit_test(abuse_I12_counted_by_host),
		cmocka_unit_test(abuse_I17_refused_without),
		cmocka_unit_test(abuse_I24_not_before_it_is_confined),
		cmocka_unit_test(abuse_E01_of_the_account),
	};

	return cmocka_run_group_tests_name("egress", tests, rigops_accounts,
	    rigops_no_accounts);
}
