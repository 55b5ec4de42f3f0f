/* SPDX-License-Identifier: MIT */
/*
 * What namespaces add for a confined run: its own processes, terminals, shared
 * memory and temporary files, which the same account has others of outside. It
 * is shown from both sides: what is in there is not out here, nor the other way
 * round, and in there it works.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/seqpkt.h"
#include "security/nspace.h"
#include "tests/priv/rig.h"
#include "tests/priv/rigpic.h"
#include "tests/unit/check.h"

#define NOBODY 65534

static char out[1 << 16];

/* False where root has no namespaces; who else has none skips. */
static bool
begin(struct rig *r)
{
	rig_start(r, NULL);
	if ((r->hello.features & PRIV_F_USERNS) != 0)
		return true;
	rig_stop(r);
	print_message("no namespaces for this account, nothing to try\n");
	/* Root's is tried as another account, in the round after this one. */
	if (getuid() != 0)
		skip();
	return false;
}

static void
run(struct rig *r, bool pty, const char *text, const char *wanted)
{
	const struct rig_spawn s = {
		.profile = "script", .argv = SH(text), .pty = pty
	};
	struct priv_exit end;

	rig_run(r, &s, out, sizeof(out), &end);
	assert_string_equal(out, wanted);
	assert_int_equal(end.status, 0);
}

/* The reaper is the first, and takes no notice of what it gets from inside. */
static void
abuse_I18_processes(void **state)
{
	char text[256];
	struct rig r;

	(void)state;
	if (!begin(&r))
		return;
	run(&r, false, "cd /proc; echo [0-9]*; cat $$/comm 1/comm",
	    "1 2\nsh\nrdv-reaper\n");
	run(&r, false,
	    "kill -KILL 1 2>/dev/null; kill -TERM 1 2>/dev/null; "
	    "kill -STOP 1 2>/dev/null; echo lives",
	    "lives\n");
	snprintf(text, sizeof(text),
	    "cat /proc/1/environ /proc/1/maps 2>/dev/null | wc -c; "
	    "ls /proc/1/fd /proc/1/root 2>/dev/null | wc -l; "
	    "kill -0 %d 2>/dev/null || echo no",
	    getpid());
	run(&r, false, text, "0\n0\nno\n");
	rig_stop(&r);
}

/* True for a file of that name out here, which goes. */
static bool
found(const char *path)
{
	return unlink(path) == 0;
}

static void
abuse_I20_shared(void **state)
{
	char text[512], mine[64], its[64];
	static const char *const places[] = { "/tmp", "/dev/shm" };
	struct rig r;
	int fd;

	(void)state;
	if (!begin(&r))
		return;
	for (size_t i = 0; i < 2; i++) {
		snprintf(mine, sizeof(mine), "%s/mine-%d", places[i], getpid());
		snprintf(its, sizeof(its), "%s/its-%d", places[i], getpid());
		fd = open(mine, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
		assert_true(fd >= 0);
		(void)close(fd);
		snprintf(text, sizeof(text),
		    "test -e %s || echo hidden; test -e %s || echo new; "
		    "echo x >%s && cat %s",
		    mine, its, its, its);
		run(&r, false, text, "hidden\nnew\nx\n");
		assert_false(found(its));
		/* Nor is it the next run's. */
		run(&r, false, text, "hidden\nnew\nx\n");
		assert_true(found(mine));
	}
	rig_stop(&r);
}

/* The kernel keeps each in memory, and none is written to. */
static void
abuse_H04_inodes_of_shared_memory(void **state)
{
	struct rig r;

	(void)state;
	if (!begin(&r))
		return;
	run(&r, false,
	    "i=0; while true >/dev/shm/$i; do i=$((i + 1)); done 2>/dev/null; "
	    "test $i -gt 60000 && test $i -lt 65536 && echo bounded; "
	    "rm /dev/shm/0 && true >/dev/shm/again && echo room",
	    "bounded\nroom\n");
	/* The next run has all of its own. */
	run(&r, false, "true >/dev/shm/1 && echo room", "room\n");
	rig_stop(&r);
}

/* New ones are its own; what it was started on has a name, and is usable. */
static void
abuse_I19_terminals(void **state)
{
	char name[64], text[256];
	struct rig r;
	int other;

	(void)state;
	if (!begin(&r))
		return;
	other = picture_terminal(name, sizeof(name));
	snprintf(text, sizeof(text), "tty; test -e %s || echo none", name);
	run(&r, true, text, "/dev/console\r\nnone\r\n");
	run(&r, true, "echo hi >$(tty); stty size </dev/tty",
	    "hi\r\n24 80\r\n");
	if (access("/usr/bin/script", X_OK) == 0)
		run(&r, false,
		    "ls -1 /dev/pts; script -qc 'tty; ls -1 /dev/pts' "
		    "/dev/null | tr -d '\\r'",
		    "ptmx\n/dev/pts/0\n0\nptmx\n");
	(void)close(other);
	rig_stop(&r);
}

/* Whoever is to lend a network: does, cannot, or is gone. */
enum lender { LENDS, CANNOT, GONE };

static _Noreturn void
lend(int to, enum lender how)
{
	const int32_t word = EMFILE;

	if (how == LENDS)
		nspace_lend_network(to);
	else if (how == CANNOT)
		(void)seqpkt_send(to, &word, sizeof(word), NULL);
	_exit(0);
}

static ino_t
network(void)
{
	struct stat st;

	return stat("/proc/self/ns/net", &st) == 0 ? st.st_ino : 0;
}

static int
enter(const struct nspace *s, enum lender how)
{
	const struct nspace rest = { .view = s->view };
	const ino_t before = network();
	int ends[2] = { -1, -1 }, err, old;

	if (s->net && (seqpkt_pair(ends) != 0 || before == 0))
		return -EIO;
	if (s->net && fork() == 0)
		lend(ends[0], how);
	(void)close(ends[0]);
	/* After that: as a reaper, who lends has its own mounts. */
	if (syscall(SYS_unshare, nspace_flags(s)) < 0)
		return -errno;
	err = nspace_begin(s);
	if (err == 0)
		err = nspace_show(s, &old);
	if (err == 0)
		err = nspace_enter(&rest, old);
	if (err == 0 && s->net)
		err = nspace_join(ends[1]);
	return err == 0 && s->net && network() == before ? -ENOTUNIQ : err;
}

/* In a child: 0 when such a view comes about. */
static int
view_from(const struct nspace *s, enum lender how)
{
	const bool root = getuid() == 0;
	const struct nspace_ids ids = { .privileged = root,
		.uid = root ? NOBODY : getuid(),
		.gid = root ? NOBODY : getgid() };
	int err, status, go[2];
	pid_t pid = nspace_fork(&ids, go);

	if (pid == 0) {
		err = nspace_settle(&ids, go);
		if (err == 0 && root &&
		    (setresgid(NOBODY, NOBODY, NOBODY) < 0 ||
			setresuid(NOBODY, NOBODY, NOBODY) < 0))
			err = -errno;
		_exit(err != 0 ? 1 : -enter(s, how));
	}
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static int
view_of(const struct nspace *s)
{
	return view_from(s, LENDS);
}

static void
show(struct nspace *s, const char *from, const char *to, ino_t more)
{
	struct stat st;

	assert_int_equal(stat(from, &st), 0);
	s->mounts[s->n++] =
	    (struct nspace_mount){ .from = (char *)(uintptr_t)from,
		    .to = to + 1,
		    .dev = st.st_dev,
		    .ino = st.st_ino + more,
		    .directory = true };
}

/* With one directory so described. */
static int
view_with(const char *path, ino_t more)
{
	struct nspace s = { .view = NSPACE_ROOT };

	show(&s, path, path, more);
	return view_of(&s);
}

/* Who does not get the network that was to be its own stays in none. */
static void
abuse_I10_lent(void **state)
{
	const struct nspace s = { .view = NSPACE_ROOT, .net = true };
	struct rig r;

	(void)state;
	if (!begin(&r))
		return;
	rig_stop(&r);
	assert_int_equal(view_from(&s, LENDS), 0);
	assert_int_equal(view_from(&s, CANNOT), EMFILE);
	assert_int_equal(view_from(&s, GONE), ECONNABORTED);
}

/* Another directory of the same name is not shown in place of the judged. */
static void
abuse_I24_another(void **state)
{
	struct rig r;

	(void)state;
	if (getuid() != 0 && begin(&r))
		rig_stop(&r);
	assert_int_equal(view_with("/usr", 0), 0);
	assert_int_equal(view_with("/usr", 1), ESTALE);
}

/*
 * Another run that may write to a path puts a link where a place is to be made:
 * nothing is made where it leads, though the account might.
 */
static void
abuse_I24_link(void **state)
{
	char dir[] = "/tmp/rdv-spaces-XXXXXX", shared[64], out_there[64];
	char sub[80], name[80], linked[96], made[80];
	struct nspace s = { .view = NSPACE_ROOT }, control = s;

	(void)state;
	if (getuid() != 0 &&
	    nspace_probe(NSPACE_ROOT,
		&(struct nspace_ids){ .uid = getuid(), .gid = getgid() }) != 0)
		skip();
	assert_non_null(mkdtemp(dir));
	snprintf(shared, sizeof(shared), "%s/shared", dir);
	/* Not in /tmp, which is covered by then. */
	snprintf(out_there, sizeof(out_there), "/var/tmp/rdv-spaces-%d",
	    getpid());
	snprintf(sub, sizeof(sub), "%s/sub", shared);
	snprintf(name, sizeof(name), "%s/link", shared);
	snprintf(linked, sizeof(linked), "%s/made", name);
	snprintf(made, sizeof(made), "%s/made", out_there);
	assert_int_equal(mkdir(shared, 0777) | mkdir(out_there, 0777), 0);
	assert_int_equal(chmod(dir, 0755) | chmod(out_there, 0777), 0);
	assert_int_equal(chmod(shared, 0777) | mkdir(sub, 0777), 0);
	assert_int_equal(symlink(out_there, name), 0);
	show(&control, shared, shared, 0);
	show(&control, "/usr", sub, 0);
	assert_int_equal(view_of(&control), 0);
	show(&s, shared, shared, 0);
	show(&s, "/usr", linked, 0);
	assert_int_equal(view_of(&s), ENOTDIR);
	assert_int_not_equal(access(made, F_OK), 0);
	assert_int_equal(unlink(name) | rmdir(sub), 0);
	assert_int_equal(rmdir(shared) | rmdir(out_there) | rmdir(dir), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(abuse_I18_processes),
		cmocka_unit_test(abuse_I20_shared),
		cmocka_unit_test(abuse_H04_inodes_of_shared_memory),
		cmocka_unit_test(abuse_I19_terminals),
		cmocka_unit_test(abuse_I10_lent),
		cmocka_unit_test(abuse_I24_another),
		cmocka_unit_test(abuse_I24_link),
	};

	return CHECK_RUN("spaces", tests);
}
