/* SPDX-License-Identifier: MIT */
/*
 * Reading JSON in one place: the only file that knows jansson. It makes the
 * parser as strict as RFC 8259 allows and gives every value one owner. What
 * lib/jsbuild has built can be looked into as well; it is parsed for that.
 */
#include "lib/js.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "lib/buf.h"
#include "lib/jsbuild.h"
#include "lib/log.h"
#include "lib/secret.h"
#include "lib/str.h"

/* Below jansson's own limit, which is deep enough to exhaust a small stack. */
#define JS_DEPTH 64

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

/* A borrowed value to look at. */
static json_t *
raw(const struct js *v)
{
	struct jsbuild *o = jsbuild_of(v);
	char why[160];
	struct buf b;

	if (o == NULL)
		return (json_t *)v;
	if (o->parsed == NULL) {
		buf_init(&b, o->text.len + 1);
		jsbuild_dump(o, &b);
		o->parsed =
		    js_parse((const char *)b.data, b.len, why, sizeof(why));
		buf_done(&b);
		if (o->parsed == NULL)
			fatalx("js", "built what cannot be read: %s", why);
	}
	return (json_t *)o->parsed;
}

void
js_free(struct js *v)
{
	struct jsbuild *o = jsbuild_of(v);

	if (o != NULL)
		jsbuild_free(o);
	else
		json_decref((json_t *)v);
}

struct js *
js_copy(const struct js *v)
{
	json_t *made = v != NULL ? json_deep_copy(raw(v)) : NULL;

	if (v != NULL && made == NULL)
		fatalx("js", "no memory for a copy");
	return (struct js *)made;
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
	const struct jsbuild *o = jsbuild_of(v);

	if (o != NULL)
		jsbuild_dump(o, b);
	else
		dump(v, b, JSON_COMPACT);
}

void
js_finish(struct js *v, struct buf *b)
{
	struct jsbuild *o = jsbuild_of(v);

	if (o != NULL) {
		jsbuild_finish(o, b);
		return;
	}
	js_dump(v, b);
	js_free(v);
}

void
js_dump_pretty(const struct js *v, struct buf *b)
{
	dump(v, b, JSON_INDENT(2));
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
