/* SPDX-License-Identifier: MIT */
/*
 * A link of a chain becomes a run. Where every repository stands is known
 * before there is one and written in the same transaction, with link and turn:
 * so whatever dies, there is a run with a place it can be taken back to, or
 * there is none.
 *
 * Of an agent the program is found where nobody but root and the account can
 * put one (agentpath.h), never in the repository's and by no PATH of a user's
 * (abuse L10).
 */
#include <string.h>

#include "daemon/agent/agent.h"
#include "daemon/app.h"
#include "daemon/auth/auth.h"
#include "daemon/conf.h"
#include "daemon/core/agentpath.h"
#include "daemon/core/agenttrust.h"
#include "daemon/core/chainstate.h"
#include "daemon/core/conversation.h"
#include "daemon/core/run.h"
#include "daemon/core/runpolicy.h"
#include "daemon/core/session.h"
#include "daemon/core/sessionstate.h"
#include "daemon/store/db.h"
#include "daemon/store/repos.h"
#include "daemon/store/runrepos.h"
#include "daemon/term/term.h"
#include "lib/arena.h"
#include "lib/clock.h"
#include "lib/err.h"
#include "lib/js.h"
#include "lib/str.h"

#define ENV_OWN 16 /* variables of rdv's own */

/* One start, from a look at the repositories to its process. */
struct starting {
	struct chain *chain;
	size_t i;
	const struct chain_look *looks;
	struct agent_command command; /* of an agent */
	const char *program;
	const char *home; /* of a confined agent, or NULL */
	struct run *run;
};

static struct store_link *
link_of(const struct starting *st)
{
	return &st->chain->links[st->i];
}

static bool
is_agent(const struct store_link *l)
{
	return strcmp(l->kind, LINK_AGENT) == 0;
}

static void
start_fail(struct starting *st, const char *why)
{
	struct chain *c = st->chain;

	c->busy = false;
	if (!chain_leaves(c))
		chain_move(c, st->i, LIFE_FAIL, why);
}

static const struct workspace_part *
part_of(const struct chain *c, const struct store_link *l)
{
	for (size_t i = 0; i < c->ws.n; i++)
		if (l->repo_id != NULL &&
		    strcmp(c->ws.parts[i].repo.repo_id, l->repo_id) == 0)
			return &c->ws.parts[i];
	return NULL;
}

/* Of the only repository the place it is worked in; of several all of them. */
static const char *
cwd_of_agent(struct chain *c)
{
	const struct workspace_part *p = &c->ws.parts[0];
	struct store_repo repo = { .id = NULL };

	if (c->ws.n != 1)
		return c->ws.row.directory;
	if (store_repo_get(c->s->app->db, c->arena, c->who.user_id,
		p->repo.repo_id, &repo) != 0 ||
	    repo.working_dir == NULL)
		return p->path;
	return arena_printf(c->arena, "%s/%s", p->path, repo.working_dir);
}

struct js *
chain_wish_of(struct chain *c, struct agent_wish *wish, const char **why)
{
	const struct agent_ops *ops = agent_find(c->conversation.agent);
	struct store_turn last;
	const char *text = NULL;
	struct js *config;
	char what[64];

	*why = "there is no such agent any more";
	if (ops != NULL)
		text = conversation_config(c->arena, ops,
		    c->conversation.config_json, c->turn.config_json, why);
	if (text == NULL)
		return NULL;
	config = js_parse(text, strlen(text), what, sizeof(what));
	*wish = (struct agent_wish){
		.prompt = c->turn.prompt,
		.cwd = cwd_of_agent(c),
		.config = config,
		.root = c->who.uid == 0,
		.confined = strcmp(c->conversation.profile, "login") != 0,
	};
	/* The same for the same turn, so that its log can be read again. */
	if (store_turn_resumed(c->s->app->db, c->arena, c->row.session_id,
		c->turn.id, &last) == 0)
		chain_past(c, ops, &last, wish);
	return config;
}

struct env {
	struct arena *arena;
	const char **list;
	size_t n;
};

static void
env_add(struct env *e, const char *name, const char *value)
{
	if (value != NULL)
		e->list[e->n++] = arena_printf(e->arena, "%s=%s", name, value);
}

/*
 * What tells programs where they are (contract 1.6), over what an agent has.
 * Confined that has a home of its own, unless its configuration names one.
 */
static const char *const *
env_of(struct starting *st, const char *cwd)
{
	struct chain *c = st->chain;
	const char *const *more = st->command.env;
	struct env e = { .arena = c->arena };
	bool at_home = false;
	size_t n = 0;

	while (more != NULL && more[n] != NULL)
		n++;
	e.list = arena_alloc(c->arena, (n + ENV_OWN) * sizeof(*e.list));
	for (size_t i = 0; i < n; i++)
		if (!str_starts(more[i], "RDV_") &&
		    !str_starts(more[i], "VK_")) {
			e.list[e.n++] = more[i];
			at_home = at_home || str_starts(more[i], "HOME=");
		}
	if (!at_home)
		env_add(&e, "HOME", st->home);
	env_add(&e, "RDV_SESSION_ID", c->row.session_id);
	env_add(&e, "RDV_FOLDER_ID", c->conversation.folder_id);
	env_add(&e, "RDV_PROJECT_PATH", c->ws.row.directory);
	env_add(&e, "RDV_WORKTREE_BRANCH", c->ws.row.branch);
	env_add(&e, "RDV_WORKING_DIR", cwd);
	env_add(&e, "RDV_API_SOCKET", c->s->app->conf->api_socket);
	env_add(&e, "VK_WORKSPACE_ID", c->row.workspace_id);
	env_add(&e, "VK_WORKSPACE_BRANCH", c->ws.row.branch);
	env_add(&e, "VK_SESSION_ID", c->row.session_id);
	return e.list;
}

/*
 * A confined run gets the workspace and each worktree, an agent also its home
 * (agentpath.h), nothing else.
 */
static const char *const *
paths_of(const struct starting *st, const char *profile)
{
	struct chain *c = st->chain;
	const char **list;

	if (strcmp(profile, "login") == 0)
		return NULL;
	list = arena_alloc(c->arena, (c->ws.n + 3) * sizeof(*list));
	list[0] = c->ws.row.directory;
	for (size_t i = 0; i < c->ws.n; i++)
		list[i + 1] = c->ws.parts[i].path;
	list[c->ws.n + 1] = st->home;
	return list;
}

/* Whoever lets the agent out of its confinement lets its scripts out. */
static const char *
profile_of(const struct chain *c, const struct store_link *l)
{
	const char *own = c->conversation.profile;

	return is_agent(l) || strcmp(own, "login") == 0 ? own : "script";
}

static const char *const *
argv_of(struct starting *st)
{
	struct chain *c = st->chain;
	const struct store_link *l = link_of(st);
	const char **argv;
	size_t n = 0;

	if (!is_agent(l)) {
		argv = arena_alloc(c->arena, 4 * sizeof(*argv));
		argv[0] = "/bin/bash";
		argv[1] = "-c";
		argv[2] = l->script;
		return argv;
	}
	while (st->command.argv[n] != NULL)
		n++;
	argv = arena_alloc(c->arena, (n + 1) * sizeof(*argv));
	memcpy(argv, st->command.argv, n * sizeof(*argv));
	argv[0] = st->program;
	return argv;
}

static void
started_cb(int err, const char *why, void *arg)
{
	struct starting *st = arg;
	struct chain *c = st->chain;
	struct run *run = run_find(c->s->app->runs, link_of(st)->run_id);

	(void)why;
	/* Its end is told by its keeper, and rdvd's own by nobody. */
	if (err != 0 || run == NULL || run_term(run) == NULL)
		return;
	if (!is_agent(link_of(st)))
		(void)term_input_end(run_term(run));
	else if (c->live == NULL && !run_has_ended(run))
		chain_attach(c, st->i, run, false);
}

static void
written_cb(int err, void *arg)
{
	struct starting *st = arg;
	struct chain *c = st->chain;

	c->busy = false;
	if (err != 0) {
		run_discard(st->run);
		chain_again(c);
		return;
	}
	c->links[st->i] = c->next;
	if (is_agent(&c->next)) {
		c->turn.state = life_next(LIFE_TURN, "waiting", LIFE_START);
		c->turn.run_id = c->next.run_id;
	}
	/* Stopped meanwhile: then it is not begun, and ends as killed. */
	if (c->row.stop != NULL)
		run_stop(st->run, c->row.stop);
	run_launch(st->run, started_cb, st);
	chain_next(c);
}

static void
write_heads(struct starting *st, struct tx *tx, const char *run_id)
{
	const struct chain *c = st->chain;

	for (size_t i = 0; i < c->ws.n; i++) {
		const struct store_run_repo r = {
			.run_id = run_id,
			.place = (int64_t)i,
			.repo_id = c->ws.parts[i].repo.repo_id,
			.before_head = st->looks[i].head,
		};

		(void)store_run_repo_insert(tx, &r);
	}
}

static void
write_turn(struct tx *tx, const struct chain *c, const char *run_id)
{
	struct store_turn t = c->turn;

	t.state = life_next(LIFE_TURN, c->turn.state, LIFE_START);
	t.run_id = run_id;
	(void)store_turn_move(tx, &t, c->turn.state);
}

static void
create(struct starting *st)
{
	struct chain *c = st->chain;
	struct store_link *l = link_of(st);
	const struct workspace_part *p = part_of(c, l);
	/* A script is of a repository, and only an agent of none. */
	const char *cwd = is_agent(l) || p == NULL ? cwd_of_agent(c) : p->path;
	const char *profile = profile_of(c, l);
	struct run_spec spec = {
		.user_id = c->row.user_id,
		.uid = c->who.uid,
		.session_id = c->row.session_id,
		.reason = l->kind,
		.profile = profile,
		.net = run_policy_net(c->conversation.network),
		.hosts = session_strings(c->arena,
		    c->conversation.network_hosts_json),
		.io = is_agent(l) ? PRIV_IO_TALK : PRIV_IO_PIPES,
		.cwd = cwd,
		.paths = paths_of(st, profile),
	};
	char id[UUID_TEXT];
	struct tx *tx;

	if (worktree_leaves(c->s->app->worktrees, c->who.uid, cwd)) {
		start_fail(st, "its worktree is being removed");
		return;
	}
	uuid_v7(id);
	spec.id = arena_strdup(c->arena, id);
	spec.argv = argv_of(st);
	spec.env = env_of(st, cwd);
	c->next = *l;
	c->next.state = life_next(LIFE_LINK, l->state, LIFE_START);
	c->next.run_id = spec.id;
	tx = tx_begin(c->s->app->db);
	st->run = run_create(c->s->app->runs, tx, &spec);
	write_heads(st, tx, spec.id);
	(void)store_link_move(tx, &c->next, l->state);
	if (is_agent(l))
		write_turn(tx, c, spec.id);
	chain_tell(tx, EV_TURN_UPDATED, &c->row, &c->next);
	tx_commit(tx, written_cb, st);
}

/* Somebody may have stopped it while it was looked for what it needs. */
static bool
is_to_end(struct chain *c)
{
	chain_look_stop(c);
	return c->row.stop != NULL || chain_leaves(c);
}

static int
judge_brought(struct chain *c, const char *brought, const char **why)
{
	const struct agenttrust t = { .user_id = c->row.user_id,
		.session_id = c->row.session_id,
		.workspace_id = c->row.workspace_id,
		.agent = c->conversation.agent,
		.of = c->ws.n == 1 ? c->ws.parts[0].repo.repo_id
				   : c->row.workspace_id,
		.cwd = cwd_of_agent(c),
		.brought = brought };

	*why = "the rules cannot be read";
	return agenttrust_judge(c->s->app->db, c->arena, &t, why);
}

static void
found_cb(int err, const struct agentpath *found, const char *why, void *arg)
{
	struct starting *st = arg;

	if (err == 0)
		err = judge_brought(st->chain, found->brought, &why);
	if (err != 0) {
		start_fail(st, why);
	} else if (is_to_end(st->chain)) {
		st->chain->busy = false;
		chain_next(st->chain);
	} else {
		st->program = arena_strdup(st->chain->arena, found->program);
		st->home = arena_text(st->chain->arena, found->home);
		create(st);
	}
}

static void
start_agent(struct starting *st)
{
	struct chain *c = st->chain;
	const struct agent_ops *ops = agent_find(c->conversation.agent);
	struct agent_wish wish;
	const char *why = "there is no such agent any more", *by;
	int err = RDV_E_INVALID;
	struct js *config = chain_wish_of(c, &wish, &why);

	if (config != NULL)
		err = ops->command(c->arena, &wish, &st->command, &why);
	js_free(config);
	/* Its owner may have taken that back since the turn began. */
	if (err == 0)
		err = conversation_unasked(c->s->app->db, c->arena,
		    c->row.session_id, st->command.unasked, &by, &why);
	/* Also of a message that waited: on record before it runs. */
	if (err == 0 && st->command.unasked != NULL &&
	    !auth_audit_leave(c->s->app->auth, "agent.unasked", c->row.user_id,
		by, c->turn.id)) {
		why = "the audit log cannot be written";
		err = RDV_E_UNAVAILABLE;
	}
	if (err != 0)
		start_fail(st, why);
	else
		agentpath_find(c->s->app, &c->who,
		    &(struct agentpath_wish){ .name = st->command.argv[0],
			.agent = wish.confined ? ops->name : NULL,
			.top = c->ws.row.directory,
			.settings = agenttrust_question(c->arena, ops, wish.cwd,
			    c->ws.row.directory) },
		    found_cb, st);
}

struct change {
	const struct starting *st;
	bool any;
};

static bool
chain_moved_head_cb(const struct store_run_repo *r, void *arg)
{
	struct change *ch = arg;
	const struct chain *c = ch->st->chain;
	const char *was = r->before_head, *now = NULL;

	if (r->place < (int64_t)c->ws.n)
		now = ch->st->looks[r->place].head;
	if (was == NULL || now == NULL)
		ch->any = ch->any || was != now;
	else
		ch->any = ch->any || strcmp(was, now) != 0;
	return true;
}

/* Whether there is anything to clean up behind the agent. */
static bool
has_changed(const struct starting *st)
{
	const struct chain *c = st->chain;
	struct change ch = { st, false };

	for (size_t i = 0; i < c->ws.n; i++)
		ch.any = ch.any || st->looks[i].dirty;
	if (c->turn.run_id != NULL &&
	    store_run_repos(c->s->app->db, c->turn.run_id, chain_moved_head_cb,
		&ch) != 0)
		ch.any = true;
	return ch.any;
}

/* What was there before the turn goes into its commit, and is said there. */
static void
keep_dirty(struct chain *c, const struct chain_look *looks, size_t n)
{
	c->dirty = arena_alloc(c->arena, (n + 1) * sizeof(*c->dirty));
	for (size_t i = 0; i < n; i++)
		c->dirty[i] = looks[i].dirty;
}

static void
looked_cb(int err, const struct chain_look *looks, size_t n, const char *why,
    void *arg)
{
	struct starting *st = arg;
	struct chain *c = st->chain;
	const struct store_link *l = link_of(st);

	st->looks = looks;
	if (err == 0 && c->dirty == NULL && !c->recalled)
		keep_dirty(c, looks, n);
	if (err != 0) {
		start_fail(st, why);
	} else if (is_to_end(c)) {
		c->busy = false;
		chain_next(c);
	} else if (is_agent(l)) {
		start_agent(st);
	} else if (part_of(c, l) == NULL) {
		start_fail(st, "the repository is not in the workspace any "
			       "more");
	} else if (strcmp(l->kind, LINK_CLEANUP) == 0 && !has_changed(st)) {
		c->busy = false;
		chain_move(c, st->i, LIFE_SKIP, "nothing has changed");
	} else {
		create(st);
	}
}

/* Whatever of the workspace is missing is brought back before the first. */
static void
ensured_cb(int err, const struct workspace *ws, const char *why, void *arg)
{
	struct starting *st = arg;
	struct chain *c = st->chain;

	(void)ws;
	if (err != 0) {
		start_fail(st, why);
		return;
	}
	c->there = true;
	if (workspace_load(c->s->app->db, c->arena, c->who.user_id,
		c->row.workspace_id, &c->ws) != 0)
		start_fail(st, "the workspace cannot be read");
	else
		chain_look(c, c->arena, looked_cb, st);
}

void
chain_start(struct chain *c)
{
	struct starting *st = arena_alloc(c->arena, sizeof(*st));

	st->chain = c;
	st->i = c->at;
	c->busy = true;
	if (c->there)
		chain_look(c, c->arena, looked_cb, st);
	else
		workspace_ensure(c->s->app->workspaces, &c->who,
		    c->row.workspace_id, ensured_cb, st);
}
