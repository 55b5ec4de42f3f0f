/* SPDX-License-Identifier: MIT */
/*
 * Output that nobody keeps any longer. It goes when somebody asks for that and
 * never by a clock, which may have jumped (abuse G23); when it has, gc.c does
 * not ask which is old.
 */
#include "daemon/core/gclog.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/app.h"
#include "daemon/conf.h"
#include "daemon/core/kept.h"
#include "daemon/store/db.h"
#include "lib/arena.h"
#include "lib/clock.h"
#include "lib/err.h"
#include "lib/log.h"
#include "lib/privproto.h"
#include "lib/secret.h"
#include "lib/str.h"
#include "lib/xalloc.h"

#define DAY_MS (24 * 3600 * 1000LL)

struct walk {
	store_run_fn *cb;
	void *arg;
};

static bool
gclog_row_cb(const struct store_run *r, void *arg)
{
	const struct walk *w = arg;

	return (r->guards & PRIV_G_RECORDED) != 0 || w->cb(r, w->arg);
}

int
gclog_each(struct app *app, const char *user_id, store_run_fn *cb, void *arg)
{
	const int64_t days = app->conf->log_retention_days;
	struct walk w = { cb, arg };

	if (days == 0)
		return 0;
	return store_runs_stale(app->db, user_id,
	    clock_wall_ms() - days * DAY_MS, gclog_row_cb, &w);
}

struct removing {
	struct runs *runs;
	char user_id[UUID_TEXT];
	uint64_t bytes;
};

static void
gclog_removed_cb(int err, void *arg)
{
	struct removing *m = arg;

	if (err == 0)
		kept_forget(m->runs, m->user_id, m->bytes);
	free(m);
}

static int
remove_row(struct app *app, const struct store_run *r)
{
	struct removing *m = xcalloc(1, sizeof(*m));
	struct tx *tx = tx_begin(app->db);
	int err = kept_remove(app->runs, tx, r, &m->bytes);

	m->runs = app->runs;
	(void)str_copy(m->user_id, r->user_id, sizeof(m->user_id));
	if (err == 0) {
		tx_commit(tx, gclog_removed_cb, m);
		return 0;
	}
	tx_abort(tx);
	free(m);
	return err;
}

void
gclog_remove(struct app *app, const char *user_id, const char *run_id)
{
	struct arena *a = arena_new();
	struct store_run r;
	int err = store_run_get(app->db, a, user_id, run_id, &r);

	if (err == 0)
		err = remove_row(app, &r);
	if (err != 0)
		log_warnx("gc", "output of run %s stays: %s", run_id,
		    err > 0 ? err_name(err) : strerror(-err));
	arena_free(a);
}
