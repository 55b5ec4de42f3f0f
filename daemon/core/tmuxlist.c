/* SPDX-License-Identifier: MIT */
/*
 * What tmux has beside what the rows say: orphans are sessions without a row,
 * ghosts rows without a session. Neither is ever acted upon here; a call that
 * fails says nothing about either.
 */
#include "daemon/core/tmuxlist.h"

#include <stdio.h>
#include <string.h>

#include "daemon/app.h"
#include "daemon/core/sessionstate.h"
#include "daemon/core/sessiontmux.h"
#include "daemon/store/sessions.h"
#include "daemon/term/tmuxctl.h"
#include "lib/arena.h"
#include "lib/err.h"
#include "lib/str.h"

/*
 * Begins with a word of ours, since a reply's lines must not look like its end;
 * the name comes last, as it alone is somebody else's.
 */
#define FORMAT                                                           \
	"s\t#{session_created}\t#{session_attached}\t#{session_windows}" \
	"\t#{session_name}"
#define SESSIONS_MAX 1000

struct looking {
	struct app *app;
	struct arena *arena;
	enum tmux_server server;
	const char *user_id;
	struct tmux_listing list;
	size_t gone_cap;
	tmux_list_fn *cb;
	void *arg;
};

const char *const *
tmux_attach_default(const struct app *app, struct arena *a, const char *name)
{
	const char *const cmd[] = { "attach-session", "-t",
		arena_printf(a, "=%s:", name), NULL };

	return tmux_words(app, a, TMUX_DEFAULT, cmd);
}

const struct tmux_listed *
tmux_listed(const struct tmux_listing *list, const char *name)
{
	for (size_t i = 0; i < list->n; i++)
		if (strcmp(list->sessions[i].name, name) == 0)
			return &list->sessions[i];
	return NULL;
}

static bool
number(char **rest, int64_t *out)
{
	char *word = strsep(rest, "\t");

	return word != NULL && *rest != NULL &&
	       str_to_i64(word, 0, INT64_MAX / 1000, out);
}

/* False when it is not of our format: then nothing of the list is known. */
static bool
parse_line(char *line, struct tmux_listed *out)
{
	char *word = strsep(&line, "\t");

	if (word == NULL || strcmp(word, "s") != 0 || line == NULL ||
	    !number(&line, &out->created_ms) ||
	    !number(&line, &out->attached) || !number(&line, &out->windows))
		return false;
	out->created_ms *= 1000;
	out->name = line;
	out->session_id[0] = '\0';
	return *line != '\0';
}

static bool
parse(struct looking *l, const char *text)
{
	char *copy = arena_strdup(l->arena, text), *line;
	struct tmux_listed one;

	l->list.sessions =
	    arena_alloc(l->arena, SESSIONS_MAX * sizeof(struct tmux_listed));
	while ((line = strsep(&copy, "\n")) != NULL && copy != NULL) {
		if (!parse_line(line, &one) || l->list.n == SESSIONS_MAX)
			return false;
		if (l->server == TMUX_OWN &&
		    strcmp(one.name, TMUX_CONTROL) == 0)
			continue;
		l->list.sessions[l->list.n++] = one;
	}
	return true;
}

const char *
tmux_name_of(struct arena *a, enum tmux_server server,
    const struct store_session *s)
{
	const char *want =
	    server == TMUX_OWN ? SESSION_TMUX : SESSION_TMUX_ATTACHED;
	const char *const *argv;
	size_t n = 0;
	char *name;

	if (strcmp(s->terminal_type, want) != 0)
		return NULL;
	if (server == TMUX_OWN)
		return arena_printf(a, "rdv-%s", s->id);
	argv = session_strings(a, s->argv_json);
	while (argv != NULL && argv[n] != NULL)
		n++;
	/* As tmux_attach_default() has it: "=NAME:". */
	if (n == 0 || strlen(argv[n - 1]) < 3)
		return NULL;
	name = arena_strdup(a, argv[n - 1] + 1);
	name[strlen(name) - 1] = '\0';
	return name;
}

static bool
tmuxlist_row_cb(const struct store_session *s, const struct store_run *r,
    void *arg)
{
	struct looking *l = arg;
	const char *name = tmux_name_of(l->arena, l->server, s);
	struct tmux_gone *gone;

	(void)r;
	if (name == NULL)
		return true;
	for (size_t i = 0; i < l->list.n; i++)
		if (strcmp(l->list.sessions[i].name, name) == 0) {
			(void)str_copy(l->list.sessions[i].session_id, s->id,
			    UUID_TEXT);
			return true;
		}
	if (l->list.ngone == l->gone_cap) {
		l->gone_cap = l->gone_cap == 0 ? 16 : 2 * l->gone_cap;
		gone = arena_alloc(l->arena, l->gone_cap * sizeof(*gone));
		if (l->list.ngone > 0)
			memcpy(gone, l->list.gone,
			    l->list.ngone * sizeof(*gone));
		l->list.gone = gone;
	}
	l->list.gone[l->list.ngone++] =
	    (struct tmux_gone){ arena_strdup(l->arena, s->id),
		    arena_strdup(l->arena, s->name) };
	return true;
}

static int
match(struct looking *l)
{
	const struct store_session_filter f = {
		.user_id = l->user_id,
		.status = { "active", "suspended", NULL },
	};

	return store_sessions_list(l->app->db, &f, tmuxlist_row_cb, l);
}

static void
tmuxlist_said_cb(int err, const char *text, const char *why, void *arg)
{
	struct looking *l = arg;

	l->list.running = err == 0 || (err == RDV_E_NOT_FOUND && why != NULL);
	if (err == RDV_E_NOT_FOUND)
		err = 0;
	if (err == 0 && text != NULL && !parse(l, text)) {
		err = RDV_E_UNAVAILABLE;
		why = "what tmux lists is not understood";
	}
	if (err == 0)
		err = match(l);
	l->cb(err, err == 0 ? &l->list : NULL, why, l->arg);
	arena_free(l->arena);
}

void
tmux_list(struct app *app, const struct tmux_who *who, enum tmux_server server,
    tmux_list_fn *cb, void *arg)
{
	static const char *const words[] = { "list-sessions", "-F", FORMAT,
		NULL };
	struct arena *arena = arena_new();
	struct looking *l = arena_alloc(arena, sizeof(*l));
	struct buf line;

	*l = (struct looking){ .app = app,
		.arena = arena,
		.server = server,
		.user_id = arena_strdup(arena, who->user_id),
		.cb = cb,
		.arg = arg };
	if (server == TMUX_DEFAULT) {
		tmux_run(app->tmuxes, who->uid,
		    tmux_words(app, arena, server, words), tmuxlist_said_cb, l);
		return;
	}
	buf_init(&line, 4096);
	buf_put_text(&line, "list-sessions -F");
	tmuxctl_word(&line, FORMAT);
	tmux_ask(app->tmuxes, who, false, buf_cstr(&line), tmuxlist_said_cb, l);
	buf_done(&line);
}

void
tmux_kill(struct app *app, const struct tmux_who *who, enum tmux_server server,
    const char *name, tmux_fn *cb, void *arg)
{
	char target[128];
	const char *const words[] = { "kill-session", "-t", target, NULL };
	struct arena *arena;
	struct buf line;

	(void)snprintf(target, sizeof(target), "=%s:", name);
	if (server == TMUX_DEFAULT) {
		arena = arena_new();
		tmux_run(app->tmuxes, who->uid,
		    tmux_words(app, arena, server, words), cb, arg);
		arena_free(arena);
		return;
	}
	buf_init(&line, 1024);
	buf_put_text(&line, "kill-session -t");
	tmuxctl_word(&line, target);
	tmux_ask(app->tmuxes, who, false, buf_cstr(&line), cb, arg);
	buf_done(&line);
}
