/* SPDX-License-Identifier: MIT */
/*
 * Workspaces as they are seen: their names, what is told of them, and what
 * changes without touching a file. What makes one is in workspacenew.c, what
 * brings it back in workspacekeep.c, what takes it away in workspaceend.c, what
 * goes on after a crash in workspacefix.c.
 */
#include "daemon/core/workspace.h"

#include <string.h>

#include "daemon/core/branch.h"
#include "daemon/event/event.h"
#include "daemon/store/db.h"
#include "lib/arena.h"
#include "lib/clock.h"
#include "lib/err.h"
#include "lib/js.h"
#include "lib/str.h"

#define NAME_BYTES 200
#define SHORT_ID   4
/* Characters of a name that go into a slug. */
#define SLUG_NAME 16

bool
workspace_name_ok(const char *name)
{
	size_t n = 0;

	/* No control bytes: names end up in terminals and logs. */
	for (; name[n] != '\0'; n++)
		if ((unsigned char)name[n] < 0x20 || name[n] == 0x7f)
			return false;
	return n > 0 && n <= NAME_BYTES;
}

void
workspace_slug(char out[WORKSPACE_SLUG], const char *id, const char *name)
{
	char slug[SLUG_NAME + 1];
	size_t n;

	branch_dir(slug, sizeof(slug), name);
	n = strlen(slug);
	while (n > 0 && slug[n - 1] == '-')
		slug[--n] = '\0';
	(void)str_copy(out, id + strlen(id) - SHORT_ID, WORKSPACE_SLUG);
	out[SHORT_ID] = '-';
	(void)str_copy(out + SHORT_ID + 1, n > 0 ? slug : "workspace",
	    WORKSPACE_SLUG - SHORT_ID - 1);
}

int
workspace_relabel(struct tx *tx, struct store_workspace *w, const char **why)
{
	int err;

	if (!workspace_name_ok(w->name)) {
		*why = "name: must be printable and not empty";
		return RDV_E_INVALID;
	}
	w->updated_at = clock_wall_ms();
	err = store_workspace_label(tx, w);
	if (err == 0)
		event_emit(tx, EV_WORKSPACE_UPDATED, w->user_id, w->id,
		    workspace_json(w));
	return err;
}

/* What failed was taken back, with its branch. */
static bool
began_branch(const struct store_worktree *t)
{
	return t->created_branch && strcmp(t->state, "creating") != 0 &&
	       strcmp(t->state, "failed") != 0;
}

int
workspace_tree(struct db *db, struct arena *a, const char *user_id,
    struct workspace_part *p)
{
	int err =
	    store_worktree_get(db, a, user_id, p->repo.worktree_id, &p->tree);

	if (err == RDV_E_NOT_FOUND) {
		p->tree = (struct store_worktree){ .state = NULL };
		return 0;
	}
	if (err == 0 && began_branch(&p->tree))
		p->repo.made_branch = true;
	return err;
}

int
workspace_load(struct db *db, struct arena *a, const char *user_id,
    const char *id, struct workspace *out)
{
	struct store_workspace_repo *repos = NULL;
	int err = store_workspace_get(db, a, user_id, id, &out->row);

	out->n = 0;
	if (err == 0)
		err = store_workspace_repos(db, a, id, &repos, &out->n);
	out->parts = arena_alloc(a, (out->n + 1) * sizeof(*out->parts));
	for (size_t i = 0; err == 0 && i < out->n; i++) {
		out->parts[i].repo = repos[i];
		out->parts[i].path =
		    arena_printf(a, "%s/%s", out->row.directory, repos[i].name);
		err = workspace_tree(db, a, user_id, &out->parts[i]);
	}
	return err;
}

struct js *
workspace_json(const struct store_workspace *w)
{
	struct js *o = js_object();

	js_add_str(o, "id", w->id);
	js_add_str(o, "name", w->name);
	js_add_str(o, "branch", w->branch);
	js_add_str(o, "directory", w->directory);
	js_add_str(o, "state", w->state);
	js_add_str(o, "cause", w->cause);
	js_add_bool(o, "pinned", w->pinned);
	js_add_bool(o, "archived", w->archived_at >= 0);
	js_add_ms(o, "archived_at", w->archived_at);
	js_add_ms(o, "created_at", w->created_at);
	js_add_ms(o, "updated_at", w->updated_at);
	return o;
}
