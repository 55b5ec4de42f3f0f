/* SPDX-License-Identifier: MIT */
/*
 * Lines of an answer that has no end. Pieces of a stream are cut anywhere.
 * Invariant: every line is taken once and whole, wherever the pieces end.
 */
#include "cli/lines.h"

#include <string.h>

#include "lib/buf.h"

bool
lines_feed(struct buf *line, const char *p, size_t len, lines_fn *take,
    void *arg)
{
	const char *nl;

	while ((nl = memchr(p, '\n', len)) != NULL) {
		buf_put(line, p, (size_t)(nl - p));
		if (!take(arg))
			return false;
		buf_reset(line);
		len -= (size_t)(nl - p) + 1;
		p = nl + 1;
	}
	buf_put(line, p, len);
	return buf_ok(line);
}
