/* SPDX-License-Identifier: MIT */
/*
 * Rows of `pin`. They say of which references rdv may say that their time is
 * over; that a row is missing is never a reason to delete one.
 */
#include "daemon/store/pins.h"

#include "daemon/store/db.h"
#include "lib/arena.h"
#include "lib/err.h"

#define COLUMNS "user_id, repo_path, name, state, updated_at"

static const char sql_put[] =
    "INSERT INTO pin (" COLUMNS ") VALUES (?, ?, ?, ?, ?) "
    "ON CONFLICT (user_id, repo_path, name) DO UPDATE SET "
    "state = excluded.state, updated_at = excluded.updated_at";
static const char sql_get[] =
    "SELECT " COLUMNS " FROM pin WHERE user_id = ? AND repo_path = ? "
    "AND name = ?";
static const char sql_of[] =
    "SELECT " COLUMNS " FROM pin WHERE user_id = ? AND repo_path = ? "
    "AND state <> 'gone'";
static const char sql_repos[] =
    "SELECT repo_path FROM worktree WHERE user_id = ?1 AND repo_path > ?2 "
    "UNION SELECT repo_path FROM discard "
    "WHERE user_id = ?1 AND repo_path > ?2 "
    "UNION SELECT repo_path FROM change WHERE user_id = ?1 AND repo_path > ?2 "
    "UNION SELECT repo_path FROM pin WHERE user_id = ?1 AND repo_path > ?2 "
    "ORDER BY repo_path LIMIT ?3";

struct each {
	store_pin_fn *cb;
	void *arg;
};

struct each_repo {
	store_pin_repo_fn *cb;
	void *arg;
};

struct copy {
	struct arena *arena;
	struct store_pin *out;
	bool found;
};

static struct store_pin
pin_row(struct row *row)
{
	return (struct store_pin){
		.user_id = row_str(row, 0),
		.repo_path = row_str(row, 1),
		.name = row_str(row, 2),
		.state = row_str(row, 3),
		.updated_at = row_int(row, 4),
	};
}

static bool
pins_each_cb(struct row *row, void *arg)
{
	const struct each *e = arg;
	const struct store_pin p = pin_row(row);

	return e->cb(&p, e->arg);
}

static bool
pins_copy_cb(struct row *row, void *arg)
{
	struct copy *c = arg;
	struct store_pin p = pin_row(row);

	p.user_id = arena_strdup(c->arena, p.user_id);
	p.repo_path = arena_strdup(c->arena, p.repo_path);
	p.name = arena_strdup(c->arena, p.name);
	p.state = arena_strdup(c->arena, p.state);
	*c->out = p;
	c->found = true;
	return false;
}

static bool
pins_repo_cb(struct row *row, void *arg)
{
	const struct each_repo *e = arg;

	return e->cb(row_str(row, 0), e->arg);
}

int
store_pin_put(struct tx *tx, const struct store_pin *p)
{
	return tx_wrote(tx_exec(tx, sql_put, "ssssi", p->user_id, p->repo_path,
	    p->name, p->state, p->updated_at));
}

int
store_pin_get(struct db *db, struct arena *a, const char *user_id,
    const char *repo_path, const char *name, struct store_pin *out)
{
	struct copy c = { a, out, false };
	int err = db_query(db, sql_get, pins_copy_cb, &c, "sss", user_id,
	    repo_path, name);

	return err == 0 && !c.found ? RDV_E_NOT_FOUND : err;
}

int
store_pins_of(struct db *db, const char *user_id, const char *repo_path,
    store_pin_fn *cb, void *arg)
{
	struct each e = { cb, arg };

	return db_query(db, sql_of, pins_each_cb, &e, "ss", user_id, repo_path);
}

int
store_pin_repos(struct db *db, const char *user_id, const char *after,
    int64_t limit, store_pin_repo_fn *cb, void *arg)
{
	struct each_repo e = { cb, arg };

	return db_query(db, sql_repos, pins_repo_cb, &e, "ssi", user_id, after,
	    limit);
}
