/* SPDX-License-Identifier: MIT */
/*
 * What tmux keeps of a session's screen and above it. Its text is a program's,
 * so it never goes over the control client, where a line could look like the
 * end of a reply.
 */
#include "daemon/core/tmuxhistory.h"

#include <string.h>

#include "daemon/app.h"
#include "daemon/core/tmuxlist.h"
#include "daemon/store/sessions.h"
#include "lib/arena.h"
#include "lib/err.h"
#include "lib/str.h"

struct capture {
	struct arena *arena;
	uint64_t lines;
	tmux_history_fn *cb;
	void *arg;
	enum tmux_server server;
	const char *name; /* NULL: in no tmux */
};

static bool
tmuxhistory_row_cb(const struct store_session *s, const struct store_run *r,
    void *arg)
{
	struct capture *c = arg;

	(void)r;
	for (int i = TMUX_OWN; i <= TMUX_DEFAULT && c->name == NULL; i++) {
		c->server = (enum tmux_server)i;
		c->name = tmux_name_of(c->arena, c->server, s);
	}
	return false;
}

/*
 * tmux gives the screen down to its last row, and above it as many lines as it
 * was asked for: the rows below the text go, and then what is too much.
 */
static void
cut(struct capture *c, const char *text, struct tmux_history *h)
{
	char *copy = arena_strdup(c->arena, text);
	size_t len = strlen(copy), at;

	while (len > 0 && copy[len - 1] == '\n')
		len--;
	copy[len] = '\0';
	h->lines = len > 0;
	for (at = len; at > 0; at--)
		if (copy[at - 1] == '\n' && h->lines++ == c->lines)
			break;
	h->truncated = at > 0;
	h->lines -= h->truncated;
	h->text = len > 0 ? arena_printf(c->arena, "%s\n", copy + at) : "";
}

static void
tmuxhistory_said_cb(int err, const char *text, const char *why, void *arg)
{
	struct capture *c = arg;
	struct tmux_history h = { .text = NULL };

	if (err == 0 && !str_utf8_valid(text, strlen(text))) {
		err = RDV_E_UNAVAILABLE;
		why = "what tmux shows is no UTF-8";
	} else if (err == RDV_E_TOO_BIG) {
		why = "these lines are over 1 MiB; ask for fewer";
	} else if (err == RDV_E_NOT_FOUND) {
		why = "its tmux session is gone";
	}
	if (err == 0)
		cut(c, text, &h);
	c->cb(err, err == 0 ? &h : NULL, why, c->arg);
	arena_free(c->arena);
}

static void
capture(struct app *app, const struct tmux_who *who, struct capture *c,
    bool colours)
{
	const char *const cmd[] = { "capture-pane", "-p", "-J", "-t",
		arena_printf(c->arena, "=%s:", c->name), "-S",
		arena_printf(c->arena, "-%llu", (unsigned long long)c->lines),
		colours ? "-e" : NULL, NULL };

	tmux_run(app->tmuxes, who->uid,
	    tmux_words(app, c->arena, c->server, cmd), tmuxhistory_said_cb, c);
}

void
tmux_history(struct app *app, const struct tmux_who *who,
    const char *session_id, uint64_t lines, bool colours, tmux_history_fn *cb,
    void *arg)
{
	struct arena *arena = arena_new();
	struct capture *c = arena_alloc(arena, sizeof(*c));
	int err;

	*c = (struct capture){
		.arena = arena, .lines = lines, .cb = cb, .arg = arg
	};
	err = store_session_get(app->db, who->user_id, session_id,
	    tmuxhistory_row_cb, c);
	if (err == 0 && c->name != NULL) {
		capture(app, who, c, colours);
		return;
	}
	cb(err != 0 ? err : RDV_E_STATE, NULL,
	    err == RDV_E_NOT_FOUND ? "there is no such session"
	    : err == 0		   ? "it is in no tmux"
				   : NULL,
	    arg);
	arena_free(arena);
}
