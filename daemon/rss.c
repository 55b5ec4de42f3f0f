/* SPDX-License-Identifier: MIT */
/*
 * How much memory rdvd has now. /proc lies outside of what it may open once it
 * is confined, so the descriptor is kept from before.
 */
#include "daemon/rss.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

static int statm = -1;

void
rss_open(void)
{
	statm = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
}

int64_t
rss_bytes(void)
{
	long total, resident;
	char text[128];
	ssize_t n;

	if (statm < 0)
		return 0;
	n = pread(statm, text, sizeof(text) - 1, 0);
	if (n <= 0)
		return 0;
	text[n] = '\0';
	if (sscanf(text, "%ld %ld", &total, &resident) != 2)
		return 0;
	return (int64_t)resident * sysconf(_SC_PAGESIZE);
}
