/* SPDX-License-Identifier: MIT */
/*
 * The terminal protocol over one WebSocket (docs/stream.md): what is said and
 * what is understood. Invariant: the client always knows the offset of the next
 * byte it will get, by "ready", by the offset of a frame, or by "resync" when
 * that is not the one it expects.
 */
#include "daemon/api/door.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/api/api.h"
#include "daemon/api/doors.h"
#include "daemon/app.h"
#include "daemon/auth/auth.h"
#include "daemon/core/session.h"
#include "daemon/emu/emu.h"
#include "daemon/http/ws.h"
#include "daemon/term/term.h"
#include "daemon/term/utf8.h"
#include "lib/buf.h"
#include "lib/clock.h"
#include "lib/err.h"
#include "lib/js.h"

/*
 * A byte of output is at most six in JSON: \u001b. Activity is kept to the
 * minute; finer, each keystroke would be a commit.
 */
#define TEXT_BYTES  (6 * DOOR_TEXT_CHUNK + 256)
#define MESSAGE_MAX 4096
#define TOUCH_MS    60000

static void
say(struct door *d, struct js *o)
{
	struct buf b;

	buf_init(&b, MESSAGE_MAX);
	js_dump(o, &b);
	js_free(o);
	if (buf_ok(&b))
		ws_text(d->ws, buf_cstr(&b), b.len);
	buf_done(&b);
}

void
door_say(struct door *d, struct js *o)
{
	if (!d->closing)
		say(d, o);
	else
		js_free(o);
}

static struct js *
message(const char *type)
{
	struct js *o = js_object();

	js_add_str(o, "type", type);
	return o;
}

static void
say_error(struct door *d, const char *code, const char *text)
{
	struct js *o = message("error");

	js_add_str(o, "code", code);
	js_add_str(o, "message", text);
	say(d, o);
}

static void
close_door(struct door *d, unsigned code, const char *reason)
{
	if (d->closing)
		return;
	d->closing = true;
	ws_close(d->ws, code, reason);
}

void
door_refuse(struct door *d, const struct door_refusal *no)
{
	say_error(d, no->code, no->text);
	close_door(d, no->close, no->text);
}

void
door_say_resync(struct door *d, uint64_t offset, const char *reason)
{
	struct js *o = message("resync");

	js_add_int(o, "offset", (int64_t)offset);
	js_add_str(o, "run_id", d->run_id);
	js_add_str(o, "reason", reason);
	say(d, o);
}

/* Output */

/* 0 while all there is belongs to a character whose end has not come. */
static size_t
door_text(struct door *d, uint64_t off, const uint8_t *p, size_t len, bool last)
{
	struct buf b;

	len = utf8_whole(p, len, last);
	if (len == 0)
		return 0;
	buf_init(&b, TEXT_BYTES);
	buf_put_text(&b, "{\"type\":\"output\",\"data\":\"");
	utf8_put_json(&b, p, len);
	buf_printf(&b, "\",\"offset\":%llu}", (unsigned long long)off);
	ws_text(d->ws, buf_cstr(&b), b.len);
	buf_done(&b);
	return len;
}

static size_t
door_output_cb(uint64_t off, const uint8_t *p, size_t len, bool last, void *arg)
{
	struct door *d = arg;
	uint8_t head[8];

	if (!d->binary)
		return door_text(d, off, p, len, last);
	for (int i = 0; i < 8; i++)
		head[i] = (uint8_t)(off >> (56 - 8 * i));
	ws_binary(d->ws, head, sizeof(head), p, len);
	return len;
}

static size_t
door_queued_cb(void *arg)
{
	const struct door *d = arg;

	/* Nothing is given to one that closes. */
	return d->closing ? VIEWER_LOW : ws_queued(d->ws);
}

static int64_t
door_stalled_cb(void *arg)
{
	const struct door *d = arg;

	/* A close frame has a deadline of its own (http/ws.h). */
	return d->closing ? 0 : ws_stalled_ms(d->ws);
}

static void
door_size_cb(unsigned cols, unsigned rows, bool owner, void *arg)
{
	struct door *d = arg;
	struct js *o;

	/* "ready" has the size in it, and nothing comes before that. */
	if (!d->ready)
		return;
	o = message("size");
	js_add_int(o, "cols", cols);
	js_add_int(o, "rows", rows);
	js_add_bool(o, "owner", owner);
	say(d, o);
}

static void
door_flow_cb(bool paused, void *arg)
{
	struct door *d = arg;
	struct js *o = message("flow");

	js_add_str(o, "input", paused ? "paused" : "open");
	say(d, o);
	ws_pause(d->ws, paused);
}

/*
 * A client that drains slowly gets all of it before the close frame's deadline
 * begins to run. At half of the bound `drained` comes, and asks again.
 */
static void
close_when_drained(struct door *d)
{
	if (d->ended && ws_queued(d->ws) < VIEWER_LOW / 2)
		close_door(d, 1000, "the run has ended");
}

static void
door_ended_cb(const struct term_end *end, void *arg)
{
	struct door *d = arg;
	struct js *o = message("exit");

	js_add_ms(o, "code", end->exit_code);
	js_add_ms(o, "signal", end->signal);
	js_add_str(o, "state", end->state);
	js_add_str(o, "cause", end->cause);
	js_add_int(o, "offset", (int64_t)viewer_offset(d->viewer));
	say(d, o);
	d->ended = true;
	close_when_drained(d);
}

/* 1013, "try again later": nothing is lost, the log has it. */
static void
door_slow_cb(void *arg)
{
	static const struct door_refusal slow = { 1013, "SLOW_VIEWER",
		"this viewer takes nothing; come back at your offset" };

	door_refuse(arg, &slow);
}

static void
door_detached_cb(const char *reason, void *arg)
{
	struct door_refusal no = { 4004, "SESSION_SUSPENDED", reason };

	door_refuse(arg, &no);
}

const struct viewer_ops door_viewer_ops = {
	.output = door_output_cb,
	.queued = door_queued_cb,
	.stalled_ms = door_stalled_cb,
	.size = door_size_cb,
	.flow = door_flow_cb,
	.presence = door_presence_cb,
	.ended = door_ended_cb,
	.slow = door_slow_cb,
	.detached = door_detached_cb,
};

/* Input */

/* Every outcome that viewer.h names; 0 is in none of the rows. */
static const struct {
	int err;
	const char *code, *text;
} input_errors[] = {
	{ RDV_E_DENIED, "READ_ONLY", "this viewer may only look" },
	{ RDV_E_FULL, "INPUT_FULL",
	    "the program does not read; nothing of this was taken" },
	{ RDV_E_STATE, "NOT_RUNNING", "there is no program to talk to" },
	{ RDV_E_INVALID, "INVALID_SIZE",
	    "a size is 10 to 1000 columns and 3 to 500 rows" },
};

static void
check(struct door *d, int err)
{
	for (size_t i = 0; i < sizeof(input_errors) / sizeof(input_errors[0]);
	     i++)
		if (input_errors[i].err == err)
			say_error(d, input_errors[i].code,
			    input_errors[i].text);
}

void
door_touch(struct door *d)
{
	int64_t now = clock_mono_ms();

	if (d->touched != 0 && now - d->touched < TOUCH_MS)
		return;
	d->touched = now;
	session_touch(d->app->sessions, d->session_id, d->run_id);
}

static void
input(struct door *d, const void *p, size_t len)
{
	check(d, viewer_input(d->viewer, p, len));
	door_touch(d);
}

static void
on_input(struct door *d, const struct js *m)
{
	const char *data = js_str(m, "data", NULL);

	if (data == NULL)
		say_error(d, "MISSING_FIELD", "data: is missing");
	else
		input(d, data, strlen(data));
}

/*
 * A larger terminal shows what was above the screen, which is not for all to
 * see.
 */
void
door_limit_size(const struct door *d, unsigned *cols, unsigned *rows)
{
	if (!d->newcomer)
		return;
	if (*cols > d->cols)
		*cols = d->cols;
	if (*rows > d->rows)
		*rows = d->rows;
}

static void
on_resize(struct door *d, const struct js *m)
{
	int64_t cols = js_int(m, "cols", 0), rows = js_int(m, "rows", 0);
	unsigned c, r;

	/* Judged as read, since a larger number would wrap around. */
	if (!term_size_ok(cols, rows)) {
		check(d, RDV_E_INVALID);
		return;
	}
	c = (unsigned)cols;
	r = (unsigned)rows;
	door_limit_size(d, &c, &r);
	check(d, viewer_resize(d->viewer, c, r));
}

static void
on_take_size(struct door *d, const struct js *m)
{
	(void)m;
	check(d, viewer_take_size(d->viewer));
}

const char door_newcomer[] = "this link shows what comes, not what was before";

uint64_t
door_tail(const struct door *d, uint64_t bytes)
{
	uint64_t size = term_bytes(d->term);
	uint64_t at = size > bytes ? size - bytes : 0;

	return at > d->floor ? at : d->floor;
}

/*
 * An offset that cannot be had is no reason to close: the client is told where
 * it is taken up instead, and redraws.
 */
static void
on_resume(struct door *d, const struct js *m)
{
	int64_t offset = js_int(m, "offset", -1);
	const char *run = js_str(m, "run_id", d->run_id);
	const char *why = "that offset is not in the log";

	door_screen_drop(d);
	if (strcmp(run, d->run_id) != 0)
		why = "the session has another run now";
	else if (offset >= 0 && (uint64_t)offset < d->floor)
		why = door_newcomer;
	else if (offset >= 0 && viewer_seek(d->viewer, (uint64_t)offset))
		return;
	offset = (int64_t)door_tail(d, DOOR_TAIL);
	door_say_resync(d, (uint64_t)offset, why);
	(void)viewer_seek(d->viewer, (uint64_t)offset);
}

/*
 * For one that has lost count, or cannot take all there is: what lies between
 * is skipped. Output that was on its way still comes before it.
 */
static void
on_screen(struct door *d, const struct js *m)
{
	int64_t lines = js_int(m, "lines", EMU_HISTORY);

	if (!door_has_screen(d)) {
		say_error(d, "NO_SCREEN", "the run has no terminal");
		return;
	}
	if (lines < 0 || lines > EMU_HISTORY)
		lines = EMU_HISTORY;
	door_screen_drop(d);
	viewer_hold(d->viewer);
	door_screen(d, (unsigned)lines);
}

/* For pages, whose WebSocket cannot send the ping frame of RFC 6455. */
static void
on_ping(struct door *d, const struct js *m)
{
	(void)m;
	say(d, message("pong"));
}

static void
on_detach(struct door *d, const struct js *m)
{
	(void)m;
	close_door(d, 1000, "detached");
}

/* A page that has nobody's permission wants to hear of none. */
static void
on_subscribe(struct door *d, const struct js *m)
{
	d->subscribed = js_bool(m, "enabled", false);
}

static const struct {
	const char *type;
	void (*act)(struct door *d, const struct js *m);
} messages[] = {
	{ "input", on_input },
	{ "resize", on_resize },
	{ "resume", on_resume },
	{ "screen", on_screen },
	{ "ping", on_ping },
	{ "take_size", on_take_size },
	{ "detach", on_detach },
	{ "clipboard_subscribe", on_subscribe },
};

static void
dispatch(struct door *d, const struct js *m)
{
	const char *type = js_str(m, "type", "");

	for (size_t i = 0; i < sizeof(messages) / sizeof(messages[0]); i++) {
		if (strcmp(type, messages[i].type) == 0) {
			messages[i].act(d, m);
			return;
		}
	}
	say_error(d, "UNKNOWN_TYPE", "type: no such message");
}

static void
door_message_cb(struct ws *ws, bool text, const uint8_t *p, size_t len,
    void *arg)
{
	struct door *d = arg;
	struct js *m;
	char why[128];

	(void)ws;
	/* One that was refused may still be sending. */
	if (d->closing || d->viewer == NULL)
		return;
	/* With either subprotocol what is text is a message. */
	if (!text && d->binary) {
		input(d, p, len);
		return;
	}
	if (!text) {
		say_error(d, "NO_BINARY", "binary needs subprotocol rdv.v1");
		return;
	}
	m = js_parse((const char *)p, len, why, sizeof(why));
	if (js_is_object(m))
		dispatch(d, m);
	else
		say_error(d, "INVALID_JSON",
		    m == NULL ? why : "a message is an object");
	js_free(m);
}

static void
door_drained_cb(struct ws *ws, void *arg)
{
	struct door *d = arg;

	(void)ws;
	close_when_drained(d);
	door_screen_more(d);
	if (d->viewer != NULL)
		viewer_more(d->viewer);
}

static void
door_closed_cb(struct ws *ws, unsigned code, void *arg)
{
	struct door *d = arg;

	(void)ws;
	(void)code;
	doors_part(d);
	door_screen_drop(d);
	viewer_free(d->viewer);
	auth_unwatch(d->watch);
	term_unref(d->term);
	free(d);
}

/* The end of a credential ends what lives by it (C13). */
void
door_revoked_cb(void *arg)
{
	static const struct door_refusal revoked = { 4001, "TOKEN_REVOKED",
		"the credential counts no more" };

	door_refuse(arg, &revoked);
}

void
door_say_ready(struct door *d, uint64_t offset)
{
	struct js *o = message("ready");
	unsigned cols, rows;

	term_size(d->term, &cols, &rows);
	js_add_str(o, "session_id", d->session_id);
	js_add_str(o, "run_id", d->run_id);
	js_add_int(o, "offset", (int64_t)offset);
	js_add_int(o, "end", (int64_t)term_bytes(d->term));
	js_add_int(o, "cols", cols);
	js_add_int(o, "rows", rows);
	js_add_bool(o, "size_owner", viewer_owns_size(d->viewer));
	js_add_bool(o, "read_only", d->read_only);
	js_add_str(o, "protocol", d->binary ? "rdv.v1" : "json");
	if (d->hears)
		js_add_int(o, "viewer", (int64_t)viewer_id(d->viewer));
	js_add(o, "safe", doors_safe(d->app, d->clipboard));
	say(d, o);
	d->ready = true;
	doors_join(api_kept(d->app->api)->doors, d);
}

const struct ws_ops door_ws_ops = {
	.message = door_message_cb,
	.drained = door_drained_cb,
	.closed = door_closed_cb,
};
