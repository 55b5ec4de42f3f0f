/* SPDX-License-Identifier: MIT */
/*
 * Which tmux server is asked, and by whom. Everything that is the private
 * server's goes through one client, in order; everything that is a person's own
 * server is left as it is found, with no client of ours attached to it but the
 * terminals that were asked for.
 */
#include "daemon/core/tmux.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/app.h"
#include "daemon/conf.h"
#include "lib/arena.h"
#include "lib/err.h"
#include "lib/str.h"
#include "lib/xalloc.h"

#define OUTPUT_MAX (1u << 20)
#define NAME_BYTES 100

struct tmux {
	struct app *app;
	struct git *host; /* runs programs of the host, one at a time each */
	struct tmux_link **links;
	size_t n;
};

struct tmux *
tmux_new(struct app *app)
{
	struct tmux *t = xcalloc(1, sizeof(*t));

	t->app = app;
	t->host = git_new(app);
	return t;
}

void
tmux_let_go(struct tmux *t)
{
	if (t == NULL)
		return;
	git_end(t->host);
	for (size_t i = 0; i < t->n; i++)
		tmux_link_end(t->links[i]);
}

void
tmux_free(struct tmux *t)
{
	if (t == NULL)
		return;
	git_free(t->host);
	for (size_t i = 0; i < t->n; i++)
		tmux_link_free(t->links[i]);
	free(t->links);
	free(t);
}

static struct tmux_link *
link_of(struct tmux *t, const struct tmux_who *who)
{
	for (size_t i = 0; i < t->n; i++)
		if (tmux_link_uid(t->links[i]) == who->uid)
			return t->links[i];
	t->links =
	    xreallocarray(t->links, t->n + 1, sizeof(struct tmux_link *));
	t->links[t->n] = tmux_link_new(t->app, who->uid, who->user_id);
	return t->links[t->n++];
}

void
tmux_ask(struct tmux *t, const struct tmux_who *who, bool start,
    const char *line, tmux_fn *cb, void *arg)
{
	tmux_link_ask(link_of(t, who), start, line, cb, arg);
}

struct host_call {
	tmux_fn *cb;
	void *arg;
};

static bool
says_none(const char *err)
{
	return str_starts(err, "no server running on ") ||
	       (str_starts(err, "error connecting to ") &&
		   strstr(err, "(No such file or directory)") != NULL);
}

static int
refusal(const char *err)
{
	if (says_none(err) || str_starts(err, "can't find session"))
		return RDV_E_NOT_FOUND;
	return RDV_E_INVALID;
}

static void
tmux_host_cb(int err, const struct git_result *r, const char *why, void *arg)
{
	struct host_call *h = arg;
	char said[512];

	if (err != 0) {
		h->cb(err, NULL, why, h->arg);
	} else if (r->status == 0) {
		h->cb(0, r->out, NULL, h->arg);
	} else {
		(void)str_escape(said, sizeof(said), r->err,
		    strcspn(r->err, "\n"));
		h->cb(refusal(r->err), NULL, says_none(r->err) ? NULL : said,
		    h->arg);
	}
	free(h);
}

void
tmux_run(struct tmux *t, uid_t uid, const char *const *argv, tmux_fn *cb,
    void *arg)
{
	struct git_call call = {
		.uid = uid,
		.dir = "/",
		.argv = argv,
		.max = OUTPUT_MAX,
		.as = GIT_AS_HOST,
	};
	struct host_call *h = xcalloc(1, sizeof(*h));

	h->cb = cb;
	h->arg = arg;
	git_run(t->host, &call, tmux_host_cb, h);
}

/* In system mode it is known only there where the home is. */
static const char in_home[] =
    "exec tmux -u -S \"$HOME/.rdv/run/tmux.sock\" -N \"$@\"";

const char *const *
tmux_words(const struct app *app, struct arena *a, enum tmux_server server,
    const char *const *cmd)
{
	const char *const by_shell[] = { "/bin/sh", "-c", in_home, "tmux" };
	const char *by_name[] = { "tmux", "-u", "-L", "default", "-N" };
	const bool shell = server == TMUX_OWN && app->conf->system;
	const size_t head = shell ? 4 : 5;
	const char **argv;
	size_t n = 0;

	if (server == TMUX_OWN && !shell) {
		by_name[2] = "-S";
		by_name[3] =
		    arena_printf(a, "%s/run/tmux.sock", app->conf->base);
	}
	while (cmd[n] != NULL)
		n++;
	argv = arena_alloc(a, (head + n + 1) * sizeof(*argv));
	memcpy(argv, shell ? by_shell : by_name, head * sizeof(*argv));
	memcpy(argv + head, cmd, n * sizeof(*argv));
	return argv;
}

bool
tmux_name_ok(const char *name)
{
	size_t len = strlen(name);

	if (len == 0 || len > NAME_BYTES || !str_utf8_valid(name, len) ||
	    strpbrk(name, ":.") != NULL || strchr("$@%=-{+", name[0]) != NULL)
		return false;
	for (size_t i = 0; i < len; i++)
		if ((uint8_t)name[i] < 0x20 || name[i] == 0x7f)
			return false;
	return true;
}
