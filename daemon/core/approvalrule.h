/* SPDX-License-Identifier: MIT */
#ifndef RDV_APPROVALRULE_H
#define RDV_APPROVALRULE_H

#include <stdint.h>

struct approval_who;
struct approval_wish;
struct arena;
struct db;
struct store_rule;
struct tx;

/*
 * Rules: what is allowed, denied or always asked about without a person, for
 * one tool and one simple command of it (lib/simplecmd.h), in a session, a
 * workspace or everywhere. Of those that match, deny is stronger than ask, and
 * ask than allow. To allow, a rule needs more: no environment of its own, which
 * could make another program of the same words. That a rule denies is a
 * convenience, no protection: the same program has other names.
 */
#define RULES_MAX 200 /* of a user */
#define RULE_WORD 4096

enum rule_verdict { RULE_NONE, RULE_ALLOW, RULE_ASK, RULE_DENY };

/* 0 and what they say together, with the id of one, in the arena; -errno. */
int rule_judge(struct db *db, struct arena *a, const struct approval_wish *w,
    enum rule_verdict *verdict, const char **id);

/* Texts of a rule to be made; NULL is absent. */
struct rule_spec {
	const char *verdict, *tool, *scope;
	const char *session_id, *workspace_id;
	const char *const *pattern; /* NULL: of a tool that runs nothing */
};
/*
 * In `tx`, with an event. 0 and the row, in the arena; RDV_E_INVALID ("field:
 * sentence"), RDV_E_FULL, or -errno.
 */
int rule_create(struct tx *tx, struct arena *a, const struct approval_who *who,
    const struct rule_spec *spec, struct store_rule *out, const char **why);
/* RDV_E_NOT_FOUND when it is not his. */
int rule_delete(struct tx *tx, const char *user_id, const char *id);

#endif
