/* SPDX-License-Identifier: MIT */
/*
 * What the tests of worktrees share: each operation as one call that turns the
 * loop until it is over.
 */
#include "tests/unit/core/kit.h"

#include <stdio.h>
#include <string.h>

#include "daemon/store/worktrees.h"
#include "daemon/core/worktreeremove.h"
#include "lib/arena.h"
#include "lib/err.h"
#include "lib/str.h"
#include "tests/unit/check.h"
#include "tests/unit/core/live.h"

static void
put(char *to, size_t size, const char *text)
{
	(void)snprintf(to, size, "%s", text != NULL ? text : "");
}

void
kit_made_cb(int err, const struct worktree_made *made, const char *why,
    void *arg)
{
	struct outcome *o = arg;

	o->done = true;
	o->err = err;
	put(o->why, sizeof o->why, why);
	if (err != 0)
		return;
	put(o->path, sizeof o->path, made->path);
	put(o->branch, sizeof o->branch, made->branch);
	put(o->id, sizeof o->id, made->id);
	o->created = made->created_branch;
}

void
kit_moved_cb(int err, const struct worktree_moved *m, const char *why,
    void *arg)
{
	struct outcome *o = arg;

	o->done = true;
	o->err = err;
	put(o->why, sizeof o->why, why);
	put(o->path, sizeof o->path, m->path);
	put(o->branch, sizeof o->branch, m->branch);
	put(o->id, sizeof o->id, m->trash_id);
	o->reasons = m->reasons;
	o->notes = m->notes;
}

static void
states_cb(int err, const struct worktree_states *s, const char *why, void *arg)
{
	struct outcome *o = arg;

	o->done = true;
	o->err = err;
	put(o->why, sizeof o->why, err == 0 ? s->text : why);
	if (err != 0)
		return;
	o->reasons = s->reasons;
	o->notes = s->notes;
}

static void
status_cb(int err, const struct wt_status *s, const char *why, void *arg)
{
	struct outcome *o = arg;

	o->done = true;
	o->err = err;
	put(o->why, sizeof o->why, why);
	if (err != 0)
		return;
	o->status = *s;
	put(o->status_branch, sizeof o->status_branch, s->branch);
}

static void
list_cb(int err, const struct wt_list *l, const char *why, void *arg)
{
	struct outcome *o = arg;
	size_t at = 0;

	o->done = true;
	o->err = err;
	put(o->why, sizeof o->why, why);
	for (size_t i = 0; err == 0 && i < l->n && at < 1024; i++)
		at += (size_t)snprintf(o->list + at, sizeof o->list - at,
		    "%s %s\n", l->entries[i].path,
		    l->entries[i].branch != NULL ? l->entries[i].branch : "-");
	o->n = err == 0 ? l->n : 0;
}

struct worktree_spec
kit_spec(const char *branch)
{
	struct worktree_spec s = {
		.who = live.who,
		.repo = live.repo,
		.branch = branch,
		.create_branch = true,
	};

	return s;
}

struct outcome
kit_create(const struct worktree_spec *s)
{
	struct outcome o = { .done = false };

	worktree_create(live.app.worktrees, s, kit_made_cb, &o);
	/* Later, not now. */
	assert_false(o.done);
	live_until(&o.done);
	return o;
}

struct outcome
kit_make(const char *branch)
{
	struct worktree_spec s = kit_spec(branch);
	struct outcome o = kit_create(&s);

	if (o.err != 0)
		fail_msg("%s: %s", err_name(o.err), o.why);
	return o;
}

struct outcome
kit_drop(const char *path, bool force)
{
	struct outcome o = { .done = false };

	worktree_remove(live.app.worktrees, &live.who, path, force,
	    kit_moved_cb, &o);
	assert_false(o.done);
	live_until(&o.done);
	return o;
}

struct outcome
kit_restore(const char *id)
{
	struct outcome o = { .done = false };

	worktree_restore(live.app.worktrees, &live.who, id, kit_moved_cb, &o);
	live_until(&o.done);
	return o;
}

static void
emptied_cb(int err, const char *why, void *arg)
{
	struct outcome *o = arg;

	o->done = true;
	o->err = err;
	put(o->why, sizeof o->why, why);
}

struct outcome
kit_empty(const char *id)
{
	struct outcome o = { .done = false };

	worktree_empty(live.app.worktrees, &live.who, id, emptied_cb, &o);
	assert_false(o.done);
	live_until(&o.done);
	return o;
}

struct outcome
kit_status(const char *path)
{
	struct outcome o = { .done = false };

	worktree_status(live.app.worktrees, &live.who, path, status_cb, &o);
	live_until(&o.done);
	return o;
}

struct outcome
kit_states(const char *path)
{
	struct outcome o = { .done = false };

	worktree_states(live.app.worktrees, &live.who, path, states_cb, &o);
	live_until(&o.done);
	return o;
}

struct outcome
kit_list(const char *path)
{
	struct outcome o = { .done = false };

	worktree_list(live.app.worktrees, &live.who, path, list_cb, &o);
	live_until(&o.done);
	return o;
}

void
kit_state_is(const char *id, const char *state)
{
	struct arena *a = arena_new();
	struct store_worktree row;

	assert_int_equal(store_worktree_get(live.app.db, a, live.who.user_id,
			     id, &row),
	    0);
	assert_string_equal(row.state, state);
	arena_free(a);
}

void
kit_ok(const struct outcome *o)
{
	if (o->err != 0)
		fail_msg("%s: %s", err_name(o->err), o->why);
}

void
kit_refused(const struct outcome *o, int err, const char *word)
{
	if (o->err != err || strstr(o->why, word) == NULL)
		fail_msg("%s: %s", err_name(o->err), o->why);
}
