/* SPDX-License-Identifier: MIT */
/*
 * The first line of a recording. Invariant: of the environment nothing is in it
 * but SHELL and TERM; the rest may be secret and plays no part in replaying.
 */
#include "daemon/api/casthead.h"

#include <string.h>

#include "daemon/api/api.h"
#include "daemon/app.h"
#include "daemon/store/runs.h"
#include "daemon/store/sessions.h"
#include "daemon/term/cast.h"
#include "lib/arena.h"
#include "lib/buf.h"

/* As helper and kernel take them, and each byte in quotes. */
#define COMMAND_MAX (1u << 20)

/* Characters that no shell gives a meaning of its own. */
static const char plain[] = "abcdefghijklmnopqrstuvwxyz"
			    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789@%+=:,./_-";

/* One word for sh(1). */
static void
put_word(struct buf *b, const char *word)
{
	if (*word != '\0' && word[strspn(word, plain)] == '\0') {
		buf_put_text(b, word);
		return;
	}
	buf_put_u8(b, '\'');
	for (; *word != '\0'; word++) {
		if (*word == '\'')
			buf_put_text(b, "'\\'");
		buf_put_u8(b, (uint8_t)*word);
	}
	buf_put_u8(b, '\'');
}

/* NULL: it is not known, or too long to be told. */
static const char *
command_line(struct arena *a, const struct js *argv)
{
	const char *line = NULL;
	struct buf b;

	buf_init(&b, COMMAND_MAX);
	for (size_t i = 0; i < js_len(argv); i++) {
		if (i > 0)
			buf_put_u8(&b, ' ');
		put_word(&b, js_text(js_at(argv, i)));
	}
	if (b.len > 0 && buf_ok(&b))
		line = arena_strdup(a, buf_cstr(&b));
	buf_done(&b);
	return line;
}

struct heading {
	struct arena *arena;
	struct cast_head *head;
	const struct js *argv; /* of the run */
};

static struct js *
parse(const char *text)
{
	char why[160];

	return text != NULL ? js_parse(text, strlen(text), why, sizeof(why))
			    : NULL;
}

/* Without a command of its own a session runs the shell of its user. */
static bool
casthead_session_cb(const struct store_session *s, const struct store_run *r,
    void *arg)
{
	struct heading *h = arg;
	struct js *env = parse(s->env_json);
	const char *shell = js_str(env, "SHELL", NULL);

	(void)r;
	if (shell == NULL && s->argv_json == NULL)
		shell = js_text(js_at(h->argv, 0));
	h->head->title = arena_text(h->arena, s->name);
	h->head->shell = arena_text(h->arena, shell);
	h->head->term =
	    arena_text(h->arena, js_str(env, "TERM", h->head->term));
	js_free(env);
	return false;
}

void
casthead_fill(struct api_call *c, const struct store_run *r,
    struct cast_head *out)
{
	struct js *argv = parse(r->argv_json);
	struct heading h = { c->req->arena, out, argv };

	/* What every terminal is started as (priv-helper/env.c). */
	out->term = "xterm-256color";
	out->begun_ms = r->started_at >= 0 ? r->started_at : r->created_at;
	out->command = command_line(c->req->arena, argv);
	/* A recording without a title is better than none. */
	if (r->session_id != NULL)
		(void)store_session_get(c->app->db, c->actor->user_id,
		    r->session_id, casthead_session_cb, &h);
	js_free(argv);
}
