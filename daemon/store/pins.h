/* SPDX-License-Identifier: MIT */
#ifndef RDV_STORE_PINS_H
#define RDV_STORE_PINS_H

#include <stdbool.h>
#include <stdint.h>

struct arena;
struct db;
struct tx;

/*
 * A row of `pin`. States: kept (its reference is made next, or is there),
 * ending (its references go, and nothing is brought back from them), gone.
 * Rows are never deleted.
 */
struct store_pin {
	const char *user_id, *repo_path;
	/*
	 * A reference, or what several of one row begin with:
	 * "refs/rdv/trash/<id>", "refs/rdv/rescue/<id>".
	 */
	const char *name;
	const char *state;
	int64_t updated_at;
};

/* Inserted, or written over the one of that name. 0 or -errno. */
int store_pin_put(struct tx *tx, const struct store_pin *p);
/* RDV_E_NOT_FOUND. Strings in the arena. */
int store_pin_get(struct db *db, struct arena *a, const char *user_id,
    const char *repo_path, const char *name, struct store_pin *out);
/* Strings are borrowed while it runs; false ends the walk. */
typedef bool store_pin_fn(const struct store_pin *p, void *arg);
/* Of one repository, those that are not gone. */
int store_pins_of(struct db *db, const char *user_id, const char *repo_path,
    store_pin_fn *cb, void *arg);
/* Borrowed while it runs; false ends the walk. */
typedef bool store_pin_repo_fn(const char *repo_path, void *arg);
/*
 * At most `limit` repositories in which something of that user's may be named,
 * in their order behind `after`.
 */
int store_pin_repos(struct db *db, const char *user_id, const char *after,
    int64_t limit, store_pin_repo_fn *cb, void *arg);

#endif
