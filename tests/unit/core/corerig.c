/* SPDX-License-Identifier: MIT */
/*
 * The rig for tests of runs and sessions: see corerig.h. Invariant: rdvd's own
 * code is the real one, and what it asks of the helper coreops.c answers.
 */
#include "tests/unit/core/corerig.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/auth/auth.h"
#include "daemon/core/approval.h"
#include "daemon/core/boot.h"
#include "daemon/core/grant.h"
#include "daemon/core/run.h"
#include "daemon/core/worktree.h"
#include "daemon/event/event.h"
#include "daemon/loop.h"
#include "daemon/store/db.h"
#include "daemon/term/runlog.h"
#include "lib/arena.h"
#include "lib/clock.h"
#include "lib/log.h"
#include "lib/str.h"
#include "tests/unit/check.h"
#include "tests/unit/core/coreops.h"

static struct arena *rows; /* of corerig_row() and corerig_session() */

struct wait {
	struct corerig *r;
	bool (*cond)(void *arg);
	void *arg;
};

static bool
rig_served(void *arg)
{
	struct wait *w = arg;

	(void)coreops_serve(w->r);
	return w->cond(w->arg);
}

void
corerig_until(struct corerig *r, bool (*cond)(void *arg), void *arg)
{
	struct wait w = { r, cond, arg };

	opsrig_until(&r->ops, rig_served, &w);
}

void
corerig_settle(struct corerig *r)
{
	for (unsigned quiet = 0; quiet < 5; quiet++) {
		opsrig_turns(&r->ops, 1);
		db_settle(r->app.db);
		if (coreops_serve(r))
			quiet = 0;
	}
}

static void
rig_gone_cb(__attribute__((unused)) void *arg)
{
	fail_msg("the helper client gave up");
}

static bool
rig_is_settled(void *arg)
{
	return runs_settled(((struct corerig *)arg)->app.runs);
}

/* Its owner is a user too: not before the one of the tests. */
static void
rig_auth(struct corerig *r)
{
	if (auth_new(&r->app.auth, &r->app, r->why, sizeof(r->why)) != 0)
		fail_msg("%s", r->why);
}

void
corerig_daemon_up(struct corerig *r)
{
	memset(&r->app, 0, sizeof(r->app));
	r->app.conf = &r->conf;
	r->app.loop = loop_new();
	if (db_open(&r->app.db, r->app.loop, r->conf.database_path, r->why,
		sizeof(r->why)) != 0)
		fail_msg("%s", r->why);
	assert_int_equal(db_start(r->app.db), 0);
	r->app.bus = event_bus_new(r->app.loop, r->app.db);
	if (r->user[0] != '\0')
		rig_auth(r);
	r->app.grants = grants_new(&r->app);
	r->app.runs = runs_new(&r->app);
	r->app.sessions = sessions_new(&r->app);
	r->app.approvals = approvals_new(&r->app);
	r->app.worktrees = worktrees_new(&r->app);
	opsrig_start_with(&r->ops, r->app.loop, &boot_helper_ops, rig_gone_cb,
	    &r->app);
	r->app.helper = r->ops.helper;
	opsrig_connect(&r->ops);
	if (!r->mute_inventory)
		corerig_until(r, rig_is_settled, r);
}

void
corerig_daemon_down(struct corerig *r)
{
	r->app.draining = true;
	opsrig_done(&r->ops);
	r->app.helper = NULL;
	db_settle(r->app.db);
	worktrees_free(r->app.worktrees);
	sessions_free(r->app.sessions);
	runs_free(r->app.runs);
	approvals_free(r->app.approvals);
	grants_free(r->app.grants);
	auth_free(r->app.auth);
	event_bus_free(r->app.bus);
	db_close(r->app.db);
	loop_free(r->app.loop);
}

static void
rig_user(struct corerig *r)
{
	struct tx *tx = tx_begin(r->app.db);

	uuid_v7(r->user);
	assert_true(tx_exec(tx,
			"INSERT INTO user (id, name, uid, created_at) "
			"VALUES (?, ?, ?, ?)",
			"ssii", r->user, "somebody", (int64_t)1000,
			(int64_t)1) == 1);
	tx_commit(tx, NULL, NULL);
	db_settle(r->app.db);
}

int
corerig_setup(void **state)
{
	static struct corerig r;
	char path[96];

	memset(&r, 0, sizeof(r));
	log_init("test", STDERR_FILENO, LOG_ERROR);
	rows = arena_new();
	(void)snprintf(r.base, sizeof(r.base), "/tmp/rdv-core-XXXXXX");
	assert_non_null(mkdtemp(r.base));
	(void)snprintf(path, sizeof(path), "%s/server", r.base);
	assert_int_equal(mkdir(path, 0700), 0);
	conf_init(&r.conf, r.base, "/home/somebody");
	r.generation = CORERIG_GENERATION;
	corerig_daemon_up(&r);
	rig_user(&r);
	rig_auth(&r);
	*state = &r;
	return 0;
}

static int
rig_remove_cb(const char *path, const struct stat *st, int flag,
    struct FTW *ftw)
{
	(void)st, (void)flag, (void)ftw;
	return remove(path);
}

int
corerig_teardown(void **state)
{
	struct corerig *r = *state;

	corerig_daemon_down(r);
	for (unsigned i = 0; i < r->nruns; i++) {
		seqpkt_fds_close(&r->runs[i].fds);
		if (r->runs[i].far >= 0)
			close(r->runs[i].far);
	}
	conf_done(&r->conf);
	arena_free(rows);
	clock_shift(0, 0);
	assert_int_equal(nftw(r->base, rig_remove_cb, 8, FTW_DEPTH | FTW_PHYS),
	    0);
	return 0;
}

/* Sessions */

static void
rig_answer_cb(int err, const char *id, const char *why, void *arg)
{
	struct corerig *r = arg;

	r->answers++;
	r->err = err;
	(void)str_copy(r->id, id != NULL ? id : "", sizeof(r->id));
	(void)str_copy(r->why, why != NULL ? why : "", sizeof(r->why));
}

static bool
rig_answered(void *arg)
{
	return ((struct corerig *)arg)->answers > 0;
}

void
corerig_answer(struct corerig *r)
{
	corerig_until(r, rig_answered, r);
	assert_int_equal(r->answers, 1);
	r->answers = 0;
}

struct session_who
corerig_who(struct corerig *r, const char *id)
{
	return (struct session_who){ .user_id = r->user,
		.uid = 1000,
		.id = id,
		.cb = rig_answer_cb,
		.arg = r };
}

void
corerig_create(struct corerig *r, const char *name)
{
	static const char *const argv[] = { "/bin/prog", "arg", NULL };
	struct session_who who = corerig_who(r, NULL);
	struct session_spec spec = { .name = name,
		.project_path = "/home/somebody/project",
		.argv = argv,
		.profile = "login",
		.cols = 80,
		.rows = 24 };

	session_create(r->app.sessions, &who, &spec);
	corerig_answer(r);
}

struct fake_run *
corerig_run(struct corerig *r, const char *label)
{
	for (unsigned i = 0; i < r->nruns; i++)
		if (strcmp(r->runs[i].label, label) == 0)
			return &r->runs[i];
	return NULL;
}

void
corerig_exit(struct corerig *r, struct fake_run *f, int status)
{
	f->exited = true;
	f->status = status;
	close(f->far);
	f->far = -1;
	if (r->ops.ops >= 0)
		opsrig_exit(&r->ops, f->handle, status);
}

void
corerig_release(struct corerig *r)
{
	if (r->fail_spawn)
		opsrig_not_there(&r->ops, r->held, r->no_program);
	else
		coreops_answer_spawn(r, r->held, &r->runs[r->nruns - 1]);
}

/* Rows */

static bool
rig_session_cb(const struct store_session *s, const struct store_run *run,
    void *arg)
{
	struct store_session *out = arg;

	(void)run;
	*out = *s;
	out->status = arena_strdup(rows, s->status);
	out->name = arena_strdup(rows, s->name);
	out->run_id = arena_text(rows, s->run_id);
	out->folder_id = arena_text(rows, s->folder_id);
	return false;
}

const struct store_session *
corerig_session(struct corerig *r, const char *id)
{
	static struct store_session s;

	return store_session_find(r->app.db, id, rig_session_cb, &s) == 0
		   ? &s
		   : NULL;
}

const struct store_run *
corerig_row(struct corerig *r, const char *run_id)
{
	static struct store_run row;

	return store_run_find(r->app.db, rows, run_id, &row) == 0 ? &row : NULL;
}

static bool
rig_count_cb(struct row *row, void *arg)
{
	*(unsigned *)arg = (unsigned)row_int(row, 0);
	return false;
}

unsigned
corerig_events(struct corerig *r, const char *kind, const char *subject)
{
	static const char sql[] =
	    "SELECT count(*) FROM event WHERE kind = ? AND subject = ?";
	unsigned n = 0;

	assert_int_equal(db_query(r->app.db, sql, rig_count_cb, &n, "ss", kind,
			     subject),
	    0);
	return n;
}

const char *
corerig_log(struct corerig *r, const char *run_id)
{
	static char text[65536];
	char path[128];
	struct runlog l;
	int dir;
	long n;

	(void)snprintf(path, sizeof(path), "%s/server/runs", r->base);
	dir = open(path, O_DIRECTORY);
	assert_true(dir >= 0);
	assert_int_equal(runlog_open(&l, dir, run_id, RUNLOG_READ), 0);
	n = runlog_read(&l, 0, text, sizeof(text) - 1);
	assert_true(n >= 0);
	text[n] = '\0';
	runlog_close(&l);
	close(dir);
	return text;
}
