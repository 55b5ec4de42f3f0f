/* SPDX-License-Identifier: MIT */
/*
 * The settings as text that conf_load() would read back, and the few of them
 * that SIGHUP changes. Kept from conf.c so that parsing stays on its own.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/conf.h"
#include "lib/buf.h"
#include "lib/js.h"
#include "lib/str.h"
#include "lib/toml.h"
#include "lib/xalloc.h"

#define INERT "accepted, without effect: "
/* A file is less than 1 MiB, and JSON escapes no byte at more length. */
#define JSON_MAX (2 << 20)

static void
print_list(char *const *list, FILE *out)
{
	(void)fputs("[", out);
	for (size_t i = 0; list[i] != NULL; i++) {
		(void)fputs(i > 0 ? ", " : "", out);
		toml_print_string(list[i], out);
	}
	(void)fputs("]", out);
}

static void
print_value(const struct conf *c, const struct conf_row *row, FILE *out)
{
	const void *p = (const char *)c + row->offset;

	switch (row->type) {
	case CONF_PATH:
	case CONF_WORD:
	case CONF_CONTACT:
		toml_print_string(*(char *const *)p, out);
		break;
	case CONF_INT:
	case CONF_INERT:
		(void)fprintf(out, "%" PRId64, *(const int64_t *)p);
		break;
	case CONF_HOSTS:
	case CONF_PATHS:
	case CONF_GLOBS:
	case CONF_SERVICES:
		print_list(*(char **const *)p, out);
		break;
	}
}

static void
print_help(const struct conf_row *row, FILE *out)
{
	(void)fprintf(out, "# %s%s", row->type == CONF_INERT ? INERT : "",
	    row->help);
	if (conf_is_number(row))
		(void)fprintf(out, " (%" PRId64 "..%" PRId64 ")", row->min,
		    row->max);
	else if (row->type == CONF_WORD)
		(void)fprintf(out, " (%s)", row->words);
	(void)fputc('\n', out);
}

void
conf_print(const struct conf *c, FILE *out)
{
	const char *table = "";
	size_t n = 0;

	for (const struct conf_row *row = conf_rows; row->key != NULL; row++) {
		const char *name = strchr(row->key, '.') + 1;
		const char *source = c->sources[row - conf_rows];

		if (strncmp(table, row->key, (size_t)(name - row->key)) != 0) {
			(void)fprintf(out, "%s[%.*s]\n", n > 0 ? "\n" : "",
			    (int)(name - row->key) - 1, row->key);
			table = row->key;
		}
		n++;
		print_help(row, out);
		(void)fprintf(out, "%s = ", name);
		print_value(c, row, out);
		(void)fprintf(out, " # %s\n",
		    source != NULL ? source : "default");
	}
}

/* JSON has no bytes: U+FFFD in their place would name another file. */
static void
add_text(struct js *o, const char *text)
{
	size_t len = strlen(text);
	char *hex;

	js_add_str(o, "value", text);
	if (str_utf8_valid(text, len))
		return;
	hex = xmalloc(2 * len + 1);
	str_hex(hex, text, len);
	js_add_str(o, "hex", hex);
	free(hex);
}

static struct js *
json_row(const struct conf *c, const struct conf_row *row)
{
	const void *p = (const char *)c + row->offset;
	struct js *o = js_object(), *list;

	if (conf_is_number(row)) {
		js_add_int(o, "value", *(const int64_t *)p);
	} else if (conf_is_text(row)) {
		add_text(o, *(char *const *)p);
	} else {
		list = js_array();
		for (char *const *s = *(char **const *)p; *s != NULL; s++)
			js_push_str(list, *s);
		js_add(o, "value", list);
	}
	js_add_str(o, "source", c->sources[row - conf_rows]);
	js_add_bool(o, "effect", row->type != CONF_INERT);
	return o;
}

bool
conf_print_json(const struct conf *c, FILE *out)
{
	struct js *o = js_object();
	struct buf b;
	bool ok;

	for (const struct conf_row *row = conf_rows; row->key != NULL; row++)
		js_add(o, row->key, json_row(c, row));
	buf_init(&b, JSON_MAX);
	js_finish(o, &b);
	ok = buf_ok(&b) && fprintf(out, "%s\n", buf_cstr(&b)) > 0;
	buf_done(&b);
	return ok;
}

bool
conf_warning(const struct conf *c, size_t *at, char *out, size_t size)
{
	for (; conf_rows[*at].key != NULL; (*at)++) {
		const struct conf_row *row = &conf_rows[*at];

		if (row->type != CONF_INERT || c->sources[*at] == NULL)
			continue;
		(void)snprintf(out, size, "%s: %s: " INERT "%s",
		    c->sources[*at], row->key, row->help);
		(*at)++;
		return true;
	}
	return false;
}

/* All of them are pointers. */
static const char *const reloaded[] = { "server.log_level",
	"auth.allowed_hosts", "sharing.links" };

/* Swapped, so that conf_done(fresh) frees what was replaced. */
static void
swap(void *a, void *b)
{
	void *tmp;

	memcpy(&tmp, a, sizeof(tmp));
	memcpy(a, b, sizeof(tmp));
	memcpy(b, &tmp, sizeof(tmp));
}

void
conf_reload(struct conf *c, struct conf *fresh)
{
	for (size_t i = 0; conf_rows[i].key != NULL; i++) {
		for (size_t k = 0; k < sizeof(reloaded) / sizeof(*reloaded);
		     k++) {
			if (strcmp(conf_rows[i].key, reloaded[k]) != 0)
				continue;
			swap((char *)c + conf_rows[i].offset,
			    (char *)fresh + conf_rows[i].offset);
			swap(&c->sources[i], &fresh->sources[i]);
		}
	}
}
