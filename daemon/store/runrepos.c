/* SPDX-License-Identifier: MIT */
/*
 * Rows of `run_repo`: the commit at HEAD of each repository before a run and
 * after it. They are what a run can be taken back to, so one is written in the
 * transaction of the run's start and filled in that of its end, or stays empty.
 */
#include "daemon/store/runrepos.h"

#include "daemon/store/db.h"

static const char sql_insert[] =
    "INSERT INTO run_repo (run_id, place, repo_id, before_head) "
    "VALUES (?, ?, ?, ?)";
static const char sql_after[] =
    "UPDATE run_repo SET after_head = ? WHERE run_id = ? AND place = ?";
static const char sql_of[] =
    "SELECT run_id, place, repo_id, before_head, after_head FROM run_repo "
    "WHERE run_id = ? ORDER BY place";

struct each {
	store_run_repo_fn *cb;
	void *arg;
};

int
store_run_repo_insert(struct tx *tx, const struct store_run_repo *r)
{
	return tx_wrote(tx_exec(tx, sql_insert, "siss", r->run_id, r->place,
	    r->repo_id, r->before_head));
}

int
store_run_repo_after(struct tx *tx, const struct store_run_repo *r)
{
	return tx_wrote(tx_exec(tx, sql_after, "ssi", r->after_head, r->run_id,
	    r->place));
}

static bool
runrepos_each_cb(struct row *row, void *arg)
{
	const struct each *e = arg;
	const struct store_run_repo r = {
		.run_id = row_str(row, 0),
		.place = row_int(row, 1),
		.repo_id = row_str(row, 2),
		.before_head = row_str(row, 3),
		.after_head = row_str(row, 4),
	};

	return e->cb(&r, e->arg);
}

int
store_run_repos(struct db *db, const char *run_id, store_run_repo_fn *cb,
    void *arg)
{
	struct each e = { cb, arg };

	return db_query(db, sql_of, runrepos_each_cb, &e, "s", run_id);
}
