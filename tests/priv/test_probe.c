/* SPDX-License-Identifier: MIT */
/*
 * The golden picture of a child: the probe is spawned under each profile, what
 * differs from run to run is replaced by names, and the rest has to be what
 * tests/priv/golden/PROFILE.txt says, or PROFILE-root.txt under root. To accept
 * a change on purpose, set RDV_GOLDEN to a directory: the pictures are written
 * there instead.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "security/landlock.h"
#include "security/profile.h"
#include "tests/priv/rig.h"
#include "tests/priv/rigactor.h"
#include "tests/priv/rigpic.h"
#include "tests/unit/check.h"

static void
own_groups(char *out, size_t size)
{
	gid_t groups[64];
	int n = getgroups(64, groups), i;
	size_t used = 0;

	out[0] = '\0';
	for (i = 0; i < n; i++)
		used +=
		    (size_t)snprintf(out + used, size - used, " %u", groups[i]);
}

static void
normalise(const struct rig *r)
{
	char text[512], *tmp;

	/* A terminal writes \r\n. */
	picture_replace("\r\n", "\n");
	picture_bounding(text, sizeof(text));
	picture_replace_line("CapBnd:\t", text, "inherited");
	/* Root's own shell is root's: exec gives back what C9 dropped. */
	picture_replace_line("CapPrm:\t", text, "all");
	picture_replace_line("CapEff:\t", text, "all");
	picture_replace_line("CapBnd:\t", "0000000000000000", "empty");
	own_groups(text, sizeof(text));
	picture_replace_line("groups", text, " own");
	snprintf(text, sizeof(text), "%u %u %u", getuid(), getuid(), getuid());
	picture_replace_line("uid ", text, "own");
	snprintf(text, sizeof(text), "%u %u %u", getgid(), getgid(), getgid());
	picture_replace_line("gid ", text, "own");
	snprintf(text, sizeof(text), "tty owner %u ", getuid());
	picture_replace(text, "tty owner own ");
	/* What the group may do is for the mount of /dev/pts to say. */
	picture_replace("own mode 620 ", "own mode 600 ");
	picture_replace(r->base, "BASE");
	picture_replace(r->dir, "DIR");
	picture_replace_line("env HOME=", r->login.home, "~");
	picture_replace_line("env USER=", r->login.user, "me");
	picture_replace_line("env LOGNAME=", r->login.user, "me");
	picture_replace_line("env SHELL=", r->login.shell, "sh");
	tmp = strstr(picture, "TMPDIR=/tmp/rdv-run-");
	if (tmp != NULL) {
		snprintf(text, sizeof(text), "%.29s", strchr(tmp, '=') + 1);
		picture_replace(text, "TMP");
		/* And it is gone with the run. */
		assert_int_equal(access(text, F_OK), -1);
	}
}

/* An abstract name outside; what is bound to it is the test's. */
static int
abstract_listener(char *name, size_t size)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(name, size, "rdv-probe-%d", getpid());
	snprintf(sun.sun_path + 1, sizeof(sun.sun_path) - 1, "%s", name);
	assert_int_equal(bind(fd, (struct sockaddr *)&sun, sizeof(sun)), 0);
	assert_int_equal(listen(fd, 8), 0);
	return fd;
}

static void
picture_of(struct rig *r, const char *profile, bool pty, uint8_t net)
{
	static struct picture_args p;
	char work[128], outside[256], path[300], pts[64], name[64], pid[16];
	const char *paths[] = { work, NULL };
	struct rig_spawn s = {
		.profile = profile, .argv = p.argv, .pty = pty, .net = net
	};
	struct priv_exit end;
	int listener, terminal;

	memset(&p, 0, sizeof(p));
	snprintf(work, sizeof(work), "%s/work", r->dir);
	snprintf(outside, sizeof(outside), "%s/outside", r->dir);
	(void)mkdir(work, 0700);
	(void)mkdir(outside, 0700);
	snprintf(outside, sizeof(outside), "%s/actor", work);
	picture_program(actor, outside);
	snprintf(outside, sizeof(outside), "%s/outside", r->dir);
	listener = abstract_listener(name, sizeof(name));
	terminal = picture_terminal(pts, sizeof(pts));
	snprintf(path, sizeof(path), "%.280s/probe", tools);
	snprintf(p.text[0], sizeof(p.text[0]), "%s/probe", work);
	picture_program(path, p.text[0]);
	p.argv[0] = p.text[0];
	p.n = 1;
	picture_add(&p, "list its path", 'l', work);
	picture_add(&p, "create in its path", 'c', work);
	snprintf(path, sizeof(path), "%s/actor", work);
	snprintf(pid, sizeof(pid), "%d", getpid());
	picture_add(&p, "run from its path", 'x', path);
	picture_add(&p, "list outside", 'l', outside);
	picture_add(&p, "create outside", 'c', outside);
	picture_add(&p, "list above its path", 'l', r->dir);
	picture_add(&p, "create in /tmp", 'c', "/tmp");
	picture_add(&p, "list /tmp", 'l', "/tmp");
	snprintf(path, sizeof(path), "%s/server/lock", r->base);
	picture_add(&p, "read rdv's lock", 'r', path);
	picture_add(&p, "read /etc/passwd", 'r', "/etc/passwd");
	picture_add(&p, "list /usr", 'l', "/usr");
	picture_add(&p, "run /bin/sh", 'x', "/bin/sh");
	picture_add(&p, "read /proc/self/status", 'r', "/proc/self/status");
	picture_add(&p, "write /dev/null", 'w', "/dev/null");
	picture_add(&p, "read /dev/urandom", 'r', "/dev/urandom");
	picture_add(&p, "open another terminal", 'r', pts);
	picture_add(&p, "open a new terminal", 'r', "/dev/ptmx");
	picture_add(&p, "list /dev/shm", 'l', "/dev/shm");
	picture_add(&p, "signal the test", 'k', pid);
	snprintf(path, sizeof(path), "/proc/%d/environ", getpid());
	picture_add(&p, "read the test's environment", 'r', path);
	picture_add(&p, "abstract socket outside", 'a', name);
	s.cwd = work;
	if (strcmp(profile, "login") != 0)
		s.paths = paths;
	rig_run(r, &s, picture, PICTURE_MAX, &end);
	assert_int_equal(end.status, 0);
	(void)close(listener);
	(void)close(terminal);
	normalise(r);
}

/*
 * It has the host's processes and file systems before it, where others have
 * their own.
 */
static bool
shares(const struct rig *r, const char *profile)
{
	return profiles[profile_find(profile)].view != NSPACE_NONE &&
	       (r->hello.features & PRIV_F_USERNS) == 0;
}

static void
check_with(const char *profile, const char *name, bool pty, const char *mutant,
    uint8_t net)
{
	char page[64];
	struct rig r;

	if (strcmp(profile, "login") != 0 && landlock_abi() < 6) {
		print_message("golden files are for Landlock 6 and later\n");
		skip();
	}
	/* Not below /tmp, which a run may have of its own. */
	rig_prepare_in(&r, "/var/tmp");
	/* The same limit everywhere, since the picture shows it. */
	r.nofile = 2048;
	rig_launch(&r, mutant);
	rig_daemon(&r);
	rig_ops(&r);
	rig_login(&r);
	snprintf(page, sizeof(page), "%s%s", name != NULL ? name : "",
	    shares(&r, profile) ? "-shared" : "");
	picture_of(&r, profile, pty, net);
	rig_stop(&r);
	if (name != NULL)
		picture_compare(page);
}

static void
check(const char *profile, const char *name, bool pty, const char *mutant)
{
	check_with(profile, name, pty, mutant, PRIV_NET_PROFILE);
}

static void
golden_login(void **state)
{
	(void)state;
	check("login", "login", true, NULL);
}

static void
golden_script(void **state)
{
	(void)state;
	check("script", "script", true, NULL);
}

static void
golden_script_pipes(void **state)
{
	(void)state;
	check("script", "script-pipes", false, NULL);
}

static void
golden_agent(void **state)
{
	(void)state;
	check("agent", "agent", true, NULL);
}

static void
golden_lsp(void **state)
{
	(void)state;
	check("lsp", "lsp", false, NULL);
}

/* A host without user namespaces: the same promises, but for what is new. */
static void
golden_without_namespaces(void **state)
{
	(void)state;
	check("script", "script", true, "no userns");
	check("script", "script-pipes", false, "no userns");
	check("agent", "agent", true, "no userns");
	check("lsp", "lsp", false, "no userns");
}

/* The oldest Landlock, with namespaces and without. */
static void
golden_landlock_1(void **state)
{
	(void)state;
	check("script", "script-landlock1", true, "landlock 1");
	check("script", "script-landlock1", true, "landlock 1+no userns");
	check("agent", "agent-landlock1", true, "landlock 1");
	check("agent", "agent-landlock1", true, "landlock 1+no userns");
	check("lsp", "lsp-landlock1", false, "landlock 1");
	check("lsp", "lsp-landlock1", false, "landlock 1+no userns");
	check("git", "git-landlock1", false, "git-exe+landlock 1");
	check("push", "push-landlock1", false, "git-exe+landlock 1");
	check("push", "push-landlock1", false, "git-exe+landlock 1+no userns");
}

/* Without a cgroup rlimits bound it; what it may touch is the same. */
static void
golden_without_cgroups(void **state)
{
	(void)state;
	check("script", "script", true, "cgroup");
	check("agent", "agent", true, "cgroup");
	check("agent", "agent", true, "cgroup+no userns");
	check("lsp", "lsp", false, "cgroup");
}

/* git is its only program: the mutant lets the probe be it. */
static void
golden_git(void **state)
{
	(void)state;
	check("git", "git", false, "git-exe");
}

/* The same of rdv-push. */
static void
golden_push(void **state)
{
	(void)state;
	check("push", "push", false, "git-exe");
	check("push", "push", false, "git-exe+no userns");
}

static void
offline(const char *profile, const char *name, const char *mutant)
{
	char off[64];

	check_with(profile, name, false, mutant, PRIV_NET_NONE);
	snprintf(off, sizeof(off), "%s+no userns", mutant);
	check_with(profile, name, false, off, PRIV_NET_NONE);
}

/* Without the network that a profile may have, another filter holds it. */
static void
golden_offline(void **state)
{
	(void)state;
	offline("script", "script-none", "nothing");
	offline("agent", "agent-none", "nothing");
	offline("push", "push-none", "git-exe");
}

/* Each guard off once: the picture is another one. */
static void
golden_bites(void **state)
{
	(void)state;
	check("script", NULL, true, "landlock+no userns");
	assert_non_null(strstr(picture, "\ncreate outside: ok\n"));
	assert_non_null(strstr(picture, "\nopen another terminal: ok\n"));
	check("script", NULL, true, "seccomp+no userns");
	assert_non_null(strstr(picture, "\nSeccomp:\t0\n"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(golden_login),
		cmocka_unit_test(golden_script),
		cmocka_unit_test(golden_script_pipes),
		cmocka_unit_test(golden_agent),
		cmocka_unit_test(golden_lsp),
		cmocka_unit_test(golden_without_namespaces),
		cmocka_unit_test(golden_landlock_1),
		cmocka_unit_test(golden_without_cgroups),
		cmocka_unit_test(golden_git),
		cmocka_unit_test(golden_push),
		cmocka_unit_test(golden_offline),
		cmocka_unit_test(golden_bites),
	};

	return cmocka_run_group_tests_name("probe", tests, find_tools, NULL);
}
