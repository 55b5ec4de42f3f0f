/* SPDX-License-Identifier: MIT */
/*
 * Which agents an account can use. rdvd looks at nothing of a user's: rdv-git
 * does, as the account, by the very look-up of a turn (agentpath.h). What it
 * says is that account's word, and decides only what that account is told.
 * Invariant: an agent that cannot be used as it is says what a person has to
 * do.
 */
#include "daemon/core/agentfind.h"

#include <string.h>

#include "daemon/agent/agent.h"
#include "daemon/core/agentpath.h"
#include "daemon/core/worktreeask.h"
#include "daemon/core/worktreeop.h"
#include "lib/arena.h"
#include "lib/str.h"

#define TRACES 2

#define WORDS 3

/* What each leaves in a home, and how somebody signs in. */
static const struct row {
	const char *name, *program;
	const char *login; /* changed when somebody signs in; or NULL */
	const char *kept;  /* where what it signs in with is kept; or NULL */
	const char *traces[TRACES];
	const char *sign_in;
	const char *words[WORDS]; /* the program's, for that */
} rows[] = {
	{ "CLAUDE_CODE", "claude", "~/.claude.json",
	    ".claude/.credentials.json", { NULL, NULL },
	    "run claude and say /login", { "/login" } },
	{ "CODEX", "codex", "~/.codex/auth.json", ".codex/auth.json",
	    { "~/.codex/config.toml", "~/.codex/version.json" },
	    "run codex login", { "login" } },
	{ "GEMINI", "gemini", "~/.gemini/oauth_creds.json",
	    ".gemini/oauth_creds.json",
	    { "~/.gemini/settings.json", "~/.gemini/installation_id" },
	    "run gemini and choose how to sign in", { NULL } },
	{ "QWEN_CODE", "qwen", NULL, NULL,
	    { "~/.qwen/settings.json", "~/.qwen/installation_id" },
	    "run qwen and choose how to sign in", { NULL } },
	{ "COPILOT", "copilot", NULL, NULL,
	    { "~/.copilot/mcp-config.json", "~/.copilot/config.json" },
	    "run copilot and say /login", { NULL } },
	{ "OPENCODE", "opencode", "~/.local/share/opencode/auth.json",
	    ".local/share/opencode/auth.json",
	    { "~/.config/opencode", "~/.local/share/opencode" },
	    "run opencode auth login", { "auth", "login" } },
	{ "AMP", "amp", NULL, NULL, { "~/.config/amp/settings.json", NULL },
	    "run amp login", { "login" } },
	{ "CURSOR_AGENT", "cursor-agent", NULL, NULL,
	    { "~/.cursor/mcp.json", NULL }, "run cursor-agent login",
	    { "login" } },
	{ "DROID", "droid", NULL, NULL,
	    { "~/.factory/mcp.json", "~/.factory/installation_id" },
	    "run droid and sign in", { NULL } },
};
#define ROWS (sizeof(rows) / sizeof(rows[0]))

struct finding {
	const struct git_fact *search;
	const struct git_fact *program[ROWS], *login[ROWS];
	const struct git_fact *home[ROWS], *kept[ROWS];
	const struct git_fact *traces[ROWS][TRACES];
	agentfind_fn *cb;
	void *arg;
};

static int64_t
signed_in(const struct git_fact *f)
{
	int64_t s;

	if (f == NULL || f->found != GIT_FOUND ||
	    !str_to_i64(f->text, 0, INT64_MAX / 1000, &s))
		return -1;
	return s * 1000;
}

static enum agentfind_state
state_of(const struct git_fact *program, const struct git_fact *login)
{
	if (program->found == GIT_NO_SUCH)
		return AGENTFIND_MISSING;
	if (program->found != GIT_FOUND)
		return AGENTFIND_REFUSED;
	if (login == NULL)
		return AGENTFIND_INSTALLED;
	if (signed_in(login) >= 0)
		return AGENTFIND_READY;
	return login->found == GIT_NO_SUCH ? AGENTFIND_SIGN_IN
					   : AGENTFIND_INSTALLED;
}

/* A key in the environment signs in as well, which nobody can see here. */
static const char *
needs(struct wt_op *op, const struct row *r, const struct agentfind *a,
    const struct git_fact *program)
{
	switch (a->state) {
	case AGENTFIND_READY:
	case AGENTFIND_INSTALLED:
		break;
	case AGENTFIND_SIGN_IN:
		return arena_printf(op->arena,
		    "nobody has signed in: %s, or give it a key in its env",
		    r->sign_in);
	case AGENTFIND_REFUSED:
		return arena_printf(op->arena,
		    "%s; run chmod go-w on it, or install it elsewhere",
		    program->text);
	case AGENTFIND_MISSING:
		return arena_printf(op->arena,
		    "install %s into ~/.local/bin or for all accounts, "
		    "then %s",
		    r->program, r->sign_in);
	}
	return NULL;
}

/* What it takes to get the program is said of the account's own home. */
static const char *
confined_needs(struct wt_op *op, const struct agentfind *a)
{
	return a->confined == AGENTFIND_SIGN_IN
		   ? arena_printf(op->arena,
			 "nobody has signed in: run rdv agents login %s, or "
			 "give it a key in its env",
			 a->name)
		   : NULL;
}

static void
tell_confined(struct wt_op *op, const struct finding *f, size_t i,
    struct agentfind *a)
{
	a->home = f->home[i]->found == GIT_FOUND ? f->home[i]->text : NULL;
	a->confined = state_of(f->program[i], f->kept[i]);
	a->confined_in = signed_in(f->kept[i]);
	a->confined_needs = confined_needs(op, a);
	a->sign_in = rows[i].words;
}

static void
tell(struct wt_op *op, struct finding *f, size_t i, struct agentfind *a)
{
	const struct row *r = &rows[i];
	const struct agent_ops *ops = agent_find(r->name);

	a->name = r->name;
	a->help = ops != NULL ? ops->help : r->program;
	a->state = state_of(f->program[i], f->login[i]);
	a->signed_in = signed_in(f->login[i]);
	for (size_t t = 0; t < TRACES; t++)
		if (f->traces[i][t] != NULL &&
		    f->traces[i][t]->found == GIT_FOUND)
			a->traces = true;
	if (f->program[i]->found == GIT_FOUND)
		a->program = f->program[i]->text;
	a->needs = needs(op, r, a, f->program[i]);
	tell_confined(op, f, i, a);
}

static void
looked(struct wt_op *op)
{
	struct agentfind all[ROWS] = { { .name = NULL } };
	struct finding *f = op->own;

	if (!agentpath_searched(op, f->search))
		return;
	for (size_t i = 0; i < ROWS; i++)
		tell(op, f, i, &all[i]);
	f->cb(0, all, ROWS, NULL, f->arg);
	wt_end(op);
}

static void
look_at_home(struct wt_op *op, struct finding *f, size_t i)
{
	const char *home = agentpath_home(op, rows[i].name);

	f->home[i] = wt_question(op, "name", home);
	if (rows[i].kept != NULL)
		f->kept[i] = wt_question(op, "when",
		    arena_printf(op->arena, "%s/%s", home, rows[i].kept));
}

static void
look(struct wt_op *op)
{
	struct finding *f = op->own;

	f->search = agentpath_search(op);
	for (size_t i = 0; i < ROWS; i++) {
		f->program[i] = wt_question(op, "program", rows[i].program);
		if (rows[i].login != NULL)
			f->login[i] = wt_question(op, "when", rows[i].login);
		for (size_t t = 0; t < TRACES; t++)
			if (rows[i].traces[t] != NULL)
				f->traces[i][t] =
				    wt_question(op, "when", rows[i].traces[t]);
		look_at_home(op, f, i);
	}
	wt_ask(op, looked);
}

static void
find_fail(struct wt_op *op, int err, const char *why)
{
	struct finding *f = op->own;

	f->cb(err, NULL, 0, why, f->arg);
	wt_end(op);
}

void
agentfind(struct worktrees *w, const struct worktree_who *who, agentfind_fn *cb,
    void *arg)
{
	struct wt_op *op = wt_new(w, who, false, find_fail);
	struct finding *f = arena_alloc(op->arena, sizeof(*f));

	f->cb = cb;
	f->arg = arg;
	op->own = f;
	wt_later(op, look);
}
