/* SPDX-License-Identifier: MIT */
/*
 * Building JSON, which is most of what the daemon does with it: values are
 * written as text at once, because a tree of allocated nodes cost more than
 * all else in a request. Building never fails: text that is no UTF-8, which a
 * path may well be, is shown with U+FFFD for what cannot be said. Invariant: a
 * builder's text is valid JSON but for its closing bracket.
 */
#include "lib/jsbuild.h"

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/js.h"
#include "lib/log.h"
#include "lib/str.h"
#include "lib/xalloc.h"

/* What is built here is bounded by what the caller walks. */
#define TEXT_MAX (SIZE_MAX / 4)

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

static void
put_string(struct buf *b, const char *s)
{
	size_t len = strlen(s);

	buf_put_u8(b, '"');
	if (str_utf8_valid(s, len))
		put_utf8(b, s, len);
	else
		put_repaired(b, s, len);
	buf_put_u8(b, '"');
}

/* Where the next member's or element's text goes. */
static struct buf *
next(struct js *v, const char *key)
{
	struct jsbuild *o = jsbuild_of(v);

	if (o == NULL || o->array != (key == NULL))
		fatalx("js", "cannot add to this value");
	/* What was looked at is no longer what it is. */
	js_free(o->parsed);
	o->parsed = NULL;
	if (o->n++ > 0)
		buf_put_u8(&o->text, ',');
	if (key != NULL) {
		put_string(&o->text, key);
		buf_put_u8(&o->text, ':');
	}
	return &o->text;
}

static void
put_int(struct buf *b, int64_t v)
{
	char text[24];

	(void)snprintf(text, sizeof(text), "%" PRId64, v);
	buf_put_text(b, text);
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
	struct buf *b = next(o, key);

	if (s == NULL)
		buf_put_text(b, "null");
	else
		put_string(b, s);
}

void
js_add_int(struct js *o, const char *key, int64_t v)
{
	put_int(next(o, key), v);
}

void
js_add_ms(struct js *o, const char *key, int64_t ms)
{
	struct buf *b = next(o, key);

	if (ms < 0)
		buf_put_text(b, "null");
	else
		put_int(b, ms);
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
	struct buf *b = next(array, NULL);

	if (s == NULL)
		buf_put_text(b, "null");
	else
		put_string(b, s);
}
