/* SPDX-License-Identifier: MIT */
/*
 * What goes into and comes out of a session's program without a terminal:
 * typing and signals. Text is typed byte for byte; this door has no key names
 * (abuse H12).
 */
#include <signal.h>
#include <string.h>

#include "daemon/api/api.h"
#include "daemon/api/session.h"
#include "daemon/app.h"
#include "daemon/core/session.h"
#include "lib/arena.h"
#include "lib/err.h"
#include "lib/str.h"

struct type_in {
	uint64_t set;
	const char *text;
	bool flag, base64;
};

struct signal_in {
	uint64_t set;
	const char *signal;
	bool all;
};

#define FIELD(st, n, camel, k, member, ...)                        \
	{                                                          \
		.name = n, .alias = camel, .kind = k,              \
		.offset = offsetof(struct st, member), __VA_ARGS__ \
	}

static const struct js_field exec_fields[] = {
	FIELD(type_in, "command", NULL, JS_TEXT, text, .required = true,
	    .min = 1, .max = 65536, .help = "typed as it is"),
	FIELD(type_in, "enter", NULL, JS_BOOL, flag,
	    .help = "then the Enter key; default true"),
	{ .name = NULL },
};

static const struct js_field input_fields[] = {
	FIELD(type_in, "data", NULL, JS_TEXT, text, .required = true, .min = 0,
	    .max = 65536, .help = "typed as it is"),
	FIELD(type_in, "eof", NULL, JS_BOOL, flag,
	    .help = "then its input ends (io: pipes)"),
	FIELD(type_in, "base64", NULL, JS_BOOL, base64,
	    .help = "data is base64 of what is typed, which may be no text"),
	{ .name = NULL },
};

static const struct js_field signal_fields[] = {
	FIELD(signal_in, "signal", NULL, JS_ONE_OF, signal, .required = true,
	    .words = "INT|TERM|HUP|KILL|QUIT|USR1|USR2|CONT|STOP",
	    .help = "to its process group"),
	FIELD(signal_in, "all", NULL, JS_BOOL, all,
	    .help = "to end everything it ever started"),
	{ .name = NULL },
};

static const char no_session[] = "there is no such session";

static void
sessionio_taken_cb(int err, const char *id, const char *why, void *arg)
{
	struct api_call *c = arg;

	(void)id;
	if (err != 0)
		session_fail(c, err, why);
	else
		api_empty(c, 202);
}

static struct js *
place_json(const struct session_place *at)
{
	struct js *o = js_object();

	js_add_str(o, "run_id", at->run_id);
	js_add_int(o, "offset", (int64_t)at->offset);
	return o;
}

void
session_type(struct api_call *c, const void *p, size_t len, bool end)
{
	struct session_who who = session_who_of(c, NULL);
	struct session_text text = { p, len, end };
	struct session_place at;
	int err = session_input(c->app->sessions, &who, &text, &at);

	if (err == 0)
		api_reply(c, 202, place_json(&at));
	else /* RDV_E_STATE has two reasons, known by what was asked */
		session_fail(c, err,
		    err == RDV_E_NOT_FOUND ? no_session
		    : err != RDV_E_STATE   ? NULL
		    : end		   ? "it has no input that could end"
					   : "it has no program to type into");
}

/*
 * The text and Enter in one piece: nothing can come between them. Enter sends a
 * carriage return; the terminal makes a newline of it where the program has not
 * asked otherwise (ICRNL, termios(3)).
 */
static void
sessionio_exec(struct api_call *c)
{
	const struct type_in *in = c->in;
	size_t len = strlen(in->text);
	char *line = arena_alloc(c->req->arena, len + 2);

	memcpy(line, in->text, len);
	if (!JS_SET(in, 1) || in->flag)
		line[len++] = '\r';
	session_type(c, line, len, false);
}

static void
sessionio_input(struct api_call *c)
{
	const struct type_in *in = c->in;
	size_t len = strlen(in->text);
	char *bytes = arena_alloc(c->req->arena, len + 1);

	if (!in->base64)
		session_type(c, in->text, len, in->flag);
	else if (str_unbase64(bytes, len, &len, in->text))
		session_type(c, bytes, len, in->flag);
	else
		api_fail(c, RDV_E_INVALID, "data: is no base64");
}

/*
 * The words of signal_fields, every one of them: the search below has no end of
 * its own. No real-time signals, and none that a program gets only by its own
 * fault.
 */
static const struct {
	const char *name;
	int number;
} signals[] = {
	{ "INT", SIGINT },
	{ "TERM", SIGTERM },
	{ "HUP", SIGHUP },
	{ "KILL", SIGKILL },
	{ "QUIT", SIGQUIT },
	{ "USR1", SIGUSR1 },
	{ "USR2", SIGUSR2 },
	{ "CONT", SIGCONT },
	{ "STOP", SIGSTOP },
};

static void
sessionio_signal(struct api_call *c)
{
	const struct signal_in *in = c->in;
	struct session_who who = session_who_of(c, sessionio_taken_cb);
	size_t i = 0;

	while (strcmp(signals[i].name, in->signal) != 0)
		i++;
	session_signal(c->app->sessions, &who, signals[i].number, in->all);
}

/*
 * Bounds of text count bytes, which JSON may spell as six each (\u001b): a body
 * of 512 KiB has room for 64 KiB of them.
 */
#define IN(st) .in_size = sizeof(struct st)

const struct api_route api_routes_sessionio[] = {
	{ HTTP_M_POST, "/api/sessions/{id}/exec", SCOPE_RUN,
	    .of = API_OF_SESSION, .body = exec_fields, IN(type_in),
	    .body_max = 512u << 10, .handler = sessionio_exec, .success = 202,
	    .doc = "Types a command and Enter into its terminal" },
	{ HTTP_M_POST, "/api/sessions/{id}/input", SCOPE_RUN,
	    .of = API_OF_SESSION, .body = input_fields, IN(type_in),
	    .body_max = 512u << 10, .handler = sessionio_input, .success = 202,
	    .doc = "Types text into its terminal" },
	{ HTTP_M_POST, "/api/sessions/{id}/signal", SCOPE_RUN,
	    .of = API_OF_SESSION, .body = signal_fields, IN(signal_in),
	    .handler = sessionio_signal, .success = 202,
	    .doc = "Signals its program" },
	{ .pattern = NULL },
};
