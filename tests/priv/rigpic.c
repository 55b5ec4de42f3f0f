/* SPDX-License-Identifier: MIT */
/*
 * Pictures of a child: what the probe said, with names for what differs from
 * run to run, and the page in tests/priv/golden/ that it has to be.
 */
#include "tests/priv/rigpic.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/priv/rig.h"
#include "tests/unit/check.h"

char picture[PICTURE_MAX];
static char golden[PICTURE_MAX];

/* Every `from` in the picture becomes `to`. */
void
picture_replace(const char *from, const char *to)
{
	const size_t nfrom = strlen(from), nto = strlen(to);
	char *p = picture;

	while (nfrom > 0 && (p = strstr(p, from)) != NULL) {
		assert_true(strlen(picture) + nto < PICTURE_MAX);
		memmove(p + nto, p + nfrom, strlen(p + nfrom) + 1);
		memcpy(p, to, nto);
		p += nto;
	}
}

/* The line that is exactly `name` and `value` is told by `to`. */
void
picture_replace_line(const char *name, const char *value, const char *to)
{
	char from[256], with[256];

	snprintf(from, sizeof(from), "%s%s\n", name, value);
	snprintf(with, sizeof(with), "%s%s\n", name, to);
	picture_replace(from, with);
}

void
picture_bounding(char *out, size_t size)
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
read_golden(const char *name)
{
	char tools[256], path[512];
	ssize_t n;
	int fd;

	rig_tools(tools, sizeof(tools));
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
void
picture_compare(const char *name)
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

/* A copy where the confined profiles may run it from. */
void
picture_program(const char *from, const char *path)
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
int
picture_terminal(char *name, size_t size)
{
	int fd = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(unlockpt(fd), 0);
	assert_int_equal(ptsname_r(fd, name, size), 0);
	return fd;
}

void
picture_add(struct picture_args *p, const char *label, char mode,
    const char *what)
{
	assert_true(p->n < PICTURE_ARGS);
	snprintf(p->text[p->n], sizeof(p->text[0]), "%s=%c:%s", label, mode,
	    what);
	p->argv[p->n] = p->text[p->n];
	p->argv[++p->n] = NULL;
}
