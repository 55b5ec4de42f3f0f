/* SPDX-License-Identifier: MIT */
#ifndef RDV_POLICY_H
#define RDV_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "security/profile.h"

#define POLICY_TEXT_MAX	 (256 * 1024)
#define POLICY_NAMED_MAX 256 /* [group.G] and [user.U] together */
#define POLICY_NO_LIMIT	 INT64_MAX

/*
 * What the administrator lets people do through rdv: /etc/rdv/helper.toml, one
 * row of policy_rows[] for each key (docs/policy.md). Adding a key is adding a
 * value here, a row there, a line in etc/helper.toml and a test of its effect.
 */
enum policy_key {
	POLICY_GROUPS,
	POLICY_USERS,
	POLICY_DENY_GROUPS,
	POLICY_DENY_USERS,
	POLICY_MIN_UID,
	POLICY_ROTATION,
	POLICY_GRACE,
	POLICY_NAME,
	POLICY_PROFILES,
	POLICY_ROOTS,
	POLICY_WEB,
	POLICY_DENY_PROFILES,
	POLICY_DENY_ROOTS,
	POLICY_MAX_PROCESSES,
	POLICY_MAX_MEMORY,
	POLICY_MAX_CPU,
	POLICY_MAX_RUNS,
	POLICY_MAX_TERMINALS,
	POLICY_MAX_TIME,
	POLICY_MAX_DISK,
	POLICY_MAX_WORKTREES,
	POLICY_MAX_TRANSFER,
	POLICY_RECORDING,
	POLICY_NETWORK,
	POLICY_NETWORK_HOSTS,
	POLICY_TOOLS,
	POLICY_KEYS
};

/* In which tables a key may stand; a row has one or several bits. */
enum policy_table {
	POLICY_IN_ACCESS = 1,  /* [access] */
	POLICY_IN_DEFAULT = 2, /* [default] */
	POLICY_IN_NAMED = 4,   /* [group.G], [user.U] */
	POLICY_IN_PROFILE = 8, /* [profile.P] */
	POLICY_IN_RIGHTS = POLICY_IN_DEFAULT | POLICY_IN_NAMED
};

enum policy_type {
	POLICY_T_NAME, /* of an account or a group */
	POLICY_T_NAMES,
	POLICY_T_PROFILES,
	POLICY_T_ROOTS, /* absolute, or from "~"; "%u" is the account */
	POLICY_T_PATHS, /* absolute, and not "/" */
	POLICY_T_HOSTS, /* HOST:PORT */
	POLICY_T_NET,
	POLICY_T_COUNT,
	POLICY_T_LIMIT, /* a count, or 0 for none, kept as POLICY_NO_LIMIT */
	POLICY_T_BOOL
};

/* How much of the network; each word grants those before it. */
enum policy_net { POLICY_NET_NONE, POLICY_NET_LIST, POLICY_NET_FULL };

struct policy_row {
	const char *key;
	unsigned tables;
	enum policy_type type;
	int64_t min, max; /* of numbers */
	int64_t num;	  /* default of what is no list */
	const char *item; /* the one entry of a list's default; NULL: none */
	const char *help;
};
extern const struct policy_row policy_rows[POLICY_KEYS];

struct policy_value {
	unsigned line; /* where it is given; 0: it is not */
	int64_t num;   /* a number, a boolean or an enum policy_net */
	char **list;   /* strings, NULL-terminated; NULL: none */
};

struct policy_section {
	char *title; /* "default", "group.dev" */
	enum policy_table table;
	bool user;  /* of POLICY_IN_NAMED: [user.U] */
	char *name; /* of POLICY_IN_NAMED: the account or group */
	unsigned line;
	struct policy_value values[POLICY_KEYS];
};

struct policy {
	char *source; /* the file's name, for messages */
	bool own;     /* user mode: no file, and `own_uid` alone is admitted */
	uid_t own_uid;
	struct policy_section access, rights; /* [access], [default] */
	struct policy_section profile[PROFILES];
	struct policy_section *named; /* in the order of the file */
	size_t nnamed;
};

/*
 * Reads a policy from text; pure. 0 with `p` for policy_done(), or
 * RDV_E_INVALID with "<source>:<line>: <key>: <what is wrong>" in `why` and `p`
 * as it was.
 */
int policy_parse(struct policy *p, const char *text, size_t len,
    const char *source, char *why, size_t whysize);
/* The policy of user mode: one account, and all that it may do itself. */
void policy_own(struct policy *p, uid_t uid);
void policy_done(struct policy *p);

const char *policy_net_name(enum policy_net net);

#endif
