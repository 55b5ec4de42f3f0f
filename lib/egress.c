/* SPDX-License-Identifier: MIT */
/*
 * The page of a run whose network is held to a list, as rdvd looks at it. Who
 * counts in it talks to the run and to the network all day, so nothing of it is
 * believed but numbers.
 */
#include "lib/egress.h"

#include <string.h>
#include <unistd.h>

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
