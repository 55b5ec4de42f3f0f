/* SPDX-License-Identifier: MIT */
#ifndef RDV_VARIANT_H
#define RDV_VARIANT_H

#include <stdbool.h>
#include <stddef.h>

struct js;

/*
 * How agents are configured: {"executors": {AGENT: {VARIANT: {AGENT: fields},
 * "recently_used_models": ...}}}. Every agent has a DEFAULT of ours; what is
 * stored replaces a variant as a whole or adds one. Fields nobody knows are
 * kept. Nothing here has an effect, and every value is the caller's to free.
 */
struct variant_error {
	char path[160]; /* "executors.CODEX.FAST.CODEX.model" */
	char why[120];	/* the rest of the sentence */
};

/*
 * `stored` over it, with names as they ought to be; `stored` may be NULL. NULL
 * with `err` when something in it breaks a rule.
 */
struct js *variant_merge(const struct js *stored, struct variant_error *err);
/*
 * What has to be stored for variant_merge() to give `all`. NULL with `err` also
 * when something of ours is missing: it cannot be deleted.
 */
struct js *variant_difference(const struct js *all, struct variant_error *err);

/* What a request says beside the variant; each may be NULL. */
struct variant_pick {
	const char *agent;   /* as agent_find() takes it */
	const char *variant; /* any spelling; DEFAULT when NULL */
	const char *model_id, *agent_id, *reasoning_id;
	const char *permission_policy; /* AUTO, SUPERVISED or PLAN */
	/*
	 * Where no variant is named: what these choices are to lie over, so
	 * that they alone are given; or NULL.
	 */
	const struct js *now;
};
/*
 * The fields for agent_wish.config out of what variant_merge() gave. NULL with
 * `err` for an agent or a variant that is not there, a choice that the agent
 * does not have, and a value it does not know; the path is then that of the
 * request: "variant", "model_id".
 */
struct js *variant_fields(const struct js *all, const struct variant_pick *pick,
    struct variant_error *err);

/*
 * "Fast one" and "fastOne" as "FAST_ONE", in `out` of `size` bytes. False when
 * it does not fit or nothing is left. A seam: only tests call it from outside.
 */
bool variant_name(char *out, size_t size, const char *name);

#endif
