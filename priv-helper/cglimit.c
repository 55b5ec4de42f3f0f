/* SPDX-License-Identifier: MIT */
/*
 * Quotas of one run as its cgroup keeps them: they count what belongs to the
 * run, where the rlimits that every confined run has as well count everything
 * of the uid.
 */
#include "priv-helper/cglimit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const struct {
	unsigned bit;
	const char *on, *file;
	uint64_t unit;
	const char *more;
} limits[] = {
	{ CGLIMIT_PIDS, "+pids", "pids.max", 1, "" },
	{ CGLIMIT_MEMORY, "+memory", "memory.max", 1 << 20, "" },
	/* Microseconds in each tenth of a second. */
	{ CGLIMIT_CPU, "+cpu", "cpu.max", 1000, " 100000" },
};

/* Half of what a cgroup has that nobody has given a weight. */
#define LOWER "50"

#define LIMITS (sizeof(limits) / sizeof(limits[0]))

static int
put(int dir, const char *file, const char *text)
{
	/* Or memory.max waits until as much has been reclaimed. */
	const int fd = openat(dir, file, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
	int err = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) < 0)
		err = -errno;
	(void)close(fd);
	return err;
}

unsigned
cglimit_switch_on(const char *dir)
{
	const int fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	unsigned on = 0;
	size_t i;

	if (fd < 0)
		return 0;
	/* One by one: a write of several is refused as a whole. */
	for (i = 0; i < LIMITS; i++)
		if (put(fd, "cgroup.subtree_control", limits[i].on) == 0)
			on |= limits[i].bit;
	(void)close(fd);
	return on;
}

void
cglimit_lower(const char *dir)
{
	const int fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return;
	(void)put(fd, "cpu.weight", LOWER);
	(void)close(fd);
}

const char *
cglimit_text(unsigned on)
{
	static const char *const text[] = { "none", "processes", "memory",
		"processes memory", "processors", "processes processors",
		"memory processors", "processes memory processors" };

	return text[on & (CGLIMIT_PIDS | CGLIMIT_MEMORY | CGLIMIT_CPU)];
}

static uint64_t
amount(const struct profile_quota *q, unsigned bit)
{
	if (bit == CGLIMIT_CPU)
		return q->cpu_percent;
	return bit == CGLIMIT_PIDS ? q->processes : q->memory_mb;
}

unsigned
cglimit_wanted(const struct profile_quota *q, unsigned on)
{
	unsigned wanted = 0;
	size_t i;

	for (i = 0; i < LIMITS; i++)
		if (amount(q, limits[i].bit) > 0)
			wanted |= on & limits[i].bit;
	return wanted;
}

static int
write_limit(int dir, size_t i, uint64_t most)
{
	char text[40] = "max";

	if (most > 0)
		snprintf(text, sizeof(text), "%llu%s",
		    (unsigned long long)(most * limits[i].unit),
		    limits[i].more);
	return put(dir, limits[i].file, text);
}

int
cglimit_set(int run, const struct profile_quota *q, unsigned on)
{
	const unsigned wanted = cglimit_wanted(q, on);
	int err = 0;
	size_t i;

	for (i = 0; i < LIMITS && err == 0; i++)
		if ((wanted & limits[i].bit) != 0)
			err = write_limit(run, i, amount(q, limits[i].bit));
	return err;
}

int
cglimit_renew(int dir, const struct profile_quota *q, unsigned on)
{
	int err = 0;
	size_t i;

	for (i = 0; i < LIMITS && err == 0; i++)
		if ((on & limits[i].bit) != 0)
			err = write_limit(dir, i, amount(q, limits[i].bit));
	return err;
}
