/* SPDX-License-Identifier: MIT */
/*
 * What an agent says beside its protocol: lines that programs print, messages
 * of a newer release, and those of one that does not keep to what was agreed.
 * Invariant: each is shown once, in a bounded piece; the log has it whole.
 */
#include "daemon/agent/odd.h"

#include <stdlib.h>

#include "daemon/agent/adapter.h"
#include "daemon/agent/rpc.h"
#include "lib/str.h"
#include "lib/xalloc.h"

#define SHOWN_MAX 4096 /* bytes of a line */

void
odd_show(struct agent *g, const char *who, const struct rpc_msg *m,
    const char *why)
{
	size_t len = m->len < SHOWN_MAX ? m->len : SHOWN_MAX;
	char *line, *text;

	len -= str_utf8_tail(m->line, len);
	line = xstrndup(m->line, len);
	if (m->kind == RPC_NOISE && m->whole == NULL)
		text = xasprintf("%s%s", line, len < m->len ? "..." : "");
	else
		text = xasprintf("%s said what is not expected%s%s: %s%s", who,
		    why != NULL ? ", " : "", why != NULL ? why : "", line,
		    len < m->len ? "..." : "");
	agent_add(g, entry_text(ENTRY_SYSTEM, text));
	free(text);
	free(line);
}
