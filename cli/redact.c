/* SPDX-License-Identifier: MIT */
/*
 * Redaction on export. The texts of events stand one behind the other in `raw`;
 * `plain` is the same without colours, and says of each byte where it stands in
 * there. A place where a word or a pattern may begin whose end has not come
 * holds back its event and all behind it. Invariant: a byte is given out only
 * when none that covers it can begin before or at it any more.
 */
#include "cli/redact.h"

#include <stdlib.h>
#include <string.h>

#include "cli/termseq.h"
#include "lib/buf.h"
#include "lib/err.h"
#include "lib/js.h"
#include "lib/list.h"
#include "lib/pattern.h"
#include "lib/str.h"
#include "lib/xalloc.h"

/* Held back at most; words are short, and so is what colours them. */
#define RAW_MAX ((size_t)16 << 20)

struct word {
	STAILQ_ENTRY(word) link;
	size_t len;
	char text[];
};

/* A pattern, which sees each byte of `plain` once, in order. */
struct glob {
	STAILQ_ENTRY(glob) link;
	struct pattern p;
	bool lead, rest; /* a star before and behind all else */
	bool hiding;	 /* up to the end of the line */
	size_t from;	 /* in plain, where a place of it may have begun */
};

/* What is to become of a byte. */
enum {
	HIDDEN = 1,
	FIRST = 2, /* of a place that is counted */
	MOVES = 4, /* of a sequence, which is no text */
	LEAVES = 8 /* begins one that goes to another line */
};

/* A line that waits: of output what stands before its text, or all of it. */
struct event {
	STAILQ_ENTRY(event) link;
	bool is_output;
	size_t len; /* of its text in `raw` */
	size_t head_len;
	char head[];
};

struct redact {
	/* Words by their first byte. */
	STAILQ_HEAD(, word) words[256];
	STAILQ_HEAD(, glob) globs;
	STAILQ_HEAD(, event) events;
	struct buf raw;
	uint8_t *marks; /* of each byte in raw */
	char *plain;
	size_t *where; /* of each byte in plain its place in raw */
	size_t nplain, cap;
	size_t at;   /* the next place in plain where a word may begin */
	size_t seen; /* so much of plain was shown to globs */
	bool in_seq;
	size_t seq_at; /* in raw, where the sequence began */
	uint64_t count;
	bool has_head;
};

struct redact *
redact_new(void)
{
	struct redact *r = xcalloc(1, sizeof(*r));

	for (size_t i = 0; i < 256; i++)
		STAILQ_INIT(&r->words[i]);
	STAILQ_INIT(&r->globs);
	STAILQ_INIT(&r->events);
	buf_init(&r->raw, RAW_MAX);
	return r;
}

void
redact_free(struct redact *r)
{
	struct event *e;
	struct glob *g;
	struct word *w;

	if (r == NULL)
		return;
	while ((g = STAILQ_FIRST(&r->globs)) != NULL) {
		STAILQ_REMOVE_HEAD(&r->globs, link);
		free(g);
	}
	for (size_t i = 0; i < 256; i++) {
		while ((w = STAILQ_FIRST(&r->words[i])) != NULL) {
			STAILQ_REMOVE_HEAD(&r->words[i], link);
			free(w);
		}
	}
	while ((e = STAILQ_FIRST(&r->events)) != NULL) {
		STAILQ_REMOVE_HEAD(&r->events, link);
		free(e);
	}
	buf_done(&r->raw);
	free(r->marks);
	free(r->plain);
	free(r->where);
	free(r);
}

int
redact_add(struct redact *r, const char *word, size_t len)
{
	struct word *w;

	if (len == 0 || !str_utf8_valid(word, len))
		return RDV_E_INVALID;
	w = xmalloc(sizeof(*w) + len);
	w->len = len;
	memcpy(w->text, word, len);
	STAILQ_INSERT_TAIL(&r->words[(uint8_t)word[0]], w, link);
	return 0;
}

int
redact_add_glob(struct redact *r, const char *text)
{
	size_t len = strlen(text);
	struct glob *g;
	int err;

	if (len == 0 || !str_utf8_valid(text, len))
		return RDV_E_INVALID;
	g = xcalloc(1, sizeof(*g));
	err = pattern_init(&g->p, text, true);
	if (err != 0) {
		free(g);
		return err;
	}
	g->lead = text[0] == '*';
	g->rest = text[len - 1] == '*';
	STAILQ_INSERT_TAIL(&r->globs, g, link);
	return 0;
}

uint64_t
redact_count(const struct redact *r)
{
	return r->count;
}

/* Places that overlap are one, which begins with the first of them. */
static void
hide(struct redact *r, size_t from, size_t len)
{
	const uint8_t was = r->marks[r->where[from]];

	for (size_t i = from; i < from + len; i++)
		r->marks[r->where[i]] = HIDDEN;
	r->marks[r->where[from]] |= (was & HIDDEN) == 0 ? FIRST : was;
}

static bool
is_control(uint8_t c)
{
	return (c < 0x20 && c != '\t') || c == 0x7f;
}

/*
 * The next byte of a rest of line. A line editor goes back and forth in it, and
 * wraps it by CR: only what goes to another line for good is its end.
 */
static bool
hide_rest(struct redact *r, size_t at)
{
	const uint8_t c = r->raw.data[at];

	if ((c >= '\n' && c <= '\f') || (r->marks[at] & LEAVES) != 0)
		return false;
	/* An ESC before stars would begin what swallows text. */
	if ((r->marks[at] & MOVES) == 0 && (!is_control(c) || c == 0x1b))
		r->marks[at] |= HIDDEN;
	return true;
}

/* Byte `i` of plain. */
static void
show_glob(struct redact *r, struct glob *g, size_t i)
{
	uint8_t c = (uint8_t)r->plain[i];

	if (is_control(c))
		c = '\n';
	if (g->hiding && hide_rest(r, r->where[i])) {
		g->from = i + 1;
		return;
	}
	g->hiding = false;
	if (pattern_byte(&g->p, c)) {
		hide(r, g->from, i + 1 - g->from);
		g->hiding = g->rest;
	} else if (c != '\n' && (g->lead || g->p.now > 0)) {
		return;
	}
	g->from = i + 1 - g->p.have;
}

static void
show_globs(struct redact *r)
{
	struct glob *g;

	for (; r->seen < r->nplain; r->seen++)
		STAILQ_FOREACH(g, &r->globs, link)
	show_glob(r, g, r->seen);
}

/* False: a word may begin at r->at, and its end has not come. */
static bool
look(struct redact *r, bool last)
{
	size_t have = r->nplain - r->at;
	const char *p = r->plain + r->at;
	bool known = true;
	struct word *w;

	STAILQ_FOREACH(w, &r->words[(uint8_t)*p], link)
	{
		if (w->len > have)
			known =
			    known && (last || memcmp(w->text, p, have) != 0);
		else if (memcmp(w->text, p, w->len) == 0)
			hide(r, r->at, w->len);
	}
	return known;
}

/* What stands at [from, to) of raw colours nothing. */
static void
put_plain(struct redact *r, size_t from, size_t to)
{
	for (; from < to; from++) {
		r->plain[r->nplain] = (char)r->raw.data[from];
		r->where[r->nplain++] = from;
	}
}

/* One byte of raw in a sequence. False: there is none, or it is no part. */
static bool
scan_seq(struct redact *r, size_t i)
{
	const size_t at = r->seq_at, len = i + 1 - at;
	enum termseq seq =
	    r->in_seq ? termseq_look(r->raw.data + at, len) : TERMSEQ_NONE;

	if (r->in_seq && seq == TERMSEQ_NONE)
		put_plain(r, at, i);
	r->in_seq = seq == TERMSEQ_OPEN;
	if (seq == TERMSEQ_MOVES || seq == TERMSEQ_LEAVES) {
		memset(r->marks + at, MOVES, len);
		r->marks[at] |= seq == TERMSEQ_LEAVES ? LEAVES : 0;
		put_plain(r, at, i + 1);
	}
	return seq != TERMSEQ_NONE;
}

/* One byte of raw. SO and SI change the set of characters, too. */
static void
scan_byte(struct redact *r, size_t i)
{
	const uint8_t c = r->raw.data[i];

	if (scan_seq(r, i))
		return;
	r->in_seq = c == 0x1b;
	r->seq_at = i;
	if (!r->in_seq && c != 0x0e && c != 0x0f)
		put_plain(r, i, i + 1);
}

/* Bytes of raw that nothing can change any more. */
static size_t
settled(const struct redact *r)
{
	size_t n = r->in_seq ? r->seq_at : r->raw.len;
	size_t at = r->at;
	const struct glob *g;

	STAILQ_FOREACH(g, &r->globs, link)
	if (g->from < at)
		at = g->from;
	return at < r->nplain && r->where[at] < n ? r->where[at] : n;
}

static void
put_text(struct redact *r, size_t from, size_t len, struct buf *out)
{
	for (size_t i = from; i < from + len; i++) {
		const uint8_t c = r->raw.data[i];

		r->count += (r->marks[i] & FIRST) != 0;
		if ((r->marks[i] & HIDDEN) != 0 && (c & 0xc0) == 0x80)
			continue;
		if ((r->marks[i] & HIDDEN) != 0)
			buf_put_u8(out, '*');
		else if (c < 0x20 || c == '"' || c == '\\' || c == 0x7f)
			buf_printf(out, "\\u%04x", c);
		else
			buf_put_u8(out, c);
	}
}

/* Those `n` bytes of raw have been given out. */
static void
forget(struct redact *r, size_t n)
{
	struct glob *g;
	size_t k = 0;

	if (n == 0)
		return;
	while (k < r->nplain && r->where[k] < n)
		k++;
	r->nplain -= k;
	memmove(r->plain, r->plain + k, r->nplain);
	for (size_t i = 0; i < r->nplain; i++)
		r->where[i] = r->where[i + k] - n;
	r->at -= k;
	r->seen -= k;
	STAILQ_FOREACH(g, &r->globs, link)
	g->from -= k;
	r->seq_at -= r->seq_at > n ? n : r->seq_at;
	r->raw.len -= n;
	memmove(r->raw.data, r->raw.data + n, r->raw.len);
	memmove(r->marks, r->marks + n, r->raw.len);
}

static void
give(struct redact *r, struct buf *out)
{
	const size_t have = settled(r);
	size_t given = 0;
	struct event *e;

	while ((e = STAILQ_FIRST(&r->events)) != NULL &&
	       given + e->len <= have) {
		buf_put(out, e->head, e->head_len);
		if (e->is_output) {
			put_text(r, given, e->len, out);
			buf_put_text(out, "\"]");
		}
		buf_put_u8(out, '\n');
		given += e->len;
		STAILQ_REMOVE_HEAD(&r->events, link);
		free(e);
	}
	forget(r, given);
}

static void
work(struct redact *r, bool last, struct buf *out)
{
	struct glob *g;

	show_globs(r);
	while (r->at < r->nplain && look(r, last))
		r->at++;
	if (last) {
		r->at = r->nplain;
		STAILQ_FOREACH(g, &r->globs, link)
		g->from = r->nplain;
	}
	give(r, out);
}

static struct event *
event_new(struct redact *r, const char *head, size_t len)
{
	struct event *e = xcalloc(1, sizeof(*e) + len);

	memcpy(e->head, head, len);
	e->head_len = len;
	STAILQ_INSERT_TAIL(&r->events, e, link);
	return e;
}

/*
 * The inside of a string as rdvd writes it, with no escape but \u00XX, at the
 * end of raw. (A general parser refuses NUL, which terminals are sent.)
 */
static bool
decode(struct redact *r, const char *p, const char *end)
{
	uint8_t code[2];
	char hex[5];

	while (p < end) {
		if (*p == '"' || (uint8_t)*p < 0x20)
			return false;
		if (*p != '\\') {
			buf_put_u8(&r->raw, (uint8_t)*p++);
			continue;
		}
		if (end - p < 6 || p[1] != 'u')
			return false;
		(void)memcpy(hex, p + 2, 4);
		hex[4] = '\0';
		if (!str_unhex(code, 2, hex) || code[0] != 0 || code[1] >= 0x80)
			return false;
		buf_put_u8(&r->raw, code[1]);
		p += 6;
	}
	return buf_ok(&r->raw);
}

static void
make_room(struct redact *r)
{
	if (r->raw.len <= r->cap)
		return;
	r->cap = r->raw.len * 2;
	r->marks = xreallocarray(r->marks, r->cap, 1);
	r->plain = xreallocarray(r->plain, r->cap, 1);
	r->where = xreallocarray(r->where, r->cap, sizeof(*r->where));
}

/* The text at the end of a line of output, which has `text` in it. */
static bool
take_text(struct redact *r, const char *line, const char *text, size_t len)
{
	struct event *e = event_new(r, line, (size_t)(text - line));
	size_t was = r->raw.len;

	if (!decode(r, text, line + len - 2))
		return false;
	e->is_output = true;
	e->len = r->raw.len - was;
	make_room(r);
	for (size_t i = was; i < r->raw.len; i++) {
		r->marks[i] = 0;
		scan_byte(r, i);
	}
	return true;
}

/* What was seen is over: another text begins. */
static void
begin_globs(struct redact *r)
{
	struct glob *g;

	STAILQ_FOREACH(g, &r->globs, link)
	{
		g->p.now = g->p.have = 0;
		g->from = 0;
		g->hiding = false;
	}
}

/* A text by itself, without events. Caller frees. */
static char *
clean(struct redact *all, const char *text)
{
	struct redact r = *all;
	struct buf out;
	char *copy;

	r.marks = NULL;
	r.plain = NULL;
	r.where = NULL;
	r.nplain = r.cap = r.at = r.seen = 0;
	buf_init(&r.raw, RAW_MAX);
	buf_init(&out, RAW_MAX);
	buf_put_text(&r.raw, text);
	make_room(&r);
	memset(r.marks, 0, r.raw.len);
	put_plain(&r, 0, r.raw.len);
	show_globs(&r);
	begin_globs(&r);
	for (; r.at < r.nplain; r.at++)
		(void)look(&r, true);
	for (size_t i = 0; i < r.raw.len; i++) {
		all->count += (r.marks[i] & FIRST) != 0;
		if (r.marks[i] == 0)
			buf_put_u8(&out, r.raw.data[i]);
		else if ((r.raw.data[i] & 0xc0) != 0x80)
			buf_put_u8(&out, '*');
	}
	copy = xstrdup(buf_cstr(&out));
	buf_done(&out);
	buf_done(&r.raw);
	free(r.marks);
	free(r.plain);
	free(r.where);
	return copy;
}

/* A copy of an object of numbers, texts and such objects; NULL: it is none. */
static struct js *
clean_object(struct redact *r, const struct js *o)
{
	struct js *out = js_object(), *v;
	const char *key;
	char *text;

	for (size_t i = 0; js_member(o, i, &key, &v); i++) {
		if (js_is_object(v)) {
			js_add(out, key, clean_object(r, v));
		} else if (js_text(v) != NULL) {
			text = clean(r, js_text(v));
			js_add_str(out, key, text);
			free(text);
		} else {
			js_add_int(out, key, js_num(v, 0));
		}
	}
	return out;
}

static bool
take_head(struct redact *r, const char *line, size_t len, struct buf *out)
{
	char why[160];
	struct js *head = js_parse(line, len, why, sizeof(why)), *to;

	if (!js_is_object(head)) {
		js_free(head);
		return false;
	}
	to = clean_object(r, head);
	js_dump(to, out);
	buf_put_u8(out, '\n');
	js_free(to);
	js_free(head);
	r->has_head = true;
	return true;
}

bool
redact_line(struct redact *r, const char *line, size_t len, struct buf *out)
{
	static const char output[] = "\"o\",\"";
	const char *comma = memchr(line, ',', len);
	const char *end = line + len;

	if (!r->has_head)
		return take_head(r, line, len, out);
	if (comma == NULL || len < 2 || memcmp(end - 2, "\"]", 2) != 0)
		return false;
	comma++;
	if ((size_t)(end - 2 - comma) >= strlen(output) &&
	    memcmp(comma, output, strlen(output)) == 0) {
		if (!take_text(r, line, comma + strlen(output), len))
			return false;
	} else {
		(void)event_new(r, line, len);
	}
	work(r, false, out);
	return true;
}

void
redact_end(struct redact *r, struct buf *out)
{
	if (r->in_seq)
		put_plain(r, r->seq_at, r->raw.len);
	r->in_seq = false;
	work(r, true, out);
}
