/* SPDX-License-Identifier: MIT */
/*
 * JSON in one place: the only file that knows jansson. It makes the parser as
 * strict as RFC 8259 allows and gives every value one owner. Building never
 * fails: text that is no UTF-8, which a path may well be, is shown with U+FFFD
 * for what cannot be said.
 */
#include "lib/js.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "lib/buf.h"
#include "lib/log.h"
#include "lib/secret.h"
#include "lib/str.h"

/* Below jansson's own limit, which is deep enough to exhaust a small stack. */
#define JS_DEPTH 64

static json_t *
raw(const struct js *v)
{
	return (json_t *)v;
}

static struct js *
own(json_t *v)
{
	if (v == NULL)
		fatalx("js", "out of memory");
	return (struct js *)v;
}

/*
 * The hash seed must not be guessable, or a body could make all its keys
 * collide. jansson would read it from /dev/urandom, which a confined rdvd
 * cannot open, and then fall back to the time.
 */
static void
seed(void)
{
	static bool done;
	size_t random;

	if (done)
		return;
	do
		secret_random(&random, sizeof(random));
	while (random == 0);
	json_object_seed(random);
	done = true;
}

/*
 * True when brackets outside strings nest at most JS_DEPTH deep. Whether they
 * match is left to the parser.
 */
static bool
depth_ok(const char *text, size_t len)
{
	bool quoted = false;
	int depth = 0;
	size_t i;

	for (i = 0; i < len && depth <= JS_DEPTH; i++) {
		if (quoted && text[i] == '\\')
			i++;
		else if (text[i] == '"')
			quoted = !quoted;
		else if (!quoted && (text[i] == '[' || text[i] == '{'))
			depth++;
		else if (!quoted && (text[i] == ']' || text[i] == '}'))
			depth--;
	}
	return depth <= JS_DEPTH;
}

struct js *
js_parse(const char *text, size_t len, char *why, size_t whysize)
{
	json_error_t err;
	json_t *v;

	seed();
	if (!depth_ok(text, len)) {
		snprintf(why, whysize, "nested more than %d deep", JS_DEPTH);
		return NULL;
	}
	v = json_loadb(text, len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY,
	    &err);
	/* The parser quotes the input, which may be anything. */
	if (v == NULL)
		str_escape(why, whysize, err.text, strlen(err.text));
	return (struct js *)v;
}

void
js_free(struct js *v)
{
	json_decref(raw(v));
}

static int
dump_piece(const char *p, size_t len, void *arg)
{
	struct buf *b = arg;

	buf_put(b, p, len);
	return buf_ok(b) ? 0 : -1;
}

static void
dump(const struct js *v, struct buf *b, size_t flags)
{
	if (json_dump_callback(raw(v), dump_piece, b,
		flags | JSON_ENCODE_ANY) != 0)
		b->failed = true;
}

void
js_dump(const struct js *v, struct buf *b)
{
	dump(v, b, JSON_COMPACT);
}

void
js_dump_pretty(const struct js *v, struct buf *b)
{
	dump(v, b, JSON_INDENT(2));
}

struct js *
js_object(void)
{
	seed();
	return own(json_object());
}

struct js *
js_array(void)
{
	return own(json_array());
}

/* `s` with every byte that is not part of valid UTF-8 replaced. */
static struct js *
repaired(const char *s)
{
	static const char mark[] = "\xef\xbf\xbd";
	size_t len = strlen(s), n;
	struct js *v;
	struct buf b;

	buf_init(&b, len * (sizeof(mark) - 1));
	while (len > 0) {
		for (n = len < 4 ? len : 4; n > 0; n--)
			if (str_utf8_valid(s, n))
				break;
		if (n == 0) {
			buf_put_text(&b, mark);
			n = 1;
		} else
			buf_put(&b, s, n);
		s += n;
		len -= n;
	}
	v = own(json_string(buf_cstr(&b)));
	buf_done(&b);
	return v;
}

static struct js *
string(const char *s)
{
	if (s == NULL)
		return own(json_null());
	if (!str_utf8_valid(s, strlen(s)))
		return repaired(s);
	return own(json_string(s));
}

void
js_add(struct js *o, const char *key, struct js *v)
{
	struct js *fixed = NULL;

	if (!str_utf8_valid(key, strlen(key))) {
		fixed = repaired(key);
		key = js_text(fixed);
	}
	if (json_object_set_new(raw(o), key, raw(v)) != 0)
		fatalx("js", "cannot add member %s", key);
	js_free(fixed);
}

void
js_add_str(struct js *o, const char *key, const char *s)
{
	js_add(o, key, string(s));
}

void
js_add_int(struct js *o, const char *key, int64_t v)
{
	js_add(o, key, own(json_integer(v)));
}

void
js_add_ms(struct js *o, const char *key, int64_t ms)
{
	js_add(o, key, own(ms < 0 ? json_null() : json_integer(ms)));
}

void
js_add_real(struct js *o, const char *key, double v)
{
	/* JSON has no word for infinity or not-a-number. */
	js_add(o, key, own(isfinite(v) ? json_real(v) : json_null()));
}

void
js_add_bool(struct js *o, const char *key, bool v)
{
	js_add(o, key, own(json_boolean(v)));
}

void
js_push(struct js *array, struct js *v)
{
	if (json_array_append_new(raw(array), raw(v)) != 0)
		fatalx("js", "cannot append");
}

void
js_push_str(struct js *array, const char *s)
{
	js_push(array, string(s));
}

bool
js_is_object(const struct js *v)
{
	return json_is_object(raw(v));
}

bool
js_is_array(const struct js *v)
{
	return json_is_array(raw(v));
}

bool
js_is_null(const struct js *v)
{
	return json_is_null(raw(v));
}

size_t
js_len(const struct js *array)
{
	return json_array_size(raw(array));
}

struct js *
js_get(const struct js *o, const char *key)
{
	return (struct js *)json_object_get(raw(o), key);
}

struct js *
js_at(const struct js *array, size_t i)
{
	return (struct js *)json_array_get(raw(array), i);
}

const char *
js_str(const struct js *o, const char *key, const char *fallback)
{
	const char *s = js_text(js_get(o, key));

	return s != NULL ? s : fallback;
}

int64_t
js_int(const struct js *o, const char *key, int64_t fallback)
{
	return js_num(js_get(o, key), fallback);
}

bool
js_bool(const struct js *o, const char *key, bool fallback)
{
	return js_flag(js_get(o, key), fallback);
}

const char *
js_text(const struct js *v)
{
	return json_string_value(raw(v));
}

int64_t
js_num(const struct js *v, int64_t fallback)
{
	return json_is_integer(raw(v)) ? json_integer_value(raw(v)) : fallback;
}

bool
js_flag(const struct js *v, bool fallback)
{
	return json_is_boolean(raw(v)) ? json_is_true(raw(v)) : fallback;
}

bool
js_member(const struct js *o, size_t i, const char **key, struct js **v)
{
	void *at = json_object_iter(raw(o));

	while (at != NULL && i-- > 0)
		at = json_object_iter_next(raw(o), at);
	if (at == NULL)
		return false;
	*key = json_object_iter_key(at);
	*v = (struct js *)json_object_iter_value(at);
	return true;
}
