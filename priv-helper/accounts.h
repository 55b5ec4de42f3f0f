/* SPDX-License-Identifier: MIT */
#ifndef RDV_ACCOUNTS_H
#define RDV_ACCOUNTS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "priv-helper/user.h"

#define ACCOUNTS_MAX	  4096
#define ACCOUNTS_NAME_MAX 64

/* One who may use rdv in system mode. */
struct account {
	uid_t uid;
	gid_t gid;
	bool web; /* the web may act for it */
	char name[ACCOUNTS_NAME_MAX + 1];
	char home[USER_PATH_MAX];
	char shell[USER_PATH_MAX];
	gid_t groups[USER_GROUPS_MAX];
	unsigned ngroups;
};

/*
 * All of them, by rising uid, each uid and name once. [main] loads them before
 * its forks and again on reload; [ops] and what it starts never ask the name
 * service.
 */
struct accounts {
	struct account *list; /* NULL when n is 0 */
	size_t n;
};

/* Who is admitted, as the command line says it; NULL-terminated. */
struct accounts_rule {
	const char *const *admit; /* NAME of an account, or @GROUP */
	const char *const *never; /* names of rdv's own accounts */
};

/*
 * Asks the account database, which may block, load libraries and open
 * descriptors: so it is asked in a child, which is waited for.
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
