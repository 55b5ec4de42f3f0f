/* SPDX-License-Identifier: MIT */
/*
 * System mode for tests: real accounts, made with a name of this process and
 * removed again; root's directories stand below one of our own.
 */
#include "tests/priv/rigsys.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/clock.h"
#include "tests/priv/rigkeep.h"
#include "tests/unit/check.h"

/* The wait status of a program whose output nobody needs. */
static int
call(const char *program, const char *const *args)
{
	const char *argv[16] = { program };
	int status, fd;
	size_t n;
	pid_t pid;

	for (n = 0; args[n] != NULL && n < 14; n++)
		argv[n + 1] = args[n];
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		fd = open("/dev/null", O_RDWR | O_CLOEXEC);
		for (n = 0; n < 3; n++)
			(void)dup2(fd, (int)n);
		execv(program, (char *const *)argv);
		_exit(126);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

#define CALL(program, ...) \
	call(program, (const char *const[]){ __VA_ARGS__, NULL })

/* The accounts of the test under way, for as long as they are there. */
static struct rigsys left;
static const struct rigsys *made;
static pid_t maker;

/* Others may be at the account files at this moment: they are locked. */
#define MUST(program, ...)                                 \
	do {                                               \
		int64_t deadline_ = rig_deadline();        \
		while (CALL(program, __VA_ARGS__) != 0)    \
			assert_false(rig_late(deadline_)); \
	} while (0)

bool
rigsys_possible(void)
{
	if (geteuid() == 0)
		return true;
	print_message("system mode needs root\n");
	return false;
}

static uid_t
uid_of(const char *name)
{
	const struct passwd *pw = getpwnam(name);

	assert_non_null(pw);
	return pw->pw_uid;
}

static void remove_left(void);

/* The service account is a host's own and stays. */
static void
make_accounts(struct rigsys *s)
{
	unsigned i;

	if (maker == 0)
		(void)atexit(remove_left);
	maker = getpid();
	remove_left();
	if (getpwnam("rdv") == NULL)
		MUST("/usr/sbin/useradd", "--system", "--user-group",
		    "--no-create-home", "--home-dir", "/nonexistent", "--shell",
		    "/usr/sbin/nologin", "rdv");
	(void)snprintf(s->group, sizeof(s->group), "rdvg%d", getpid());
	(void)snprintf(s->web, sizeof(s->web), "rdvw%d", getpid());
	for (i = 0; i < RIGSYS_PEOPLE; i++)
		(void)snprintf(s->people[i], sizeof(s->people[i]), "rdvp%d%c",
		    getpid(), 'a' + (int)i);
	made = &left;
	left = *s;
	MUST("/usr/sbin/groupadd", s->group);
	MUST("/usr/sbin/useradd", "-M", "--shell", "/usr/sbin/nologin", s->web);
	for (i = 0; i < RIGSYS_PEOPLE; i++) {
		MUST("/usr/sbin/useradd", "-M", "--shell", "/bin/sh", "-G",
		    s->group, s->people[i]);
		s->uids[i] = uid_of(s->people[i]);
	}
	s->service = uid_of("rdv");
	s->web_uid = uid_of(s->web);
	left = *s;
}

static void
remove_accounts(const struct rigsys *s)
{
	unsigned i;

	made = NULL;
	for (i = 0; i < RIGSYS_PEOPLE; i++)
		MUST("/usr/sbin/userdel", s->people[i]);
	MUST("/usr/sbin/userdel", s->web);
	MUST("/usr/sbin/groupdel", s->group);
}

/* A test that failed leaves its accounts; they must not stay on this host. */
static void
remove_left(void)
{
	const struct rigsys *s = made;
	unsigned i;

	if (s == NULL || getpid() != maker)
		return;
	made = NULL;
	for (i = 0; i < RIGSYS_PEOPLE; i++)
		(void)CALL("/usr/sbin/userdel", "-f", s->people[i]);
	(void)CALL("/usr/sbin/userdel", "-f", s->web);
	(void)CALL("/usr/sbin/groupdel", s->group);
}

static void
make_dir(const struct rigsys *s, const char *path, mode_t mode, uid_t uid)
{
	char full[256];

	(void)snprintf(full, sizeof(full), "%s/%s", s->rig.dir, path);
	assert_int_equal(mkdir(full, mode), 0);
	assert_int_equal(chmod(full, mode), 0);
	assert_int_equal(chown(full, uid, uid == 0 ? 0 : getpwuid(uid)->pw_gid),
	    0);
}

void
rigsys_policy(const struct rigsys *s, const char *fmt, ...)
{
	char path[256];
	va_list ap;
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/etc/rdv/helper.toml",
	    s->rig.dir);
	f = fopen(path, "we");
	assert_non_null(f);
	assert_int_equal(fchmod(fileno(f), 0644), 0);
	va_start(ap, fmt);
	(void)vfprintf(f, fmt, ap);
	va_end(ap);
	assert_int_equal(fclose(f), 0);
}

void
rigsys_prepare(struct rigsys *s)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	struct rig *r = &s->rig;
	mode_t old = umask(0);

	memset(s, 0, sizeof(*s));
	make_accounts(s);
	r->relay = r->control = r->api = r->terminal = r->ops = -1;
	(void)snprintf(r->dir, sizeof(r->dir), "/tmp/rdv-sys-XXXXXX");
	assert_non_null(mkdtemp(r->dir));
	assert_int_equal(chmod(r->dir, 0755), 0);
	make_dir(s, "var", 0755, 0);
	make_dir(s, "var/lib", 0755, 0);
	make_dir(s, "var/lib/rdv", 0700, s->service);
	make_dir(s, "etc", 0755, 0);
	make_dir(s, "etc/rdv", 0755, 0);
	rigsys_policy(s, "[access]\ngroups = [\"%s\"]\nusers = [\"root\"]\n",
	    s->group);
	(void)snprintf(r->base, sizeof(r->base), "%s/var/lib/rdv", r->dir);
	r->listen = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	(void)snprintf(sun.sun_path, sizeof(sun.sun_path), "%s/relay.sock",
	    r->base);
	assert_int_equal(bind(r->listen, (struct sockaddr *)&sun, sizeof(sun)),
	    0);
	assert_int_equal(listen(r->listen, 8), 0);
	(void)umask(old);
}

/* Ends with this test, should it fail before rigsys_stop(). */
static _Noreturn void
become(const struct rigsys *s, const char *program)
{
	const struct rigkeep *k = s->keep;
	char max[16];
	const char *argv[16] = { "rdv-helper", "--foreground-child", "--system",
		"--root", s->rig.dir, "--web-user", s->web, "--web",
		"127.0.0.1:8080" };
	size_t n = 9;

	if (k != NULL && !k->unused) {
		(void)snprintf(max, sizeof(max), "%u",
		    k->max != 0 ? k->max : 200);
		argv[n++] = "--store";
		argv[n++] = max;
	}
	if (k != NULL && k->runs != NULL) {
		argv[n++] = "--runs";
		argv[n++] = k->runs;
	}
	if (k != NULL)
		rigkeep_give(k);
	execv(program, (char *const *)argv);
	_exit(126);
}

void
rigsys_launch(struct rigsys *s, const char *mutant)
{
	struct rig *r = &s->rig;
	char tools[256], program[300], log[128];
	int fd;

	rig_tools(tools, sizeof(tools));
	(void)snprintf(program, sizeof(program), "%s/%s/rdv-helper", tools,
	    mutant != NULL ? "mutant" : "real");
	(void)snprintf(log, sizeof(log), "%s/log", r->dir);
	r->helper = fork();
	assert_true(r->helper >= 0);
	if (r->helper > 0)
		return;
	fd = open(log, O_WRONLY | O_CREAT | O_APPEND, 0600);
	(void)dup2(fd, 1);
	(void)dup2(fd, 2);
	if (mutant != NULL)
		(void)setenv("RDV_MUTANT", mutant, 1);
	become(s, program);
}

void
rigsys_start(struct rigsys *s, const char *mutant)
{
	struct rigsys_word w;

	rigsys_launch(s, mutant);
	rigsys_daemon(s);
	rigsys_word(s, &w);
	assert_int_equal(w.what, CTL_SERVICE);
	(void)close(w.fd);
	rigsys_expect_listen(s, s->web_uid, true);
	rigsys_expect_listen(s, s->uids[0], false);
	rigsys_expect_listen(s, s->uids[1], false);
	rig_ops(&s->rig);
}

static void
service_token(const struct rigsys *s, char out[129])
{
	char path[256];
	FILE *f;

	(void)snprintf(path, sizeof(path),
	    "%s/var/lib/rdv-helper/service-token", s->rig.dir);
	f = fopen(path, "re");
	assert_non_null(f);
	assert_non_null(fgets(out, 129, f));
	(void)fclose(f);
	out[strcspn(out, "\n")] = '\0';
}

void
rigsys_login(struct rigsys *s, unsigned person)
{
	struct priv_login m = { .kind = PRIV_LOGIN_SERVICE,
		.uid = s->uids[person] };

	rig_hello(&s->rig);
	service_token(s, m.secret);
	rig_ask_login(&s->rig, &m, &s->rig.login);
	assert_int_equal(s->rig.login.result, PRIV_DONE);
}

void
rigsys_daemon(struct rigsys *s)
{
	struct rig *r = &s->rig;
	struct seqpkt_fds fds;
	long n;

	assert_true(rig_readable(r->listen));
	r->relay = accept4(r->listen, NULL, NULL, SOCK_CLOEXEC);
	assert_true(r->relay >= 0 && rig_readable(r->relay));
	n = seqpkt_recv(r->relay, r->told, sizeof(r->told) - 1, &fds);
	assert_true(n > 0);
	assert_int_equal(fds.n, 1);
	r->told[n] = '\0';
	r->daemon = (pid_t)strtol(r->told, NULL, 10);
	r->control = fds.fd[0];
}

void
rigsys_word(struct rigsys *s, struct rigsys_word *out)
{
	uint8_t p[CTL_MAX];
	struct seqpkt_fds fds;
	struct buf b;
	long n;

	assert_true(rig_readable(s->rig.control));
	n = seqpkt_recv(s->rig.control, p, sizeof(p), &fds);
	assert_true(n > 0);
	memset(out, 0, sizeof(*out));
	out->what = (char)p[0];
	out->fd = fds.n == 1 ? fds.fd[0] : -1;
	buf_wrap(&b, p + 1, (size_t)n - 1);
	if (out->what == CTL_LISTEN)
		assert_true(ctl_get_listen(&b, &out->listen));
	else if (out->what == CTL_UNLISTEN)
		assert_true(ctl_get_unlisten(&b, &out->unlisten));
	else if (out->what == CTL_OUTPUT)
		assert_true(ctl_get_output(&b, &out->output));
	else if (out->what == CTL_LIMIT)
		assert_true(ctl_get_limit(&b, &out->limit));
	else
		assert_true(ctl_get_service(&b, &out->service));
}

void
rigsys_expect_output(struct rigsys *s, uid_t uid, uint64_t bytes)
{
	struct rigsys_word w;

	rigsys_word(s, &w);
	assert_int_equal(w.what, CTL_OUTPUT);
	assert_int_equal(w.output.uid, uid);
	assert_int_equal(w.output.bytes, bytes);
	assert_int_equal(w.fd, -1);
}

void
rigsys_expect_limit(struct rigsys *s, uid_t uid, enum ctl_what what,
    uint64_t mb, const char *by)
{
	struct rigsys_word w;

	rigsys_word(s, &w);
	assert_int_equal(w.what, CTL_LIMIT);
	assert_int_equal(w.limit.uid, uid);
	assert_int_equal(w.limit.what, what);
	assert_int_equal(w.limit.mb, mb);
	assert_non_null(strstr(w.limit.by, by));
	assert_int_equal(w.fd, -1);
}

void
rigsys_expect_listen(struct rigsys *s, uid_t uid, bool web)
{
	struct rigsys_word w;
	struct stat st;
	unsigned kind;

	for (kind = 0; kind < CTL_KIND_MAX; kind++) {
		rigsys_word(s, &w);
		assert_int_equal(w.what, CTL_LISTEN);
		assert_int_equal(w.listen.kind, kind);
		assert_int_equal(w.listen.uid, uid);
		assert_int_equal(w.listen.web, web);
		assert_int_equal(fstat(w.fd, &st), 0);
		assert_true(S_ISSOCK(st.st_mode));
		(void)close(w.fd);
	}
	if (!web)
		rigsys_expect_output(s, uid, 0);
}

void
rigsys_path(const struct rigsys *s, char out[256], const char *name,
    const char *file)
{
	(void)snprintf(out, 256, "%s/run/rdv%s%s%s%s", s->rig.dir,
	    name != NULL ? "/" : "", name != NULL ? name : "",
	    file != NULL ? "/" : "", file != NULL ? file : "");
}

static int
dial(const char *path)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)snprintf(sun.sun_path, sizeof(sun.sun_path), "%s", path);
	return connect(fd, (struct sockaddr *)&sun, sizeof(sun)) < 0 ? errno
								     : 0;
}

int
rigsys_dial(const char *path, uid_t uid)
{
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		if (setgroups(0, NULL) < 0 || setresgid(uid, uid, uid) < 0 ||
		    setresuid(uid, uid, uid) < 0)
			_exit(255);
		_exit(dial(path));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return -WEXITSTATUS(status);
}

void
rigsys_status(pid_t pid, const char *key, char out[128])
{
	char path[64], line[512];
	size_t len = strlen(key), end;
	FILE *f;

	(void)snprintf(path, sizeof(path), "/proc/%d/status", pid);
	f = fopen(path, "re");
	assert_non_null(f);
	out[0] = '\0';
	while (fgets(line, sizeof(line), f) != NULL) {
		if (strncmp(line, key, len) != 0 || line[len] != ':')
			continue;
		(void)snprintf(out, 128, "%s",
		    line + len + 1 + strspn(line + len + 1, " \t"));
		end = strlen(out);
		while (end > 0 && strchr(" \t\n", out[end - 1]) != NULL)
			out[--end] = '\0';
	}
	(void)fclose(f);
}

void
rigsys_reload(struct rigsys *s)
{
	assert_int_equal(kill(s->rig.helper, SIGHUP), 0);
}

void
rigsys_member(struct rigsys *s, unsigned person, bool in)
{
	MUST("/usr/bin/gpasswd", in ? "-a" : "-d", s->people[person], s->group);
	rigsys_reload(s);
}

void
rigsys_cleanup(struct rigsys *s)
{
	rig_cleanup(&s->rig);
	remove_accounts(s);
}

void
rigsys_stop(struct rigsys *s)
{
	int status;

	assert_int_equal(kill(s->rig.helper, SIGTERM), 0);
	status = rig_wait(&s->rig);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	rigsys_cleanup(s);
}
