/* SPDX-License-Identifier: MIT */
/*
 * Typing into a session and signalling it. Text reaches the program byte for
 * byte: nothing in it is a key name, a target or a command of ours (abuse
 * H12).
 */
#include <string.h>

#include "daemon/app.h"
#include "daemon/core/run.h"
#include "daemon/core/sessionstate.h"
#include "daemon/store/db.h"
#include "daemon/term/term.h"
#include "lib/clock.h"
#include "lib/err.h"
#include "lib/str.h"

/*
 * Told to nobody and waited for by nobody: a touch that is lost costs a minute.
 */
static void
touch(struct sessions *s, const char *id, struct run *run)
{
	struct tx *tx;

	if (!run_touch(run))
		return;
	tx = tx_begin(s->app->db);
	(void)store_session_touch(tx, id, clock_wall_ms());
	tx_commit(tx, NULL, NULL);
}

void
session_touch(struct sessions *s, const char *id, const char *run_id)
{
	struct run *run = run_find(s->app->runs, run_id);

	/* Looking at what has ended is no activity of the session. */
	if (run != NULL)
		touch(s, id, run);
}

struct find {
	struct app *app;
	struct run *run;
	char run_id[UUID_TEXT];
	bool unknown;
};

static bool
session_find_run_cb(const struct store_session *s, const struct store_run *r,
    void *arg)
{
	struct find *f = arg;

	(void)s;
	if (r == NULL)
		return false;
	f->run = session_run_of(f->app, r, &f->unknown);
	(void)str_copy(f->run_id, r->id, sizeof(f->run_id));
	return false;
}

int
session_input(struct sessions *s, const struct session_who *who,
    const struct session_text *text, struct session_place *at)
{
	struct find f = { .app = s->app };
	uint64_t next;
	struct term *t;
	int err = store_session_get(s->app->db, who->user_id, who->id,
	    session_find_run_cb, &f);

	if (err != 0)
		return err;
	if (f.unknown)
		return RDV_E_UNAVAILABLE;
	/* Its terminal is there until the record of its end is durable. */
	t = f.run != NULL && !run_has_ended(f.run) ? run_term(f.run) : NULL;
	if (t == NULL)
		return RDV_E_STATE;
	/* Before the text: a refusal says that nothing was typed. */
	if (text->end && !term_input_has_end(t))
		return RDV_E_STATE;
	next = term_bytes(t);
	if (text->len > 0)
		err = term_input(t, text->p, text->len);
	if (err == 0 && text->end)
		err = term_input_end(t);
	if (err == 0) {
		memcpy(at->run_id, f.run_id, sizeof(at->run_id));
		at->offset = next;
	}
	touch(s, who->id, f.run);
	return err;
}

static void
session_signalled_cb(int err, void *arg)
{
	session_op_end(arg, err,
	    err == RDV_E_STATE ? "its program has ended" : NULL);
}

void
session_signal(struct sessions *s, const struct session_who *who, int sig,
    bool all)
{
	struct session_op *op = session_op_new(s, who);
	struct run *run;
	bool unknown;

	if (!session_op_load(op))
		return;
	run = session_op_run(op, &unknown);
	if (unknown)
		session_op_end(op, RDV_E_UNAVAILABLE,
		    "its program is not known yet; try again shortly");
	else if (run == NULL)
		session_op_end(op, RDV_E_STATE, "it has no program");
	else
		run_signal(run, sig, all, session_signalled_cb, op);
}
