/* SPDX-License-Identifier: MIT */
/*
 * Recordings are not made, they are what the log and its index have been all
 * along. One event for each stretch of the index, cut at sizes and between
 * characters; a character whose bytes came in two stretches belongs to the
 * second. Invariant: the data of all events, one behind the other, is what the
 * program wrote, with U+FFFD for what is no UTF-8, and time never runs back.
 */
#include "daemon/term/cast.h"

#include "daemon/term/state.h"
#include "daemon/term/utf8.h"
#include "lib/buf.h"
#include "lib/js.h"

/* The pace of bytes without a time: 40 KiB a second, some screens of text. */
#define PLAIN_BYTES 4096
#define PLAIN_MS    100

static void
put_event(const struct cast *c, char code, struct buf *out)
{
	buf_printf(out, "[%lld.%03d,\"%c\",\"", (long long)(c->ms / 1000),
	    (int)(c->ms % 1000), code);
}

static void
look_ahead(struct cast *c)
{
	c->has_next = runlog_record(&c->term->log, c->index, &c->next);
	c->index += c->has_next;
}

/* A clock set back adds nothing; what follows counts from there. */
static void
tick(struct cast *c, int64_t wall_ms)
{
	if (c->wall_ms >= 0 && wall_ms > c->wall_ms)
		c->ms += wall_ms - c->wall_ms;
	c->wall_ms = wall_ms;
}

/* The next record is behind us; one that says nothing was never written. */
static void
pass(struct cast *c, struct buf *out)
{
	const struct runlog_record *r = &c->next;

	if (r->stream != 0 && r->stream <= RUNLOG_SIZE)
		tick(c, r->time_ms);
	if (r->stream == RUNLOG_SIZE &&
	    (r->cols != c->cols || r->rows != c->rows)) {
		c->cols = r->cols;
		c->rows = r->rows;
		put_event(c, 'r', out);
		buf_printf(out, "%ux%u\"]\n", c->cols, c->rows);
	}
	look_ahead(c);
}

bool
cast_begin(struct cast *c, const struct term *t)
{
	*c = (struct cast){ .term = t, .begun_ms = -1, .wall_ms = -1 };
	term_size(t, &c->cols, &c->rows);
	if (c->cols == 0 || c->rows == 0)
		return false;
	look_ahead(c);
	if (c->has_next)
		c->begun_ms = c->next.time_ms;
	/* The size at the start is the first line's. */
	if (c->has_next && c->next.stream == RUNLOG_SIZE &&
	    c->next.offset == 0) {
		c->cols = c->next.cols;
		c->rows = c->next.rows;
	}
	return true;
}

void
cast_put_head(struct cast *c, const struct cast_head *head, struct buf *out)
{
	int64_t begun = c->begun_ms >= 0 ? c->begun_ms : head->begun_ms;
	struct js *o = js_object(), *env = js_object();

	js_add_int(o, "version", 2);
	js_add_int(o, "width", c->cols);
	js_add_int(o, "height", c->rows);
	js_add_int(o, "timestamp", begun / 1000);
	if (head->idle_limit > 0)
		js_add_int(o, "idle_time_limit", head->idle_limit);
	if (head->title != NULL)
		js_add_str(o, "title", head->title);
	if (head->command != NULL)
		js_add_str(o, "command", head->command);
	if (head->shell != NULL)
		js_add_str(env, "SHELL", head->shell);
	js_add_str(env, "TERM", head->term);
	js_add(o, "env", env);
	js_dump(o, out);
	js_free(o);
	buf_put_u8(out, '\n');
	if (c->begun_ms < 0)
		buf_put_text(out,
		    "[0.000,\"m\",\"the times of this output are not known; "
		    "it has an even pace\"]\n");
}

/* Where the event that begins at `at` has to end. */
static uint64_t
border(const struct cast *c, uint64_t at, uint64_t end)
{
	if (c->has_next && c->next.offset < end)
		end = c->next.offset;
	if (c->wall_ms < 0 && end > at + PLAIN_BYTES)
		end = at + PLAIN_BYTES;
	return end;
}

/*
 * How many bytes the next event has: up to its border, without the beginning of
 * a character that ends behind it; of such a beginning alone as far as the
 * border behind that. 0: its end is not among these bytes.
 */
static size_t
event_len(struct cast *c, uint64_t off, const uint8_t *p, size_t len, bool last,
    struct buf *out)
{
	size_t n = 0, whole = 0;

	while (whole == 0 && n < len) {
		while (c->has_next && c->next.offset <= off + n)
			pass(c, out);
		n = (size_t)(border(c, off + n, off + len) - off);
		whole = utf8_whole(p, n, last && n == len);
	}
	return whole;
}

size_t
cast_put(struct cast *c, uint64_t off, const uint8_t *p, size_t len, bool last,
    struct buf *out)
{
	size_t at = 0, n;

	while (at < len) {
		n = event_len(c, off + at, p + at, len - at, last, out);
		if (n == 0)
			break;
		if (c->wall_ms < 0)
			c->ms += PLAIN_MS;
		put_event(c, 'o', out);
		utf8_put_json(out, p + at, n);
		buf_put_text(out, "\"]\n");
		at += n;
	}
	return at;
}
