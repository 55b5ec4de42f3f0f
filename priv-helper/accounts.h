/* SPDX-License-Identifier: MIT */
#ifndef RDV_ACCOUNTS_H
#define RDV_ACCOUNTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/ctlproto.h"
#include "priv-helper/user.h"

#define ACCOUNTS_MAX	  4096
#define ACCOUNTS_NAME_MAX 64

/* One who may use rdv in system mode. */
struct account {
	uid_t uid;
	gid_t gid;
	bool web;	       /* the web may act for it */
	uint64_t output_bytes; /* of its runs, to be kept; 0: no limit */
	struct ctl_limit limits[CTL_WHATS];
	char name[ACCOUNTS_NAME_MAX + 1];
	char home[USER_PATH_MAX];
	char real_home[USER_PATH_MAX]; /* without links, for the policy */
	char shell[USER_PATH_MAX];
	gid_t groups[USER_GROUPS_MAX];
	unsigned ngroups;
	char **named; /* of its groups those with a name; NULL: none */
};

/*
 * All of them, by rising uid, each uid and name once, and the policy that
 * admits them. [main] loads them before its forks and again on reload; [ops]
 * and what it starts never ask the name service.
 */
struct accounts {
	struct account *list; /* NULL when n is 0 */
	size_t n;
	char *policy; /* the file's text; NULL: user mode, there is none */
	size_t npolicy;
	char *source; /* the file's name; NULL with `policy` */
	/* Of the service token, for [main], which parses no policy. */
	int64_t rotation_ms, grace_ms;
};

/* Where the policy is, and whom it cannot admit. */
struct accounts_rule {
	const char *root;	  /* the directory that stands for "/" */
	uid_t owner;		  /* whose the policy has to be: root's */
	const char *const *never; /* names of rdv's own accounts; NULL last */
};

/* A child of accounts_ask() ends with it: the policy cannot be taken. */
#define ACCOUNTS_BAD_POLICY 2

/*
 * Reads the policy and asks the account database about whom it is about. The
 * latter may block, load libraries and open descriptors: so both is done in a
 * child, which is waited for and says itself in the log what is wrong, and with
 * ACCOUNTS_BAD_POLICY in `*fd` too, as a sentence.
 * accounts_ask() starts the child; once that has ended with status 0,
 * accounts_take() reads what it found out from `*fd`. The pid, or -errno.
 */
pid_t accounts_ask(const struct accounts_rule *rule, int *fd);
/* 0 with `a` for accounts_done(), or RDV_E_MALFORMED. Leaves `fd` open. */
int accounts_take(struct accounts *a, int fd);
void accounts_done(struct accounts *a);

/* NULL: not admitted. */
const struct account *accounts_find(const struct accounts *a, uid_t uid);

#endif
