/* SPDX-License-Identifier: MIT */
/*
 * Rows of `reset` and `reset_repo`, and what a reset asks of others' rows.
 * Invariant: one reset of a workspace is under way at a time, which the index
 * says and not who asks; and what has ended stays so, as every move names the
 * state it begins from.
 */
#include "daemon/store/resets.h"

#include "daemon/store/db.h"
#include "lib/arena.h"
#include "lib/err.h"

#define COLUMNS                                                          \
	"id, session_id, user_id, workspace_id, turn_id, state, force, " \
	"cause, "                                                        \
	"created_at, ended_at"

static const char sql_insert[] =
    "INSERT INTO reset (id, session_id, user_id, workspace_id, turn_id, "
    "state, force, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)";
static const char sql_move[] =
    "UPDATE reset SET state = ?, cause = ?, ended_at = ? "
    "WHERE id = ? AND state = ?";
static const char sql_get[] =
    "SELECT " COLUMNS " FROM reset WHERE id = ? AND user_id = ?";
static const char sql_open[] =
    "SELECT " COLUMNS " FROM reset WHERE workspace_id = ? "
    "AND state IN ('stopping', 'moving', 'returning')";
/* All of the index over those that are open. */
static const char sql_all_open[] =
    "SELECT " COLUMNS " FROM reset WHERE workspace_id > '' "
    "AND state IN ('stopping', 'moving', 'returning') ORDER BY workspace_id";
static const char sql_list[] =
    "SELECT " COLUMNS " FROM reset WHERE session_id = ? AND id < ? "
    "ORDER BY id DESC LIMIT ?";
static const char sql_last[] =
    "SELECT " COLUMNS " FROM reset WHERE session_id = ? AND state = 'done' "
    "ORDER BY id DESC LIMIT 1";
static const char sql_since[] =
    "SELECT id FROM turn WHERE session_id = ? AND id > ? LIMIT 1";
static const char sql_repo_insert[] =
    "INSERT INTO reset_repo (reset_id, place, repo_id, name, path, from_head, "
    "to_head) VALUES (?, ?, ?, ?, ?, ?, ?)";
static const char sql_repo_change[] =
    "UPDATE reset_repo SET moved = ?, begun = ?, "
    "discard_id = coalesce(?, discard_id) WHERE reset_id = ? AND place = ?";
static const char sql_repos[] =
    "SELECT place, repo_id, name, path, from_head, to_head, discard_id, "
    "moved, begun FROM reset_repo WHERE reset_id = ? ORDER BY place";
static const char sql_at_work[] =
    "SELECT l.run_id, c.session_id FROM chain_link l "
    "CROSS JOIN chain c ON c.id = l.chain_id "
    "WHERE l.workspace_id = ? AND l.state = 'running'";
static const char sql_run_since[] =
    "SELECT l.run_id FROM turn t "
    "CROSS JOIN chain c ON c.turn_id = t.id "
    "CROSS JOIN chain_link l ON l.chain_id = c.id "
    "WHERE t.session_id = ? AND t.id >= ? AND t.dropped = 0 "
    "AND l.run_id IS NOT NULL ORDER BY t.id, l.place LIMIT 1";
static const char sql_drop[] =
    "UPDATE turn SET dropped = 1, reset_id = ? "
    "WHERE session_id = ? AND id >= ? AND dropped = 0";
static const char sql_undrop[] =
    "UPDATE turn SET dropped = 0, reset_id = NULL WHERE reset_id = ?";

struct each {
	store_reset_fn *cb;
	void *arg;
};

struct copy {
	struct arena *arena;
	struct store_reset *out;
	bool found;
};

struct parts {
	struct arena *arena;
	const char *id;
	struct store_reset_repo *all; /* NULL: they are counted */
	size_t n;
};

struct working {
	store_at_work_fn *cb;
	void *arg;
};

struct text {
	struct arena *arena;
	const char *out;
};

static struct store_reset
reset_row(struct row *row)
{
	return (struct store_reset){
		.id = row_str(row, 0),
		.session_id = row_str(row, 1),
		.user_id = row_str(row, 2),
		.workspace_id = row_str(row, 3),
		.turn_id = row_str(row, 4),
		.state = row_str(row, 5),
		.force = row_int(row, 6) != 0,
		.cause = row_str(row, 7),
		.created_at = row_int(row, 8),
		.ended_at = row_int_or(row, 9, -1),
	};
}

static bool
resets_each_cb(struct row *row, void *arg)
{
	const struct each *e = arg;
	struct store_reset r = reset_row(row);

	return e->cb(&r, e->arg);
}

static bool
resets_copy_cb(struct row *row, void *arg)
{
	struct copy *c = arg;
	struct store_reset r = reset_row(row);

	r.id = arena_text(c->arena, r.id);
	r.session_id = arena_text(c->arena, r.session_id);
	r.user_id = arena_text(c->arena, r.user_id);
	r.workspace_id = arena_text(c->arena, r.workspace_id);
	r.turn_id = arena_text(c->arena, r.turn_id);
	r.state = arena_text(c->arena, r.state);
	r.cause = arena_text(c->arena, r.cause);
	*c->out = r;
	c->found = true;
	return false;
}

int
store_reset_insert(struct tx *tx, const struct store_reset *r)
{
	return tx_wrote(tx_exec(tx, sql_insert, "ssssssii", r->id,
	    r->session_id, r->user_id, r->workspace_id, r->turn_id, r->state,
	    (int64_t)r->force, r->created_at));
}

int
store_reset_move(struct tx *tx, const struct store_reset *r, const char *from)
{
	return tx_wrote_one(tx_exec(tx, sql_move, "ssnss", r->state, r->cause,
				r->ended_at, r->id, from),
	    RDV_E_STATE);
}

int
store_reset_repo_insert(struct tx *tx, const struct store_reset_repo *p)
{
	return tx_wrote(tx_exec(tx, sql_repo_insert, "sisssss", p->reset_id,
	    p->place, p->repo_id, p->name, p->path, p->from_head, p->to_head));
}

int
store_reset_repo_change(struct tx *tx, const struct store_reset_repo *p)
{
	return tx_wrote(tx_exec(tx, sql_repo_change, "iissi", (int64_t)p->moved,
	    (int64_t)p->begun, p->discard_id, p->reset_id, p->place));
}

int
store_reset_get(struct db *db, struct arena *a, const char *user_id,
    const char *id, struct store_reset *out)
{
	struct copy c = { a, out, false };
	int err = db_query(db, sql_get, resets_copy_cb, &c, "ss", id, user_id);

	return err == 0 && !c.found ? RDV_E_NOT_FOUND : err;
}

int
store_reset_open(struct db *db, struct arena *a, const char *workspace_id,
    struct store_reset *out)
{
	struct copy c = { a, out, false };
	int err = db_query(db, sql_open, resets_copy_cb, &c, "s", workspace_id);

	return err == 0 && !c.found ? RDV_E_NOT_FOUND : err;
}

static bool
resets_text_cb(struct row *row, void *arg)
{
	struct text *t = arg;

	t->out = arena_text(t->arena, row_str(row, 0));
	return false;
}

int
store_reset_last(struct db *db, struct arena *a, const char *session_id,
    struct store_reset *out)
{
	struct copy c = { a, out, false };
	struct text since = { a, NULL };
	int err = db_query(db, sql_last, resets_copy_cb, &c, "s", session_id);

	if (err == 0 && !c.found)
		err = RDV_E_NOT_FOUND;
	/* Ids are in the order of time, whatever they are of. */
	if (err == 0)
		err = db_query(db, sql_since, resets_text_cb, &since, "ss",
		    session_id, out->id);
	return err == 0 && since.out != NULL ? RDV_E_STATE : err;
}

int
store_resets_open(struct db *db, store_reset_fn *cb, void *arg)
{
	struct each e = { cb, arg };

	return db_query(db, sql_all_open, resets_each_cb, &e, "");
}

int
store_resets_list(struct db *db, const char *session_id, const char *before,
    int64_t limit, store_reset_fn *cb, void *arg)
{
	struct each e = { cb, arg };

	/* "g" is behind every id. */
	return db_query(db, sql_list, resets_each_cb, &e, "ssi", session_id,
	    before != NULL ? before : "g", limit);
}

static bool
resets_repo_cb(struct row *row, void *arg)
{
	struct parts *p = arg;
	struct arena *a = p->arena;

	if (p->all != NULL)
		p->all[p->n] = (struct store_reset_repo){
			.reset_id = p->id,
			.place = row_int(row, 0),
			.repo_id = arena_text(a, row_str(row, 1)),
			.name = arena_text(a, row_str(row, 2)),
			.path = arena_text(a, row_str(row, 3)),
			.from_head = arena_text(a, row_str(row, 4)),
			.to_head = arena_text(a, row_str(row, 5)),
			.discard_id = arena_text(a, row_str(row, 6)),
			.moved = row_int(row, 7) != 0,
			.begun = row_int(row, 8) != 0,
		};
	p->n++;
	return true;
}

int
store_reset_repos(struct db *db, struct arena *a, const char *id,
    struct store_reset_repo **out, size_t *n)
{
	struct parts p = { a, arena_text(a, id), NULL, 0 };
	int err = db_query(db, sql_repos, resets_repo_cb, &p, "s", id);

	if (err != 0)
		return err;
	p.all = arena_alloc(a, (p.n + 1) * sizeof(*p.all));
	p.n = 0;
	err = db_query(db, sql_repos, resets_repo_cb, &p, "s", id);
	*out = p.all;
	*n = p.n;
	return err;
}

static bool
resets_work_cb(struct row *row, void *arg)
{
	const struct working *w = arg;

	return w->cb(row_str(row, 0), row_str(row, 1), w->arg);
}

int
store_at_work(struct db *db, const char *workspace_id, store_at_work_fn *cb,
    void *arg)
{
	struct working w = { cb, arg };

	return db_query(db, sql_at_work, resets_work_cb, &w, "s", workspace_id);
}

int
store_run_since(struct db *db, struct arena *a, const char *session_id,
    const char *turn_id, const char **run_id)
{
	struct text t = { a, NULL };
	int err = db_query(db, sql_run_since, resets_text_cb, &t, "ss",
	    session_id, turn_id);

	*run_id = t.out;
	return err == 0 && t.out == NULL ? RDV_E_NOT_FOUND : err;
}

long
store_turns_drop(struct tx *tx, const struct store_reset *r)
{
	return tx_exec(tx, sql_drop, "sss", r->id, r->session_id, r->turn_id);
}

long
store_turns_undrop(struct tx *tx, const char *reset_id)
{
	return tx_exec(tx, sql_undrop, "s", reset_id);
}
