/* SPDX-License-Identifier: MIT */
/*
 * The route rows as an OpenAPI document. Whatever a client can send stands in
 * the same tables that decode it, so the document cannot promise anything else.
 */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "daemon/api/api.h"
#include "daemon/api/match.h"
#include "daemon/api/state.h"
#include "daemon/app.h"
#include "daemon/auth/scope.h"
#include "build.h"
#include "lib/buf.h"
#include "lib/js.h"

#define DOC_MAX (4u << 20)

static void
words_json(struct js *o, const char *words)
{
	struct js *list = js_array();

	while (*words != '\0') {
		char word[64];
		size_t n = strcspn(words, "|");

		/*
		 * Longer than any word of ours; half of one would be another
		 * word.
		 */
		if (n < sizeof(word)) {
			memcpy(word, words, n);
			word[n] = '\0';
			js_push_str(list, word);
		}
		words += n + (words[n] == '|');
	}
	js_add(o, "enum", list);
}

static struct js *
string_type(void)
{
	struct js *o = js_object();

	js_add_str(o, "type", "string");
	return o;
}

/* OpenAPI 3.1 has the types of JSON Schema, where null is one. */
static void
add_type(struct js *o, const char *type, bool nullable)
{
	struct js *both;

	if (!nullable) {
		js_add_str(o, "type", type);
		return;
	}
	both = js_array();
	js_push_str(both, type);
	js_push_str(both, "null");
	js_add(o, "type", both);
}

static void
add_any_type(struct js *o)
{
	struct js *both = js_array();

	js_push_str(both, "object");
	js_push_str(both, "array");
	js_add(o, "type", both);
}

/*
 * maxLength counts characters and our bounds count bytes, so text of long
 * characters may pass the schema and be refused here; never the reverse.
 */
static struct js *
field_schema(const struct js_field *f)
{
	static const char *const types[] = {
		[JS_TEXT] = "string",
		[JS_INT] = "integer",
		[JS_BOOL] = "boolean",
		[JS_TEXTS] = "array",
		[JS_PAIRS] = "object",
		[JS_ONE_OF] = "string",
	};
	struct js *o = js_object();

	if (f->kind == JS_JSON)
		add_any_type(o);
	else
		add_type(o, types[f->kind], f->nullable);
	if (f->kind == JS_TEXT) {
		js_add_int(o, "minLength", f->min > 0 ? 1 : 0);
		js_add_int(o, "maxLength", f->max);
	} else if (f->kind == JS_INT) {
		js_add_int(o, "minimum", f->min);
		js_add_int(o, "maximum", f->max);
	} else if (f->kind == JS_TEXTS) {
		js_add(o, "items", string_type());
		js_add_int(o, "maxItems", f->max);
	} else if (f->kind == JS_PAIRS) {
		js_add(o, "additionalProperties", string_type());
		js_add_int(o, "maxProperties", f->max);
	} else if (f->kind == JS_ONE_OF) {
		words_json(o, f->words);
	}
	js_add_str(o, "description", f->help != NULL ? f->help : "");
	return o;
}

/* `open`: there may be more members than these. */
static struct js *
body_schema(const struct js_field *fields, bool open)
{
	struct js *o = js_object(), *props = js_object(), *need = js_array();

	js_add_str(o, "type", "object");
	js_add_bool(o, "additionalProperties", open);
	for (const struct js_field *f = fields; f->name != NULL; f++) {
		js_add(props, f->name, field_schema(f));
		if (f->required)
			js_push_str(need, f->name);
	}
	js_add(o, "properties", props);
	js_add(o, "required", need);
	return o;
}

/* {"application/json": {"schema": ...}} */
static struct js *
json_content(struct js *schema)
{
	struct js *media = js_object(), *o = js_object();

	js_add(media, "schema", schema);
	js_add(o, "application/json", media);
	return o;
}

static struct js *
param_json(const char *name, const char *in, bool required, struct js *schema,
    const char *help)
{
	struct js *o = js_object();

	js_add_str(o, "name", name);
	js_add_str(o, "in", in);
	js_add_bool(o, "required", required);
	js_add(o, "schema", schema);
	js_add_str(o, "description", help != NULL ? help : "");
	return o;
}

static void
path_params(const char *pattern, struct js *list)
{
	const char *p = pattern;

	while ((p = strchr(p, '{')) != NULL) {
		char name[64];
		size_t n = strcspn(++p, "}");

		if (n < sizeof(name)) {
			memcpy(name, p, n);
			name[n] = '\0';
			js_push(list,
			    param_json(name, "path", true, string_type(), ""));
		}
	}
}

static struct js *
params_json(const struct api_route *row)
{
	struct js *list = js_array();

	path_params(row->pattern, list);
	for (const struct js_field *f = row->query;
	     f != NULL && f->name != NULL; f++)
		js_push(list, param_json(f->name, "query", f->required,
				  field_schema(f), f->help));
	/*
	 * Keys belong to users: where nobody is asked who he is there are none.
	 */
	if (row->method == HTTP_M_POST && row->scope != SCOPE_NONE &&
	    !row->unclaimed)
		js_push(list,
		    param_json("Idempotency-Key", "header", false,
			string_type(),
			"a repetition gets the first answer, or 409: "
			"IDEMPOTENCY_IN_FLIGHT, IDEMPOTENCY_UNKNOWN"));
	return list;
}

static struct js *
error_schema(void)
{
	struct js *o = js_object();

	js_add_str(o, "$ref", "#/components/schemas/Error");
	return o;
}

/* What an answer looks like stands in the text, not in a schema per route. */
static struct js *
responses_json(const struct api_route *row)
{
	struct js *o = js_object(), *ok = js_object(), *no = js_object();
	char status[16];

	(void)snprintf(status, sizeof(status), "%d", row->success);
	js_add_str(ok, "description", row->doc);
	js_add(o, status, ok);
	js_add_str(no, "description", "refused or failed");
	js_add(no, "content", json_content(error_schema()));
	js_add(o, "default", no);
	return o;
}

/*
 * An empty list is how OpenAPI says that no credential is needed. Each member
 * is a way by itself; the service token needs a user beside it, the cookie the
 * key of its page.
 */
static struct js *
security_json(const struct api_route *row)
{
	static const struct {
		const char *what, *with;
		uint32_t scopes;
	} ways[] = {
		{ "bearer", NULL, SCOPE_FULL },
		{ "cookie", "page", SCOPE_FULL },
		{ "service", "user", SCOPE_ACT_AS },
	};
	struct js *list = js_array();

	for (size_t i = 0; i < sizeof(ways) / sizeof(*ways); i++) {
		struct js *o;

		if ((row->scope & ways[i].scopes) == 0)
			continue;
		o = js_object();
		js_add(o, ways[i].what, js_array());
		if (ways[i].with != NULL)
			js_add(o, ways[i].with, js_array());
		js_push(list, o);
	}
	if (row->turn_away != NULL) {
		struct js *o = js_object();

		js_add(o, "ticket", js_array());
		js_push(list, o);
	}
	return list;
}

/* Words of which one is enough. */
static struct js *
scopes_json(uint32_t scope)
{
	struct js *list = js_array();

	for (const struct scope_word *w = scope_words; w->name != NULL; w++) {
		if ((w->bits & scope) != 0)
			js_push_str(list, w->name);
	}
	return list;
}

static struct js *
operation_json(const struct api_route *row)
{
	struct js *o = js_object(), *body;
	bool must = false;

	/* A body without a required field may be absent (api/decode.c). */
	for (const struct js_field *f = row->body; f != NULL && f->name != NULL;
	     f++)
		must |= f->required;
	js_add_str(o, "summary", row->doc);
	js_add(o, "parameters", params_json(row));
	if (row->body != NULL) {
		body = js_object();
		js_add_bool(body, "required", must);
		js_add(body, "content",
		    json_content(body_schema(row->body, false)));
		js_add(o, "requestBody", body);
	}
	js_add(o, "responses", responses_json(row));
	js_add(o, "security", security_json(row));
	js_add(o, "x-rdv-scopes", scopes_json(row->scope));
	return o;
}

/* "get", as OpenAPI spells its keys. */
static void
method_key(enum http_method m, char *out, size_t size)
{
	const char *name = http_method_name(m);
	size_t i = 0;

	for (; name[i] != '\0' && i + 1 < size; i++)
		out[i] = (char)(name[i] | 0x20);
	out[i] = '\0';
}

/* The next row that has `pattern`, or NULL; *t and *row say where to go on. */
static const struct api_route *
next_of(const struct api_route *const **t, const struct api_route **row,
    const char *pattern)
{
	const struct api_route *found;

	while (**t != NULL) {
		if (*row == NULL)
			*row = **t;
		found = *row;
		if (found->pattern == NULL) {
			*row = NULL;
			(*t)++;
			continue;
		}
		(*row)++;
		if (strcmp(found->pattern, pattern) == 0)
			return found;
	}
	return NULL;
}

/* All methods of a pattern, whichever tables they stand in. */
static struct js *
path_json(const struct api_route *const *tables, const char *pattern)
{
	const struct api_route *at = NULL, *row;
	struct js *o = js_object();
	char key[16];

	while ((row = next_of(&tables, &at, pattern)) != NULL) {
		method_key(row->method, key, sizeof(key));
		js_add(o, key, operation_json(row));
	}
	return o;
}

/*
 * The document has each path once, the rows may stand in several tables. This
 * walks all of them for each, once in a daemon's life.
 */
static bool
is_first(const struct api_route *const *tables, const struct api_route *row)
{
	const struct api_route *at = NULL;

	return next_of(&tables, &at, row->pattern) == row;
}

static struct js *
scheme(const char *type, const char *k1, const char *v1, const char *k2,
    const char *v2)
{
	struct js *o = js_object();

	js_add_str(o, "type", type);
	js_add_str(o, k1, v1);
	if (k2 != NULL)
		js_add_str(o, k2, v2);
	return o;
}

/* The error object of every refusal, and what one proves oneself with. */
static struct js *
components_json(void)
{
	static const struct js_field error_fields[] = {
		{ .name = "error",
		    .kind = JS_TEXT,
		    .required = true,
		    .max = 4096,
		    .help = "one sentence" },
		{ .name = "code",
		    .kind = JS_TEXT,
		    .required = true,
		    .max = 64,
		    .help = "stable, SNAKE_CASE" },
		{ .name = "request_id",
		    .kind = JS_TEXT,
		    .required = true,
		    .max = 36,
		    .help = "as in the log" },
		{ .name = NULL },
	};
	struct js *o = js_object(), *schemas = js_object(), *ways = js_object(),
		  *error = body_schema(error_fields, true);

	/* Open: some codes come with details. */
	js_add(schemas, "Error", error);
	js_add(o, "schemas", schemas);
	js_add(ways, "bearer", scheme("http", "scheme", "bearer", NULL, NULL));
	js_add(ways, "cookie",
	    scheme("apiKey", "in", "cookie", "name", AUTH_COOKIE_NAME));
	js_add(ways, "page",
	    scheme("apiKey", "in", "header", "name", "X-RDV-Page-Key"));
	js_add(ways, "service",
	    scheme("apiKey", "in", "header", "name", "X-RDV-Service-Token"));
	js_add(ways, "user",
	    scheme("apiKey", "in", "header", "name", "X-RDV-User-ID"));
	js_add(ways, "ticket",
	    scheme("apiKey", "in", "query", "name", "token"));
	js_add(o, "securitySchemes", ways);
	return o;
}

static struct js *
document(const struct api_route *const *tables)
{
	struct js *o = js_object(), *info = js_object(), *paths = js_object();

	js_add_str(o, "openapi", "3.1.0");
	js_add_str(info, "title", "rdv");
	js_add_str(info, "version", RDV_VERSION);
	js_add(o, "info", info);
	for (const struct api_route *const *t = tables; *t != NULL; t++) {
		for (const struct api_route *row = *t; row->pattern != NULL;
		     row++)
			if (is_first(tables, row))
				js_add(paths, row->pattern,
				    path_json(tables, row->pattern));
	}
	js_add(o, "paths", paths);
	js_add(o, "components", components_json());
	return o;
}

/* Anybody may ask, so it is made once. */
static void
openapi_get(struct api_call *c)
{
	struct buf *doc = &c->app->api->openapi;

	if (doc->len == 0) {
		struct js *v = document(api_tables);

		buf_init(doc, DOC_MAX);
		js_dump(v, doc);
		js_free(v);
	}
	api_reply_raw(c, 200, "application/json", doc->data, doc->len);
}

const struct api_route api_routes_openapi[] = {
	{ HTTP_M_GET, "/api/openapi.json", SCOPE_NONE, .handler = openapi_get,
	    .success = 200, .doc = "This document" },
	{ .pattern = NULL },
};
