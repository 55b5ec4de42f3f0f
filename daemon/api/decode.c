/* SPDX-License-Identifier: MIT */
/*
 * Input by table. A handler sees only what its row declares, copied, typed and
 * within bounds; what the row does not declare is refused by name, because a
 * misspelt option that is silently ignored does something else than asked.
 */
#include "daemon/api/decode.h"

#include <string.h>

#include "daemon/api/api.h"
#include "lib/arena.h"
#include "lib/str.h"

static const struct js_field no_fields[] = { { .name = NULL } };

/* Fields of the query are told of in the same form as those of the body. */
static int
wrong(struct js_error *err, const char *name, const char *code, const char *why)
{
	(void)str_copy(err->field, name, sizeof(err->field));
	(void)str_copy(err->why, why, sizeof(err->why));
	err->code = code;
	return 422;
}

static unsigned
count_fields(const struct js_field *f)
{
	unsigned n = 0;

	while (f != NULL && f[n].name != NULL)
		n++;
	return n;
}

static bool
word_in(const char *words, const char *value)
{
	size_t n = strlen(value);

	for (; *words != '\0'; words += *words == '|') {
		size_t len = strcspn(words, "|");

		if (len == n && memcmp(words, value, n) == 0)
			return true;
		words += len;
	}
	return false;
}

/* Exactly these: "yes", "TRUE" and "" are typing errors, not opinions. */
static bool
parse_bool(const char *value, bool *out)
{
	if (!word_in("true|false|1|0", value))
		return false;
	*out = *value == 't' || *value == '1';
	return true;
}

/* The value stands in the request's arena already and is not copied again. */
static int
set_param(const struct js_field *f, const char *value, void *in,
    struct js_error *err)
{
	void *to = (char *)in + f->offset;
	size_t len = strlen(value);

	switch (f->kind) {
	case JS_INT:
		if (!str_to_i64(value, f->min, f->max, to))
			return wrong(err, f->name, "OUT_OF_RANGE",
			    "must be a whole number within its bounds");
		return 0;
	case JS_BOOL:
		if (!parse_bool(value, to))
			return wrong(err, f->name, "WRONG_TYPE",
			    "must be true or false");
		return 0;
	case JS_ONE_OF:
		if (!word_in(f->words, value))
			return wrong(err, f->name, "OUT_OF_RANGE",
			    "must be one of the words allowed here");
		break;
	case JS_TEXT:
	case JS_TEXTS: /* no query field is one of these three (api.h) */
	case JS_PAIRS:
	case JS_JSON:
		if ((int64_t)len < f->min || (int64_t)len > f->max ||
		    !str_utf8_valid(value, len))
			return wrong(err, f->name, "OUT_OF_RANGE",
			    "must be UTF-8 of a length within its bounds");
		break;
	}
	*(const char **)to = value;
	return 0;
}

static const struct js_field *
field_find(const struct js_field *f, const char *name)
{
	for (; f->name != NULL; f++) {
		if (strcmp(f->name, name) == 0 ||
		    (f->alias != NULL && strcmp(f->alias, name) == 0))
			return f;
	}
	return NULL;
}

/*
 * Names are compared as they were sent: an escaped one is no name of ours, and
 * decoding it first would give one parameter two spellings.
 */
static int
one_param(struct api_call *c, const char *name, unsigned base,
    struct js_error *err)
{
	const struct js_field *fields = c->route->query, *f;
	uint64_t *set = c->in;
	const char *value;
	bool dup = false;

	f = field_find(fields, name);
	if (f == NULL)
		return wrong(err, name, "UNKNOWN_FIELD",
		    "this route has no such parameter");
	value = http_query(c->req, name, &dup);
	/* The other spelling counts as a repetition too. */
	if (dup || (*set >> (base + (unsigned)(f - fields)) & 1u) != 0)
		return wrong(err, name, "DUPLICATE_FIELD",
		    "stands more than once");
	if (value == NULL)
		return wrong(err, name, "WRONG_TYPE", "is not encoded well");
	*set |= (uint64_t)1 << (base + (unsigned)(f - fields));
	return set_param(f, value, c->in, err);
}

/* "&&" and a trailing "&" are harmless and common. */
static int
decode_query(struct api_call *c, unsigned base, struct js_error *err)
{
	const char *p = c->req->query;

	while (*p != '\0') {
		size_t len = strcspn(p, "&"), n = strcspn(p, "&=");
		int status;

		if (n > 0) {
			status = one_param(c,
			    arena_strndup(c->req->arena, p, n), base, err);
			if (status != 0)
				return status;
		}
		p += len + (p[len] == '&');
	}
	for (const struct js_field *f = c->route->query; f->name != NULL; f++) {
		uint64_t bit = (uint64_t)1
			       << (base + (unsigned)(f - c->route->query));

		if (f->required && (*(uint64_t *)c->in & bit) == 0)
			return wrong(err, f->name, "MISSING_FIELD",
			    "is required");
	}
	return 0;
}

static int
decode_body(struct api_call *c, struct js_error *err)
{
	const struct js_field *fields = c->route->body;
	const char *body = c->req->body;
	size_t len = c->req->body_len;

	if (fields == NULL && len == 0)
		return 0;
	/* No body at all says the same as an object without members. */
	if (len == 0) {
		body = "{}";
		len = 2;
	}
	if (js_decode(c->req->arena, body, len,
		fields != NULL ? fields : no_fields, c->in, err) == 0)
		return 0;
	return strcmp(err->code, "INVALID_JSON") == 0 ? 400 : 422;
}

int
api_decode(struct api_call *c, struct js_error *err)
{
	const struct api_route *row = c->route;
	size_t size = row->in_size;
	int status;

	/*
	 * Even a row without fields is decoded into something that has `set`.
	 */
	if (size < sizeof(uint64_t))
		size = sizeof(uint64_t);
	c->in = arena_alloc(c->req->arena, size);
	status = decode_body(c, err);
	if (status != 0)
		return status;
	if (row->query != NULL)
		return decode_query(c, count_fields(row->body), err);
	if (*c->req->query != '\0')
		return wrong(err, "", "UNKNOWN_FIELD",
		    "this route has no parameters");
	return 0;
}
