/* SPDX-License-Identifier: MIT */
#ifndef RDV_ROOTS_H
#define RDV_ROOTS_H

#include <stdbool.h>
#include <stddef.h>

#define ROOTS_PATH_MAX 4096

struct policy_rights;

/* Resolved: what no confined run of one account may be given whole. */
struct roots {
	const struct policy_rights *rights; /* for what it may be given */
	char home[ROOTS_PATH_MAX];
	char base[ROOTS_PATH_MAX];
	char server[ROOTS_PATH_MAX];
	char trash[ROOTS_PATH_MAX];
	char worktrees[ROOTS_PATH_MAX];
	char agents[ROOTS_PATH_MAX]; /* homes of confined agents are in it */
	char run[ROOTS_PATH_MAX];    /* "" in user mode */
};

/*
 * `run` may be NULL. False when a path is too long. `rights` must outlive `rs`.
 */
bool roots_init(struct roots *rs, const char *home, const char *base,
    const char *run, const struct policy_rights *rights);
/* The name the kernel has for an open path. 0 or -errno. */
int roots_name(int fd, char out[ROOTS_PATH_MAX]);
/* Why a directory of that name is not given to a run; NULL: it may be. */
const char *roots_objection(const struct roots *rs, const char *name);
/*
 * True when the home directory or rdv's own state lies in the directory `fd`,
 * or that cannot be told: a profile that may read the directory must not.
 */
bool roots_inside(const struct roots *rs, int fd);
/* True when `fd` lies where agents' homes are, or that cannot be told. */
bool roots_is_agents(const struct roots *rs, int fd);
/*
 * Opens a path that a confined run asks to write, as O_PATH, and judges what
 * was opened, not the name. 0 with `*fd`, -errno, or RDV_E_DENIED with the
 * reason in `why`.
 */
int roots_open(const struct roots *rs, const char *path, int *fd, char *why,
    size_t whysize);

#endif
