/* SPDX-License-Identifier: MIT */
/*
 * Operating system commands (ESC ]) on their way to a person's terminal:
 * titles, links, colours, marks, notifications and the clipboard. Each is taken
 * apart and put together anew from what may be in it, so what a terminal reads
 * is never longer or other than what was judged.
 */
#include <stdlib.h>
#include <string.h>

#include "cli/vtsafe.h"
#include "lib/buf.h"
#include "lib/clock.h"
#include "lib/str.h"

#define ST	    "\033\\"
#define MINUTE_MS   60000
#define LINK_ID_MAX 64
#define COLOUR_MAX  4096

/* One command: what stands behind its number and the semicolon. */
struct osc {
	struct vtsafe *s;
	bool old;
	const char *number; /* a constant */
	const char *p;
	size_t len;
	struct buf *out;
};

/* Bytes of the character there, or 0: it is none. */
static size_t
character(const char *p, size_t len)
{
	size_t n = (uint8_t)*p < 0x80	? 1
		   : (uint8_t)*p < 0xe0 ? 2
		   : (uint8_t)*p < 0xf0 ? 3
					: 4;

	return n <= len && str_utf8_valid(p, n) ? n : 0;
}

/*
 * Controls, C1 and DEL among them, and what reorders or hides text: marks,
 * embeddings, overrides and isolates; the page knows the same ones.
 */
static bool
is_shown(const char *p, size_t n)
{
	static const struct {
		uint32_t from, to;
	} hidden[] = { { 0, 0x1f }, { 0x7f, 0x9f }, { 0x61c, 0x61c },
		{ 0x200b, 0x200f }, { 0x2028, 0x202e }, { 0x2060, 0x206f },
		{ 0xfeff, 0xfeff } };
	uint32_t c = (uint8_t)p[0];

	if (n > 1)
		c &= 0xffu >> (n + 1);
	for (size_t i = 1; i < n; i++)
		c = c << 6 | ((uint8_t)p[i] & 0x3f);
	for (size_t i = 0; i < sizeof(hidden) / sizeof(hidden[0]); i++)
		if (c >= hidden[i].from && c <= hidden[i].to)
			return false;
	return true;
}

/* So many characters of a text, without what may not be in it. */
static void
put_text(struct buf *out, const char *p, size_t len, unsigned chars)
{
	while (len > 0 && chars > 0) {
		size_t n = character(p, len);

		if (n > 0 && is_shown(p, n)) {
			buf_put(out, p, n);
			chars--;
		}
		n = n > 0 ? n : 1;
		p += n;
		len -= n;
	}
}

static void
begin(const struct osc *o)
{
	buf_put_text(o->out, "\033]");
	buf_put_text(o->out, o->number);
	buf_put_u8(o->out, ';');
}

static void
osc_title(struct osc *o)
{
	begin(o);
	put_text(o->out, o->p, o->len, o->s->title_chars);
	buf_put_text(o->out, ST);
}

static bool
all_of(const char *p, size_t len, const char *allowed)
{
	for (size_t i = 0; i < len; i++)
		if (p[i] == '\0' || strchr(allowed, p[i]) == NULL)
			return false;
	return true;
}

#define DIGITS "0123456789"
#define LOWER  "abcdefghijklmnopqrstuvwxyz"
#define UPPER  "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

/*
 * A colour by name or number, and of one at a time what it is now: an answer
 * for each byte of a question could be had otherwise.
 */
static void
osc_colour(struct osc *o)
{
	const char *p = o->p;
	size_t len = o->len, index = 0;

	if (o->number[0] == '4') {
		while (index < len && p[index] >= '0' && p[index] <= '9')
			index++;
		index += index < len && p[index] == ';';
	}
	if (len - index == 1 && p[index] == '?') {
		if (!o->s->answers || o->old || index > 4)
			return;
	} else if (len == 0 || len > COLOUR_MAX ||
		   !all_of(p, len, DIGITS LOWER UPPER "#:/; .")) {
		return;
	}
	begin(o);
	buf_put(o->out, p, len);
	buf_put_text(o->out, ST);
}

static void
osc_colour_reset(struct osc *o)
{
	if (!all_of(o->p, o->len, DIGITS ";") || o->len > COLOUR_MAX)
		return;
	buf_put_text(o->out, "\033]");
	buf_put_text(o->out, o->number);
	if (o->len > 0) {
		buf_put_u8(o->out, ';');
		buf_put(o->out, o->p, o->len);
	}
	buf_put_text(o->out, ST);
}

/*
 * Only the web, and only where the address is what it looks like: no name
 * before the host, no letters that resemble others (J03).
 */
static bool
is_web(const char *p, size_t len, size_t max)
{
	size_t at = 0, host;

	if (len > max)
		return false;
	for (size_t i = 0; i < len; i++)
		if (p[i] <= ' ' || p[i] > '~')
			return false;
	if (len > 8 && strncasecmp(p, "https://", 8) == 0)
		at = 8;
	else if (len > 7 && strncasecmp(p, "http://", 7) == 0)
		at = 7;
	host = at;
	while (at > 0 && at < len && strchr("/?#", p[at]) == NULL)
		at++;
	return at > host &&
	       all_of(p + host, at - host, DIGITS LOWER UPPER "-._:[]");
}

/* Links with one id are one link; a terminal needs no more of it than that. */
static void
put_link_id(struct buf *out, const char *p, size_t len)
{
	const char *id = memmem(p, len, "id=", 3), *end;
	size_t n;

	if (id == NULL || (id > p && id[-1] != ':'))
		return;
	id += 3;
	n = len - (size_t)(id - p);
	end = memchr(id, ':', n);
	n = end != NULL ? (size_t)(end - id) : n;
	if (n > LINK_ID_MAX || !all_of(id, n, DIGITS LOWER UPPER "-_."))
		return;
	buf_put_text(out, "id=");
	buf_put(out, id, n);
}

/* One that may not be is the end of the one before: its text is text. */
static void
osc_link(struct osc *o)
{
	const char *uri = memchr(o->p, ';', o->len);
	size_t params, len;

	if (uri == NULL)
		return;
	params = (size_t)(uri++ - o->p);
	len = o->len - params - 1;
	begin(o);
	if (is_web(uri, len, o->s->link_bytes)) {
		put_link_id(o->out, o->p, params);
		buf_put_u8(o->out, ';');
		buf_put(o->out, uri, len);
	} else {
		buf_put_u8(o->out, ';');
	}
	buf_put_text(o->out, ST);
}

static bool
may_note(struct vtsafe *s)
{
	int64_t now = clock_mono_ms();

	if (s->noted == 0 || now - s->noted_at >= MINUTE_MS) {
		s->noted = 0;
		s->noted_at = now;
	}
	return s->noted++ < s->notes_minute;
}

/*
 * In ConEmu a number in front makes it something else, up to starting programs;
 * 4 alone, progress, is harmless and known elsewhere too.
 */
static bool
is_numbered(const char *p, size_t len, bool *progress)
{
	size_t n = 0;

	while (n < len && p[n] >= '0' && p[n] <= '9')
		n++;
	*progress = n == 1 && p[0] == '4' && all_of(p, len, DIGITS ";");
	return n > 0 && (n == len || p[n] == ';');
}

static void
osc_note(struct osc *o)
{
	struct buf text;
	bool numbered, progress;

	if (o->old)
		return;
	buf_init(&text, o->len + 1);
	put_text(&text, o->p, o->len, o->s->title_chars);
	numbered = is_numbered(buf_cstr(&text), text.len, &progress) &&
		   o->number[0] == '9';
	if (numbered ? progress : may_note(o->s)) {
		begin(o);
		buf_put(o->out, text.data, text.len);
		buf_put_text(o->out, ST);
	}
	buf_done(&text);
}

/* rxvt's form: notify;TITLE;BODY. Any other of its extensions is not. */
static void
osc_note_rxvt(struct osc *o)
{
	if (o->len >= 7 && memcmp(o->p, "notify;", 7) == 0)
		osc_note(o);
}

/*
 * kitty's form has buttons and reports what is pressed. Its words are put in
 * the plain form, which kitty knows as well.
 */
static void
osc_note_kitty(struct osc *o)
{
	const char *text = memchr(o->p, ';', o->len);
	size_t head;

	if (text == NULL)
		return;
	head = (size_t)(text++ - o->p);
	/* Parts that are no words, and words that are base64. */
	if (memmem(o->p, head, "e=1", 3) != NULL ||
	    (memmem(o->p, head, "p=", 2) != NULL &&
		memmem(o->p, head, "p=title", 7) == NULL &&
		memmem(o->p, head, "p=body", 6) == NULL))
		return;
	o->len -= head + 1;
	o->p = text;
	o->number = "9";
	osc_note(o);
}

/* Where a prompt, a command and its output begin, and how it ended. */
static void
osc_mark(struct osc *o)
{
	size_t n = 1;

	if (o->len == 0 || strchr("ABCD", o->p[0]) == NULL || o->p[0] == '\0')
		return;
	if (o->p[0] == 'D' && o->len > 2 && o->len < 7 && o->p[1] == ';' &&
	    all_of(o->p + 2, o->len - 2, DIGITS))
		n = o->len;
	begin(o);
	buf_put(o->out, o->p, n);
	buf_put_text(o->out, ST);
}

/* The text of it, as a clipboard may have it: its length, or 0. */
static size_t
clipboard_text(const struct vtsafe *s, const char *base64)
{
	size_t len = 0;
	char *text = malloc(s->clipboard_bytes);

	if (text == NULL ||
	    !str_unbase64(text, s->clipboard_bytes, &len, base64) ||
	    memchr(text, '\0', len) != NULL || !str_utf8_valid(text, len))
		len = 0;
	free(text);
	return len;
}

/*
 * Read it may not be, ever; what is in a clipboard is often a password. To be
 * written it takes the person's word, and the person is told (J01).
 */
static void
osc_clipboard(struct osc *o)
{
	const char *data = memchr(o->p, ';', o->len);
	struct buf text;
	size_t len = 0;

	if (data == NULL || o->old || ++data == o->p + o->len || *data == '?')
		return;
	buf_init(&text, o->len + 1);
	buf_put(&text, data, o->len - (size_t)(data - o->p));
	if (o->s->clipboard_bytes > 0 && strlen(buf_cstr(&text)) == text.len)
		len = clipboard_text(o->s, buf_cstr(&text));
	if (len > 0) {
		buf_put_text(o->out, "\033]52;c;");
		buf_put(o->out, text.data, text.len);
		buf_put_text(o->out, ST);
		o->s->clipped = len;
	} else {
		o->s->refused++;
	}
	buf_done(&text);
}

static const struct {
	const char *number;
	void (*put)(struct osc *o);
} kinds[] = {
	{ "0", osc_title },
	{ "1", osc_title },
	{ "2", osc_title },
	{ "4", osc_colour },
	{ "8", osc_link },
	{ "9", osc_note },
	{ "10", osc_colour },
	{ "11", osc_colour },
	{ "12", osc_colour },
	{ "52", osc_clipboard },
	{ "99", osc_note_kitty },
	{ "104", osc_colour_reset },
	{ "110", osc_colour_reset },
	{ "111", osc_colour_reset },
	{ "112", osc_colour_reset },
	{ "133", osc_mark },
	{ "777", osc_note_rxvt },
};

void
vtosc_put(struct vtsafe *s, bool old, const char *p, size_t len,
    struct buf *out)
{
	struct osc o = { .s = s, .old = old, .out = out };
	const char *semi = memchr(p, ';', len);
	size_t n = semi != NULL ? (size_t)(semi - p) : len;

	o.p = semi != NULL ? semi + 1 : p + len;
	o.len = len - (size_t)(o.p - p);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (strlen(kinds[i].number) != n ||
		    memcmp(kinds[i].number, p, n) != 0)
			continue;
		o.number = kinds[i].number;
		kinds[i].put(&o);
	}
}
