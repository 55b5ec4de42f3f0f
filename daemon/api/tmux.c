/* SPDX-License-Identifier: MIT */
/*
 * /api/tmux: what tmux has that may have no session in rdv (contract 5.6). It
 * is listed, and adopted or ended by its name when somebody says so; nothing of
 * it happens by itself.
 */
#include <string.h>

#include "daemon/api/answer.h"
#include "daemon/api/api.h"
#include "daemon/api/session.h"
#include "daemon/app.h"
#include "daemon/core/session.h"
#include "daemon/core/sessiontmux.h"
#include "daemon/core/tmuxhistory.h"
#include "daemon/core/tmuxlist.h"
#include "daemon/store/sessions.h"
#include "lib/arena.h"
#include "lib/clock.h"
#include "lib/err.h"
#include "lib/log.h"

struct history_in {
	uint64_t set;
	int64_t lines;
	bool raw;
};

struct tmux_in {
	uint64_t set;
	const char *name, *session_name, *server;
};

#define FIELD(n, camel, k, member, ...)                                 \
	{                                                               \
		.name = n, .alias = camel, .kind = k,                   \
		.offset = offsetof(struct tmux_in, member), __VA_ARGS__ \
	}
#define SERVER                                                            \
	FIELD("server", NULL, JS_ONE_OF, server, .words = "rdv|default",  \
	    .help = "rdv's own tmux server, or the one that tmux itself " \
		    "takes; default rdv")
#define NAME                                                           \
	FIELD("name", NULL, JS_TEXT, name, .required = true, .min = 1, \
	    .max = 100, .help = "of the tmux session, in full")

static const struct js_field list_fields[] = { SERVER, { .name = NULL } };
static const struct js_field kill_fields[] = { NAME, SERVER, { .name = NULL } };
static const struct js_field adopt_fields[] = { NAME, SERVER,
	FIELD("session_name", "sessionName", JS_TEXT, session_name, .min = 1,
	    .max = 100, .help = "of the new session; default that of tmux"),
	{ .name = NULL } };

static const struct js_field history_fields[] = {
	{ .name = "lines",
	    .kind = JS_INT,
	    .offset = offsetof(struct history_in, lines),
	    .min = 1,
	    .max = 100000,
	    .help = "default 100" },
	{ .name = "raw",
	    .kind = JS_BOOL,
	    .offset = offsetof(struct history_in, raw),
	    .help = "keep colours" },
	{ .name = NULL },
};

static enum tmux_server
server_of(const struct api_call *c)
{
	const struct tmux_in *in = c->in;

	return in->server != NULL && strcmp(in->server, "default") == 0
		   ? TMUX_DEFAULT
		   : TMUX_OWN;
}

static struct tmux_who
who_of(const struct api_call *c)
{
	return (struct tmux_who){ c->actor->uid, c->actor->user_id };
}

/* A call that failed: 503 where nothing is known, never an empty list. */
static void
tmux_fail(struct api_call *c, int err, const char *why)
{
	if (err == RDV_E_UNAVAILABLE || err == RDV_E_SPAWN)
		api_fail_code(c, 503, "TMUX_UNAVAILABLE",
		    why != NULL ? why : "tmux cannot be asked", NULL);
	else
		api_fail(c, err, why);
}

static struct js *
listed_json(const struct tmux_listed *s)
{
	const bool has_row = s->session_id[0] != '\0';
	struct js *o = js_object();

	js_add_str(o, "name", s->name);
	js_add_ms(o, "created_at", s->created_ms);
	js_add_int(o, "attached", s->attached);
	js_add_int(o, "windows", s->windows);
	js_add_str(o, "session_id", has_row ? s->session_id : NULL);
	return o;
}

static struct js *
gone_json(const struct tmux_gone *g)
{
	struct js *o = js_object();

	js_add_str(o, "id", g->id);
	js_add_str(o, "name", g->name);
	return o;
}

static void
tmux_listed_cb(int err, const struct tmux_listing *list, const char *why,
    void *arg)
{
	struct api_call *c = arg;
	struct js *o, *sessions, *gone;

	if (err != 0) {
		tmux_fail(c, err, why);
		return;
	}
	o = js_object();
	sessions = js_array();
	gone = js_array();
	for (size_t i = 0; i < list->n; i++)
		js_push(sessions, listed_json(&list->sessions[i]));
	for (size_t i = 0; i < list->ngone; i++)
		js_push(gone, gone_json(&list->gone[i]));
	js_add_str(o, "server", server_of(c) == TMUX_OWN ? "rdv" : "default");
	js_add_bool(o, "running", list->running);
	js_add(o, "sessions", sessions);
	js_add(o, "gone", gone);
	api_reply(c, 200, o);
}

static void
tmux_sessions(struct api_call *c)
{
	const struct tmux_who who = who_of(c);

	tmux_list(c->app, &who, server_of(c), tmux_listed_cb, c);
}

/*
 * The one that is named, if it is there and nobody's here; else the call is
 * answered.
 */
static const struct tmux_listed *
named(struct api_call *c, int err, const struct tmux_listing *list,
    const char *why)
{
	const struct tmux_in *in = c->in;
	const struct tmux_listed *s = NULL;

	if (err != 0) {
		tmux_fail(c, err, why);
		return NULL;
	}
	if (!answer_holds(c))
		return NULL;
	s = tmux_listed(list, in->name);
	if (s != NULL && s->session_id[0] == '\0')
		return s;
	if (s == NULL)
		api_fail(c, RDV_E_NOT_FOUND, "there is no such tmux session");
	else
		api_fail(c, RDV_E_EXISTS,
		    "it belongs to a session of rdv: see tmux_session_name");
	return NULL;
}

static bool
name_fits(struct api_call *c)
{
	const struct tmux_in *in = c->in;

	if (tmux_name_ok(in->name))
		return true;
	api_fail(c, RDV_E_INVALID,
	    "name: tmux has no such names, or takes them for something else");
	return false;
}

static void
tmux_adopted_cb(int err, const char *id, const char *why, void *arg)
{
	struct api_call *c = arg;

	if (err != 0)
		session_fail(c, err, why);
	else
		session_reply(c, id, 201);
}

static void
tmux_adoptee_cb(int err, const struct tmux_listing *list, const char *why,
    void *arg)
{
	struct api_call *c = arg;
	const struct tmux_in *in = c->in;
	const bool own = server_of(c) == TMUX_OWN;
	struct session_who who = session_who_of(c, tmux_adopted_cb);
	struct session_spec spec = {
		.name = in->session_name != NULL ? in->session_name : in->name,
		.terminal_type = own ? SESSION_TMUX : SESSION_TMUX_ATTACHED,
		.adopt = own ? in->name : NULL,
		.argv =
		    own ? NULL
			: tmux_attach_default(c->app, c->req->arena, in->name),
		.profile = "login",
		.io = PRIV_IO_PTY,
		.cols = SESSION_COLS,
		.rows = SESSION_ROWS,
	};

	if (named(c, err, list, why) == NULL)
		return;
	who.id = NULL;
	session_create(c->app->sessions, &who, &spec);
}

static void
tmux_adopt(struct api_call *c)
{
	const struct tmux_who who = who_of(c);

	if (name_fits(c))
		tmux_list(c->app, &who, server_of(c), tmux_adoptee_cb, c);
}

static void
tmux_killed_cb(int err, const char *text, const char *why, void *arg)
{
	struct api_call *c = arg;
	const struct tmux_in *in = c->in;

	(void)text;
	if (err == RDV_E_NOT_FOUND)
		api_fail(c, err, "there is no such tmux session");
	else if (err != 0)
		tmux_fail(c, err, why);
	if (err != 0)
		return;
	log_info("tmux", "ended an orphan by request name=\"%s\"", in->name);
	api_empty(c, 204);
}

static void
tmux_victim_cb(int err, const struct tmux_listing *list, const char *why,
    void *arg)
{
	struct api_call *c = arg;
	const struct tmux_in *in = c->in;
	const struct tmux_who who = who_of(c);

	if (named(c, err, list, why) != NULL)
		tmux_kill(c->app, &who, server_of(c), in->name, tmux_killed_cb,
		    c);
}

static void
tmux_end(struct api_call *c)
{
	const struct tmux_who who = who_of(c);

	if (name_fits(c))
		tmux_list(c->app, &who, server_of(c), tmux_victim_cb, c);
}

static void
tmux_history_cb(int err, const struct tmux_history *h, const char *why,
    void *arg)
{
	struct api_call *c = arg;
	struct js *o;

	if (err != 0) {
		tmux_fail(c, err, why);
		return;
	}
	o = js_object();
	js_add_str(o, "content", h->text);
	js_add_int(o, "lines", (int64_t)h->lines);
	js_add_bool(o, "truncated", h->truncated);
	js_add_ms(o, "captured_at", clock_wall_ms());
	api_reply(c, 200, o);
}

static void
tmux_past(struct api_call *c)
{
	const struct history_in *in = c->in;
	const struct tmux_who who = who_of(c);

	tmux_history(c->app, &who, c->params[0],
	    in->lines > 0 ? (uint64_t)in->lines : 100, in->raw, tmux_history_cb,
	    c);
}

#define IN .in_size = sizeof(struct tmux_in)

const struct api_route api_routes_tmux[] = {
	{ HTTP_M_GET, "/api/tmux/sessions", SCOPE_READ, .query = list_fields,
	    IN, .handler = tmux_sessions, .success = 200,
	    .doc = "What a tmux server has, with the session of each or none" },
	{ HTTP_M_POST, "/api/tmux/adopt", SCOPE_WRITE, .body = adopt_fields, IN,
	    .handler = tmux_adopt, .success = 201,
	    .doc = "A new session for a tmux session that has none" },
	{ HTTP_M_POST, "/api/tmux/kill", SCOPE_WRITE, .body = kill_fields, IN,
	    .handler = tmux_end, .success = 204,
	    .doc = "Ends a tmux session that has no session here" },
	{ HTTP_M_GET, "/api/sessions/{id}/tmux/history", SCOPE_READ | SCOPE_RUN,
	    .of = API_OF_SESSION, .query = history_fields,
	    .in_size = sizeof(struct history_in), .handler = tmux_past,
	    .success = 200,
	    .doc = "The last lines that tmux has of it, as text" },
	{ .pattern = NULL },
};
