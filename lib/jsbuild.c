/* SPDX-License-Identifier: MIT */
/*
 * Building JSON, which is most of what the daemon does with it: values are
 * written as text at once, because a tree of allocated nodes cost more than
 * all else in a request. Building never fails: text that is no UTF-8, which a
 * path may well be, is shown with U+FFFD for what cannot be said. Invariant: a
 * builder's text is valid JSON but for its closing bracket.
 */
#include "lib/jsbuild.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/js.h"
#include "lib/log.h"
#include "lib/str.h"
#include "lib/word.h"
#include "lib/xalloc.h"

/* What is built here is bounded by what the caller walks. */
#define TEXT_MAX   (SIZE_MAX / 4)
#define TEXT_FIRST 1000 /* most values need no more, and grow no more */

struct jsbuild *
jsbuild_of(const struct js *v)
{
	struct jsbuild *o = (struct jsbuild *)v;

	return o != NULL && o->tag == JSBUILD_TAG ? o : NULL;
}

static struct js *
begin(bool array)
{
	struct jsbuild *o = xcalloc(1, sizeof(*o));

	o->tag = JSBUILD_TAG;
	o->array = array;
	buf_init(&o->text, TEXT_MAX);
	buf_reserve(&o->text, TEXT_FIRST);
	buf_put_u8(&o->text, array ? '[' : '{');
	return (struct js *)o;
}

struct js *
js_object(void)
{
	return begin(false);
}

struct js *
js_array(void)
{
	return begin(true);
}

void
jsbuild_free(struct jsbuild *o)
{
	js_free(o->parsed);
	buf_done(&o->text);
	free(o);
}

void
jsbuild_dump(const struct jsbuild *o, struct buf *b)
{
	buf_put(b, o->text.data, o->text.len);
	buf_put_u8(b, o->array ? ']' : '}');
}

void
jsbuild_finish(struct jsbuild *o, struct buf *b)
{
	size_t max = b->max;

	buf_put_u8(&o->text, o->array ? ']' : '}');
	buf_done(b);
	*b = o->text;
	b->max = max;
	b->failed = b->failed || b->len > max;
	buf_init(&o->text, 0);
	jsbuild_free(o);
}

/* What is built has no bound of its own: only growing is left to be asked. */
static uint8_t *
room(struct buf *b, size_t len)
{
	uint8_t *at = b->data + b->len;

	if (len >= b->cap - b->len)
		return buf_room(b, len);
	b->len += len;
	return at;
}

/* RFC 8259 section 7: these and nothing else must be escaped. */
static void
put_escaped(struct buf *b, unsigned char c)
{
	static const char names[] = "\b\f\n\r\t\"\\", letters[] = "bfnrt\"\\";
	const char *at = c != 0 ? strchr(names, c) : NULL;

	if (at != NULL)
		buf_printf(b, "\\%c", letters[at - names]);
	else
		buf_printf(b, "\\u%04x", c);
}

static void
put_utf8(struct buf *b, const char *s, size_t len)
{
	size_t plain = 0;

	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)s[i];

		if (c >= 0x20 && c != '"' && c != '\\')
			continue;
		buf_put(b, s + plain, i - plain);
		put_escaped(b, c);
		plain = i + 1;
	}
	buf_put(b, s + plain, len - plain);
}

/* Every byte that is not part of valid UTF-8 is replaced. */
static void
put_repaired(struct buf *b, const char *s, size_t len)
{
	size_t n;

	while (len > 0) {
		for (n = len < 4 ? len : 4; n > 0; n--)
			if (str_utf8_valid(s, n))
				break;
		if (n == 0) {
			buf_put_text(b, "\xef\xbf\xbd");
			n = 1;
		} else
			put_utf8(b, s, n);
		s += n;
		len -= n;
	}
}

/* Fewer bytes than a word has, judged as one that they and "a"s make up. */
static uint64_t
copy_short(uint8_t *at, const char *s, size_t len)
{
	uint64_t w = WORD_EACH('a');
	uint32_t low, high;

	if (len >= sizeof(low)) {
		memcpy(&low, s, sizeof(low));
		memcpy(&high, s + len - sizeof(high), sizeof(high));
		memcpy(at, &low, sizeof(low));
		memcpy(at + len - sizeof(high), &high, sizeof(high));
		return word_odd((uint64_t)high << 32 | low);
	}
	for (size_t i = 0; i < len; i++) {
		at[i] = (uint8_t)s[i];
		w = w << 8 | at[i];
	}
	return word_odd(w);
}

static uint64_t
copy_word(uint8_t *at, const char *s)
{
	uint64_t w;

	memcpy(&w, s, sizeof(w));
	memcpy(at, &w, sizeof(w));
	return word_odd(w);
}

/*
 * Copies text that may stand in JSON as it is, which is nearly all there is;
 * false for any other, with `at` as good as unwritten. The last word overlaps
 * the one before it.
 */
static bool
copy_plain(uint8_t *at, const char *s, size_t len)
{
	const size_t word = sizeof(uint64_t);
	uint64_t odd = 0;

	if (len < word)
		return copy_short(at, s, len) == 0;
	for (size_t i = 0; i < len - word; i += word)
		odd |= copy_word(at + i, s + i);
	return (odd | copy_word(at + len - word, s + len - word)) == 0;
}

/* `before` and `after` are one byte each, or 0 for none. */
static void
put_string(struct buf *b, char before, const char *s, char after)
{
	size_t len = strlen(s), was = b->len;
	uint8_t *at = room(b, (before != 0) + len + 2 + (after != 0));

	if (at == NULL)
		return;
	if (before != 0)
		*at++ = (uint8_t)before;
	*at++ = '"';
	if (copy_plain(at, s, len)) {
		at[len] = '"';
		if (after != 0)
			at[len + 1] = (uint8_t)after;
		return;
	}
	b->len = was + (before != 0) + 1;
	if (str_utf8_valid(s, len))
		put_utf8(b, s, len);
	else
		put_repaired(b, s, len);
	buf_put_u8(b, '"');
	if (after != 0)
		buf_put_u8(b, (uint8_t)after);
}

/* Where the next member's or element's text goes. */
static struct buf *
next(struct js *v, const char *key)
{
	struct jsbuild *o = jsbuild_of(v);
	char comma;

	if (o == NULL || o->array != (key == NULL))
		fatalx("js", "cannot add to this value");
	/* What was looked at is no longer what it is. */
	if (o->parsed != NULL)
		js_free(o->parsed);
	o->parsed = NULL;
	comma = o->n++ > 0 ? ',' : '\0';
	if (key != NULL)
		put_string(&o->text, comma, key, ':');
	else if (comma != '\0')
		buf_put_u8(&o->text, ',');
	return &o->text;
}

static void
put_null(struct buf *b)
{
	uint8_t *at = room(b, 4);

	if (at != NULL)
		memcpy(at, "null", 4);
}

/* NULL is null. */
static void
put_text(struct buf *b, const char *s)
{
	if (s == NULL)
		put_null(b);
	else
		put_string(b, '\0', s, '\0');
}

static void
put_value(struct buf *b, struct js *v)
{
	js_dump(v, b);
	js_free(v);
}

void
js_add(struct js *o, const char *key, struct js *v)
{
	put_value(next(o, key), v);
}

void
js_add_str(struct js *o, const char *key, const char *s)
{
	put_text(next(o, key), s);
}

void
js_add_int(struct js *o, const char *key, int64_t v)
{
	buf_put_dec(next(o, key), v);
}

void
js_add_ms(struct js *o, const char *key, int64_t ms)
{
	struct buf *b = next(o, key);

	if (ms < 0)
		put_null(b);
	else
		buf_put_dec(b, ms);
}

void
js_add_json(struct js *o, const char *key, const char *text)
{
	buf_put_text(next(o, key), text != NULL ? text : "null");
}

void
js_add_bool(struct js *o, const char *key, bool v)
{
	buf_put_text(next(o, key), v ? "true" : "false");
}

void
js_push(struct js *array, struct js *v)
{
	put_value(next(array, NULL), v);
}

void
js_push_str(struct js *array, const char *s)
{
	put_text(next(array, NULL), s);
}
