/* SPDX-License-Identifier: MIT */
/* Texts for a session's program, and where they were typed. */
#include "tests/unit/core/typing.h"

#include <string.h>

#include "daemon/core/session.h"

int
typing(struct corerig *r, const struct session_who *who, const char *text,
    bool end)
{
	struct session_text in = { text, strlen(text), end };

	return session_input(r->app.sessions, who, &in, &r->typed);
}
