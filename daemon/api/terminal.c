/* SPDX-License-Identifier: MIT */
/*
 * /ws/terminal/{session_id}: who may look at what and from which byte on. From
 * then on it is api/door.c that speaks. Invariant: every socket either gets
 * "ready" or hears why not before it is closed.
 */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/api/api.h"
#include "daemon/api/door.h"
#include "daemon/app.h"
#include "daemon/auth/link.h"
#include "daemon/conf.h"
#include "daemon/core/run.h"
#include "daemon/emu/emu.h"
#include "daemon/http/ws.h"
#include "daemon/store/runs.h"
#include "daemon/store/sessions.h"
#include "daemon/term/presence.h"
#include "daemon/term/term.h"
#include "lib/str.h"
#include "lib/xalloc.h"

struct terminal_in {
	uint64_t set;
	int64_t offset, tail, cols, rows, lines;
	const char *run_id, *ticket;
	bool read_only, keep_size, screen, presence;
};

static const struct js_field query_fields[] = {
	{ .name = "offset",
	    .kind = JS_INT,
	    .offset = offsetof(struct terminal_in, offset),
	    .max = INT64_MAX,
	    .help = "next byte of the run's log wanted" },
	{ .name = "tail",
	    .kind = JS_INT,
	    .offset = offsetof(struct terminal_in, tail),
	    .max = INT64_MAX,
	    .help = "without offset: bytes before the end; default 262144" },
	{ .name = "cols",
	    .kind = JS_INT,
	    .offset = offsetof(struct terminal_in, cols),
	    .min = TERM_COLS_MIN,
	    .max = TERM_COLS_MAX,
	    .help = "size of the client's window" },
	{ .name = "rows",
	    .kind = JS_INT,
	    .offset = offsetof(struct terminal_in, rows),
	    .min = TERM_ROWS_MIN,
	    .max = TERM_ROWS_MAX,
	    .help = "size of the client's window" },
	{ .name = "run_id",
	    .kind = JS_TEXT,
	    .offset = offsetof(struct terminal_in, run_id),
	    .min = 1,
	    .max = 36,
	    .help = "the run that offset is of" },
	{ .name = "read_only",
	    .kind = JS_BOOL,
	    .offset = offsetof(struct terminal_in, read_only),
	    .help = "look, do not touch" },
	{ .name = "keep_size",
	    .kind = JS_BOOL,
	    .offset = offsetof(struct terminal_in, keep_size),
	    .help = "the terminal keeps its size while somebody owns it" },
	{ .name = "screen",
	    .kind = JS_BOOL,
	    .offset = offsetof(struct terminal_in, screen),
	    .help = "without an offset that can be had: what it shows first, "
		    "in place of a replay" },
	{ .name = "lines",
	    .kind = JS_INT,
	    .offset = offsetof(struct terminal_in, lines),
	    .max = EMU_HISTORY,
	    .help = "with screen: lines above it at most; default 2000" },
	{ .name = "token",
	    .kind = JS_TEXT,
	    .offset = offsetof(struct terminal_in, ticket),
	    .max = 128,
	    .help = "a ticket of POST /api/sessions/{id}/terminal-token, in "
		    "place of a header; spent by it" },
	{ .name = "presence",
	    .kind = JS_BOOL,
	    .offset = offsetof(struct terminal_in, presence),
	    .help = "tell who else looks, and when that changes" },
	{ .name = NULL },
};

/* Where a client that names `in` begins; *why when not where it asks. */
static uint64_t
begin_at(const struct door *d, const struct terminal_in *in, const char **why)
{
	uint64_t tail = JS_SET(in, 1) ? (uint64_t)in->tail : DOOR_TAIL;

	*why = NULL;
	if (!JS_SET(in, 0))
		return door_tail(d, tail);
	if (in->run_id != NULL && strcmp(in->run_id, d->run_id) != 0)
		*why = "the session has another run now";
	else if ((uint64_t)in->offset > term_bytes(d->term))
		*why = "that offset is not in the log";
	else if ((uint64_t)in->offset < d->floor)
		*why = door_newcomer;
	else
		return (uint64_t)in->offset;
	return door_tail(d, tail);
}

static void
say_size(struct door *d, const struct terminal_in *in)
{
	unsigned cols = (unsigned)in->cols, rows = (unsigned)in->rows;

	door_limit_size(d, &cols, &rows);
	/* Half a size is none; who only looks must not move the others. */
	if (!JS_SET(in, 2) || !JS_SET(in, 3) || d->read_only)
		return;
	if (in->keep_size)
		(void)viewer_state_size(d->viewer, cols, rows);
	else
		(void)viewer_resize(d->viewer, cols, rows);
}

/* As others see it: by an account, or by what a link is said to be for. */
static void
introduce(struct door *d, const char *token_id, struct viewer_conf *conf)
{
	const struct auth *auth = d->app->auth;

	conf->name = auth_link_label(auth, token_id);
	d->guest = conf->name != NULL;
	if (d->guest)
		conf->link = token_id;
	else
		conf->name = auth_user_name(auth, d->user_id);
}

static void
attach(struct door *d, const struct terminal_in *in, const char *token_id)
{
	struct viewer_conf conf = {
		/* A frame of JSON is up to six times its output; see door.c. */
		.chunk = d->binary ? 0 : DOOR_TEXT_CHUNK,
		.read_only = d->read_only,
		.hears = in->presence,
	};
	const char *why;

	d->newcomer = !auth_link_history(d->app->auth, token_id);
	d->floor = d->newcomer ? term_bytes(d->term) : 0;
	term_size(d->term, &d->cols, &d->rows);
	conf.offset = begin_at(d, in, &why);
	conf.held =
	    door_has_screen(d) &&
	    (d->newcomer || (in->screen && (!JS_SET(in, 0) || why != NULL)));
	if (conf.held)
		conf.offset = term_bytes(d->term);
	d->hears = in->presence;
	introduce(d, token_id, &conf);
	d->viewer = viewer_new(d->term, &conf, &door_viewer_ops, d);
	/* Before "ready", which tells the outcome. */
	say_size(d, in);
	door_say_ready(d, conf.offset);
	if (why != NULL)
		door_say_resync(d, conf.offset, why);
	if (conf.held)
		door_screen(d,
		    JS_SET(in, 8) ? (unsigned)in->lines : EMU_HISTORY);
	door_touch(d);
}

struct target {
	struct api_call *c;
	struct door *door;
	struct door_refusal no;
};

/*
 * Told over the open socket, because a browser keeps the status of a refused
 * upgrade from the page. 4xxx is private use (RFC 6455 section 7.4.2): do not
 * come back by yourself; 1013 is: do.
 */
static const struct door_refusal refusals[] = {
	{ 4003, "NOT_FOUND", "there is no such session" },
	{ 4004, "SESSION_CLOSED", "the session is closed" },
	{ 4004, "SESSION_SUSPENDED", "the session is suspended" },
	{ 1013, "STARTING", "it is being started; try again shortly" },
	{ 1013, "TOO_MANY_VIEWERS", "terminal.max_viewers are there already" },
	{ 1013, "TOO_MANY_VIEWERS", "32 are there by this link already" },
	{ 1011, "INTERNAL", "its log cannot be read" },
};
enum {
	NO_SESSION,
	NO_CLOSED,
	NO_SUSPENDED,
	NO_STARTING,
	NO_ROOM,
	NO_GUESTS,
	NO_LOG
};
#define LINK_VIEWERS 32

static bool
terminal_session_cb(const struct store_session *s, const struct store_run *r,
    void *arg)
{
	struct target *t = arg;
	struct door *d = t->door;
	bool live;
	int err;

	(void)str_copy(d->session_id, s->id, sizeof(d->session_id));
	d->clipboard = s->clipboard;
	if (strcmp(s->status, "active") != 0) {
		t->no =
		    refusals[strcmp(s->status, "closed") == 0 ? NO_CLOSED
							      : NO_SUSPENDED];
		return false;
	}
	t->no = refusals[NO_STARTING];
	if (r == NULL)
		return false;
	(void)str_copy(d->run_id, r->id, sizeof(d->run_id));
	live = strcmp(r->state, "starting") == 0 ||
	       strcmp(r->state, "running") == 0;
	/* In flight and not in memory: it is not known yet what it is. */
	if (live && run_find(d->app->runs, r->id) == NULL)
		return false;
	/* A positive outcome: it has no terminal so far, it is starting. */
	err = run_open_term(d->app->runs, r, &d->term);
	if (err <= 0)
		t->no = refusals[NO_LOG];
	if (err == 0)
		t->no.close = 0;
	return false;
}

struct guests {
	const char *link;
	unsigned n;
};

static void
guests_cb(const struct presence_row *row, void *arg)
{
	struct guests *g = arg;

	g->n += row->link != NULL && strcmp(row->link, g->link) == 0;
}

/* A link that is handed on must not keep everybody else out. */
static bool
link_full(const struct term *term, const char *token_id)
{
	struct guests g = { .link = token_id };

	(void)presence_each(term, UINT_MAX, guests_cb, &g);
	return g.n >= LINK_VIEWERS;
}

/* Finds what is to be shown, or why not. */
static void
find_target(struct target *t)
{
	struct api_call *c = t->c;
	struct terms_stats stats;
	int err;

	t->no = refusals[NO_SESSION];
	err = store_session_get(c->app->db, c->actor->user_id, c->params[0],
	    terminal_session_cb, t);
	if (err < 0)
		t->no = refusals[NO_LOG];
	terms_stats(c->app->terms, &stats);
	if (stats.viewers >= (unsigned)c->app->conf->max_viewers)
		t->no = refusals[NO_ROOM];
	else if (t->no.close == 0 &&
		 link_full(t->door->term, c->actor->token_id))
		t->no = refusals[NO_GUESTS];
}

static struct door *
door_new(struct api_call *c)
{
	struct door *d = xcalloc(1, sizeof(*d));

	d->app = c->app;
	d->binary = ws_offers(c->req, "rdv.v1");
	return d;
}

/* True when it is open; the request is gone in any case. */
static bool
door_open(struct door *d, struct api_call *c)
{
	struct ws_conf conf = {
		.subprotocol = d->binary ? "rdv.v1" : NULL,
		.max = DOOR_FRAME_MAX,
		.low = VIEWER_LOW,
	};

	d->ws = ws_accept(c->req, &conf, &door_ws_ops, d);
	if (d->ws != NULL)
		return true;
	term_unref(d->term);
	free(d);
	return false;
}

/* A page does not get to see why it got no WebSocket: so it gets one. */
static void
terminal_turn_away(struct api_call *c, const struct auth_refusal *no)
{
	const struct door_refusal why = { no->close, no->code, no->sentence };
	struct door *d = door_new(c);

	if (door_open(d, c))
		door_refuse(d, &why);
}

static void
terminal_open(struct api_call *c)
{
	/* Copies: the call and its arena are gone after ws_accept(). */
	struct terminal_in in = *(struct terminal_in *)c->in;
	struct actor actor = *c->actor;
	struct door *d = door_new(c);
	struct target t = { .c = c, .door = d };
	struct auth *auth = c->app->auth;
	char run_id[UUID_TEXT] = "";

	(void)str_copy(d->user_id, actor.user_id, sizeof(d->user_id));
	d->read_only = in.read_only || !(actor.scopes & SCOPE_RUN);
	if (in.run_id != NULL) {
		(void)str_copy(run_id, in.run_id, sizeof(run_id));
		in.run_id = run_id;
	}
	find_target(&t);
	if (!door_open(d, c))
		return;
	d->watch = auth_on_revoke(auth, &actor, door_revoked_cb, d);
	if (t.no.close != 0)
		door_refuse(d, &t.no);
	else
		attach(d, &in, actor.token_id);
}

const struct api_route api_routes_terminal[] = {
	{ HTTP_M_GET, "/ws/terminal/{session_id}", SCOPE_READ | SCOPE_RUN,
	    .of = API_OF_SESSION, .kind = API_WEBSOCKET, .query = query_fields,
	    .in_size = sizeof(struct terminal_in), .handler = terminal_open,
	    .turn_away = terminal_turn_away, .success = 101,
	    .doc = "A terminal; see docs/stream.md" },
	{ .pattern = NULL },
};
