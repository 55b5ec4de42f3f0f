/* SPDX-License-Identifier: MIT */
/*
 * What a client says to a terminal once it is open, all of it: a byte of
 * switches, then messages with 0x1e between them, of which those that begin
 * with 'b' are binary. Invariant: the program is typed what input says and
 * nothing else, by who may type; what is not understood is one error and
 * nothing more; the size stays in its bounds; every byte that is shown is the
 * one of its offset, and none is left out unless that was said; and nothing is
 * said behind the end. (How messages are cut from bytes: fuzz_ws.)
 */
#include "tests/fuzz/fuzz.h"

#include <fcntl.h>
#include <pty.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "daemon/api/api.h"
#include "daemon/api/door.h"
#include "daemon/api/doors.h"
#include "daemon/app.h"
#include "daemon/conf.h"
#include "daemon/core/session.h"
#include "daemon/emu/emu.h"
#include "daemon/http/ws.h"
#include "daemon/loop.h"
#include "daemon/term/term.h"
#include "lib/buf.h"
#include "lib/js.h"
#include "lib/secret.h"
#include "lib/str.h"
#include "lib/xalloc.h"

#define RUN	 "01900000-0000-7000-8000-00000000000b"
#define SAID	 3000u /* by the program, beforehand */
#define MESSAGES 64u   /* of an input, at most */
#define LATE_MS	 20000
#define END	 0x1e

enum { BINARY = 1, READ_ONLY = 2, NEWCOMER = 4, SCREEN = 8 };

static struct {
	struct app app;
	struct conf conf;
	struct api_kept kept;
	char dir[64];
	int dirfd, slave;
	struct loop_timer *deadline;
	struct term *term;
	struct door *door;
	bool (*until)(void);
	/* What the client knows. */
	uint64_t next;
	unsigned errors;
	bool closed, placed;
	struct buf typed, want;
} g;

static char
said(uint64_t i)
{
	return i % 61 == 60 ? '\n' : (char)(' ' + i * 7 % 95);
}

/* The client's end of the socket. */

static void
take_output(uint64_t offset, const char *p, size_t len)
{
	FUZZ_CHECK(offset == g.next && offset + len <= SAID);
	for (size_t i = 0; i < len; i++)
		FUZZ_CHECK(p[i] == said(offset + i));
	g.next += len;
}

static void
take_error(const struct js *m)
{
	static const char *const codes[] = { "READ_ONLY", "INPUT_FULL",
		"NOT_RUNNING", "INVALID_SIZE", "MISSING_FIELD", "NO_BINARY",
		"UNKNOWN_TYPE", "INVALID_JSON", "NO_SCREEN" };
	const char *code = js_str(m, "code", "");
	bool known = false;

	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		known = known || strcmp(code, codes[i]) == 0;
	FUZZ_CHECK(known);
	g.errors++;
}

static void
take_message(const struct js *m)
{
	static const char *const quiet[] = { "size", "flow", "pong" };
	const char *type = js_str(m, "type", ""), *data = js_str(m, "data", "");
	uint64_t offset = (uint64_t)js_int(m, "offset", -1);
	bool known = false;

	for (size_t i = 0; i < sizeof(quiet) / sizeof(quiet[0]); i++)
		known = known || strcmp(type, quiet[i]) == 0;
	if (strcmp(type, "error") == 0) {
		take_error(m);
	} else if (strcmp(type, "output") == 0) {
		take_output(offset, data, strlen(data));
	} else if (!known) {
		FUZZ_CHECK(strcmp(type, "ready") == 0 ||
			   strcmp(type, "resync") == 0 ||
			   strcmp(type, "screen") == 0);
		FUZZ_CHECK(offset <= SAID);
		g.next = offset;
		g.placed = true;
	}
}

void __wrap_ws_text(struct ws *ws, const char *s, size_t len);
void
__wrap_ws_text(struct ws *ws, const char *s, size_t len)
{
	char why[128];
	struct js *m = js_parse(s, len, why, sizeof(why));

	(void)ws;
	FUZZ_CHECK(!g.closed && js_is_object(m));
	take_message(m);
	js_free(m);
}

void __wrap_ws_binary(struct ws *ws, const void *head, size_t headlen,
    const void *p, size_t len);
void
__wrap_ws_binary(struct ws *ws, const void *head, size_t headlen, const void *p,
    size_t len)
{
	const uint8_t *h = head;
	uint64_t offset = 0;

	(void)ws;
	FUZZ_CHECK(!g.closed && g.door->binary && headlen == 8);
	for (size_t i = 0; i < 8; i++)
		offset = offset << 8 | h[i];
	take_output(offset, p, len);
}

void __wrap_ws_close(struct ws *ws, unsigned code, const char *reason);
void
__wrap_ws_close(struct ws *ws, unsigned code, const char *reason)
{
	(void)ws;
	(void)reason;
	FUZZ_CHECK(!g.closed && code == 1000);
	g.closed = true;
}

size_t __wrap_ws_queued(const struct ws *ws);
size_t
__wrap_ws_queued(const struct ws *ws)
{
	(void)ws;
	return 0;
}

int64_t __wrap_ws_stalled_ms(const struct ws *ws);
int64_t
__wrap_ws_stalled_ms(const struct ws *ws)
{
	(void)ws;
	return 0;
}

void __wrap_ws_pause(struct ws *ws, bool on);
void
__wrap_ws_pause(struct ws *ws, bool on)
{
	(void)ws;
	(void)on;
}

/* What else of the daemon a door asks. */

const struct api_kept *__wrap_api_kept(const struct api *api);
const struct api_kept *
__wrap_api_kept(const struct api *api)
{
	(void)api;
	return &g.kept;
}

void __wrap_session_touch(struct sessions *s, const char *id, const char *run);
void
__wrap_session_touch(struct sessions *s, const char *id, const char *run)
{
	(void)s;
	(void)id;
	(void)run;
}

/* The program's end of the terminal. */

static void
stop(void *arg)
{
	loop_stop(arg);
}

static void
turn(void)
{
	loop_defer(g.app.loop, stop, g.app.loop);
	loop_run(g.app.loop);
}

static void
turn_end(void *arg)
{
	if (g.until != NULL && g.until())
		loop_stop(arg);
}

static void
late(void *arg)
{
	(void)arg;
	FUZZ_CHECK(false);
}

/* What the kernel hands on comes when it does. */
static void
await(bool (*cond)(void))
{
	g.until = cond;
	loop_timer_set(g.deadline, LATE_MS);
	if (!cond())
		loop_run(g.app.loop);
	loop_timer_clear(g.deadline);
	g.until = NULL;
}

static bool
is_said(void)
{
	return term_bytes(g.term) == SAID;
}

static bool
is_shown(void)
{
	return g.closed || g.next == SAID;
}

static bool
is_typed(void)
{
	uint8_t in[4096];
	ssize_t n;

	while ((n = read(g.slave, in, sizeof(in))) > 0)
		buf_put(&g.typed, in, (size_t)n);
	return g.typed.len >= g.want.len;
}

/* Not a byte less, and in another turn not one more. */
static void
check_typed(void)
{
	await(is_typed);
	turn();
	(void)is_typed();
	FUZZ_CHECK(g.typed.len == g.want.len);
	FUZZ_CHECK(g.want.len == 0 ||
		   memcmp(g.typed.data, g.want.data, g.want.len) == 0);
}

static void
forget_files(void)
{
	static const char *const names[] = { RUN ".log", RUN ".idx",
		RUN ".ckpt" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		(void)unlinkat(g.dirfd, names[i], 0);
}

static void
end(void)
{
	forget_files();
	(void)rmdir(g.dir);
}

static void
start(void)
{
	const char *tmp = getenv("TMPDIR");
	struct terms_conf conf = { .input_max = 1 << 20, .stall_ms = 10000 };

	(void)snprintf(g.dir, sizeof(g.dir), "%s/rdv-XXXXXX",
	    tmp != NULL ? tmp : "/tmp");
	FUZZ_CHECK(mkdtemp(g.dir) != NULL);
	g.dirfd = open(g.dir, O_DIRECTORY | O_CLOEXEC);
	(void)atexit(end);
	conf.loop = g.app.loop = loop_new();
	g.deadline = loop_timer_new(g.app.loop, late, NULL);
	loop_at_turn_end(g.app.loop, turn_end, g.app.loop);
	conf.dirfd = g.dirfd;
	g.app.conf = &g.conf;
	g.app.terms = terms_new(&conf);
	g.kept.doors = doors_new();
}

static void
drained(void *arg)
{
	(void)arg;
}

/* A terminal in which the program has said something and now listens. */
static void
open_term(void)
{
	struct term_start s = {
		.io = PRIV_IO_PTY, .cols = 80, .rows = 24, .drained = drained
	};
	struct termios raw;
	char text[SAID];
	int spool[2];

	FUZZ_CHECK(openpty(&s.fd[0], &g.slave, NULL, NULL, NULL) == 0);
	FUZZ_CHECK(tcgetattr(g.slave, &raw) == 0);
	cfmakeraw(&raw);
	FUZZ_CHECK(tcsetattr(g.slave, TCSANOW, &raw) == 0);
	FUZZ_CHECK(fcntl(s.fd[0], F_SETFL, O_NONBLOCK) == 0);
	FUZZ_CHECK(fcntl(g.slave, F_SETFL, O_NONBLOCK) == 0);
	FUZZ_CHECK(pipe2(spool, O_NONBLOCK | O_CLOEXEC) == 0);
	s.fd[1] = spool[0];
	s.fd[2] = spool[1];
	FUZZ_CHECK(term_new(g.app.terms, RUN, false, &g.term) == 0);
	term_start(g.term, &s);
	for (size_t i = 0; i < SAID; i++)
		text[i] = said(i);
	FUZZ_CHECK(write(g.slave, text, SAID) == SAID);
	await(is_said);
}

/* As terminal.c does. */
static void
open_door(uint8_t how)
{
	struct viewer_conf conf = { .chunk = how & BINARY ? 0 : DOOR_TEXT_CHUNK,
		.read_only = how & READ_ONLY,
		.held = how & (NEWCOMER | SCREEN) };
	struct door *d = g.door = xcalloc(1, sizeof(*d));

	d->app = &g.app;
	d->term = g.term;
	term_ref(g.term);
	(void)str_copy(d->run_id, RUN, sizeof(d->run_id));
	d->binary = how & BINARY;
	d->read_only = how & READ_ONLY;
	d->newcomer = how & NEWCOMER;
	d->floor = d->newcomer ? SAID : 0;
	term_size(g.term, &d->cols, &d->rows);
	conf.offset = conf.held ? SAID : 0;
	d->viewer = viewer_new(g.term, &conf, &door_viewer_ops, d);
	door_say_ready(d, conf.offset);
	if (conf.held)
		door_screen(d, EMU_HISTORY);
}

/* Who asks for an offset that is in the log is told no more. */
static void
go_on(const struct js *m)
{
	if (strcmp(js_str(m, "type", ""), "resume") == 0 && !g.placed)
		g.next = (uint64_t)js_int(m, "offset", 0);
	FUZZ_CHECK(g.next <= SAID && g.next >= g.door->floor);
}

/*
 * What input says is typed; false: that is no message at all, or a size that is
 * none.
 */
static bool
foresee(const struct js *m, const uint8_t *p, size_t len)
{
	static const char *const types[] = { "input", "resize", "resume",
		"screen", "ping", "take_size", "detach",
		"clipboard_subscribe" };
	const char *type = js_str(m, "type", ""), *data;
	bool known = false;

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		known = known || strcmp(type, types[i]) == 0;
	if (strcmp(type, "resize") == 0)
		known =
		    term_size_ok(js_int(m, "cols", 0), js_int(m, "rows", 0));
	data = strcmp(type, "input") == 0 ? js_str(m, "data", NULL) : NULL;
	if (data != NULL && !g.door->read_only)
		buf_put_text(&g.want, data);
	if (p != NULL && g.door->binary && !g.door->read_only)
		buf_put(&g.want, p, len);
	return known || (p != NULL && g.door->binary);
}

static void
check_size(void)
{
	unsigned cols, rows;

	term_size(g.term, &cols, &rows);
	FUZZ_CHECK(term_size_ok(cols, rows));
	FUZZ_CHECK(!g.door->newcomer || (cols <= 80 && rows <= 24));
}

/* `m` is the message where that is an object, else NULL. */
static void
say_one(const struct js *m, bool text, const uint8_t *p, size_t len)
{
	const bool known = g.closed || foresee(m, text ? NULL : p, len);
	const bool was_closed = g.closed;
	const unsigned errors = g.errors;
	const uint64_t next = g.next;

	g.placed = false;
	door_ws_ops.message(NULL, text, p, len, g.door);
	FUZZ_CHECK(g.errors <= errors + 1);
	if (!known)
		FUZZ_CHECK(g.errors > errors && g.next == next && !g.closed);
	if (!was_closed)
		go_on(m);
	check_typed();
	check_size();
}

static void
say(const uint8_t *p, size_t len)
{
	const bool text = len == 0 || *p != 'b';
	char why[128];
	struct js *m = NULL;

	if (text)
		m = js_parse((const char *)p, len, why, sizeof(why));
	say_one(js_is_object(m) ? m : NULL, text, p + !text, len - !text);
	js_free(m);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *p = data + 1, *sep;
	size_t left = size - 1;

	if (size < 1)
		return 0;
	if (g.app.loop == NULL)
		start();
	g.next = g.errors = 0;
	g.closed = false;
	buf_init(&g.typed, 1 << 20);
	buf_init(&g.want, 1 << 20);
	open_term();
	open_door(data[0]);
	for (unsigned i = 0; i < MESSAGES && left > 0; i++) {
		sep = memchr(p, END, left);
		say(p, sep != NULL ? (size_t)(sep - p) : left);
		left -= sep != NULL ? (size_t)(sep + 1 - p) : left;
		p = sep != NULL ? sep + 1 : p;
	}
	/* All there is comes in the end, to who is still there. */
	await(is_shown);
	door_ws_ops.closed(NULL, 1000, g.door);
	(void)close(g.slave);
	term_unref(g.term);
	turn();
	forget_files();
	buf_done(&g.typed);
	buf_done(&g.want);
	return 0;
}
