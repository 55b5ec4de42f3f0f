/* SPDX-License-Identifier: MIT */
/*
 * [ops] and its [audit], forked from the test as [main] forks them, so that the
 * test says which accounts are served and when. The accounts are real ones,
 * made with a name of this process and removed again; their homes lie below the
 * rig.
 */
#ifndef RDV_MUTANTS
#define RDV_MUTANTS /* what is linked is the test build */
#endif
#include "tests/priv/rigops.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "build.h"
#include "lib/clock.h"
#include "lib/ctlproto.h"
#include "lib/log.h"
#include "lib/secret.h"
#include "lib/sha256.h"
#include "lib/str.h"
#include "lib/xalloc.h"
#include "priv-helper/accountwire.h"
#include "priv-helper/audit.h"
#include "priv-helper/cgroup.h"
#include "priv-helper/serve.h"
#include "security/mutant.h"
#include "tests/unit/check.h"

static char names[RIGOPS_PEOPLE][32], shared[32];
static pid_t maker; /* 0: there are no accounts */

/* The wait status of a program whose output nobody needs. */
static int
call(const char *const *argv)
{
	int status, null;
	pid_t pid = fork();

	if (pid == 0) {
		null = open("/dev/null", O_RDWR | O_CLOEXEC);
		(void)dup2(null, 1);
		(void)dup2(null, 2);
		execv(argv[0], (char *const *)(uintptr_t)argv);
		_exit(126);
	}
	return pid > 0 && waitpid(pid, &status, 0) == pid ? status : -1;
}

#define CALL(...) call((const char *const[]){ __VA_ARGS__, NULL })

/* Others may be at the account files at this moment: they are locked then. */
#define MUST(...)                                          \
	do {                                               \
		int64_t deadline_ = rig_deadline();        \
		while (CALL(__VA_ARGS__) != 0)             \
			assert_false(rig_late(deadline_)); \
	} while (0)

static void
remove_accounts(void)
{
	unsigned i;

	if (getpid() != maker)
		return;
	maker = 0;
	for (i = 0; i < RIGOPS_PEOPLE; i++)
		(void)CALL("/usr/sbin/userdel", "-f", names[i]);
	(void)CALL("/usr/sbin/groupdel", shared);
}

int
rigops_accounts(void **state)
{
	unsigned i;

	(void)state;
	if (geteuid() != 0)
		return 0;
	(void)atexit(remove_accounts);
	snprintf(shared, sizeof(shared), "rdvog%d", getpid());
	for (i = 0; i < RIGOPS_PEOPLE; i++)
		snprintf(names[i], sizeof(names[i]), "rdvo%d%c", getpid(),
		    'a' + (int)i);
	maker = getpid();
	MUST("/usr/sbin/groupadd", shared);
	for (i = 0; i < RIGOPS_PEOPLE; i++)
		MUST("/usr/sbin/useradd", "-M", "-U", "-s", "/bin/sh", "-G",
		    shared, names[i]);
	return 0;
}

int
rigops_no_accounts(void **state)
{
	(void)state;
	remove_accounts();
	return 0;
}

void
rigops_need(void)
{
	if (maker != 0)
		return;
	print_message("two accounts need root\n");
	skip();
}

static void
make_dir(const char *path, mode_t mode, const struct account *a)
{
	assert_int_equal(mkdir(path, mode), 0);
	assert_int_equal(chmod(path, mode), 0);
	if (a != NULL)
		assert_int_equal(chown(path, a->uid, a->gid), 0);
}

static void
make_person(struct rigops *s, unsigned i)
{
	const struct passwd *pw = getpwnam(names[i]);
	struct account *a = &s->who[i];
	char path[256];
	int n = USER_GROUPS_MAX;

	assert_non_null(pw);
	a->uid = pw->pw_uid;
	a->gid = pw->pw_gid;
	a->web = i == 0;
	snprintf(a->name, sizeof(a->name), "%s", names[i]);
	snprintf(a->home, sizeof(a->home), "%s/home-%c", s->rig.dir,
	    'a' + (int)i);
	(void)str_copy(a->real_home, a->home, sizeof(a->real_home));
	snprintf(a->shell, sizeof(a->shell), "/bin/sh");
	assert_true(getgrouplist(a->name, a->gid, a->groups, &n) > 0);
	a->ngroups = (unsigned)n;
	make_dir(a->home, 0700, a);
	snprintf(path, sizeof(path), "%s/%s", s->run, a->name);
	make_dir(path, 0700, a);
	snprintf(path, sizeof(path), "%s/%s/enroll", s->run, a->name);
	make_dir(path, 0700, a);
}

void
rigops_prepare(struct rigops *s)
{
	char path[256];
	unsigned i;
	int fd;

	rigops_need();
	memset(s, 0, sizeof(*s));
	/* Not below /tmp, which a run may have of its own. */
	rig_prepare_in(&s->rig, "/var/tmp");
	assert_int_equal(chmod(s->rig.dir, 0755), 0);
	snprintf(s->run, sizeof(s->run), "%s/run", s->rig.dir);
	snprintf(s->state, sizeof(s->state), "%s/state", s->rig.dir);
	make_dir(s->run, 0755, NULL);
	make_dir(s->state, 0700, NULL);
	for (i = 0; i < RIGOPS_PEOPLE; i++)
		make_person(s, i);
	snprintf(s->policy, sizeof(s->policy),
	    "[access]\nusers = [\"%s\", \"%s\"]\n"
	    "[default]\nroots = [\"/\"]\n",
	    names[0], names[1]);
	/* By rising uid, as [main] has them. */
	assert_true(s->who[0].uid < s->who[1].uid);
	snprintf(s->service, sizeof(s->service), "service-of-this-test");
	snprintf(path, sizeof(path), "%s/service-token", s->state);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	assert_int_equal(write(fd, s->service, strlen(s->service)),
	    strlen(s->service));
	(void)close(fd);
}

/* Of a forked child: it ends with the test, and has the log of the rig. */
static void
as_child(const struct rigops *s, const char *name)
{
	char path[128];
	int fd;

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	snprintf(path, sizeof(path), "%s/log", s->rig.dir);
	fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	(void)dup2(fd, 1);
	(void)dup2(fd, 2);
	(void)umask(077);
	log_init(name, STDERR_FILENO, LOG_INFO);
}

static _Noreturn void
become_ops(const struct rigops *s, int control, const char *mutant)
{
	const struct rlimit few = { 2048, 2048 };
	const struct accounts all = { .list = xcalloc(RIGOPS_PEOPLE,
					  sizeof(*all.list)),
		.n = RIGOPS_PEOPLE,
		.policy = xstrdup(s->policy),
		.npolicy = strlen(s->policy),
		.source = xstrdup("policy") };
	char tools[256], program[300];
	struct serve_args args = { .main = control,
		.nofile = 2048,
		.accounts = &all,
		.helper_state = s->state,
		.run_dir = s->run,
		.bin = "/usr/bin" };

	memcpy(all.list, s->who, sizeof(s->who));
	(void)setrlimit(RLIMIT_NOFILE, &few);
	as_child(s, "rdv-ops");
	if (mutant != NULL)
		(void)setenv("RDV_MUTANT", mutant, 1);
	mutant_init();
	/* Its end is that of ours: the test's copy must not be here. */
	(void)close(s->main);
	(void)close(s->audit);
	rig_tools(tools, sizeof(tools));
	(void)snprintf(program, sizeof(program), "%s/real/rdv-egress", tools);
	args.egress = open(program, O_PATH | O_CLOEXEC);
	serve(&args);
}

static _Noreturn void
become_audit(const struct rigops *s, int control)
{
	char dir[128];
	const struct audit_args args = { .main = control, .dir = dir };

	as_child(s, "rdv-audit");
	snprintf(dir, sizeof(dir), "%s/audit", s->rig.dir);
	(void)close(s->audit);
	audit_serve(&args);
}

static void
say(int to, char what, int fd)
{
	const struct seqpkt_fds fds = { .fd = { fd }, .n = 1 };

	assert_int_equal(seqpkt_send(to, &what, 1, &fds), 0);
	(void)close(fd);
}

static void
hello(struct rigops *s)
{
	struct priv_hello m = { .pid = 1 };
	struct seqpkt_fds fds;
	struct priv_header h;
	struct buf b;

	snprintf(m.build, sizeof(m.build), "%s", RDV_BUILD);
	buf_init(&b, SEQPKT_MAX);
	priv_put_hello(&b, rig_id(&s->rig), PRIV_REQUEST, &m);
	rig_send(&s->rig, b.data, b.len);
	buf_done(&b);
	rig_answer(&s->rig, &b, &h, &fds);
	assert_true(priv_get_hello(&b, &s->rig.hello));
	buf_done(&b);
}

void
rigops_mute(struct rigops *s)
{
	int pair[2];

	if (s->rig.ops >= 0)
		(void)close(s->rig.ops);
	assert_int_equal(seqpkt_pair(pair), 0);
	s->rig.ops = pair[0];
	say(s->main, CTL_DAEMON, pair[1]);
}

void
rigops_reconnect(struct rigops *s)
{
	rigops_mute(s);
	hello(s);
}

/* Before [ops]: it must not hold anything of that. */
static void
start_audit(struct rigops *s)
{
	int pair[2];

	assert_int_equal(seqpkt_pair(pair), 0);
	s->audit = pair[0];
	s->auditor = fork();
	assert_true(s->auditor >= 0);
	if (s->auditor == 0)
		become_audit(s, pair[1]);
	(void)close(pair[1]);
}

static void
connect_audit(const struct rigops *s)
{
	int pair[2];

	assert_int_equal(seqpkt_pair(pair), 0);
	say(s->audit, CTL_OPS, pair[0]);
	say(s->main, CTL_AUDIT, pair[1]);
}

void
rigops_launch(struct rigops *s, const char *mutant)
{
	int pair[2];

	start_audit(s);
	assert_int_equal(seqpkt_pair(pair), 0);
	s->main = pair[0];
	s->rig.helper = fork();
	assert_true(s->rig.helper >= 0);
	if (s->rig.helper == 0)
		become_ops(s, pair[1], mutant);
	(void)close(pair[1]);
	connect_audit(s);
	rigops_reconnect(s);
}

void
rigops_start(struct rigops *s, const char *mutant)
{
	rigops_prepare(s);
	rigops_launch(s, mutant);
}

/* Its end, and all else, as [main] does it: a cgroup may come until then. */
static void
stop(struct rigops *s, int want)
{
	int status = rig_wait(&s->rig);
	char cgroups[CGROUP_PATH];

	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), want);
	if (want != 0 && cgroup_place(NULL, s->state, cgroups) == 0)
		cgroup_done(cgroups);
	(void)close(s->audit);
	assert_int_equal(waitpid(s->auditor, &status, 0), s->auditor);
	assert_int_equal(status, 0);
	rig_cleanup(&s->rig);
}

void
rigops_stop(struct rigops *s)
{
	(void)close(s->main);
	stop(s, 0);
}

void
rigops_ended(struct rigops *s)
{
	assert_true(rig_closed(s->rig.ops));
	stop(s, 1);
	(void)close(s->main);
}

void
rigops_tell(struct rigops *s, unsigned served)
{
	struct account list[RIGOPS_PEOPLE];
	char source[] = "policy";
	struct accounts all = { .list = list,
		.policy = s->policy,
		.npolicy = strlen(s->policy),
		.source = source };
	int fd = memfd_create("accounts", MFD_CLOEXEC);
	unsigned i;
	struct buf b;

	for (i = 0; i < RIGOPS_PEOPLE; i++)
		if (served & 1u << i)
			list[all.n++] = s->who[i];
	buf_init(&b, 1 << 20);
	accountwire_put(&b, &all);
	assert_true(fd >= 0 && buf_ok(&b));
	assert_int_equal(write(fd, b.data, b.len), b.len);
	buf_done(&b);
	say(s->main, CTL_ACCOUNTS, fd);
}

void
rigops_reload(struct rigops *s, unsigned served)
{
	char seen[64];

	rigops_tell(s, served);
	snprintf(seen, sizeof(seen), "accounts=%d grants",
	    __builtin_popcount(served));
	rig_expect_log(&s->rig, seen);
}

void
rigops_token(struct rigops *s, char text[RIGOPS_TEXT],
    uint8_t sum[PRIV_HASH_LEN])
{
	uint8_t raw[32];

	(void)s;
	secret_random(raw, sizeof(raw));
	memcpy(text, "rdv_", 5);
	str_base64url(text + 4, raw, sizeof(raw));
	sha256(text, strlen(text), sum);
}

void
rigops_proof(struct rigops *s, unsigned person,
    const uint8_t sum[PRIV_HASH_LEN], char path[256])
{
	char own[256], hex[SHA256_TEXT];
	int fd;

	if (path == NULL)
		path = own;
	str_hex(hex, sum, PRIV_HASH_LEN);
	snprintf(path, 256, "%s/%s/enroll/%s", s->run, s->who[person].name,
	    hex);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(dprintf(fd, "%s\n", hex), 65);
	assert_int_equal(fchown(fd, s->who[person].uid, s->who[person].gid), 0);
	(void)close(fd);
}

enum priv_result
rigops_login(struct rigops *s, enum priv_login_kind kind, uid_t uid,
    const char *secret)
{
	struct priv_login m = { .kind = (uint8_t)kind, .uid = uid };
	struct priv_login_answer a;
	struct seqpkt_fds fds;
	struct priv_header h;
	struct buf b;

	snprintf(m.secret, sizeof(m.secret), "%s", secret);
	buf_init(&b, SEQPKT_MAX);
	priv_put_login(&b, rig_id(&s->rig), &m);
	rig_send(&s->rig, b.data, b.len);
	buf_done(&b);
	rig_answer(&s->rig, &b, &h, &fds);
	assert_true(priv_get_login_answer(&b, &a));
	buf_done(&b);
	if (a.result == PRIV_DONE)
		s->rig.login = a;
	return a.result;
}

void
rigops_enrol(struct rigops *s, unsigned person, int64_t expires,
    char text[RIGOPS_TEXT], uint8_t sum[PRIV_HASH_LEN])
{
	char why[PRIV_WHY_MAX + 1];
	enum priv_result result;

	rigops_token(s, text, sum);
	rigops_proof(s, person, sum, NULL);
	result = rig_enroll(&s->rig, s->who[person].uid, sum, expires, why);
	if (result != PRIV_DONE)
		print_message("enroll: %s\n", why);
	assert_int_equal(result, PRIV_DONE);
}

void
rigops_enter(struct rigops *s, unsigned person)
{
	char text[RIGOPS_TEXT];
	uint8_t sum[PRIV_HASH_LEN];

	rigops_enrol(s, person, 0, text, sum);
	assert_int_equal(rigops_login(s, PRIV_LOGIN_TOKEN, 0, text), PRIV_DONE);
	assert_int_equal(s->rig.login.uid, s->who[person].uid);
}

/* Takes what is left with [main], as that does, and keeps none of it. */
static void
take_parked(const struct rigops *s)
{
	char record[SEQPKT_MAX];

	while (recv(s->main, record, sizeof(record), MSG_DONTWAIT) > 0)
		;
}

enum priv_result
rigops_spawn(struct rigops *s)
{
	static const char *const argv[] = { "true", NULL };
	const struct rig_spawn run = { .argv = argv };
	struct rig_result res;
	struct priv_exit end;

	take_parked(s);
	rig_spawn(&s->rig, &run, &res);
	rig_close(&res);
	if (res.a.result != PRIV_DONE)
		return (enum priv_result)res.a.result;
	rig_exit(&s->rig, res.a.handle, &end);
	assert_int_equal(rig_ack(&s->rig, res.a.handle), PRIV_DONE);
	return PRIV_DONE;
}

void
rigops_control(struct rigops *s, unsigned person)
{
	static const char *const argv[] = { "id", "-u", NULL };
	const struct rig_spawn run = { .argv = argv };
	struct priv_exit end;
	char uid[16], out[64];

	rigops_enter(s, person);
	rig_run(&s->rig, &run, out, sizeof(out), &end);
	snprintf(uid, sizeof(uid), "%u\n", s->who[person].uid);
	assert_string_equal(out, uid);
}

void
rigops_work(const struct rigops *s, unsigned i, char path[256])
{
	snprintf(path, 256, "%s/work", s->who[i].home);
	(void)mkdir(path, 0700);
	assert_int_equal(chown(path, s->who[i].uid, s->who[i].gid), 0);
}

void
rigops_terminal(struct rigops *s, unsigned person, struct rig_result *res,
    char pts[64], char pid[16])
{
	static const char *const argv[] = { "cat", NULL };
	const struct rig_spawn run = { .argv = argv, .pty = true };

	rigops_enter(s, person);
	rig_spawn(&s->rig, &run, res);
	assert_int_equal(res->a.result, PRIV_DONE);
	assert_int_equal(ptsname_r(res->fds.fd[0], pts, 64), 0);
	snprintf(pid, 16, "%u", res->a.pid);
}

void
rigops_status(pid_t pid, const char *key, char out[128])
{
	const size_t len = strlen(key);
	char path[64], line[512];
	FILE *f;

	out[0] = '\0';
	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	f = fopen(path, "re");
	assert_non_null(f);
	while (fgets(line, sizeof(line), f) != NULL)
		if (strncmp(line, key, len) == 0 && line[len] == ':')
			snprintf(out, 128, "%.*s",
			    (int)strcspn(line + len + 2, "\n"), line + len + 2);
	(void)fclose(f);
	out[strcspn(out, " ")] = '\0';
}
