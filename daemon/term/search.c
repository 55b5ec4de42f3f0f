/* SPDX-License-Identifier: MIT */
/*
 * Looking for a text in a log from its end. A line feed ends any sequence
 * (strip.c), so a line's text depends on its own bytes alone and lines can be
 * taken in any order. Invariant: a step is a block read and at most one hit;
 * what is kept between steps is an offset.
 */
#include "daemon/term/search.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/term/state.h"
#include "daemon/term/strip.h"
#include "lib/buf.h"
#include "lib/err.h"
#include "lib/pattern.h"
#include "lib/str.h"
#include "lib/xalloc.h"

/* A line longer than a block is looked at in pieces, which overlap. */
#define BLOCK	16384
#define OVERLAP 2048
/* Lines of a block that are looked at one by one. */
#define STEP_LINES 256
/* Of the log on either side of a hit, for the lines around it. */
#define AROUND 16384
/* What moves the cursor can make a line long: the rest of it is left out. */
#define SHOWN 65536

struct search {
	TAILQ_ENTRY(search) link; /* of all of the daemon */
	struct turn turn;
	struct term *term;
	search_hit_fn *hit;
	search_done_fn *done;
	void *arg;
	char user_id[UUID_TEXT];
	struct pattern pattern; /* folded when case is ignored */
	char text[SEARCH_TEXT + 1];
	bool ignore_case;
	unsigned left, context;
	uint64_t at;	/* lines before it are to be looked at */
	uint64_t floor; /* and none that begin before this */
	size_t told;	/* bytes */
	size_t shown;	/* in this step */
	uint8_t block[BLOCK];
};

static uint8_t
fold(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c;
}

/* Where the text ends for the first time, or 0. */
static size_t
find(struct search *s, const uint8_t *p, size_t len)
{
	size_t n = strlen(s->text);
	const uint8_t *at;

	if (len < n)
		return 0;
	if (!s->ignore_case) {
		at = memmem(p, len, s->text, n);
		return at != NULL ? (size_t)(at - p) + n : 0;
	}
	s->pattern.now = s->pattern.have = 0;
	for (size_t i = 0; i < len; i++)
		if (pattern_byte(&s->pattern, fold(p[i])))
			return i + 1;
	return 0;
}

/* Nothing in it but text and ends of lines: it is its own text. */
static bool
is_plain(const uint8_t *p, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (p[i] >= 0x20 && p[i] != 0x7f && p[i] != 0xc2)
			continue;
		if (p[i] == '\r' && (i + 1 == len || p[i + 1] == '\n'))
			continue;
		if (p[i] != '\n' && p[i] != '\t')
			return false;
	}
	return true;
}

/* As strip.h shows it, into an empty buffer of SHOWN. False: not all of it. */
static bool
show(struct buf *out, const uint8_t *p, size_t len)
{
	struct strip *strip = strip_new(out);
	bool is_all;

	strip_feed(strip, p, len);
	strip_end(strip);
	is_all = buf_ok(out);
	out->failed = false;
	out->len -= out->len == SHOWN; /* for a NUL */
	return is_all;
}

/* Whether these bytes show it; with `all` also when that is too much. */
static bool
matches(struct search *s, const uint8_t *p, size_t len, bool all)
{
	struct buf text;
	bool yes, is_all;

	/* Most of a log is neither coloured nor what is looked for. */
	if (is_plain(p, len))
		return find(s, p, len) > 0;
	buf_init(&text, SHOWN);
	is_all = show(&text, p, len);
	yes = find(s, text.data, text.len) > 0 || (all && !is_all);
	s->shown += text.len;
	buf_done(&text);
	return yes;
}

/* A line that is too long is told around the place, in whole characters. */
static const char *
around(struct buf *text, size_t found)
{
	const char *all = buf_cstr(text);
	size_t from = found > SEARCH_LINE / 2 ? found - SEARCH_LINE / 2 : 0;
	size_t end = from + SEARCH_LINE;

	while (from > 0 && (text->data[from] & 0xc0) == 0x80)
		from--;
	if (end < text->len) {
		while ((text->data[end] & 0xc0) == 0x80)
			end--;
		text->data[end] = '\0';
	}
	return all + from;
}

/* The last lines before `end`, which is where one begins. */
static void
show_before(const struct search *s, uint64_t end, struct buf *out)
{
	uint64_t from = end > AROUND ? end - AROUND : 0;
	uint8_t raw[AROUND];
	long len = term_read(s->term, from, raw, (size_t)(end - from));
	long at = len;
	unsigned n = 0;

	/* Lines begin behind a line feed; the last one is that of the last. */
	for (long i = len - 1; i > 0 && n < s->context; i--) {
		if (raw[i - 1] != '\n')
			continue;
		at = i;
		n++;
	}
	if (n < s->context && from == 0)
		at = 0;
	if (at < len)
		(void)show(out, raw + at, (size_t)(len - at));
}

static void
show_after(const struct search *s, uint64_t from, struct buf *out)
{
	uint8_t raw[AROUND];
	long len = term_read(s->term, from, raw, sizeof(raw)), at = 0;
	unsigned n = 0;

	while (at < len && n < s->context)
		n += raw[at++] == '\n';
	if (at > 0)
		(void)show(out, raw, (size_t)at);
}

static void
tell(struct search *s, const uint8_t *line, size_t len, uint64_t start)
{
	struct search_hit h = { .offset = start };
	struct buf text, before, after;

	buf_init(&text, SHOWN);
	buf_init(&before, SHOWN);
	buf_init(&after, SHOWN);
	(void)show(&text, line, len);
	h.text = around(&text, find(s, text.data, text.len));
	if (s->context > 0) {
		show_before(s, start, &before);
		show_after(s, start + len + 1, &after);
	}
	h.before = buf_cstr(&before);
	h.after = buf_cstr(&after);
	s->told += strlen(h.text) + before.len + after.len;
	s->left--;
	s->hit(&h, s->arg);
	buf_done(&text);
	buf_done(&before);
	buf_done(&after);
}

/*
 * The newest line of block[first, end) that has it is told. False: there is
 * none; else it goes on before `at`.
 */
static bool
look(struct search *s, uint64_t from, size_t first, size_t end)
{
	const uint8_t *nl;
	size_t start;

	if (!matches(s, s->block + first, end - first, true))
		return false;
	s->shown = 0;
	for (unsigned n = 0; n < STEP_LINES && s->shown < SHOWN; n++) {
		nl = memrchr(s->block + first, '\n', end - first);
		start = nl != NULL ? (size_t)(nl - s->block) + 1 : first;
		s->at = from + start;
		if (matches(s, s->block + start, end - start, false)) {
			tell(s, s->block + start, end - start, s->at);
			return true;
		}
		if (start == first)
			return false;
		end = start - 1;
	}
	return true;
}

static void
step(struct search *s, uint64_t from, size_t len)
{
	size_t end = len - (s->block[len - 1] == '\n'), first = 0;
	const uint8_t *nl = memchr(s->block, '\n', end);
	bool found;

	/* The line that begins before the block is whole in the next. */
	if (from > 0 && nl != NULL)
		first = (size_t)(nl - s->block) + 1;
	found = look(s, from, first, end);
	if (from > 0 && nl == NULL)
		s->at = from + OVERLAP;
	else if (!found)
		s->at = from + first;
}

static void
finish(struct search *s, int err)
{
	search_done_fn *done = s->done;
	uint64_t next = s->at;
	void *arg = s->arg;

	search_free(s);
	done(err, next, arg);
}

static bool
search_step_cb(void *arg)
{
	struct search *s = arg;
	uint64_t from = s->at > BLOCK ? s->at - BLOCK : 0;
	size_t len = (size_t)(s->at - from);
	long n;

	if (runlog_is_removed(&s->term->log)) {
		finish(s, -ENOENT);
		return false;
	}
	if (s->at <= s->floor || s->left == 0 || s->told >= SEARCH_ANSWER) {
		finish(s, 0);
		return false;
	}
	n = term_read(s->term, from, s->block, len);
	if (n != (long)len) {
		finish(s, n < 0 ? (int)n : -EIO);
		return false;
	}
	step(s, from, len);
	return true;
}

static bool
is_full(const struct terms *ts, const char *user_id)
{
	const struct search *s;
	unsigned n = 0, own = 0;

	TAILQ_FOREACH (s, &ts->searches, link) {
		own += strcmp(s->user_id, user_id) == 0;
		n++;
	}
	return n >= SEARCHES || own >= SEARCHES_OF_USER;
}

/* The text, and the same folded for those who do not care for case. */
static int
take_text(struct search *s, const struct search_conf *conf)
{
	if (!str_copy(s->text, conf->text, sizeof(s->text)))
		return RDV_E_TOO_BIG;
	s->ignore_case = conf->ignore_case;
	for (char *p = s->text; s->ignore_case && *p != '\0'; p++)
		*p = (char)fold((uint8_t)*p);
	return pattern_init(&s->pattern, s->text, false);
}

int
search_new(struct term *t, const struct search_conf *conf, search_hit_fn *hit,
    search_done_fn *done, void *arg, struct search **out)
{
	struct terms *ts = t->ts;
	struct search *s;
	int err;

	if (is_full(ts, conf->user_id))
		return RDV_E_FULL;
	s = xcalloc(1, sizeof(*s));
	err = take_text(s, conf);
	if (err != 0) {
		free(s);
		return err;
	}
	s->turn.step = search_step_cb;
	s->turn.arg = s;
	s->term = t;
	s->hit = hit;
	s->done = done;
	s->arg = arg;
	(void)str_copy(s->user_id, conf->user_id, sizeof(s->user_id));
	s->left = conf->limit;
	s->context = conf->context;
	s->at = conf->before < t->log.size ? conf->before : t->log.size;
	s->floor = s->at > SEARCH_BYTES ? s->at - SEARCH_BYTES : 0;
	term_ref(t);
	TAILQ_INSERT_TAIL(&ts->searches, s, link);
	turn_join(&ts->turns, &s->turn);
	*out = s;
	return 0;
}

void
search_free(struct search *s)
{
	struct term *t;

	if (s == NULL)
		return;
	t = s->term;
	turn_leave(&t->ts->turns, &s->turn);
	TAILQ_REMOVE(&t->ts->searches, s, link);
	free(s);
	term_unref(t);
}
