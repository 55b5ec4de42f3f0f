/* SPDX-License-Identifier: MIT */
/*
 * /api/sessions: contract 2.2 with the R rows. Decodes, asks core/session and
 * encodes the row: that of a patch as it is being stored, any other as it
 * stands when the change is durable. What goes into and comes out of their
 * programs is api/sessionio.c.
 */
#include <string.h>

#include "daemon/api/answer.h"
#include "daemon/api/api.h"
#include "daemon/api/doors.h"
#include "daemon/api/session.h"
#include "daemon/api/sessionmemo.h"
#include "daemon/app.h"
#include "daemon/core/session.h"
#include "daemon/store/runs.h"
#include "daemon/store/sessions.h"
#include "daemon/term/term.h"
#include "lib/arena.h"
#include "lib/buf.h"
#include "lib/err.h"
#include "lib/js.h"
#include "lib/str.h"

#define REORDER_MAX   10000
#define JSON_TYPE     "application/json"
#define SESSION_BYTES (4u << 20)

struct create_in {
	uint64_t set;
	const char *name, *project_path, *folder_id, *repo_path;
	const char *worktree_branch, *base_branch, *worktree_path;
	bool create_worktree;
	const char **command;
	const char *shell_command;
	const char **environment;
	const char *agent_provider, *terminal_type;
	bool is_orchestrator;
	const char *profile, *network, **network_hosts, *io;
	int64_t cols, rows;
	bool clipboard;
};

struct list_in {
	uint64_t set;
	const char *folder_id, *status;
};

struct patch_in {
	uint64_t set;
	const char *name, *folder_id;
	int64_t tab_order;
	bool clipboard;
};

struct ids_in {
	uint64_t set;
	const char **ids;
};

#define FIELD(st, n, camel, k, member, ...)                        \
	{                                                          \
		.name = n, .alias = camel, .kind = k,              \
		.offset = offsetof(struct st, member), __VA_ARGS__ \
	}
#define PATH_TEXT .min = 1, .max = 4095

static const struct js_field create_fields[] = {
	FIELD(create_in, "name", NULL, JS_TEXT, name, .required = true,
	    .min = 1, .max = 100,
	    .help = "shown everywhere; need not be unique"),
	FIELD(create_in, "project_path", "projectPath", JS_TEXT, project_path,
	    PATH_TEXT, .help = "directory it starts in"),
	FIELD(create_in, "folder_id", "folderId", JS_TEXT, folder_id,
	    .nullable = true, .min = 1, .max = 36, .help = "where it is filed"),
	FIELD(create_in, "repo_path", "repoPath", JS_TEXT, repo_path, PATH_TEXT,
	    .help = "repository of its worktree"),
	FIELD(create_in, "worktree_branch", "worktreeBranch", JS_TEXT,
	    worktree_branch, .min = 1, .max = 255,
	    .help = "branch of its worktree"),
	FIELD(create_in, "base_branch", "baseBranch", JS_TEXT, base_branch,
	    .min = 1, .max = 255, .help = "where a new branch begins"),
	FIELD(create_in, "worktree_path", "worktreePath", JS_TEXT,
	    worktree_path, PATH_TEXT, .help = "where the worktree is to lie"),
	FIELD(create_in, "create_worktree", "createWorktree", JS_BOOL,
	    create_worktree, .help = "make a worktree and start in it"),
	FIELD(create_in, "command", NULL, JS_TEXTS, command,
	    .max = PRIV_ARGV_MAX, .help = "program and arguments"),
	FIELD(create_in, "shell_command", "shellCommand", JS_TEXT,
	    shell_command, .min = 1, .max = 10000,
	    .help = "run by /bin/sh instead of a command"),
	FIELD(create_in, "environment", NULL, JS_PAIRS, environment,
	    .max = PRIV_ENV_MAX / 2, .help = "variables, name to value"),
	/*
	 * Kept for clients, who show it; rdv starts nothing by it (contract
	 * 2.2).
	 */
	FIELD(create_in, "agent_provider", "agentProvider", JS_ONE_OF,
	    agent_provider, .nullable = true,
	    .words = "claude|codex|gemini|opencode|antigravity|cursor|kimi|"
		     "none",
	    .help = "agent it is meant for"),
	FIELD(create_in, "terminal_type", "terminalType", JS_ONE_OF,
	    terminal_type, .words = "shell|tmux",
	    .help = "tmux: in a session of rdv's own tmux server, which this "
		    "one is a client of"),
	FIELD(create_in, "is_orchestrator_session", "isOrchestratorSession",
	    JS_BOOL, is_orchestrator, .help = "watches others"),
	FIELD(create_in, "profile", NULL, JS_ONE_OF, profile,
	    .words = "login|script|agent|lsp",
	    .help = "login: as ssh would give it; the others are confined to "
		    "the directory, see rdv sandbox explain"),
	FIELD(create_in, "network", NULL, JS_ONE_OF, network,
	    .words = "none|list|full",
	    .help = "what it has of the network; default what the policy gives "
		    "its profile"),
	FIELD(create_in, "network_hosts", "networkHosts", JS_TEXTS,
	    network_hosts, .max = PRIV_HOSTS_MAX,
	    .help = "HOST:PORT that the network \"list\" lets through; default "
		    "all that the policy lists"),
	FIELD(create_in, "io", NULL, JS_ONE_OF, io, .words = "pty|pipes",
	    .help = "a terminal, or output and errors apart"),
	FIELD(create_in, "cols", NULL, JS_INT, cols, .min = TERM_COLS_MIN,
	    .max = TERM_COLS_MAX, .help = "width; default 80"),
	FIELD(create_in, "rows", NULL, JS_INT, rows, .min = TERM_ROWS_MIN,
	    .max = TERM_ROWS_MAX, .help = "height; default 24"),
	FIELD(create_in, "clipboard", NULL, JS_BOOL, clipboard,
	    .help = "its programs may put text on the clipboard of who looks"),
	{ .name = NULL },
};

static const struct js_field list_fields[] = {
	FIELD(list_in, "folder_id", "folderId", JS_TEXT, folder_id, .min = 1,
	    .max = 36, .help = "only those in this folder"),
	FIELD(list_in, "status", NULL, JS_TEXT, status, .min = 1, .max = 64,
	    .help = "comma list of active, suspended, closed; default the "
		    "first two"),
	{ .name = NULL },
};

static const struct js_field patch_fields[] = {
	FIELD(patch_in, "name", NULL, JS_TEXT, name, .min = 1, .max = 100,
	    .help = "new name"),
	FIELD(patch_in, "folder_id", "folderId", JS_TEXT, folder_id,
	    .nullable = true, .min = 1, .max = 36,
	    .help = "folder; null: none"),
	FIELD(patch_in, "tab_order", "tabOrder", JS_INT, tab_order, .min = 0,
	    .max = 1000000, .help = "place among its neighbours"),
	FIELD(patch_in, "clipboard", NULL, JS_BOOL, clipboard,
	    .help = "its programs may put text on the clipboard of who looks"),
	{ .name = NULL },
};

static const struct js_field folder_fields[] = {
	FIELD(patch_in, "folder_id", "folderId", JS_TEXT, folder_id,
	    .required = true, .nullable = true, .min = 1, .max = 36,
	    .help = "folder; null: none"),
	{ .name = NULL },
};

static const struct js_field reorder_fields[] = {
	FIELD(ids_in, "session_ids", "sessionIds", JS_TEXTS, ids,
	    .required = true, .max = REORDER_MAX,
	    .help = "ids in their new order"),
	{ .name = NULL },
};

static const char no_session[] = "there is no such session";

void
session_fail(struct api_call *c, int err, const char *why)
{
	if (err == RDV_E_FULL && why == NULL)
		why = "too much input waits already";
	answer_bounded(c, err, why);
}

struct encode {
	struct api_call *c;
	struct js *v;
	bool has_run;
	char run_id[UUID_TEXT];
};

static bool
sessions_encode_cb(const struct store_session *s, const struct store_run *r,
    void *arg)
{
	struct encode *e = arg;

	e->v = session_json(e->c->app, s, r);
	/* Copied: the row is gone when the answer is kept. */
	e->has_run = r != NULL;
	if (r != NULL)
		(void)str_copy(e->run_id, r->id, sizeof(e->run_id));
	return false;
}

void
session_reply(struct api_call *c, const char *id, int status)
{
	struct encode e = { .c = c };
	int err = store_session_get(c->app->db, c->actor->user_id, id,
	    sessions_encode_cb, &e);

	if (err != 0)
		api_fail(c, err, err > 0 ? no_session : NULL);
	else
		api_reply(c, status, e.v);
}

/* The ends of a change: with the session, with nothing, with success. */
static void
sessions_created_cb(int err, const char *id, const char *why, void *arg)
{
	struct api_call *c = arg;

	if (err != 0)
		session_fail(c, err, why);
	else
		session_reply(c, id, 201);
}

static void
sessions_changed_cb(int err, const char *id, const char *why, void *arg)
{
	struct api_call *c = arg;

	if (err != 0)
		session_fail(c, err, why);
	else
		session_reply(c, id, 200);
}

static void
sessions_gone_cb(int err, const char *id, const char *why, void *arg)
{
	struct api_call *c = arg;

	struct js *o;

	if (err != 0) {
		session_fail(c, err, why);
	} else if (why == NULL) {
		api_empty(c, 204);
	} else {
		o = js_object();
		js_add_str(o, "id", id);
		js_add_str(o, "status", "closed");
		js_add_str(o, "left", why);
		api_reply(c, 200, o);
	}
}

static void
sessions_success_cb(int err, const char *id, const char *why, void *arg)
{
	struct api_call *c = arg;
	struct js *o;

	(void)id;
	if (err != 0) {
		session_fail(c, err, why);
		return;
	}
	o = js_object();
	js_add_bool(o, "success", true);
	api_reply(c, 200, o);
}

struct session_who
session_who_of(struct api_call *c, session_fn *cb)
{
	return (struct session_who){
		.user_id = c->actor->user_id,
		.uid = c->actor->uid,
		.id = c->params[0],
		.request_id = c->req->id,
		.token_id = c->actor->token_id,
		.cb = cb,
		.arg = c,
		.arena = c->req->arena,
	};
}

static void
sessions_create(struct api_call *c)
{
	const struct create_in *in = c->in;
	struct session_who who = session_who_of(c, sessions_created_cb);
	struct session_spec spec = {
		.name = in->name,
		.project_path = in->project_path,
		.folder_id = in->folder_id,
		.repo_path = in->repo_path,
		.worktree_branch = in->worktree_branch,
		.base_branch = in->base_branch,
		.worktree_path = in->worktree_path,
		.create_worktree = in->create_worktree,
		.argv = in->command,
		.shell_command = in->shell_command,
		.env = in->environment,
		.agent_provider = in->agent_provider,
		.terminal_type = in->terminal_type,
		.is_orchestrator = in->is_orchestrator,
		/* What people expect of a terminal; confined on request. */
		.profile = in->profile != NULL ? in->profile : "login",
		.network = in->network,
		.network_hosts = in->network_hosts,
		.io = in->io != NULL && strcmp(in->io, "pipes") == 0
			  ? PRIV_IO_PIPES
			  : PRIV_IO_PTY,
		.cols = in->cols > 0 ? (unsigned)in->cols : SESSION_COLS,
		.rows = in->rows > 0 ? (unsigned)in->rows : SESSION_ROWS,
		.clipboard = in->clipboard,
	};

	session_create(c->app->sessions, &who, &spec);
}

/*
 * "active,closed" as a filter; false for a word that is no status. No word
 * twice: the filter has room for each once.
 */
static bool
statuses(struct arena *a, const char *list, struct store_session_filter *f)
{
	static const char *const words[] = { "active", "suspended", "closed" };
	char *text = arena_strdup(a, list), *word, *rest = text;
	size_t i, n = 0;

	while ((word = strsep(&rest, ",")) != NULL) {
		for (i = 0; i < 3 && strcmp(word, words[i]) != 0; i++)
			continue;
		if (i == 3 || n == 3)
			return false;
		f->status[n++] = words[i];
	}
	f->status[n] = NULL;
	return true;
}

static bool
sessions_push_cb(const struct store_session *s, const struct store_run *r,
    void *arg)
{
	struct encode *e = arg;

	js_push(e->v, session_list_item(e->c->app, s, r));
	return true;
}

static void
sessions_list(struct api_call *c)
{
	const struct list_in *in = c->in;
	struct store_session_filter f = {
		.user_id = c->actor->user_id,
		.folder_id = in->folder_id,
		/* As in the older API closed ones are not shown unasked. */
		.status = { "active", "suspended", NULL },
	};
	struct encode e = { .c = c };
	int err;

	if (in->status != NULL && !statuses(c->req->arena, in->status, &f)) {
		api_fail(c, RDV_E_INVALID,
		    "status: a comma list of active, suspended, closed");
		return;
	}
	e.v = js_array();
	err = store_sessions_list(c->app->db, &f, sessions_push_cb, &e);
	if (err == 0) {
		api_reply(c, 200, e.v);
		return;
	}
	js_free(e.v);
	api_fail(c, err, NULL);
}

/*
 * The one request that programs repeat all the time (api/sessionmemo). Raw,
 * because the memo keeps text; a GET has no key to store an answer for.
 */
static void
sessions_get(struct api_call *c)
{
	struct session_memo *memo = api_kept(c->app->api)->sessions;
	const char *user = c->actor->user_id, *id = c->params[0];
	const struct buf *text = session_memo_find(memo, user, id);
	struct encode e = { .c = c };
	struct buf made;
	int err;

	if (text != NULL) {
		api_reply_raw(c, 200, JSON_TYPE, text->data, text->len);
		return;
	}
	err = store_session_get(c->app->db, user, id, sessions_encode_cb, &e);
	if (err != 0) {
		api_fail(c, err, err > 0 ? no_session : NULL);
		return;
	}
	buf_init(&made, SESSION_BYTES);
	js_finish(e.v, &made);
	session_memo_keep(memo, user, id, e.has_run ? e.run_id : NULL, &made);
	api_reply_raw(c, 200, JSON_TYPE, made.data, made.len);
	buf_done(&made);
}

/* A patch on its way through the store, with the answer it will have. */
struct patching {
	struct api_call *c;
	struct js *answer; /* NULL: not made yet */
};

static void
sessions_patch_made_cb(const struct store_session *s, const struct store_run *r,
    void *arg)
{
	struct patching *p = arg;

	p->answer = session_json(p->c->app, s, r);
}

static void
sessions_patched_cb(int err, const char *id, const char *why, void *arg)
{
	struct patching *p = arg;

	(void)id;
	if (err == 0) {
		if (JS_SET((const struct patch_in *)p->c->in, 3))
			doors_tell_safe(p->c->app, p->c->params[0],
			    js_bool(p->answer, "clipboard", false));
		api_reply(p->c, 200, p->answer);
		return;
	}
	js_free(p->answer);
	session_fail(p->c, err, why);
}

/*
 * Bits are the places in patch_fields. Unlike in the older API null clears the
 * folder (contract 2.2).
 */
static void
sessions_patch(struct api_call *c)
{
	struct patching *patching =
	    arena_alloc(c->req->arena, sizeof(*patching));
	const struct patch_in *in = c->in;
	struct session_who who = session_who_of(c, sessions_patched_cb);
	struct session_patch p = {
		.has_name = JS_SET(in, 0),
		.has_folder = JS_SET(in, 1),
		.has_order = JS_SET(in, 2),
		.has_clipboard = JS_SET(in, 3),
		.clipboard = in->clipboard,
		.name = in->name,
		.folder_id = in->folder_id,
		.tab_order = in->tab_order,
	};

	patching->c = c;
	who.arg = patching;
	session_update(c->app->sessions, &who, &p, sessions_patch_made_cb);
}

/* What the older page calls; the same change by another name. */
static void
sessions_folder(struct api_call *c)
{
	const struct patch_in *in = c->in;
	struct session_who who = session_who_of(c, sessions_success_cb);
	struct session_patch p = {
		.has_folder = true,
		.folder_id = in->folder_id,
	};

	session_update(c->app->sessions, &who, &p, NULL);
}

static void
sessions_delete(struct api_call *c)
{
	struct session_who who = session_who_of(c, sessions_gone_cb);

	session_close(c->app->sessions, &who);
}

static void
sessions_suspend(struct api_call *c)
{
	struct session_who who = session_who_of(c, sessions_changed_cb);

	session_suspend(c->app->sessions, &who);
}

static void
sessions_resume(struct api_call *c)
{
	struct session_who who = session_who_of(c, sessions_changed_cb);

	session_resume(c->app->sessions, &who);
}

static void
sessions_reorder(struct api_call *c)
{
	const struct ids_in *in = c->in;
	struct session_who who = session_who_of(c, sessions_success_cb);

	/* The path names no session; those in the body are each checked. */
	who.id = NULL;
	session_reorder(c->app->sessions, &who, in->ids);
}

#define IN(st) .in_size = sizeof(struct st)

const struct api_route api_routes_sessions[] = {
	{ HTTP_M_GET, "/api/sessions", SCOPE_READ, .query = list_fields,
	    IN(list_in), .handler = sessions_list, .success = 200,
	    .doc = "Sessions in their order" },
	{ HTTP_M_POST, "/api/sessions", SCOPE_WRITE, .body = create_fields,
	    IN(create_in), .handler = sessions_create, .success = 201,
	    .doc = "A new session; answered when its program runs" },
	{ HTTP_M_POST, "/api/sessions/reorder", SCOPE_WRITE,
	    .body = reorder_fields, IN(ids_in), .handler = sessions_reorder,
	    .success = 200, .doc = "Sets the order of the sessions named" },
	{ HTTP_M_GET, "/api/sessions/{id}", SCOPE_READ | SCOPE_RUN,
	    .of = API_OF_SESSION, .door = true, .handler = sessions_get,
	    .success = 200, .doc = "A session with its newest run" },
	{ HTTP_M_PATCH, "/api/sessions/{id}", SCOPE_WRITE, .body = patch_fields,
	    IN(patch_in), .handler = sessions_patch, .success = 200,
	    .doc = "Changes name, folder, place or who has the clipboard" },
	{ HTTP_M_DELETE, "/api/sessions/{id}", SCOPE_WRITE,
	    .handler = sessions_delete, .success = 204,
	    .doc = "Ends its program and all that started, then closes it; 200 "
		   "with `left` says what tmux could not be told to end" },
	{ HTTP_M_POST, "/api/sessions/{id}/suspend", SCOPE_WRITE,
	    .handler = sessions_suspend, .success = 200,
	    .doc = "Sends viewers away; the program goes on" },
	{ HTTP_M_POST, "/api/sessions/{id}/resume", SCOPE_WRITE,
	    .handler = sessions_resume, .success = 200,
	    .doc = "Goes on, with a new run when the last one is over" },
	{ HTTP_M_PUT, "/api/sessions/{id}/folder", SCOPE_WRITE,
	    .body = folder_fields, IN(patch_in), .handler = sessions_folder,
	    .success = 200, .doc = "Files it in a folder, or in none" },
	{ .pattern = NULL },
};
