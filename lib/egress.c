/* SPDX-License-Identifier: MIT */
/*
 * The page of a run whose network is held to a list, as rdvd looks at it. Who
 * counts in it talks to the run and to the network all day, so nothing of it is
 * believed but numbers.
 */
#include "lib/egress.h"

#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/host.h"

static bool
row_ok(const struct egress_row *r)
{
	return memchr(r->host, '\0', sizeof(r->host)) != NULL &&
	       host_port_ok(r->host);
}

bool
egress_read(int fd, struct egress_page *out)
{
	/* Not mapped: it could be cut under a mapping. */
	if (pread(fd, out, sizeof(*out), 0) != (ssize_t)sizeof(*out) ||
	    out->n > EGRESS_HOSTS)
		return false;
	for (uint32_t i = 0; i < out->n; i++)
		if (!row_ok(&out->rows[i]))
			return false;
	return memchr(out->rule, '\0', sizeof(out->rule)) != NULL;
}

static uint32_t
now_s(void)
{
	const uint32_t s = (uint32_t)(clock_mono_ms() / 1000);

	return s == 0 ? 1 : s;
}

void
egress_beat(struct egress_page *page)
{
	__atomic_store_n(&page->beat, now_s(), __ATOMIC_RELAXED);
}

bool
egress_silent(int fd)
{
	uint32_t beat;

	if (pread(fd, &beat, sizeof(beat),
		offsetof(struct egress_page, beat)) != (ssize_t)sizeof(beat))
		return true;
	/* One of an earlier build says nothing. */
	return beat != 0 && (int32_t)(now_s() - beat) > EGRESS_SILENT_S;
}
