/* SPDX-License-Identifier: MIT */
#ifndef RDV_POLICYFOR_H
#define RDV_POLICYFOR_H

#include "priv-helper/policy.h"

/* What is known of an account; nothing of it is looked up here. */
struct policy_account {
	uid_t uid;
	const char *name;
	const char *home;	   /* by its real name, without links */
	const char *closed;	   /* NULL, or why nobody may log in as it */
	const char *const *groups; /* all it is in, by name; NULL-terminated */
};

/*
 * What one account may do. Owns its memory: it outlives the policy it was made
 * from, and a reload gives new ones.
 */
struct policy_rights {
	/*
	 * Of each key that decides something: "is ... by the policy:
	 * [group.dev] roots (FILE:LINE)", the end of a sentence about what it
	 * refuses. That of POLICY_USERS says what the account is admitted by.
	 */
	char *rule[POLICY_KEYS];
	uint32_t profiles; /* bit per index of profiles[] */
	uint32_t denied_profiles;
	char **roots, **denied_roots; /* absolute; NULL-terminated */
	bool web;
	bool recording;		    /* what its runs write stays */
	int64_t limit[POLICY_KEYS]; /* of POLICY_MAX_*; POLICY_NO_LIMIT */
	struct policy_hold {
		enum policy_net net;
		char *rule, *hosts_rule;
		char **hosts, **tools; /* NULL-terminated */
	} profile[PROFILES];
};

/* What a SPAWN asks for, in numbers that this helper has counted itself. */
struct policy_request {
	int profile;	     /* index into profiles[] */
	enum policy_net net; /* what the child would have of the network */
	bool pty;
	unsigned runs, terminals; /* of this account, live already */
	/*
	 * Of its runs; of this the one who asks is believed, whose disk it is.
	 */
	uint64_t output_bytes;
};

/*
 * The rights of an account; pure, and the same for the same arguments. Each key
 * for itself: [user.U] wins; else all [group.G] that give it and whose group
 * the account is in, together; else [default]; else the row's default.
 * Together: lists are united, of limits the largest holds, of yes and no the
 * no. The keys deny_* are different: those of all tables that apply are united
 * and win over everything. 0 with `r` for policy_rights_done(), or RDV_E_DENIED
 * and the rule in `why`: then it is not admitted.
 */
int policy_for(const struct policy *p, const struct policy_account *a,
    struct policy_rights *r, char *why, size_t whysize);
void policy_rights_done(struct policy_rights *r);

/*
 * 0, RDV_E_DENIED (the profile or its network is not granted) or RDV_E_FULL (a
 * limit is reached), with the rule that refused it in `why`.
 */
int policy_judge(const struct policy_rights *r, const struct policy_request *q,
    char *why, size_t whysize);
/* The rule a key has been decided by, alone. Borrowed. */
const char *policy_rule(const struct policy_rights *r, int key);
/*
 * Whether a confined program may be let write at `path`: NULL, or the end of a
 * sentence with the rule. `path` is the kernel's name of what has been opened:
 * of a name somebody gives it would say nothing (abuse F05).
 */
const char *policy_root(const struct policy_rights *r, const char *path);

#endif
