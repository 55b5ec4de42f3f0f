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
#include "tests/priv/rig.h"
#include "tests/unit/check.h"

static char tools[256];
static char picture[1 << 16];
static char golden[1 << 16];

/* Every `from` in the picture becomes `to`. */
static void
replace(const char *from, const char *to)
{
	const size_t nfrom = strlen(from), nto = strlen(to);
	char *p = picture;

	while (nfrom > 0 && (p = strstr(p, from)) != NULL) {
		assert_true(strlen(picture) + nto < sizeof(picture));
		memmove(p + nto, p + nfrom, strlen(p + nfrom) + 1);
		memcpy(p, to, nto);
		p += nto;
	}
}

/* The line that is exactly `name` and `value` is told by `to`. */
static void
replace_line(const char *name, const char *value, const char *to)
{
	char from[256], with[256];

	snprintf(from, sizeof(from), "%s%s\n", name, value);
	snprintf(with, sizeof(with), "%s%s\n", name, to);
	replace(from, with);
}

static void
own_bounding(char *out, size_t size)
{
	char line[128];
	FILE *f = fopen("/proc/self/status", "re");

	out[0] = '\0';
	while (fgets(line, sizeof(line), f) != NULL)
		if (strncmp(line, "CapBnd:\t", 8) == 0)
			snprintf(out, size, "%.*s",
			    (int)strcspn(line + 8, "\n"), line + 8);
	(void)fclose(f);
}

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
	replace("\r\n", "\n");
	own_bounding(text, sizeof(text));
	replace_line("CapBnd:\t", text, "inherited");
	/* Root's own shell is root's: exec gives back what C9 dropped. */
	replace_line("CapPrm:\t", text, "all");
	replace_line("CapEff:\t", text, "all");
	replace_line("CapBnd:\t", "0000000000000000", "empty");
	own_groups(text, sizeof(text));
	replace_line("groups", text, " own");
	snprintf(text, sizeof(text), "%u %u %u", getuid(), getuid(), getuid());
	replace_line("uid ", text, "own");
	snprintf(text, sizeof(text), "%u %u %u", getgid(), getgid(), getgid());
	replace_line("gid ", text, "own");
	snprintf(text, sizeof(text), "tty owner %u ", getuid());
	replace(text, "tty owner own ");
	/* What the group may do is for the mount of /dev/pts to say. */
	replace("own mode 620 ", "own mode 600 ");
	replace(r->base, "BASE");
	replace(r->dir, "DIR");
	replace_line("env HOME=", r->login.home, "~");
	replace_line("env USER=", r->login.user, "me");
	replace_line("env LOGNAME=", r->login.user, "me");
	replace_line("env SHELL=", r->login.shell, "sh");
	tmp = strstr(picture, "TMPDIR=/tmp/rdv-run-");
	if (tmp != NULL) {
		snprintf(text, sizeof(text), "%.19s", strchr(tmp, '=') + 1);
		replace(text, "TMP");
		/* And it is gone with the run. */
		assert_int_equal(access(text, F_OK), -1);
	}
}

static void
read_golden(const char *name)
{
	char path[512];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "%s/golden/%s%s.txt", tools, name,
	    getuid() == 0 ? "-root" : "");
	fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	n = read(fd, golden, sizeof(golden) - 1);
	assert_true(n >= 0);
	golden[n] = '\0';
	(void)close(fd);
}

static void
write_golden(const char *dir, const char *name)
{
	char path[512];
	int fd;

	snprintf(path, sizeof(path), "%s/%s%s.txt", dir, name,
	    getuid() == 0 ? "-root" : "");
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, picture, strlen(picture)), strlen(picture));
	(void)close(fd);
}

/* The first line that differs says more than two pages side by side. */
static void
compare(const char *name)
{
	const char *a = picture, *b = golden;
	const char *dir = getenv("RDV_GOLDEN");
	size_t na, nb;

	if (dir != NULL) {
		write_golden(dir, name);
		return;
	}
	read_golden(name);
	while (*a != '\0' || *b != '\0') {
		na = strcspn(a, "\n");
		nb = strcspn(b, "\n");
		if (na != nb || memcmp(a, b, na) != 0)
			fail_msg("%s: is \"%.*s\", golden \"%.*s\"", name,
			    (int)na, a, (int)nb, b);
		a += na + (a[na] == '\n');
		b += nb + (b[nb] == '\n');
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

/* A copy where the confined profiles may run it from. */
static void
put_program(const char *from, const char *path)
{
	static char bytes[1 << 16];
	int in = open(from, O_RDONLY | O_CLOEXEC);
	int out = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0700);
	ssize_t n;

	assert_true(in >= 0 && out >= 0);
	while ((n = read(in, bytes, sizeof(bytes))) > 0)
		assert_int_equal(write(out, bytes, (size_t)n), n);
	(void)close(in);
	(void)close(out);
}

/* Another terminal of the same user. */
static int
other_terminal(char *name, size_t size)
{
	int fd = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(unlockpt(fd), 0);
	assert_int_equal(ptsname_r(fd, name, size), 0);
	return fd;
}

#define ARGS 32

struct probe_args {
	char text[ARGS][400];
	const char *argv[ARGS + 1];
	int n;
};

static void
add(struct probe_args *p, const char *label, char mode, const char *what)
{
	assert_true(p->n < ARGS);
	snprintf(p->text[p->n], sizeof(p->text[0]), "%s=%c:%s", label, mode,
	    what);
	p->argv[p->n] = p->text[p->n];
	p->argv[++p->n] = NULL;
}

static void
picture_of(struct rig *r, const char *profile, bool pty)
{
	static struct probe_args p;
	char work[128], outside[256], path[300], pts[64], name[64], pid[16];
	const char *paths[] = { work, NULL };
	struct rig_spawn s = { .profile = profile, .argv = p.argv, .pty = pty };
	struct priv_exit end;
	int listener, terminal;

	memset(&p, 0, sizeof(p));
	snprintf(work, sizeof(work), "%s/work", r->dir);
	snprintf(outside, sizeof(outside), "%s/outside", r->dir);
	(void)mkdir(work, 0700);
	(void)mkdir(outside, 0700);
	snprintf(path, sizeof(path), "%s/actor", tools);
	snprintf(outside, sizeof(outside), "%s/actor", work);
	put_program(path, outside);
	snprintf(outside, sizeof(outside), "%s/outside", r->dir);
	listener = abstract_listener(name, sizeof(name));
	terminal = other_terminal(pts, sizeof(pts));
	snprintf(path, sizeof(path), "%s/probe", tools);
	snprintf(p.text[0], sizeof(p.text[0]), "%s/probe", work);
	put_program(path, p.text[0]);
	p.argv[0] = p.text[0];
	p.n = 1;
	add(&p, "list its path", 'l', work);
	add(&p, "create in its path", 'c', work);
	snprintf(path, sizeof(path), "%s/actor", work);
	snprintf(pid, sizeof(pid), "%d", getpid());
	add(&p, "run from its path", 'x', path);
	add(&p, "list outside", 'l', outside);
	add(&p, "create outside", 'c', outside);
	add(&p, "list home", 'l', r->dir);
	add(&p, "create in /tmp", 'c', "/tmp");
	add(&p, "list /tmp", 'l', "/tmp");
	snprintf(path, sizeof(path), "%s/server/lock", r->base);
	add(&p, "read rdv's lock", 'r', path);
	add(&p, "read /etc/passwd", 'r', "/etc/passwd");
	add(&p, "list /usr", 'l', "/usr");
	add(&p, "run /bin/sh", 'x', "/bin/sh");
	add(&p, "read /proc/self/status", 'r', "/proc/self/status");
	add(&p, "write /dev/null", 'w', "/dev/null");
	add(&p, "read /dev/urandom", 'r', "/dev/urandom");
	add(&p, "open another terminal", 'r', pts);
	add(&p, "open a new terminal", 'r', "/dev/ptmx");
	add(&p, "list /dev/shm", 'l', "/dev/shm");
	add(&p, "signal the test", 'k', pid);
	snprintf(path, sizeof(path), "/proc/%d/environ", getpid());
	add(&p, "read the test's environment", 'r', path);
	add(&p, "abstract socket outside", 'a', name);
	s.cwd = work;
	if (strcmp(profile, "login") != 0)
		s.paths = paths;
	rig_run(r, &s, picture, sizeof(picture), &end);
	assert_int_equal(end.status, 0);
	(void)close(listener);
	(void)close(terminal);
	normalise(r);
}

static void
check(const char *profile, const char *name, bool pty, const char *mutant)
{
	struct rig r;

	if (strcmp(profile, "login") != 0 && landlock_abi() < 6) {
		print_message("golden files are for Landlock 6 and later\n");
		skip();
	}
	rig_prepare(&r);
	/* The same limit everywhere, since the picture shows it. */
	r.nofile = 2048;
	rig_launch(&r, mutant);
	rig_daemon(&r);
	rig_ops(&r);
	rig_login(&r);
	picture_of(&r, profile, pty);
	rig_stop(&r);
	if (name != NULL)
		compare(name);
}

static int
find_tools(void **state)
{
	(void)state;
	rig_tools(tools, sizeof(tools));
	return 0;
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

/* git is its only program: the mutant lets the probe be it. */
static void
golden_git(void **state)
{
	(void)state;
	check("git", "git", false, "git-exe");
}

/* Each guard off once: the picture is another one. */
static void
golden_bites(void **state)
{
	(void)state;
	check("script", NULL, true, "landlock");
	assert_non_null(strstr(picture, "\ncreate outside: ok\n"));
	assert_non_null(strstr(picture, "\nopen another terminal: ok\n"));
	check("script", NULL, true, "seccomp");
	assert_non_null(strstr(picture, "\nSeccomp:\t0\n"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(golden_login),
		cmocka_unit_test(golden_script),
		cmocka_unit_test(golden_script_pipes),
		cmocka_unit_test(golden_git),
		cmocka_unit_test(golden_bites),
	};

	return cmocka_run_group_tests_name("probe", tests, find_tools, NULL);
}
