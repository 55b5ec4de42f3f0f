/* SPDX-License-Identifier: MIT */
/*
 * Variants of agents: checked, named, merged with ours and with what a request
 * chooses. Whoever configures an agent decides what it may do unasked, so a
 * choice that an agent does not have is refused and never passed over: nobody
 * is to believe that he is asked when he is not.
 */
#include "daemon/agent/variant.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/agent/agent.h"
#include "daemon/agent/variantrows.h"
#include "lib/buf.h"
#include "lib/js.h"
#include "lib/log.h"
#include "lib/xalloc.h"

#define NAME_SIZE 64
#define USED	  "recently_used_models"
#define OVER_MAX  8

static bool refuse(struct variant_error *err, const char *why, const char *fmt,
    ...) __attribute__((format(printf, 3, 4)));

/* False, with the path of what is wrong. */
static bool
refuse(struct variant_error *err, const char *why, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(err->path, sizeof(err->path), fmt, ap);
	va_end(ap);
	(void)snprintf(err->why, sizeof(err->why), "%s", why);
	return false;
}

bool
variant_name(char *out, size_t size, const char *name)
{
	size_t n = 0;
	bool gap = false, lower = false;

	for (; *name != '\0'; name++) {
		unsigned char c = (unsigned char)*name;

		if (!isalnum(c) && c < 0x80) {
			gap = n > 0;
			lower = false;
			continue;
		}
		if (n + 2 >= size)
			return false;
		if (gap || (lower && isupper(c)))
			out[n++] = '_';
		out[n++] = (char)toupper(c);
		gap = false;
		lower = islower(c) || isdigit(c);
	}
	out[n] = '\0';
	return n > 0;
}

static void
add_copy(struct js *o, const char *key, const struct js *v)
{
	struct buf b;

	buf_init(&b, SIZE_MAX / 4);
	js_dump(v, &b);
	js_add_json(o, key, buf_cstr(&b));
	buf_done(&b);
}

/* The order of members says nothing. */
static bool
same(const struct js *a, const struct js *b)
{
	struct buf x, y;
	const char *key;
	struct js *v;
	size_t i;
	bool ok;

	if (js_is_object(a) && js_is_object(b)) {
		for (i = 0; js_member(a, i, &key, &v); i++)
			if (js_get(b, key) == NULL || !same(v, js_get(b, key)))
				return false;
		return !js_member(b, i, &key, &v);
	}
	buf_init(&x, SIZE_MAX / 4);
	buf_init(&y, SIZE_MAX / 4);
	js_dump(a, &x);
	js_dump(b, &y);
	ok = x.len == y.len && memcmp(x.data, y.data, x.len) == 0;
	buf_done(&x);
	buf_done(&y);
	return ok;
}

static bool
in_words(const char *s, const char *words)
{
	size_t n = strlen(s);

	for (; *words != '\0'; words += *words == '|') {
		size_t w = strcspn(words, "|");

		if (w == n && strncmp(words, s, n) == 0)
			return true;
		words += w;
	}
	return false;
}

static bool
all_texts(const struct js *v)
{
	const char *key;
	struct js *m;

	for (size_t i = 0; js_is_array(v) && i < js_len(v); i++)
		if (js_text(js_at(v, i)) == NULL)
			return false;
	for (size_t i = 0; js_is_object(v) && js_member(v, i, &key, &m); i++)
		if (js_text(m) == NULL)
			return false;
	return true;
}

static bool
is_flag(const struct js *v)
{
	return js_flag(v, true) == js_flag(v, false);
}

/* What is wrong with a value, or NULL. */
static const char *
misfit(const struct variant_field *f, const struct js *v)
{
	const char *s = js_text(v);

	switch (f->kind) {
	case VARIANT_TEXT:
		return s != NULL ? NULL : "has to be a text";
	case VARIANT_BOOL:
		return is_flag(v) ? NULL : "has to be true or false";
	case VARIANT_TEXTS:
		return js_is_array(v) && all_texts(v)
			   ? NULL
			   : "has to be a list of texts";
	case VARIANT_PAIRS:
		return js_is_object(v) && all_texts(v)
			   ? NULL
			   : "has to be an object of texts";
	default:
		return s != NULL && in_words(s, f->words)
			   ? NULL
			   : "is not one of its words";
	}
}

static const struct variant_field *
field_of(const struct variant_row *row, const char *name)
{
	const struct variant_field *lists[] = { row->fields, variant_common };

	for (size_t i = 0; i < 2; i++)
		for (const struct variant_field *f = lists[i]; f->name != NULL;
		     f++)
			if (strcmp(f->name, name) == 0)
				return f;
	return NULL;
}

/* The fields of one variant, at `path`. Null is as good as not there. */
static bool
check_fields(const struct variant_row *row, const struct js *fields,
    const char *path, struct variant_error *err)
{
	const struct variant_field *f;
	const char *key, *why;
	struct js *v;

	if (!js_is_object(fields))
		return refuse(err, "has to be an object", "%s", path);
	for (size_t i = 0; js_member(fields, i, &key, &v); i++) {
		f = field_of(row, key);
		if (f == NULL || js_is_null(v))
			continue;
		why = misfit(f, v);
		if (why != NULL)
			return refuse(err, why, "%s.%s", path, key);
	}
	return true;
}

/* The fields inside {AGENT: fields}, or NULL. */
static const struct js *
inner(const struct variant_row *row, const struct js *variant)
{
	const char *key;
	struct js *v, *more;

	if (!js_is_object(variant) || !js_member(variant, 0, &key, &v) ||
	    js_member(variant, 1, &key, &more))
		return NULL;
	(void)js_member(variant, 0, &key, &v);
	return variant_row_of(key) == row ? v : NULL;
}

static void
add_variant(struct js *o, const struct variant_row *row, const char *name,
    const struct js *fields)
{
	struct js *v = js_object();

	add_copy(v, row->agent, fields);
	js_add(o, name, v);
}

/* One member of an agent's object into `o`, under the name it ought to have. */
static bool
take_member(struct js *o, const struct variant_row *row, const char *key,
    const struct js *v, struct variant_error *err)
{
	const struct js *fields;
	char name[NAME_SIZE], path[128];

	if (strcmp(key, USED) == 0) {
		if (!js_is_object(v) && !js_is_null(v))
			return refuse(err, "has to be an object",
			    "executors.%s.%s", row->agent, key);
		add_copy(o, key, v);
		return true;
	}
	(void)snprintf(path, sizeof(path), "executors.%s.%.60s", row->agent,
	    key);
	if (strncmp(key, "__", 2) == 0)
		return refuse(err, "may not begin with __", "%s", path);
	if (!variant_name(name, sizeof(name), key))
		return refuse(err, "is no name of a variant", "%s", path);
	if (js_get(o, name) != NULL)
		return refuse(err, "is there twice", "executors.%s.%s",
		    row->agent, name);
	fields = inner(row, v);
	if (fields == NULL)
		return refuse(err, "has to be an object with the agent alone",
		    "%s", path);
	(void)snprintf(path, sizeof(path), "executors.%s.%.40s.%s", row->agent,
	    name, row->agent);
	if (!check_fields(row, fields, path, err))
		return false;
	add_variant(o, row, name, fields);
	return true;
}

static struct js *
default_fields(const struct variant_row *row)
{
	const struct agent_ops *ops = agent_find(row->agent);
	const char *text = ops != NULL ? ops->defaults : "{}";
	char why[80];
	struct js *v = js_parse(text, strlen(text), why, sizeof(why));

	if (v == NULL)
		fatalx("variant", "%s: %s", row->agent, why);
	return v;
}

/* The object of one agent, with what is stored of it, or NULL. */
static struct js *
merge_agent(const struct variant_row *row, const struct js *stored,
    struct variant_error *err)
{
	struct js *o = js_object(), *v;
	const char *key;

	if (stored != NULL && !js_is_object(stored)) {
		refuse(err, "has to be an object", "executors.%s", row->agent);
		js_free(o);
		return NULL;
	}
	for (size_t i = 0; stored != NULL && js_member(stored, i, &key, &v);
	     i++) {
		if (!take_member(o, row, key, v, err)) {
			js_free(o);
			return NULL;
		}
	}
	if (js_get(o, "DEFAULT") == NULL) {
		v = default_fields(row);
		add_variant(o, row, "DEFAULT", v);
		js_free(v);
	}
	return o;
}

/* What is stored of an agent, under any of its names. */
static const struct js *
stored_of(const struct js *executors, const struct variant_row *row)
{
	const char *key;
	struct js *v;

	for (size_t i = 0;
	     executors != NULL && js_member(executors, i, &key, &v); i++)
		if (variant_row_of(key) == row)
			return v;
	return NULL;
}

/* Every name is an agent's, and no agent has two. */
static bool
check_agents(const struct js *executors, struct variant_error *err)
{
	const struct variant_row *row;
	const char *key;
	struct js *v;

	if (!js_is_object(executors))
		return refuse(err, "has to be an object", "executors");
	for (size_t i = 0; js_member(executors, i, &key, &v); i++) {
		row = variant_row_of(key);
		if (row == NULL)
			return refuse(err, "is no agent", "executors.%.60s",
			    key);
		if (stored_of(executors, row) != v)
			return refuse(err, "is there twice", "executors.%s",
			    row->agent);
	}
	return true;
}

struct js *
variant_merge(const struct js *stored, struct variant_error *err)
{
	const struct js *executors = js_get(stored, "executors");
	struct js *all = js_object(), *o = js_object(), *one;
	const struct variant_row *row;

	if (stored != NULL && !check_agents(executors, err))
		goto bad;
	for (size_t i = 0; (row = variant_row(i)) != NULL; i++) {
		one = merge_agent(row, stored_of(executors, row), err);
		if (one == NULL)
			goto bad;
		js_add(o, row->agent, one);
	}
	js_add(all, "executors", o);
	return all;
bad:
	js_free(o);
	js_free(all);
	return NULL;
}

/* What one agent has that its default has not; NULL when that is nothing. */
static struct js *
difference_of(const struct variant_row *row, const struct js *agent)
{
	struct js *ours = default_fields(row), *o = js_object(), *v;
	const char *key;
	bool any = false;

	for (size_t i = 0; js_member(agent, i, &key, &v); i++) {
		if (strcmp(key, "DEFAULT") == 0 && same(inner(row, v), ours))
			continue;
		add_copy(o, key, v);
		any = true;
	}
	js_free(ours);
	if (any)
		return o;
	js_free(o);
	return NULL;
}

struct js *
variant_difference(const struct js *all, struct variant_error *err)
{
	const struct js *given = js_get(all, "executors");
	struct js *merged, *out, *list, *one;
	const struct variant_row *row;

	if (!check_agents(given, err))
		return NULL;
	for (size_t i = 0; (row = variant_row(i)) != NULL; i++) {
		const struct js *agent = stored_of(given, row);

		if (agent != NULL && js_get(agent, "DEFAULT") != NULL)
			continue;
		refuse(err, "cannot be deleted", "executors.%s%s", row->agent,
		    agent != NULL ? ".DEFAULT" : "");
		return NULL;
	}
	merged = variant_merge(all, err);
	if (merged == NULL)
		return NULL;
	out = js_object();
	list = js_object();
	for (size_t i = 0; (row = variant_row(i)) != NULL; i++) {
		one = difference_of(row,
		    js_get(js_get(merged, "executors"), row->agent));
		if (one != NULL)
			js_add(list, row->agent, one);
	}
	js_add(out, "executors", list);
	js_free(merged);
	return out;
}

/* Fields that a request sets, as JSON texts. */
struct over {
	const char *field[OVER_MAX];
	char *json[OVER_MAX];
	size_t n;
};

static void
over_set(struct over *o, const char *field, const char *json)
{
	o->field[o->n] = field;
	o->json[o->n++] = xstrdup(json);
}

/* A choice that goes to `field`, which the agent may not have. */
static bool
over_text(struct over *o, const struct variant_row *row, const char *field,
    const char *value, const char *path, struct variant_error *err)
{
	const struct variant_field *f =
	    field != NULL ? field_of(row, field) : NULL;
	struct js *one;
	const char *why;
	struct buf b;

	if (value == NULL)
		return true;
	if (f == NULL)
		return refuse(err, "is no choice this agent has", "%s", path);
	one = js_array();
	js_push_str(one, value);
	why = misfit(f, js_at(one, 0));
	if (why == NULL) {
		buf_init(&b, SIZE_MAX / 4);
		js_dump(js_at(one, 0), &b);
		over_set(o, field, buf_cstr(&b));
		buf_done(&b);
	}
	js_free(one);
	return why == NULL || refuse(err, why, "%s", path);
}

static bool
over_policy(struct over *o, const struct variant_row *row,
    const struct js *fields, const char *policy, struct variant_error *err)
{
	static const char *const names[] = { "AUTO", "SUPERVISED", "PLAN" };
	const struct variant_policy *lists[] = { row->automatic,
		row->supervised, row->plan };
	const char *now;

	for (size_t i = 0; i < 3; i++) {
		if (strcmp(policy, names[i]) != 0)
			continue;
		if (lists[i][0].field == NULL)
			return refuse(err, "is no choice this agent has",
			    "permission_policy");
		for (const struct variant_policy *p = lists[i];
		     p->field != NULL; p++) {
			now = js_str(fields, p->field, NULL);
			/* What asks already stays as it is. */
			if (p->unless == NULL || now == NULL ||
			    strcmp(now, p->unless) == 0)
				over_set(o, p->field, p->json);
		}
		return true;
	}
	return refuse(err, "has to be AUTO, SUPERVISED or PLAN",
	    "permission_policy");
}

static struct js *
overlaid(const struct js *fields, const struct over *o)
{
	struct js *out = js_object(), *v;
	const char *key;
	size_t j;

	for (size_t i = 0; js_member(fields, i, &key, &v); i++) {
		for (j = 0; j < o->n && strcmp(o->field[j], key) != 0; j++)
			;
		if (j == o->n && !js_is_null(v))
			add_copy(out, key, v);
	}
	for (j = 0; j < o->n; j++)
		js_add_json(out, o->field[j], o->json[j]);
	return out;
}

static const struct js *
find(const struct js *all, const struct variant_row *row, const char *variant,
    struct variant_error *err)
{
	const struct js *agent, *v;
	char name[NAME_SIZE];

	if (!variant_name(name, sizeof(name),
		variant != NULL ? variant : "DEFAULT")) {
		refuse(err, "is no name of a variant", "variant");
		return NULL;
	}
	agent = js_get(js_get(all, "executors"), row->agent);
	v = js_get(js_get(agent, name), row->agent);
	if (v == NULL)
		refuse(err, "is no variant of this agent", "variant");
	return v;
}

struct js *
variant_fields(const struct js *all, const struct variant_pick *pick,
    struct variant_error *err)
{
	const struct variant_row *row = variant_row_of(pick->agent);
	struct over o = { .n = 0 };
	struct js *none = js_object(), *out = NULL;
	const struct js *fields;

	if (row == NULL) {
		refuse(err, "is no agent", "agent");
		fields = NULL;
	} else if (pick->now != NULL && pick->variant == NULL) {
		fields = pick->now;
	} else {
		fields = find(all, row, pick->variant, err);
	}
	if (fields != NULL &&
	    over_text(&o, row, row->model, pick->model_id, "model_id", err) &&
	    over_text(&o, row, row->mode, pick->agent_id, "agent_id", err) &&
	    over_text(&o, row, row->reasoning, pick->reasoning_id,
		"reasoning_id", err) &&
	    (pick->permission_policy == NULL ||
		over_policy(&o, row, fields, pick->permission_policy, err)))
		out = overlaid(fields == pick->now ? none : fields, &o);
	js_free(none);
	for (size_t i = 0; i < o.n; i++)
		free(o.json[i]);
	return out;
}
