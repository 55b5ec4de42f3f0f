/* SPDX-License-Identifier: MIT */
/*
 * How approvals look to who decides them (abuse K03). Invariant: no text of an
 * agent's leaves here unless it went through lib/showtext, and all that the
 * digest is of is shown beside it.
 */
#include <stdlib.h>
#include <string.h>

#include "daemon/api/api.h"
#include "daemon/api/approval.h"
#include "daemon/store/approvals.h"
#include "lib/buf.h"
#include "lib/js.h"
#include "lib/showtext.h"
#include "lib/str.h"
#include "lib/xalloc.h"

#define SHOWN_MAX (32u << 20) /* a hidden character becomes twelve bytes */
#define ITEM_MAX  400	      /* of a command in a list */

struct approval_who
approval_who_of(const struct api_call *c)
{
	static const char *const vias[AUTH_VIA_MAX] = {
		[AUTH_SERVICE] = "service",
		[AUTH_TOKEN] = "token",
		[AUTH_COOKIE] = "cookie",
		[AUTH_TICKET] = "ticket",
		[AUTH_LINK] = "link",
	};

	return (struct approval_who){ c->actor->user_id, c->actor->token_id,
		vias[c->actor->via] };
}

static void
add_shown(struct js *o, const char *key, const char *text, unsigned *flags)
{
	struct buf b;

	if (text == NULL) {
		js_add_str(o, key, NULL);
		return;
	}
	buf_init(&b, SHOWN_MAX);
	*flags |= showtext(&b, text, strlen(text));
	js_add_str(o, key, buf_cstr(&b));
	buf_done(&b);
}

void
approval_put_shown(struct js *o, const char *key, const char *text)
{
	unsigned flags = 0;

	add_shown(o, key, text, &flags);
}

/* Words of JSON as they stand in the row; free the array alone. */
static const char **
words_of(const struct js *v)
{
	size_t n = js_len(v);
	const char **words = xcalloc(n + 1, sizeof(*words));

	for (size_t i = 0; i < n; i++)
		words[i] = js_text(js_at(v, i));
	return words;
}

static struct js *
parse(const char *json)
{
	char why[160];

	return json != NULL ? js_parse(json, strlen(json), why, sizeof(why))
			    : NULL;
}

/* What would be run, however it came: as text, or as words put in quotes. */
static void
show_command(struct buf *b, const struct store_approval *row, unsigned *flags)
{
	struct js *v = parse(row->argv_json);
	const char **words = words_of(v);

	if (*words != NULL)
		*flags |= showtext_argv(b, words);
	else if (row->command != NULL)
		*flags |= showtext(b, row->command, strlen(row->command));
	free(words);
	js_free(v);
}

static bool
runs(const struct store_approval *row)
{
	return row->command != NULL || row->argv_json != NULL;
}

static void
add_command(struct js *o, const struct store_approval *row, unsigned *flags)
{
	struct buf b;

	buf_init(&b, SHOWN_MAX);
	if (runs(row))
		show_command(&b, row, flags);
	js_add_str(o, "command", runs(row) ? buf_cstr(&b) : NULL);
	buf_done(&b);
}

static void
add_cut(struct js *o, const struct store_approval *row, unsigned *flags)
{
	char text[ITEM_MAX + 1];
	struct buf b;
	size_t len;

	buf_init(&b, SHOWN_MAX);
	if (runs(row))
		show_command(&b, row, flags);
	len = b.len < ITEM_MAX ? b.len : ITEM_MAX;
	if (len > 0)
		memcpy(text, b.data, len);
	len -= b.len > len ? str_utf8_tail(text, len) : 0;
	text[len] = '\0';
	js_add_str(o, "command", runs(row) ? text : NULL);
	js_add_bool(o, "cut", b.len > len);
	buf_done(&b);
}

static void
add_environment(struct js *o, const struct store_approval *row, unsigned *flags)
{
	struct js *v = parse(row->env_json), *list = js_array();

	for (size_t i = 0; i < js_len(v); i++) {
		const char *text = js_text(js_at(v, i));
		struct buf b;

		buf_init(&b, SHOWN_MAX);
		*flags |= showtext(&b, text, strlen(text));
		js_push_str(list, buf_cstr(&b));
		buf_done(&b);
	}
	js_add(o, "environment", list);
	js_free(v);
}

static struct js *
flags_json(unsigned flags)
{
	struct js *list = js_array();

	for (const struct showtext_flag *f = showtext_flags; f->name != NULL;
	     f++)
		if ((flags & f->bit) != 0)
			js_push_str(list, f->name);
	return list;
}

static struct js *
begin(const struct store_approval *row, unsigned *flags)
{
	struct js *o = js_object();

	js_add_str(o, "id", row->id);
	js_add_str(o, "session_id", row->session_id);
	js_add_str(o, "run_id", row->run_id);
	js_add_str(o, "kind", row->kind);
	js_add_str(o, "state", row->state);
	add_shown(o, "tool", row->tool, flags);
	return o;
}

static void
end(struct js *o, const struct store_approval *row, unsigned flags)
{
	js_add(o, "flags", flags_json(flags));
	js_add_int(o, "repeats", row->repeats);
	js_add_ms(o, "created_at", row->created_at);
	js_add_ms(o, "deadline_at", row->deadline_at);
	js_add_ms(o, "decided_at", row->decided_at);
	js_add_str(o, "decided_via", row->decided_via);
	js_add_str(o, "decided_by", row->decided_token);
	js_add_ms(o, "delivered_at", row->delivered_at);
}

struct js *
approval_item(const struct store_approval *row)
{
	unsigned flags = 0;
	struct js *o = begin(row, &flags);

	add_cut(o, row, &flags);
	end(o, row, flags);
	return o;
}

static bool
approval_attempt_cb(const struct store_attempt *t, void *arg)
{
	struct js *o = js_object();

	js_add_str(o, "token_id", t->token_id);
	js_add_str(o, "via", t->via);
	js_add_str(o, "verdict", t->verdict);
	js_add_str(o, "outcome", t->outcome);
	js_add_ms(o, "at", t->created_at);
	js_push(arg, o);
	return true;
}

struct js *
approval_json(struct db *db, const struct store_approval *row)
{
	const bool tool = strcmp(row->kind, "tool") == 0;
	struct js *tries = js_array(), *o;
	unsigned flags = 0;

	o = begin(row, &flags);
	add_command(o, row, &flags);
	add_shown(o, "input", row->input_json, &flags);
	add_shown(o, "cwd", row->cwd, &flags);
	add_environment(o, row, &flags);
	add_shown(o, "profile", row->profile, &flags);
	js_add_json(o, "asked", tool ? NULL : row->input_json);
	js_add_str(o, "digest", row->digest);
	js_add_str(o, "asked_by", row->asked_by);
	add_shown(o, "reason", row->reason, &flags);
	js_add_json(o, "answers", row->answers_json);
	(void)store_attempts_of(db, row->id, approval_attempt_cb, tries);
	js_add(o, "attempts", tries);
	end(o, row, flags);
	return o;
}
