/* SPDX-License-Identifier: MIT */
/*
 * Starts rdv-helper in a private directory and talks to it as rdvd would. Not
 * a mock: the binaries are the real ones, or the test build of them with one
 * guard off.
 */
#include "tests/priv/rig.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "build.h"
#include "lib/clock.h"
#include "tests/unit/check.h"

int64_t
rig_deadline(void)
{
	return clock_mono_ms() + RIG_MS;
}

bool
rig_late(int64_t deadline)
{
	(void)poll(NULL, 0, 5);
	return clock_mono_ms() >= deadline;
}

unsigned
rig_count_fds(void)
{
	DIR *d = opendir("/proc/self/fd");
	unsigned n = 0;

	assert_non_null(d);
	while (readdir(d) != NULL)
		n++;
	(void)closedir(d);
	return n;
}

void
rig_tools(char *out, size_t size)
{
	ssize_t n = readlink("/proc/self/exe", out, size - 1);

	assert_true(n > 0);
	out[n] = '\0';
	/* The tests lie in a directory of their own. */
	*strrchr(out, '/') = '\0';
	*strrchr(out, '/') = '\0';
}

void
rig_prepare_in(struct rig *r, const char *parent)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	mode_t old = umask(0);

	memset(r, 0, sizeof(*r));
	r->relay = r->control = r->api = r->terminal = r->ops = -1;
	snprintf(r->dir, sizeof(r->dir), "%s/rdv-priv-XXXXXX", parent);
	assert_non_null(mkdtemp(r->dir));
	snprintf(r->base, sizeof(r->base), "%s/base", r->dir);
	assert_int_equal(mkdir(r->base, 0700), 0);
	r->listen = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	snprintf(sun.sun_path, sizeof(sun.sun_path), "%s/relay.sock", r->base);
	assert_int_equal(bind(r->listen, (struct sockaddr *)&sun, sizeof(sun)),
	    0);
	assert_int_equal(listen(r->listen, 8), 0);
	(void)umask(old);
}

void
rig_prepare(struct rig *r)
{
	rig_prepare_in(r, "/tmp");
}

static void
log_path(const struct rig *r, char out[128])
{
	snprintf(out, 128, "%s/log", r->dir);
}

void
rig_launch(struct rig *r, const char *mutant)
{
	const struct rlimit few = { r->nofile, r->nofile };
	char tools[256], program[300], log[128], ready[16];
	int fd;

	rig_tools(tools, sizeof(tools));
	if (r->programs != NULL)
		snprintf(program, sizeof(program), "%s/rdv-helper",
		    r->programs);
	else
		snprintf(program, sizeof(program), "%s/%s/rdv-helper", tools,
		    mutant != NULL ? "mutant" : "real");
	log_path(r, log);
	r->helper = fork();
	assert_true(r->helper >= 0);
	if (r->helper > 0)
		return;
	if (r->nofile > 0)
		(void)setrlimit(RLIMIT_NOFILE, &few);
	fd = open(log, O_WRONLY | O_CREAT | O_APPEND, 0600);
	(void)dup2(fd, 1);
	(void)dup2(fd, 2);
	/* What the test had closed stays closed. */
	if (fd == 0)
		(void)close(fd);
	if (mutant != NULL)
		(void)setenv("RDV_MUTANT", mutant, 1);
	(void)fcntl(r->ready, F_SETFD, 0);
	snprintf(ready, sizeof(ready), "%d", r->ready);
	/* Ends with this test, should it fail before rig_stop(). */
	execl(program, "rdv-helper", "--foreground-child", "--base", r->base,
	    "--web", "127.0.0.1:8080", r->ready > 0 ? "--ready-fd" : NULL,
	    ready, (char *)NULL);
	_exit(126);
}

bool
rig_readable(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, RIG_MS) == 1;
}

void
rig_daemon(struct rig *r)
{
	struct seqpkt_fds fds;
	long n;

	assert_true(rig_readable(r->listen));
	r->relay = accept4(r->listen, NULL, NULL, SOCK_CLOEXEC);
	assert_true(r->relay >= 0 && rig_readable(r->relay));
	n = seqpkt_recv(r->relay, r->told, sizeof(r->told) - 1, &fds);
	assert_true(n > 0 && fds.n == 3);
	r->told[n] = '\0';
	r->daemon = strtol(r->told, NULL, 10);
	r->control = fds.fd[0];
	r->api = fds.fd[1];
	r->terminal = fds.fd[2];
}

void
rig_ops(struct rig *r)
{
	struct seqpkt_fds fds;
	char what = 0;

	assert_true(rig_readable(r->control));
	assert_int_equal(seqpkt_recv(r->control, &what, 1, &fds), 1);
	assert_int_equal(what, 'O');
	assert_int_equal(fds.n, 1);
	if (r->ops >= 0)
		(void)close(r->ops);
	r->ops = fds.fd[0];
}

uint32_t
rig_id(struct rig *r)
{
	return ++r->id;
}

void
rig_send(struct rig *r, const void *p, size_t len)
{
	struct pollfd w = { .fd = r->ops, .events = POLLOUT };

	assert_int_equal(poll(&w, 1, RIG_MS), 1);
	assert_int_equal(seqpkt_send(r->ops, p, len, NULL), 0);
}

static void
keep_notice(struct rig *r, const struct priv_header *h, struct buf *b)
{
	if (h->op == PRIV_HALT) {
		assert_true(priv_get_halted(b, &r->halt));
		r->nhalts++;
		return;
	}
	if (h->op == PRIV_PORTS) {
		assert_true(priv_get_ports(b, &r->ports));
		r->nports++;
		return;
	}
	assert_true(r->nnotices < 64);
	assert_true(priv_get_exit(b, &r->notices[r->nnotices]));
	r->nnotices++;
}

/* One packet; `b` takes a copy of it. */
static void
receive_many(struct rig *r, struct buf *b, struct priv_header *h,
    struct seqpkt_many *fds)
{
	uint8_t packet[SEQPKT_MAX];
	long n;

	assert_true(rig_readable(r->ops));
	n = seqpkt_recv_many(r->ops, packet, sizeof(packet), fds);
	assert_true(n > 0);
	buf_init(b, SEQPKT_MAX);
	buf_put(b, packet, (size_t)n);
	assert_true(priv_get_header(b, h));
	assert_int_equal(h->nfds, fds->n);
}

static void
receive(struct rig *r, struct buf *b, struct priv_header *h,
    struct seqpkt_fds *fds)
{
	struct seqpkt_many many;

	receive_many(r, b, h, &many);
	assert_true(many.n <= SEQPKT_FDS_MAX);
	seqpkt_many_take(&many, many.n, fds);
}

void
rig_answer_many(struct rig *r, struct buf *b, struct priv_header *h,
    struct seqpkt_many *fds)
{
	for (;;) {
		receive_many(r, b, h, fds);
		if (h->kind != PRIV_NOTICE)
			return;
		keep_notice(r, h, b);
		buf_done(b);
	}
}

void
rig_answer(struct rig *r, struct buf *b, struct priv_header *h,
    struct seqpkt_fds *fds)
{
	struct seqpkt_many many;

	rig_answer_many(r, b, h, &many);
	assert_true(many.n <= SEQPKT_FDS_MAX);
	seqpkt_many_take(&many, many.n, fds);
}

/* Sends what `b` holds and waits for its answer. */
static void
call(struct rig *r, struct buf *b, struct priv_header *h,
    struct seqpkt_fds *fds)
{
	assert_true(buf_ok(b));
	rig_send(r, b->data, b->len);
	buf_done(b);
	rig_answer(r, b, h, fds);
	assert_int_equal(h->id, r->id);
}

void
rig_ask_login(struct rig *r, const struct priv_login *m,
    struct priv_login_answer *a)
{
	struct seqpkt_fds fds;
	struct priv_header h;
	struct buf b;

	buf_init(&b, SEQPKT_MAX);
	priv_put_login(&b, rig_id(r), m);
	call(r, &b, &h, &fds);
	assert_true(priv_get_login_answer(&b, a));
	buf_done(&b);
}

void
rig_hello(struct rig *r)
{
	struct priv_hello hello = { .pid = 1 };
	struct seqpkt_fds fds;
	struct priv_header h;
	struct buf b;

	snprintf(hello.build, sizeof(hello.build), "%s", RDV_BUILD);
	buf_init(&b, SEQPKT_MAX);
	priv_put_hello(&b, rig_id(r), PRIV_REQUEST, &hello);
	call(r, &b, &h, &fds);
	assert_int_equal(h.op, PRIV_HELLO);
	assert_true(priv_get_hello(&b, &r->hello));
	buf_done(&b);
}

void
rig_login(struct rig *r)
{
	const struct priv_login m = { .kind = PRIV_LOGIN_UID, .uid = getuid() };

	rig_hello(r);
	rig_ask_login(r, &m, &r->login);
	assert_int_equal(r->login.result, PRIV_DONE);
}

void
rig_start(struct rig *r, const char *mutant)
{
	rig_prepare(r);
	rig_launch(r, mutant);
	rig_daemon(r);
	rig_ops(r);
	rig_login(r);
}

static void
close_all(struct rig *r)
{
	int *fds[] = { &r->relay, &r->control, &r->api, &r->terminal, &r->ops };
	size_t i;

	for (i = 0; i < sizeof(fds) / sizeof(fds[0]); i++) {
		if (*fds[i] >= 0)
			(void)close(*fds[i]);
		*fds[i] = -1;
	}
}

void
rig_kill_daemon(struct rig *r)
{
	assert_int_equal(kill(r->daemon, SIGKILL), 0);
	close_all(r);
}

int
rig_wait(struct rig *r)
{
	int64_t deadline = rig_deadline();
	int status;
	pid_t pid;

	while ((pid = waitpid(r->helper, &status, WNOHANG)) == 0)
		assert_false(rig_late(deadline));
	assert_int_equal(pid, r->helper);
	r->helper = 0;
	return status;
}

static void
remove_tree(const char *path)
{
	char sub[512];
	struct dirent *e;
	DIR *d = opendir(path);

	while (d != NULL && (e = readdir(d)) != NULL) {
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		snprintf(sub, sizeof(sub), "%s/%s", path, e->d_name);
		if (unlink(sub) < 0)
			remove_tree(sub);
	}
	if (d != NULL)
		(void)closedir(d);
	(void)rmdir(path);
}

void
rig_cleanup(struct rig *r)
{
	close_all(r);
	(void)close(r->listen);
	if (r->helper > 0) {
		(void)kill(r->helper, SIGTERM);
		(void)rig_wait(r);
	}
	remove_tree(r->dir);
}

void
rig_stop(struct rig *r)
{
	char path[128];
	int status;

	assert_int_equal(kill(r->helper, SIGTERM), 0);
	status = rig_wait(r);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	/* Its own sockets are gone, and nothing else. */
	snprintf(path, sizeof(path), "%s/api.sock", r->base);
	assert_int_equal(access(path, F_OK), -1);
	rig_cleanup(r);
}

static unsigned
count(const char *const *list)
{
	unsigned n = 0;

	while (list != NULL && list[n] != NULL)
		n++;
	return n;
}

void
rig_spawn_send(struct rig *r, const struct rig_spawn *s)
{
	struct priv_spawn m = { .io = s->talk  ? PRIV_IO_TALK
				      : s->pty ? PRIV_IO_PTY
					       : PRIV_IO_PIPES,
		.cols = 80,
		.rows = 24,
		.net = s->net };
	struct buf b;

	memcpy(m.grant, r->login.grant, sizeof(m.grant));
	snprintf(m.profile, sizeof(m.profile), "%s",
	    s->profile != NULL ? s->profile : "login");
	snprintf(m.label, sizeof(m.label), "%s",
	    s->label != NULL ? s->label : "label");
	snprintf(m.token, sizeof(m.token), "%s",
	    s->token != NULL ? s->token : "");
	m.cwd = (char *)(s->cwd != NULL ? s->cwd : "/");
	m.argv = (char **)s->argv;
	m.envp = (char **)s->env;
	m.paths = (char **)s->paths;
	m.hosts = (char **)s->hosts;
	m.argc = count(s->argv);
	m.envc = count(s->env);
	m.pathc = count(s->paths);
	m.hostc = count(s->hosts);
	buf_init(&b, SEQPKT_MAX);
	priv_put_spawn(&b, rig_id(r), &m);
	assert_true(buf_ok(&b));
	rig_send(r, b.data, b.len);
	buf_done(&b);
}

void
rig_spawn_answer(struct rig *r, struct rig_result *out)
{
	struct priv_header h;
	struct buf b;

	rig_answer(r, &b, &h, &out->fds);
	assert_int_equal(h.op, PRIV_SPAWN);
	assert_true(priv_get_spawn_answer(&b, &out->a));
	buf_done(&b);
}

void
rig_spawn(struct rig *r, const struct rig_spawn *s, struct rig_result *out)
{
	rig_spawn_send(r, s);
	rig_spawn_answer(r, out);
}

void
rig_close(struct rig_result *res)
{
	seqpkt_fds_close(&res->fds);
}

static enum priv_result
plain_why(struct rig *r, struct buf *b, char why[PRIV_WHY_MAX + 1])
{
	struct priv_plain_answer a;
	struct seqpkt_fds fds;
	struct priv_header h;

	call(r, b, &h, &fds);
	assert_true(priv_get_plain_answer(b, &a));
	buf_done(b);
	if (why != NULL)
		memcpy(why, a.why, sizeof(a.why));
	return a.result;
}

static enum priv_result
plain(struct rig *r, struct buf *b)
{
	return plain_why(r, b, NULL);
}

enum priv_result
rig_signal(struct rig *r, uint64_t handle, int sig, bool all)
{
	const struct priv_signal m = {
		.handle = handle, .sig = sig, .all = all
	};
	struct buf b;

	buf_init(&b, SEQPKT_MAX);
	priv_put_signal(&b, rig_id(r), &m);
	return plain(r, &b);
}

enum priv_result
rig_ack(struct rig *r, uint64_t handle)
{
	const struct priv_exit m = { .handle = handle };
	struct buf b;

	buf_init(&b, SEQPKT_MAX);
	priv_put_exit(&b, rig_id(r), PRIV_REQUEST, &m);
	return plain(r, &b);
}

enum priv_result
rig_enroll(struct rig *r, uid_t uid, const uint8_t sha256[PRIV_HASH_LEN],
    int64_t expires_ms, char why[PRIV_WHY_MAX + 1])
{
	struct priv_enroll m = { .uid = uid, .expires_ms = expires_ms };
	struct buf b;

	memcpy(m.sha256, sha256, sizeof(m.sha256));
	buf_init(&b, SEQPKT_MAX);
	priv_put_enroll(&b, rig_id(r), &m);
	return plain_why(r, &b, why);
}

enum priv_result
rig_revoke(struct rig *r, const uint8_t sha256[PRIV_HASH_LEN])
{
	struct priv_revoke m;
	struct buf b;

	memcpy(m.grant, r->login.grant, sizeof(m.grant));
	memcpy(m.sha256, sha256, sizeof(m.sha256));
	buf_init(&b, SEQPKT_MAX);
	priv_put_revoke(&b, rig_id(r), &m);
	return plain(r, &b);
}

void
rig_exit(struct rig *r, uint64_t handle, struct priv_exit *out)
{
	struct seqpkt_fds fds;
	struct priv_header h;
	struct buf b;
	unsigned i;

	for (;;) {
		for (i = 0; i < r->nnotices; i++) {
			if (r->notices[i].handle != handle)
				continue;
			*out = r->notices[i];
			r->notices[i] = r->notices[--r->nnotices];
			return;
		}
		receive(r, &b, &h, &fds);
		assert_int_equal(h.kind, PRIV_NOTICE);
		keep_notice(r, &h, &b);
		buf_done(&b);
	}
}

void
rig_halt(struct rig *r, uint64_t handle, enum priv_halt halt)
{
	struct seqpkt_fds fds;
	struct priv_header h;
	struct buf b;

	while (r->nhalts == 0 || r->halt.handle != handle ||
	       r->halt.halt != halt) {
		receive(r, &b, &h, &fds);
		assert_int_equal(h.kind, PRIV_NOTICE);
		keep_notice(r, &h, &b);
		buf_done(&b);
	}
}

void
rig_log(const struct rig *r, char *out, size_t size)
{
	char path[128];
	ssize_t n;
	int fd;

	log_path(r, path);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? 0 : read(fd, out, size - 1);
	out[n > 0 ? n : 0] = '\0';
	if (fd >= 0)
		(void)close(fd);
}
