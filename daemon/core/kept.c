/* SPDX-License-Identifier: MIT */
/*
 * The output that is kept for a user. It lies on rdvd's own disk, so it is rdvd
 * that keeps the limit which the helper judges each start by, and says in the
 * record of a run. A program of whom there is no room for more waits, as on a
 * disk that is full: nothing of what it wrote is lost, and nothing ends.
 */
#include "daemon/core/kept.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/app.h"
#include "daemon/core/runstate.h"
#include "daemon/store/db.h"
#include "daemon/store/runs.h"
#include "daemon/term/runlog.h"
#include "daemon/term/talk.h"
#include "lib/arena.h"
#include "lib/err.h"
#include "lib/privproto.h"
#include "lib/str.h"
#include "lib/xalloc.h"

struct kept {
	TAILQ_ENTRY(kept) link;
	char user_id[UUID_TEXT];
	uint64_t bytes;
};

struct kept_limit {
	SLIST_ENTRY(kept_limit) link;
	uid_t uid;
	uint64_t bytes;
};

void
kept_free(struct runs *r)
{
	struct kept_limit *l;
	struct kept *k;

	while ((l = SLIST_FIRST(&r->allowed)) != NULL) {
		SLIST_REMOVE_HEAD(&r->allowed, link);
		free(l);
	}
	while ((k = TAILQ_FIRST(&r->kept)) != NULL) {
		TAILQ_REMOVE(&r->kept, k, link);
		free(k);
	}
}

static struct kept *
find(struct runs *r, const char *user_id)
{
	struct kept *k;

	TAILQ_FOREACH (k, &r->kept, link)
		if (strcmp(k->user_id, user_id) == 0)
			return k;
	return NULL;
}

/* A row that has not ended has no size yet: those runs are followed. */
static int
load(struct runs *r, const char *user_id, struct kept **out)
{
	int64_t bytes = 0;
	int err = store_runs_output(r->app->db, user_id, &bytes);
	struct kept *k;

	if (err != 0)
		return err;
	k = xcalloc(1, sizeof(*k));
	(void)str_copy(k->user_id, user_id, sizeof(k->user_id));
	k->bytes = (uint64_t)bytes;
	TAILQ_INSERT_TAIL(&r->kept, k, link);
	*out = k;
	return 0;
}

int
kept_follow(struct run *run)
{
	run->kept = find(run->runs, run->user_id);
	if (run->kept != NULL)
		return 0;
	return load(run->runs, run->user_id, &run->kept);
}

uint64_t
kept_bytes(struct run *run)
{
	const uint64_t now = run->term != NULL ? term_bytes(run->term) : 0;

	if (run->kept == NULL)
		return 0;
	run->kept->bytes += now - run->counted;
	run->counted = now;
	return run->kept->bytes;
}

static struct kept_limit *
find_limit(const struct runs *r, uid_t uid)
{
	struct kept_limit *l;

	SLIST_FOREACH(l, &r->allowed, link)
	if (l->uid == uid)
		return l;
	return NULL;
}

/*
 * What a run was granted at its start stays granted. A policy that allows more
 * by now counts for it as well: who waits has done nothing but be early.
 */
bool
kept_has_room(struct run *run)
{
	const struct kept_limit *now;

	if (run->output_max == 0 || kept_bytes(run) < run->output_max)
		return true;
	now = find_limit(run->runs, run->uid);
	return now != NULL && (now->bytes == 0 || kept_bytes(run) < now->bytes);
}

void
kept_allow(struct runs *r, uid_t uid, uint64_t bytes)
{
	struct kept_limit *l = find_limit(r, uid);

	if (l == NULL) {
		l = xcalloc(1, sizeof(*l));
		l->uid = uid;
		SLIST_INSERT_HEAD(&r->allowed, l, link);
	}
	l->bytes = bytes;
}

static void
talked(struct runs *r, const char *run_id, int64_t bytes)
{
	struct tx *tx = tx_begin(r->app->db);

	(void)store_run_talked(tx, run_id, bytes);
	tx_commit(tx, NULL, NULL);
}

/* Entries can come after the end of what said them: then its row has them. */
void
kept_talked_cb(const char *run_id, uint64_t bytes, void *arg)
{
	struct runs *r = arg;
	struct run *run = run_find(r, run_id);
	struct arena *a = arena_new();
	struct kept *k = run != NULL ? run->kept : NULL;
	struct store_run row;

	if (run != NULL) {
		if (k != NULL)
			k->bytes += bytes - run->talked;
		run->talked = bytes;
	} else if (store_run_find(r->app->db, a, run_id, &row) == 0) {
		k = find(r, row.user_id);
		if (k != NULL)
			k->bytes += bytes - (uint64_t)row.talk_bytes;
	}
	if (run == NULL || run->phase == RUN_OVER)
		talked(r, run_id, (int64_t)bytes);
	arena_free(a);
}

int
kept_remove(struct runs *r, struct tx *tx, const struct store_run *row,
    uint64_t *bytes)
{
	int err;

	*bytes = 0;
	/* As it was at the start: who is recorded does not wait it out. */
	if ((row->guards & PRIV_G_RECORDED) != 0)
		return RDV_E_DENIED;
	if (row->ended_at < 0 || run_find(r, row->id) != NULL ||
	    talk_is_open(r->talks, row->id))
		return RDV_E_STATE;
	/* First: a row that says more than there is can be asked for again. */
	err = runlog_remove(r->dirfd, row->id);
	if (err != 0)
		return err;
	err = store_run_forgotten(tx, row->id);
	if (err == 0)
		*bytes = (uint64_t)(row->log_bytes + row->talk_bytes);
	return err == RDV_E_STATE ? 0 : err;
}

void
kept_forget(struct runs *r, const char *user_id, uint64_t bytes)
{
	struct kept *k = find(r, user_id);

	if (k != NULL)
		k->bytes -= bytes < k->bytes ? bytes : k->bytes;
}
