/* SPDX-License-Identifier: MIT */
#ifndef RDV_STORE_INTEGRITY_H
#define RDV_STORE_INTEGRITY_H

#include <stdbool.h>
#include <stdint.h>

struct db;

/*
 * One thing that is true of every row of a table, as what is not: `look` finds
 * the rows of which it is false. Constants; the table of them ends with a NULL
 * name.
 */
struct store_check {
	const char *name;  /* a word for it, as docs/integrity.md has it */
	const char *table; /* whose rows are looked at */
	const char *what;  /* what is wrong with a row that is found */
	bool live;	   /* only if rdvd has no such run under way */
	const char *page, *look;
};
extern const struct store_check store_checks[];

/* A row that is found. Strings are borrowed while the callback runs. */
struct store_finding {
	int64_t rowid; /* where it stands, to look at it again */
	const char *id, *user_id;
};
typedef void store_finding_fn(const struct store_finding *f, void *arg);

/*
 * The rows behind `after`, `rows` of them: until which there are so many, or
 * INT64_MAX when these are the last. 0 or -errno.
 */
int store_check_page(struct db *db, const struct store_check *c, int64_t after,
    int64_t rows, int64_t *upto);
/* Those of (after, upto] that are not as they should be. 0 or -errno. */
int store_check_look(struct db *db, const struct store_check *c, int64_t after,
    int64_t upto, store_finding_fn *cb, void *arg);

#endif
