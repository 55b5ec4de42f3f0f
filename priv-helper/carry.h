/* SPDX-License-Identifier: MIT */
#ifndef RDV_CARRY_H
#define RDV_CARRY_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "priv-helper/programs.h"
#include "priv-helper/user.h"

struct buf;
struct parked;
struct store;

/*
 * What [main] takes along when it becomes another program: one memory file of
 * integers and descriptor numbers, for the same process. A program that knows
 * another version of it refuses, before anything has ended.
 */
#define CARRY_VERSION 6
#define CARRY_WHY     256
#define CARRY_BUILD   64

struct carry_kin {
	int32_t pid; /* 0: not running */
	int32_t control;
};

struct carry_sock {
	int32_t fd;
	uint64_t dev, ino;
};

/* Of system mode; -1 and zero in user mode. */
struct carry_system {
	int32_t run, keep;	 /* the places */
	int32_t accounts, doors; /* memory files, see carry_memory() */
	int64_t rotated_at;
	uint8_t rotation_asked, reload, rotating, unused[5];
	struct user service;
};

struct carry {
	char magic[8];
	uint32_t version, size; /* of this struct */
	uint32_t record, runs;	/* size and number of what follows */
	uint64_t nofile;
	int64_t restart_by; /* of struct upgrade */
	int32_t base, server, lock;
	int32_t main; /* process, with whom one that is tried ends */
	struct carry_sock api, terminal;
	struct carry_kin audit, ops, daemon;
	/* Those to go back to, and those that were tried; none: it is back. */
	struct programs before, next;
	struct carry_system system;
	/* Found out at the first start; nothing of it may fail later. */
	struct user user;
	char bin[PATH_MAX];
	char build[CARRY_BUILD];
	/* Not empty: this is the way back, and why. */
	char why[CARRY_WHY];
};

/* A memory file of it all, close-on-exec, or -errno. */
int carry_write(const struct carry *c, const struct parked *p);
/*
 * Fills `c` and `p`, and `s` (NULL: there is none) with where that has them,
 * when there is nothing in it that is not understood, and every descriptor is
 * open. False otherwise.
 */
bool carry_read(int fd, struct carry *c, struct parked *p, struct store *s);
/* One more, of what has no fixed length. */
int carry_memory(const struct buf *b);
/* Close-on-exec for all descriptors in it, or not. */
void carry_inherit(const struct carry *c, const struct parked *p, bool inherit);

#endif
