/* SPDX-License-Identifier: MIT */
/*
 * A request body by table: what is not declared is refused by name, so a typing
 * error in a client is an error and not a default. A handler only ever sees a
 * plain struct whose members keep the bounds of their rows.
 */
#include "lib/js.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lib/arena.h"
#include "lib/buf.h"
#include "lib/err.h"
#include "lib/log.h"
#include "lib/str.h"

struct decode {
	struct arena *arena;
	struct js_error *err;
};

static bool __attribute__((format(printf, 4, 5))) refuse(struct decode *d,
    const char *field, const char *code, const char *fmt, ...)
{
	va_list ap;

	str_escape(d->err->field, sizeof(d->err->field), field, strlen(field));
	va_start(ap, fmt);
	vsnprintf(d->err->why, sizeof(d->err->why), fmt, ap);
	va_end(ap);
	d->err->code = code;
	return false;
}

static bool
wrong_type(struct decode *d, const char *field, const char *wanted)
{
	return refuse(d, field, "WRONG_TYPE", "must be %s", wanted);
}

static bool
in_range(struct decode *d, const struct js_field *f, int64_t n,
    const char *unit)
{
	if (n >= f->min && n <= f->max)
		return true;
	return refuse(d, f->name, "OUT_OF_RANGE",
	    "must be %" PRId64 " to %" PRId64 "%s", f->min, f->max, unit);
}

static bool
decode_text(struct decode *d, const struct js_field *f, const struct js *v,
    void *out)
{
	const char *s = js_text(v);

	if (s == NULL)
		return wrong_type(d, f->name, "a string");
	if (!in_range(d, f, (int64_t)strlen(s), " bytes long"))
		return false;
	*(const char **)out = arena_strdup(d->arena, s);
	return true;
}

static bool
decode_int(struct decode *d, const struct js_field *f, const struct js *v,
    void *out)
{
	int64_t n = js_num(v, 0);

	/* Any other type gives the fallback, whatever it is. */
	if (n != js_num(v, 1))
		return wrong_type(d, f->name, "an integer");
	if (!in_range(d, f, n, ""))
		return false;
	*(int64_t *)out = n;
	return true;
}

static bool
decode_bool(struct decode *d, const struct js_field *f, const struct js *v,
    void *out)
{
	bool flag = js_flag(v, false);

	if (flag != js_flag(v, true))
		return wrong_type(d, f->name, "true or false");
	*(bool *)out = flag;
	return true;
}

static bool
decode_texts(struct decode *d, const struct js_field *f, const struct js *v,
    void *out)
{
	size_t n = js_len(v), i;
	const char **list;
	char where[80];

	if (!js_is_array(v))
		return wrong_type(d, f->name, "an array of strings");
	if (!in_range(d, f, (int64_t)n, " entries"))
		return false;
	list = arena_alloc(d->arena, (n + 1) * sizeof(*list));
	for (i = 0; i < n; i++) {
		if (js_text(js_at(v, i)) == NULL) {
			snprintf(where, sizeof(where), "%s[%zu]", f->name, i);
			return wrong_type(d, where, "a string");
		}
		list[i] = arena_strdup(d->arena, js_text(js_at(v, i)));
	}
	*(const char ***)out = list;
	return true;
}

static bool
decode_pairs(struct decode *d, const struct js_field *f, const struct js *v,
    void *out)
{
	const char **list, *key;
	struct js *value;
	char where[80];
	size_t n = 0, i;

	if (!js_is_object(v))
		return wrong_type(d, f->name, "an object of strings");
	while ((int64_t)n <= f->max && js_member(v, n, &key, &value))
		n++;
	if (!in_range(d, f, (int64_t)n, " members"))
		return false;
	list = arena_alloc(d->arena, (2 * n + 1) * sizeof(*list));
	for (i = 0; i < n && js_member(v, i, &key, &value); i++) {
		if (js_text(value) == NULL) {
			snprintf(where, sizeof(where), "%s.%s", f->name, key);
			return wrong_type(d, where, "a string");
		}
		list[2 * i] = arena_strdup(d->arena, key);
		list[2 * i + 1] = arena_strdup(d->arena, js_text(value));
	}
	*(const char ***)out = list;
	return true;
}

static bool
decode_one_of(struct decode *d, const struct js_field *f, const struct js *v,
    void *out)
{
	const char *s = js_text(v), *word;
	size_t len;

	if (s == NULL)
		return wrong_type(d, f->name, "a string");
	for (word = f->words; *s != '\0' && *word != '\0'; word += len) {
		word += *word == '|' ? 1 : 0;
		len = strcspn(word, "|");
		if (strlen(s) == len && memcmp(s, word, len) == 0) {
			*(const char **)out = arena_strdup(d->arena, s);
			return true;
		}
	}
	return refuse(d, f->name, "OUT_OF_RANGE", "must be one of %s",
	    f->words);
}

/* For who passes it on and does not look into it. */
static bool
decode_json(struct decode *d, const struct js_field *f, const struct js *v,
    void *out)
{
	struct buf b;
	bool good;

	if (!js_is_object(v) && !js_is_array(v))
		return wrong_type(d, f->name, "an object or an array");
	buf_init(&b, (size_t)f->max + 1);
	js_dump(v, &b);
	good = in_range(d, f, buf_ok(&b) ? (int64_t)b.len : f->max + 1,
	    " bytes long");
	if (good)
		*(const char **)out = arena_strdup(d->arena, buf_cstr(&b));
	buf_done(&b);
	return good;
}

static bool (*const kinds[])(struct decode *, const struct js_field *,
    const struct js *, void *) = {
	[JS_TEXT] = decode_text,
	[JS_INT] = decode_int,
	[JS_BOOL] = decode_bool,
	[JS_TEXTS] = decode_texts,
	[JS_PAIRS] = decode_pairs,
	[JS_ONE_OF] = decode_one_of,
	[JS_JSON] = decode_json,
};

/* The row's value by either spelling, but not by both at once. */
static bool
find(struct decode *d, const struct js_field *f, const struct js *body,
    struct js **v)
{
	struct js *aliased;

	*v = js_get(body, f->name);
	aliased = f->alias != NULL ? js_get(body, f->alias) : NULL;
	if (*v != NULL && aliased != NULL)
		return refuse(d, f->name, "DUPLICATE_FIELD",
		    "stands there twice, also as %s", f->alias);
	*v = *v != NULL ? *v : aliased;
	return true;
}

static bool
decode_field(struct decode *d, const struct js_field *f, const struct js *body,
    char *out, uint64_t bit)
{
	struct js *v;

	if (!find(d, f, body, &v))
		return false;
	if (v == NULL && f->required)
		return refuse(d, f->name, "MISSING_FIELD", "is required");
	if (v == NULL)
		return true;
	if (!js_is_null(v) || !f->nullable) {
		if (!kinds[f->kind](d, f, v, out + f->offset))
			return false;
	} else if (f->kind != JS_INT && f->kind != JS_BOOL)
		*(const char **)(void *)(out + f->offset) = NULL;
	*(uint64_t *)(void *)out |= bit;
	return true;
}

static bool
known(const struct js_field *f, const char *name)
{
	for (; f->name != NULL; f++)
		if (strcmp(name, f->name) == 0 ||
		    (f->alias != NULL && strcmp(name, f->alias) == 0))
			return true;
	return false;
}

static bool
decode(struct decode *d, const struct js *body, const struct js_field *fields,
    void *out)
{
	const struct js_field *f;
	const char *name;
	uint64_t bit = 1;
	struct js *v;
	size_t i;

	if (!js_is_object(body))
		return wrong_type(d, "", "an object");
	/* Ends at the first stranger, so at twice the rows at the latest. */
	for (i = 0; js_member(body, i, &name, &v); i++)
		if (!known(fields, name))
			return refuse(d, name, "UNKNOWN_FIELD",
			    "is not a field of this request");
	for (f = fields; f->name != NULL; f++, bit <<= 1) {
		if (bit == 0)
			fatalx("js", "more than 64 fields");
		if (!decode_field(d, f, body, out, bit))
			return false;
	}
	return true;
}

int
js_decode(struct arena *a, const char *body, size_t len,
    const struct js_field *fields, void *out, struct js_error *err)
{
	struct decode d = { a, err };
	char why[sizeof(err->why)];
	struct js *v;
	bool good;

	v = len == 0 ? js_object() : js_parse(body, len, why, sizeof(why));
	if (v == NULL) {
		(void)refuse(&d, "", "INVALID_JSON", "%s", why);
		return RDV_E_INVALID;
	}
	good = decode(&d, v, fields, out);
	js_free(v);
	return good ? 0 : RDV_E_INVALID;
}
