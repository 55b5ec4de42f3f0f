/* SPDX-License-Identifier: MIT */
/*
 * System mode: whose each socket is at every moment (abuse C01, C03, C04), how
 * accounts come and go, and what each of the three processes may do.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/clock.h"
#include "tests/priv/rigsys.h"
#include "tests/unit/check.h"

#define NEEDS_ROOT                \
	if (!rigsys_possible()) { \
		skip();           \
		return;           \
	}

static char log_text[1 << 18];

static void
expect_dial(const struct rigsys *s, const char *name, uid_t uid, int want)
{
	char path[256];

	rigsys_path(s, path, name, "api.sock");
	assert_int_equal(rigsys_dial(path, uid), want);
	rigsys_path(s, path, name, "terminal.sock");
	assert_int_equal(rigsys_dial(path, uid), want);
}

static void
abuse_C01_own_socket_only(void **state)
{
	char path[256];
	struct rigsys s;

	(void)state;
	NEEDS_ROOT;
	rigsys_prepare(&s);
	rigsys_start(&s, NULL);
	expect_dial(&s, s.people[0], s.uids[0], 0);
	expect_dial(&s, s.people[1], s.uids[1], 0);
	expect_dial(&s, "web", s.web_uid, 0);
	expect_dial(&s, s.people[1], s.uids[0], -EACCES);
	expect_dial(&s, s.people[0], s.uids[1], -EACCES);
	expect_dial(&s, s.people[0], s.web_uid, -EACCES);
	expect_dial(&s, s.people[0], s.service, -EACCES);
	expect_dial(&s, "web", s.uids[0], -EACCES);
	/* Root is on the list, and nobody all the same. */
	expect_dial(&s, "root", s.uids[0], -ENOENT);
	/* Without the directory the socket still keeps others out. */
	rigsys_path(&s, path, s.people[0], NULL);
	assert_int_equal(chmod(path, 0755), 0);
	expect_dial(&s, s.people[0], s.uids[1], -EACCES);
	expect_dial(&s, s.people[0], s.uids[0], 0);
	rigsys_stop(&s);
}

/* What one look at the sockets may find, by the name of the directory. */
struct watch {
	unsigned looks, sockets, wrong;
	bool enough;
};

static uid_t
owner_of(const struct rigsys *s, const char *name)
{
	unsigned i;

	for (i = 0; i < RIGSYS_PEOPLE; i++)
		if (strcmp(name, s->people[i]) == 0)
			return s->uids[i];
	return strcmp(name, "web") == 0 ? s->web_uid : 0;
}

/* Names go while we look; what is there must be right. */
static void
look_at(const struct rigsys *s, const char *name, struct watch *w)
{
	static const char *const files[] = { "api.sock", "terminal.sock" };
	const uid_t owner = owner_of(s, name);
	char path[256];
	struct stat st;
	unsigned i;

	rigsys_path(s, path, name, NULL);
	if (lstat(path, &st) == 0 &&
	    (!S_ISDIR(st.st_mode) || (st.st_mode & 07777) != 0700 ||
		(st.st_uid != 0 && st.st_uid != owner)))
		w->wrong++;
	for (i = 0; i < 2; i++) {
		rigsys_path(s, path, name, files[i]);
		if (lstat(path, &st) < 0)
			continue;
		w->sockets++;
		if (!S_ISSOCK(st.st_mode) || (st.st_mode & 07777) != 0600 ||
		    st.st_uid != owner)
			w->wrong++;
	}
}

static void
look(const struct rigsys *s, struct watch *w)
{
	char path[256];
	const struct dirent *e;
	DIR *d;

	rigsys_path(s, path, NULL, NULL);
	d = opendir(path);
	while (d != NULL && (e = readdir(d)) != NULL)
		if (e->d_name[0] != '.')
			look_at(s, e->d_name, w);
	if (d != NULL)
		(void)closedir(d);
	w->looks++;
}

/* Starts one that looks without a pause, from before there is anything. */
static pid_t
watch_start(const struct rigsys *s, struct watch **out)
{
	struct watch *w = mmap(NULL, sizeof(*w), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int64_t deadline = rig_deadline();
	pid_t pid;

	assert_true(w != MAP_FAILED);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		while (!__atomic_load_n(&w->enough, __ATOMIC_RELAXED) &&
		       clock_mono_ms() < deadline)
			look(s, w);
		_exit(0);
	}
	*out = w;
	return pid;
}

static struct watch
watch_end(struct watch *w, pid_t pid)
{
	struct watch seen;
	int status;

	__atomic_store_n(&w->enough, true, __ATOMIC_RELAXED);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	seen = *w;
	(void)munmap(w, sizeof(*w));
	return seen;
}

/* Watched while all start and one comes and goes. */
static struct watch
watched(const char *mutant, unsigned rounds)
{
	struct rigsys_word word;
	struct rigsys s;
	struct watch *w;
	unsigned i;
	pid_t pid;

	rigsys_prepare(&s);
	pid = watch_start(&s, &w);
	rigsys_start(&s, mutant);
	for (i = 0; i < rounds; i++) {
		rigsys_member(&s, 1, false);
		rigsys_word(&s, &word);
		assert_int_equal(word.what, CTL_UNLISTEN);
		rigsys_member(&s, 1, true);
		rigsys_expect_listen(&s, s.uids[1], false);
	}
	while (__atomic_load_n(&w->looks, __ATOMIC_RELAXED) < 50)
		assert_int_equal(waitpid(pid, NULL, WNOHANG), 0);
	rigsys_stop(&s);
	return watch_end(w, pid);
}

static void
abuse_C04_owner_and_mode_at_every_moment(void **state)
{
	struct watch seen;

	(void)state;
	NEEDS_ROOT;
	seen = watched(NULL, 6);
	assert_true(seen.sockets > 0);
	assert_int_equal(seen.wrong, 0);
	/* It bites: born too wide, or born as root's. */
	assert_true(watched("C04", 0).wrong > 0);
	assert_true(watched("C04-owner", 0).wrong > 0);
}

static void
test_accounts_come_and_go(void **state)
{
	char path[256];
	struct rigsys_word w;
	struct rigsys s;
	struct stat st;

	(void)state;
	NEEDS_ROOT;
	rigsys_prepare(&s);
	rigsys_start(&s, NULL);
	rigsys_member(&s, 0, false);
	rigsys_word(&s, &w);
	assert_int_equal(w.what, CTL_UNLISTEN);
	assert_int_equal(w.unlisten.uid, s.uids[0]);
	assert_int_equal(w.fd, -1);
	expect_dial(&s, s.people[0], s.uids[0], -ENOENT);
	rigsys_path(&s, path, s.people[0], NULL);
	assert_int_equal(lstat(path, &st), -1);
	expect_dial(&s, s.people[1], s.uids[1], 0);
	rigsys_member(&s, 0, true);
	rigsys_expect_listen(&s, s.uids[0], false);
	expect_dial(&s, s.people[0], s.uids[0], 0);
	/* Whoever removed the own socket gets it back. */
	rigsys_path(&s, path, s.people[1], "api.sock");
	assert_int_equal(unlink(path), 0);
	rigsys_reload(&s);
	rigsys_word(&s, &w);
	assert_int_equal(w.what, CTL_UNLISTEN);
	assert_int_equal(w.unlisten.uid, s.uids[1]);
	rigsys_expect_listen(&s, s.uids[1], false);
	expect_dial(&s, s.people[1], s.uids[1], 0);
	rigsys_stop(&s);
}

/* A new rdvd knows nobody, so it is told of all of them again. */
static void
test_a_new_daemon_is_told_all(void **state)
{
	struct rigsys_word w;
	struct rigsys s;

	(void)state;
	NEEDS_ROOT;
	rigsys_prepare(&s);
	rigsys_start(&s, NULL);
	rig_kill_daemon(&s.rig);
	rigsys_daemon(&s);
	rigsys_word(&s, &w);
	assert_int_equal(w.what, CTL_SERVICE);
	(void)close(w.fd);
	rigsys_expect_listen(&s, s.web_uid, true);
	rigsys_expect_listen(&s, s.uids[0], false);
	rigsys_expect_listen(&s, s.uids[1], false);
	expect_dial(&s, s.people[0], s.uids[0], 0);
	rigsys_stop(&s);
}

static void
expect_status(pid_t pid, const char *key, const char *want)
{
	char value[128];

	rigsys_status(pid, key, value);
	assert_string_equal(value, want);
}

static pid_t
ops_of(const struct rigsys *s)
{
	const char *p;

	rig_log(&s->rig, log_text, sizeof(log_text));
	p = strstr(log_text, "started [ops] pid=");
	assert_non_null(p);
	return (pid_t)strtol(strchr(p, '=') + 1, NULL, 10);
}

#define NO_CAPS "0000000000000000"

/* CHOWN 0, KILL 5, SETGID 6, SETUID 7, SETPCAP 8 in a mask. */
static void
abuse_E12_what_each_may_do(void **state)
{
	char ids[64];
	struct rigsys s;
	pid_t ops;

	(void)state;
	NEEDS_ROOT;
	rigsys_prepare(&s);
	rigsys_start(&s, NULL);
	(void)snprintf(ids, sizeof(ids), "%u\t%u\t%u\t%u", s.service, s.service,
	    s.service, s.service);
	expect_status(s.rig.daemon, "Uid", ids);
	expect_status(s.rig.daemon, "Groups", "");
	expect_status(s.rig.daemon, "CapEff", NO_CAPS);
	expect_status(s.rig.daemon, "CapPrm", NO_CAPS);
	expect_status(s.rig.daemon, "CapInh", NO_CAPS);
	expect_status(s.rig.daemon, "CapBnd", NO_CAPS);
	expect_status(s.rig.daemon, "CapAmb", NO_CAPS);
	expect_status(s.rig.daemon, "NoNewPrivs", "1");
	/* Its descriptors: [main]'s word, and the lock. */
	assert_non_null(strstr(s.rig.told, "\nfds 0 1 2 3 7\n"));
	assert_non_null(strstr(s.rig.told, "\n--control-fd\n3\n--system\n"));
	ops = ops_of(&s);
	/* Before it says anything it has given up the rest. */
	rig_expect_log(&s.rig, "proc=rdv-ops");
	expect_status(ops, "CapEff", "00000000000001e0");
	expect_status(ops, "CapPrm", "00000000000001e0");
	expect_status(ops, "CapInh", NO_CAPS);
	expect_status(ops, "Groups", "");
	expect_status(s.rig.helper, "CapEff", "00000000000001e1");
	expect_status(s.rig.helper, "CapPrm", "00000000000001e1");
	expect_status(s.rig.helper, "Groups", "");
	rigsys_stop(&s);
	/* It bites: root's groups would come along. */
	rigsys_prepare(&s);
	assert_int_equal(setgroups(1, &(gid_t){ 1 }), 0);
	rigsys_launch(&s, "E12-groups");
	rigsys_daemon(&s);
	expect_status(s.rig.daemon, "Groups", "1");
	assert_int_equal(setgroups(0, NULL), 0);
	rigsys_cleanup(&s);
}

static void
expect_refused(struct rigsys *s, const char *text)
{
	int status;

	rigsys_launch(s, NULL);
	status = rig_wait(&s->rig);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 77);
	rig_expect_log(&s->rig, text);
}

/* Nobody else may own or open a directory of rdv's, or one above it. */
static void
abuse_C03_places_of_others(void **state)
{
	char run[256], up[256];
	struct rigsys s;

	(void)state;
	NEEDS_ROOT;
	rigsys_prepare(&s);
	(void)snprintf(up, sizeof(up), "%s/run", s.rig.dir);
	rigsys_path(&s, run, NULL, NULL);
	assert_int_equal(mkdir(up, 0755), 0);
	assert_int_equal(symlink("/tmp", run), 0);
	expect_refused(&s, "run/rdv: ");
	assert_int_equal(unlink(run), 0);
	assert_int_equal(mkdir(run, 0755), 0);
	assert_int_equal(chown(run, s.uids[0], 0), 0);
	expect_refused(&s, "run/rdv: Operation not permitted");
	assert_int_equal(chown(run, 0, 0), 0);
	assert_int_equal(chmod(run, 0777), 0);
	expect_refused(&s, "run/rdv: Operation not permitted");
	assert_int_equal(chmod(run, 0755), 0);
	assert_int_equal(chmod(up, 0777), 0);
	expect_refused(&s, "run/rdv: Operation not permitted");
	/* Positive control: the same, put right. */
	assert_int_equal(chmod(up, 0755), 0);
	rigsys_start(&s, NULL);
	rigsys_stop(&s);
}

/* One account's trap costs that account its sockets and nobody anything. */
static void
trapped(struct rigsys *s, const char *what)
{
	char path[256], target[256];
	struct rigsys_word w;
	struct stat st;

	rigsys_path(s, path, s->people[0], NULL);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(chown(path, s->uids[0], s->uids[0]), 0);
	rigsys_path(s, path, s->people[0], "api.sock");
	(void)snprintf(target, sizeof(target), "%s/target", s->rig.dir);
	if (strcmp(what, "link") == 0)
		assert_int_equal(symlink(target, path), 0);
	else
		assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(lchown(path, s->uids[0], s->uids[0]), 0);
	rigsys_launch(s, NULL);
	rigsys_daemon(s);
	rigsys_word(s, &w);
	(void)close(w.fd);
	rigsys_expect_listen(s, s->web_uid, true);
	rigsys_expect_listen(s, s->uids[1], false);
	rig_expect_log(&s->rig, "no sockets for");
	assert_int_equal(lstat(target, &st), -1);
	assert_int_equal(lstat(path, &st), 0);
	assert_false(S_ISSOCK(st.st_mode));
	expect_dial(s, s->people[1], s->uids[1], 0);
	/* What lies in an account's directory is not [main]'s to remove. */
	rigsys_stop(s);
}

static void
abuse_C03_traps_in_own_directory(void **state)
{
	static const char *const kinds[] = { "link", "directory" };
	char run[256];
	struct rigsys s;
	size_t i;

	(void)state;
	NEEDS_ROOT;
	for (i = 0; i < 2; i++) {
		rigsys_prepare(&s);
		(void)snprintf(run, sizeof(run), "%s/run", s.rig.dir);
		assert_int_equal(mkdir(run, 0755), 0);
		rigsys_path(&s, run, NULL, NULL);
		assert_int_equal(mkdir(run, 0755), 0);
		trapped(&s, kinds[i]);
	}
}

/* A directory of that name, made by somebody else before. */
static void
abuse_C03_directory_of_another(void **state)
{
	char path[256];
	struct rigsys_word w;
	struct rigsys s;

	(void)state;
	NEEDS_ROOT;
	rigsys_prepare(&s);
	(void)snprintf(path, sizeof(path), "%s/run", s.rig.dir);
	assert_int_equal(mkdir(path, 0755), 0);
	rigsys_path(&s, path, NULL, NULL);
	assert_int_equal(mkdir(path, 0755), 0);
	rigsys_path(&s, path, s.people[0], NULL);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(chown(path, s.uids[1], s.uids[1]), 0);
	rigsys_launch(&s, NULL);
	rigsys_daemon(&s);
	rigsys_word(&s, &w);
	(void)close(w.fd);
	rigsys_expect_listen(&s, s.web_uid, true);
	rigsys_expect_listen(&s, s.uids[1], false);
	rig_expect_log(&s.rig, "is there already");
	/* Put right, it is made at the next reload. */
	assert_int_equal(chown(path, s.uids[0], s.uids[0]), 0);
	rigsys_reload(&s);
	rig_ops(&s.rig);
	rigsys_expect_listen(&s, s.uids[0], false);
	expect_dial(&s, s.people[0], s.uids[0], 0);
	rigsys_stop(&s);
}

static void
abuse_C05_one_instance(void **state)
{
	struct rigsys s, other;

	(void)state;
	NEEDS_ROOT;
	rigsys_prepare(&s);
	rigsys_start(&s, NULL);
	other = s;
	expect_refused(&other, "another rdv runs");
	expect_dial(&s, s.people[0], s.uids[0], 0);
	rigsys_stop(&s);
}

static void
test_needs_root(void **state)
{
	char tools[256], program[300];
	int status;
	pid_t pid;

	(void)state;
	rig_tools(tools, sizeof(tools));
	(void)snprintf(program, sizeof(program), "%s/real/rdv-helper", tools);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		if (geteuid() == 0 && setresuid(65534, 65534, 65534) < 0)
			_exit(1);
		execl(program, "rdv-helper", "--system", "--root", "/tmp",
		    (char *)NULL);
		_exit(126);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(WEXITSTATUS(status), 77);
}

/* Changing ids takes the signal of a parent's death away; it is set again. */
static void
test_ends_with_its_parent(void **state)
{
	struct rigsys s;
	int64_t deadline;
	pid_t parent;
	pid_t *helper = mmap(NULL, sizeof(*helper), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	(void)state;
	NEEDS_ROOT;
	rigsys_prepare(&s);
	parent = fork();
	assert_true(parent >= 0);
	if (parent == 0) {
		rigsys_launch(&s, NULL);
		*helper = s.rig.helper;
		(void)pause();
		_exit(0);
	}
	rigsys_daemon(&s);
	rig_expect_log(&s.rig, "open user=");
	assert_int_equal(kill(parent, SIGKILL), 0);
	assert_int_equal(waitpid(parent, NULL, 0), parent);
	deadline = rig_deadline();
	while (kill(*helper, 0) == 0)
		assert_false(rig_late(deadline));
	rigsys_cleanup(&s);
	(void)munmap(helper, sizeof(*helper));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(abuse_C01_own_socket_only),
		cmocka_unit_test(abuse_C04_owner_and_mode_at_every_moment),
		cmocka_unit_test(test_accounts_come_and_go),
		cmocka_unit_test(test_a_new_daemon_is_told_all),
		cmocka_unit_test(abuse_E12_what_each_may_do),
		cmocka_unit_test(abuse_C03_places_of_others),
		cmocka_unit_test(abuse_C03_traps_in_own_directory),
		cmocka_unit_test(abuse_C03_directory_of_another),
		cmocka_unit_test(abuse_C05_one_instance),
		cmocka_unit_test(test_ends_with_its_parent),
		cmocka_unit_test(test_needs_root),
	};

	return CHECK_RUN("system", tests);
}
