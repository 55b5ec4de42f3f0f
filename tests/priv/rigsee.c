/* SPDX-License-Identifier: MIT */
/*
 * What the tests see of a run: its output to the end, its processes, and what
 * the helper said of it. Every wait has a deadline.
 */
#include "tests/priv/rig.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/check.h"

size_t
rig_read_all(int fd, char *out, size_t size)
{
	char sink[4096];
	size_t used = 0;
	ssize_t n;

	for (;;) {
		assert_true(rig_readable(fd));
		if (used + 1 < size)
			n = read(fd, out + used, size - 1 - used);
		else
			n = read(fd, sink, sizeof(sink));
		if (n < 0 && errno == EAGAIN)
			continue;
		if (n <= 0)
			break;
		if (used + 1 < size)
			used += (size_t)n;
	}
	/* The slave's last close shows as EIO at the master. */
	assert_true(n == 0 || errno == EIO);
	out[used] = '\0';
	return used;
}

void
rig_run(struct rig *r, const struct rig_spawn *s, char *out, size_t size,
    struct priv_exit *end)
{
	struct rig_result res;

	rig_spawn(r, s, &res);
	if (res.a.result != PRIV_DONE)
		print_message("spawn: %s: %s\n", priv_result_name(res.a.result),
		    res.a.why);
	assert_int_equal(res.a.result, PRIV_DONE);
	/* Its page, when it has a list; nobody here asks for it. */
	if (res.fds.n == 4)
		(void)close(res.fds.fd[3]);
	if (!s->pty) {
		(void)close(res.fds.fd[0]);
		res.fds.fd[0] = res.fds.fd[2];
		res.fds.n = 2;
	}
	(void)rig_read_all(res.fds.fd[s->pty ? 0 : 1], out, size);
	rig_exit(r, res.a.handle, end);
	assert_int_equal(rig_ack(r, res.a.handle), PRIV_DONE);
	rig_close(&res);
}

bool
rig_closed(int fd)
{
	char byte[512];
	ssize_t n;

	do {
		assert_true(rig_readable(fd));
		n = read(fd, byte, sizeof(byte));
	} while (n > 0);
	return n == 0 || errno == ECONNRESET;
}

void
rig_expect_log(const struct rig *r, const char *text)
{
	static char log[1 << 20];
	int64_t deadline = rig_deadline();

	for (;;) {
		rig_log(r, log, sizeof(log));
		if (strstr(log, text) != NULL)
			return;
		if (rig_late(deadline)) {
			print_message("%s", log);
			fail_msg("log without \"%s\"", text);
		}
	}
}

bool
rig_alive(pid_t pid)
{
	return kill(pid, 0) == 0 || errno == EPERM;
}

void
rig_gone(pid_t pid)
{
	int64_t deadline = rig_deadline();

	while (rig_alive(pid))
		assert_false(rig_late(deadline));
}

pid_t
rig_parent(pid_t pid)
{
	char path[64], text[512] = "";
	const char *p;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	n = read(fd, text, sizeof(text) - 1);
	(void)close(fd);
	assert_true(n > 0);
	p = strrchr(text, ')');
	return (pid_t)strtol(p + 4, NULL, 10);
}

/* Its PID namespace as the kernel names it. */
static void
space_of(const char *pid, char out[64])
{
	char path[64];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%.20s/ns/pid", pid);
	n = readlink(path, out, 63);
	out[n > 0 ? n : 0] = '\0';
}

/* The last number of NSpid, or 0. */
static pid_t
number_inside(const char *pid)
{
	char path[64], line[256];
	pid_t number = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%.20s/status", pid);
	f = fopen(path, "re");
	while (f != NULL && fgets(line, sizeof(line), f) != NULL)
		if (strncmp(line, "NSpid:", 6) == 0)
			number = (pid_t)strtol(strrchr(line, '\t'), NULL, 10);
	if (f != NULL)
		(void)fclose(f);
	return number;
}

pid_t
rig_outside(pid_t run, pid_t inside)
{
	char pid[16], ours[64], its[64], space[64];
	const struct dirent *e;
	pid_t found = 0;
	DIR *d;

	snprintf(pid, sizeof(pid), "%d", run);
	space_of("self", ours);
	space_of(pid, its);
	assert_true(its[0] != '\0');
	if (strcmp(ours, its) == 0)
		return inside;
	d = opendir("/proc");
	while (found == 0 && (e = readdir(d)) != NULL) {
		space_of(e->d_name, space);
		if (strcmp(space, its) == 0 &&
		    number_inside(e->d_name) == inside)
			found = (pid_t)strtol(e->d_name, NULL, 10);
	}
	(void)closedir(d);
	assert_true(found > 0);
	return found;
}

void
rig_tmpdir(pid_t run, const char *inside, char out[64])
{
	const struct dirent *e;
	struct stat its, st;
	char path[64];
	DIR *d;

	snprintf(out, 64, "%.63s", inside);
	if (strcmp(inside, "/tmp") != 0)
		return;
	snprintf(path, sizeof(path), "/proc/%d/%s%s", run, "root", inside);
	assert_int_equal(stat(path, &its), 0);
	d = opendir("/tmp");
	while ((e = readdir(d)) != NULL) {
		snprintf(path, sizeof(path), "/tmp/%.40s", e->d_name);
		if (lstat(path, &st) == 0 && st.st_ino == its.st_ino &&
		    st.st_dev == its.st_dev)
			snprintf(out, 64, "%s", path);
	}
	(void)closedir(d);
	assert_memory_equal(out, "/tmp/rdv-run-", 13);
}

bool
rig_refused(const char *name)
{
	static const char *const names[] = { "EACCES", "EPERM", "ENOENT",
		"ESRCH" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strncmp(name, names[i], strlen(names[i])) == 0)
			return true;
	return false;
}

pid_t
rig_read_pid(int fd)
{
	char text[64] = "";
	const char *p;
	ssize_t n;

	assert_true(rig_readable(fd));
	n = read(fd, text, sizeof(text) - 1);
	assert_true(n > 0);
	p = strpbrk(text, "0123456789");
	assert_non_null(p);
	return (pid_t)strtol(p, NULL, 10);
}

void
rig_done(struct rig *r, const struct rig_spawn *s, char *out, size_t size)
{
	struct priv_exit end;

	rig_run(r, s, out, size, &end);
	assert_int_equal(end.status, 0);
}

void
rig_serves(struct rig *r)
{
	const struct rig_spawn s = { .argv = ARGV("echo", "served") };
	char out[64];

	rig_done(r, &s, out, sizeof(out));
	assert_string_equal(out, "served\n");
}
