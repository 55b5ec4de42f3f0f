/* SPDX-License-Identifier: MIT */
/*
 * The view's connection. Output is counted where it is taken from rdvd, and a
 * reconnect asks for exactly the next byte, or for the screen when that is no
 * use; what is put on the screen then: cli/redraw.c. Input is sent at most
 * once: what the socket had taken when the connection broke may be lost, never
 * doubled.
 */
#include "cli/view.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/crop.h"
#include "cli/link.h"
#include "cli/redraw.h"
#include "cli/sock.h"
#include "cli/vt.h"
#include "cli/vtsafe.h"
#include "cli/ws.h"
#include "lib/buf.h"
#include "lib/clock.h"
#include "lib/err.h"
#include "lib/js.h"
#include "lib/str.h"

#define PATIENCE_MS  60000 /* for rdvd to come back */
#define NOTICE_MS    4000
#define TELL_MS	     1000 /* a shorter pause is nobody's business */
#define DELAY_MAX_MS 1000
#define DIAL_MS	     200 /* the keyboard waits for no longer */
#define LINK_MS	     500 /* nor for a link to be exchanged */
#define TAIL_BYTES   262144
#define GAP_MAX	     65536 /* more is not shown byte by byte */
#define ALIGN_MAX    4096
#define FRAME_MAX    16384 /* rdvd takes 64 KiB in one message */
#define QUEUED_MAX   65536
#define COLS_MIN     10 /* what rdvd accepts */
#define COLS_MAX     1000
#define ROWS_MIN     3
#define ROWS_MAX     500
/* Of a terminal that says nothing, as a serial line: others assume it, too. */
#define COLS_ASSUMED 80
#define ROWS_ASSUMED 24
/* Of contract 3.4: what it lives by counts no more, or is spent. */
#define CODE_REVOKED 4001
#define CODE_TICKET  4002

/*
 * The moment of the loss is kept over all attempts: patience is one minute in
 * all and not a minute each. The first attempt comes at once.
 */
static void
retry_later(struct view *v)
{
	int64_t now = clock_mono_ms();

	ws_free(v->ws);
	v->ws = NULL;
	if (v->ready || v->lost_at == 0)
		v->lost_at = now;
	v->anew = v->anew || v->skipping || v->drawing;
	v->ready = v->paused = v->skipping = v->drawing = false;
	v->retry_at = now + v->delay;
	v->delay = v->delay == 0 ? 50 : v->delay * 2;
	if (v->delay > DELAY_MAX_MS)
		v->delay = DELAY_MAX_MS;
}

/* What this session may do to the terminal it is shown on. */
static void
safe_msg(struct view *v, const struct js *m)
{
	struct vtsafe *s = vt_safe(v->vt);
	const struct js *o = js_get(m, "safe");

	s->clipboard_bytes = (size_t)js_int(o, "clipboard_bytes", 0);
	s->title_chars = (unsigned)js_int(o, "title_chars", s->title_chars);
	s->link_bytes = (size_t)js_int(o, "link_bytes", (int64_t)s->link_bytes);
	s->notes_minute =
	    (unsigned)js_int(o, "notifications_per_minute", s->notes_minute);
}

/* The server decides where the stream begins; we only asked. */
static void
ready_msg(struct view *v, const struct js *m)
{
	bool first = v->offset < 0;
	int64_t end = js_int(m, "end", 0);

	(void)str_copy(v->run, js_str(m, "run_id", ""), sizeof(v->run));
	v->offset = js_int(m, "offset", first ? 0 : v->offset);
	v->has_screen = js_int(m, "cols", 0) > 0;
	v->align = first && v->offset > 0 && !v->has_screen;
	if (first)
		v->live = js_int(m, "end", v->live);
	v->read_only = v->read_only || js_bool(m, "read_only", false);
	v->owner = js_bool(m, "size_owner", false);
	v->ready = true;
	v->delay = 0;
	v->told = v->anew = false;
	safe_msg(v, m);
	if (!first && end - v->offset > GAP_MAX)
		(void)view_redraw(v);
	redraw_judge(v, m);
}

/* The stream goes on elsewhere: another run, or output no longer kept. */
static void
resync_msg(struct view *v, const struct js *m)
{
	(void)str_copy(v->run, js_str(m, "run_id", v->run), sizeof(v->run));
	v->offset = js_int(m, "offset", v->offset);
	v->skipping = false;
	/* What is emulated here is another terminal. */
	if (v->crop != NULL)
		(void)view_redraw(v);
}

static void
size_msg(struct view *v, const struct js *m)
{
	v->owner = js_bool(m, "owner", false);
	redraw_judge(v, m);
}

static void
flow_msg(struct view *v, const struct js *m)
{
	v->paused = strcmp(js_str(m, "input", "open"), "paused") == 0;
}

static void
exit_msg(struct view *v, const struct js *m)
{
	/* The last of it was dropped: it is to be seen all the same. */
	v->again = v->skipping;
	if (v->again)
		return;
	v->code = (int)js_int(m, "code", -1);
	v->signal = (int)js_int(m, "signal", -1);
	(void)str_copy(v->state, js_str(m, "state", "completed"),
	    sizeof(v->state));
	(void)str_copy(v->why, js_str(m, "cause", ""), sizeof(v->why));
	v->end = VIEW_EXITED;
}

/* Kept for the close that may follow; alone it ends nothing. */
static void
error_msg(struct view *v, const struct js *m)
{
	(void)str_copy(v->why, js_str(m, "message", "refused"), sizeof(v->why));
}

static const struct {
	const char *type;
	void (*fn)(struct view *v, const struct js *m);
} messages[] = {
	{ "ready", ready_msg },
	{ "screen", redraw_msg },
	{ "resync", resync_msg },
	{ "size", size_msg },
	{ "flow", flow_msg },
	{ "exit", exit_msg },
	{ "error", error_msg },
	{ "safe", safe_msg },
};

/* Types we do not know are those of a newer rdvd: none of our business. */
static void
text_cb(const char *p, size_t len, void *arg)
{
	struct view *v = arg;
	struct js *m;
	char why[160];
	size_t i;

	m = js_parse(p, len, why, sizeof(why));
	for (i = 0; i < sizeof(messages) / sizeof(messages[0]); i++) {
		if (strcmp(js_str(m, "type", ""), messages[i].type) == 0)
			messages[i].fn(v, m);
	}
	js_free(m);
}

/* Bytes from the middle of a stream: begin with a line or a sequence. */
static void
align(struct view *v, const char **p, size_t *len)
{
	size_t n = 0;

	while (n < *len && n < ALIGN_MAX && (*p)[n] != '\033' &&
	       (*p)[n] != '\n')
		n++;
	if (n < *len && (*p)[n] == '\n')
		n++;
	*p += n;
	*len -= n;
	v->align = false;
}

static void
show(struct view *v, const char *p, size_t len)
{
	int64_t at = v->offset;
	size_t old = 0, all = len;

	v->offset += (int64_t)len;
	if (v->crop != NULL) {
		crop_feed(v->crop, p, len);
		redraw_crop(v);
		return;
	}
	if (v->align)
		align(v, &p, &len);
	at += (int64_t)(all - len);
	/* Whose size the program has is who answers it: one of all (J02). */
	vt_safe(v->vt)->answers = v->owner && !v->read_only;
	/*
	 * What was written before we came is replayed: its questions were
	 * answered then, by somebody else's terminal.
	 */
	if (at < v->live)
		old =
		    v->live - at < (int64_t)len ? (size_t)(v->live - at) : len;
	if (old > 0) {
		vt_set(v->vt, VT_REPLAY);
		vt_feed(v->vt, p, old, v->out);
	}
	if (old < len) {
		vt_set(v->vt, VT_WATCH);
		vt_feed(v->vt, p + old, len - old, v->out);
	}
}

static void
binary_cb(const uint8_t *p, size_t len, void *arg)
{
	struct view *v = arg;
	uint64_t at = 0;
	size_t i, skip;

	/* No offset, no frame of ours. */
	if (len < 8)
		return;
	for (i = 0; i < 8; i++)
		at = at << 8 | p[i];
	p += 8;
	len -= 8;
	if (v->skipping)
		return;
	/* What we have already is not shown twice. */
	if (v->offset >= 0 && at < (uint64_t)v->offset) {
		skip = (uint64_t)v->offset - at < len
			   ? (size_t)((uint64_t)v->offset - at)
			   : len;
		p += skip;
		len -= skip;
	} else {
		v->offset = (int64_t)at;
	}
	if (len > 0)
		show(v, (const char *)p, len);
}

static const struct ws_ops ops = { .text = text_cb, .binary = binary_cb };

/*
 * Only one of the two: where we were, or what it shows. Who comes back takes
 * the size only if it had it: a lost connection moves nothing.
 */
static void
put_target(struct view *v, struct buf *b)
{
	buf_printf(b, "/ws/terminal/%s?screen=true&lines=0", v->session);
	if (!v->follow)
		buf_printf(b, "&cols=%u&rows=%u", v->cols, v->rows);
	if (v->offset >= 0 && !v->anew)
		buf_printf(b, "&offset=%lld&run_id=%s", (long long)v->offset,
		    v->run);
	else
		buf_printf(b, "&tail=%d", TAIL_BYTES);
	if (v->offset >= 0 && !v->owner && !v->follow)
		buf_put_text(b, "&keep_size=true");
	if (v->read_only)
		buf_put_text(b, "&read_only=1");
}

/* As oneself, or by a ticket, which opens this one connection. */
static int
upgrade(struct view *v, int fd, const char *token, const char *ticket)
{
	struct ws_conf conf = { .fd = fd,
		.subprotocol = "rdv.v1",
		.token = token,
		.ops = &ops,
		.arg = v };
	struct buf target;

	buf_init_secret(&target, 1024);
	put_target(v, &target);
	if (ticket != NULL) {
		buf_printf(&target, "&token=%s", ticket);
		conf.page = v->link->at.host;
	}
	conf.target = buf_cstr(&target);
	v->ws = ws_new(&conf);
	buf_done(&target);
	return v->ws == NULL ? RDV_E_UNAVAILABLE : 0;
}

static int
dial_as_oneself(struct view *v)
{
	char *token;
	int fd, rc;

	rc = sock_own_token(&token, v->cli->base, v->why, sizeof(v->why));
	if (rc != 0)
		return rc;
	rc = sock_open(&fd, v->cli->term_socket, DIAL_MS, NULL, v->why,
	    sizeof(v->why));
	if (rc == 0)
		rc = upgrade(v, fd, token, NULL);
	secret_free(token, strlen(token));
	return rc;
}

/* What came with the first answer is used up by the first connection. */
static int
dial_by_link(struct view *v)
{
	const char *ticket = v->ticket;
	struct js *o = NULL;
	int fd, rc = 0;

	v->ticket = NULL;
	if (ticket == NULL) {
		rc = link_open(v->link, LINK_MS, &o, v->why, sizeof(v->why));
		ticket = js_str(o, "token", NULL);
	}
	if (rc == 0)
		rc = loopback_dial(&v->link->at, &fd, DIAL_MS, v->why,
		    sizeof(v->why));
	if (rc == 0)
		rc = upgrade(v, fd, NULL, ticket);
	js_free(o);
	return rc;
}

/* Bounded: while it dials, nobody reads the keyboard. */
static int
dial(struct view *v)
{
	return v->link != NULL ? dial_by_link(v) : dial_as_oneself(v);
}

static void
connect_now(struct view *v)
{
	int rc = dial(v);

	if (rc == RDV_E_DENIED || rc == RDV_E_NOT_FOUND)
		v->end = VIEW_REFUSED;
	else if (rc != 0)
		retry_later(v);
}

void
view_start(struct view *v)
{
	v->offset = -1;
	v->patience = v->patience > 0 ? v->patience : PATIENCE_MS;
	v->code = v->signal = -1;
	v->lost_at = clock_mono_ms();
	v->cols = v->cols == 0 ? COLS_ASSUMED : v->cols;
	v->rows = v->rows == 0 ? ROWS_ASSUMED : v->rows;
	connect_now(v);
}

void
view_done(struct view *v)
{
	ws_free(v->ws);
	v->ws = NULL;
	crop_free(v->crop);
	v->crop = NULL;
}

int
view_fd(const struct view *v, bool reading, short *events)
{
	*events = 0;
	if (v->ws == NULL)
		return -1;
	*events = ws_events(v->ws, reading);
	return ws_fd(v->ws);
}

/* An upgrade answered with an error: passing, or for good. */
static void
judge_refusal(struct view *v, int status, const char *body, size_t len)
{
	char why[160];
	struct js *m;

	/*
	 * 0: it broke before there was an answer, as when rdvd is restarted;
	 * 502 and 504: so nginx says of that.
	 */
	if (status == 0 || status == 429 || (status >= 502 && status <= 504)) {
		retry_later(v);
		return;
	}
	m = js_parse(body, len, why, sizeof(why));
	(void)snprintf(v->why, sizeof(v->why), "%s (status %d)",
	    js_str(m, "error", "refused"), status);
	js_free(m);
	v->end = VIEW_REFUSED;
}

/*
 * Close codes after which the session is still ours to see. Going away, broken,
 * internal error, service restart, try again later (RFC 6455 section 7.4.1 and
 * its registry), and the slow viewer of contract 3.4.
 */
static bool
passing(unsigned code)
{
	static const unsigned codes[] = { 1001, 1006, 1011, 1012, 1013, 4008 };
	size_t i;

	for (i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		if (codes[i] == code)
			return true;
	}
	return false;
}

/* A ticket that another takes the place of: it is good for a minute. */
static bool
late_ticket(const struct view *v, unsigned code)
{
	return v->link != NULL && code == CODE_TICKET;
}

/* After the exit message every close is the right one. */
static void
judge_close(struct view *v)
{
	unsigned code = ws_code(v->ws);
	const char *body;
	size_t len;
	int status;

	if (v->end != VIEW_ON)
		return;
	if (!ws_is_open(v->ws) && code == 1006) {
		status = ws_refusal(v->ws, &body, &len);
		judge_refusal(v, status, body, len);
	} else if (passing(code) || v->again || late_ticket(v, code)) {
		v->again = false;
		retry_later(v);
	} else if (code == 1000) {
		v->end = VIEW_RELEASED;
	} else {
		if (v->link != NULL && code == CODE_REVOKED)
			(void)str_copy(v->why, link_gone, sizeof(v->why));
		if (v->why[0] == '\0')
			(void)snprintf(v->why, sizeof(v->why),
			    "rdvd closed the view with code %u", code);
		v->end = VIEW_REFUSED;
	}
}

void
view_turn(struct view *v, short revents)
{
	if (v->ws != NULL && ws_turn(v->ws, revents) != 0)
		judge_close(v);
}

/* Said before the next attempt, which then is one for the whole screen. */
static void
tell_if_late(struct view *v, int64_t now)
{
	if (v->ready || v->told || now - v->lost_at < TELL_MS)
		return;
	redraw_tell(v, "waiting for rdvd (Ctrl-\\ twice detaches)");
	v->told = true;
	/* The line goes away with what is under it. */
	v->anew = v->has_screen;
}

int
view_tick(struct view *v)
{
	int64_t now = clock_mono_ms(), due;

	if (v->notice_at != 0 && now >= v->notice_at) {
		v->notice_at = 0;
		(void)view_redraw(v);
	}
	if (v->end == VIEW_ON)
		tell_if_late(v, now);
	if (v->ws == NULL && v->end == VIEW_ON && now >= v->retry_at)
		connect_now(v);
	if (v->end != VIEW_ON)
		return -1;
	if (v->ready)
		return v->notice_at == 0 ? -1 : (int)(v->notice_at - now);
	if (now - v->lost_at >= v->patience) {
		v->end = VIEW_LOST;
		return -1;
	}
	due = v->told ? v->lost_at + v->patience : v->lost_at + TELL_MS;
	if (v->ws == NULL && v->retry_at < due)
		due = v->retry_at;
	return due > now ? (int)(due - now) : 0;
}

/* A line of ours over the screen, for some seconds. */
static void
notice(struct view *v, const char *text)
{
	redraw_tell(v, text);
	/* Without a screen to ask for it stays till something covers it. */
	if (v->has_screen)
		v->notice_at = clock_mono_ms() + NOTICE_MS;
}

void
view_tell_clipboard(struct view *v, const char *by)
{
	struct vtsafe *s = vt_safe(v->vt);
	char text[200];

	if (s->clipped == 0)
		return;
	(void)snprintf(text, sizeof(text),
	    "%zu bytes were put on the clipboard by %.100s", s->clipped, by);
	s->clipped = 0;
	notice(v, text);
}

bool
view_takes_input(const struct view *v)
{
	return v->ready && !v->paused && ws_queued(v->ws) < QUEUED_MAX;
}

/*
 * Small frames, and no more than QUEUED_MAX under way: what rdvd does not take
 * stays with the caller, and from there with the terminal.
 */
size_t
view_input(struct view *v, const char *p, size_t len)
{
	size_t done = 0, n;

	while (done < len && view_takes_input(v)) {
		n = len - done < FRAME_MAX ? len - done : FRAME_MAX;
		ws_send_binary(v->ws, p + done, n);
		done += n;
	}
	return done;
}

void
view_size(struct view *v, unsigned cols, unsigned rows)
{
	const unsigned had_cols = v->cols, had_rows = v->rows;
	char text[80];
	int n;

	v->cols = cols < COLS_MIN   ? COLS_MIN
		  : cols > COLS_MAX ? COLS_MAX
				    : cols;
	v->rows = rows < ROWS_MIN   ? ROWS_MIN
		  : rows > ROWS_MAX ? ROWS_MAX
				    : rows;
	if (v->follow && v->drawn &&
	    (v->cols != had_cols || v->rows != had_rows))
		(void)view_redraw(v);
	/* Stated when it opens, if it is not open now. */
	if (!v->ready || v->read_only || v->follow)
		return;
	n = snprintf(text, sizeof(text),
	    "{\"type\":\"resize\",\"cols\":%u,\"rows\":%u}", v->cols, v->rows);
	ws_send_text(v->ws, text, (size_t)n);
}
