/* SPDX-License-Identifier: MIT */
/*
 * Invariant: without a rule that allows it no agent starts where its directory
 * or one above has settings that it is known to take (`brings` of its row).
 * Bypass is no such rule: it is about what the agent does, and this is about
 * whose word that is. Not looked at is the home that a confined agent has
 * (agentpath.h): one for the account and the agent, so what it wrote there
 * while it worked for one repository it finds in the next.
 */
#include "daemon/core/agenttrust.h"

#include <string.h>

#include "daemon/agent/agent.h"
#include "daemon/core/approval.h"
#include "daemon/core/approvalrule.h"
#include "lib/arena.h"
#include "lib/err.h"

const char *
agenttrust_question(struct arena *a, const struct agent_ops *ops,
    const char *cwd, const char *top)
{
	if (ops->brings == NULL)
		return NULL;
	return arena_printf(a, "%s\n%s\n%s", cwd, top, ops->brings);
}

int
agenttrust_judge(struct db *db, struct arena *a, const struct agenttrust *t,
    const char **why)
{
	enum rule_verdict verdict = RULE_NONE;
	const char *names = t->brought != NULL ? strchr(t->brought, ' ') : NULL;
	const char *rule, *digest;
	int err;

	if (names == NULL)
		return 0;
	digest = arena_strndup(a, t->brought, (size_t)(names - t->brought));
	err = rule_judge(db, a,
	    &(struct approval_wish){ .user_id = t->user_id,
		.session_id = t->session_id,
		.workspace_id = t->workspace_id,
		.tool = AGENTTRUST_TOOL,
		.argv =
		    (const char *const[]){ t->agent, t->of, digest, NULL } },
	    &verdict, &rule);
	if (err != 0 || verdict == RULE_ALLOW)
		return err;
	*why = arena_printf(a,
	    "it would take settings from%s in %s, which can run programs and "
	    "send elsewhere what it reads, with nobody asked; look at them, "
	    "and if you trust them as they are: "
	    "rdv rule add allow " AGENTTRUST_TOOL " -- %s %s %s",
	    names, t->cwd, t->agent, t->of, digest);
	return RDV_E_DENIED;
}
