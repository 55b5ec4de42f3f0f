/* SPDX-License-Identifier: MIT */
/*
 * Workers that stay, over the real helper: one for each tree, asked while it
 * holds, replaced when it has died, and never the reason why nobody answers.
 */
#include "tests/unit/check.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/conf.h"
#include "daemon/core/gitshape.h"
#include "daemon/core/gitwork.h"
#include "daemon/core/worktreeop.h"
#include "lib/clock.h"
#include "lib/err.h"
#include "lib/js.h"
#include "tests/unit/core/kit.h"
#include "tests/unit/core/live.h"

static const char *
top_of(const char *at)
{
	return gitwork_top(live.app.worktrees->works, live.who.uid, at);
}

/*
 * The process ids of the workers that serve a tree, by the kernel's word. Each
 * leads its session; what it has just forked looks like it for a moment.
 */
static const char *
pids_of(const char *at)
{
	return live_out("/",
	    "ps -eo pid=,sid=,args= | awk -v w='rdv-git serve %s ' "
	    "'$1 == $2 && index($0, w) { print $1 }'",
	    at);
}

static int
pid_of(const char *at)
{
	const char *pids = pids_of(at);
	char *end;
	long pid = strtol(pids, &end, 10);

	if (pid <= 0 || *end != '\0')
		fail_msg("not one worker: '%s'", pids);
	return (int)pid;
}

static void
counts_are(const char *at, int untracked, int modified, int staged)
{
	struct outcome o = kit_status(at);

	kit_ok(&o);
	assert_int_equal(o.status.untracked, untracked);
	assert_int_equal(o.status.modified, modified);
	assert_int_equal(o.status.staged, staged);
}

static void
one_for_a_tree(void **state)
{
	struct outcome w = kit_make("wip");
	int pid;

	(void)state;
	assert_null(top_of(w.path));
	counts_are(w.path, 0, 0, 0);
	assert_string_equal(top_of(w.path), live.repo);
	pid = pid_of(w.path);
	for (int i = 1; i <= 5; i++) {
		assert_int_equal(live_sh(w.path, "echo >new%d; echo >>file", i),
		    0);
		counts_are(w.path, i, 1, 0);
	}
	assert_int_equal(live_sh(w.path, "git add ."), 0);
	counts_are(w.path, 0, 0, 6);
	assert_int_equal(pid_of(w.path), pid);
	/* The other tree of that repository has another one. */
	counts_are(live.repo, 0, 0, 0);
	assert_int_not_equal(pid_of(live.repo), pid);
	assert_int_equal(pid_of(w.path), pid);
}

static bool
is_gone(const void *arg)
{
	return top_of(arg) == NULL;
}

static void
one_that_dies_is_replaced(void **state)
{
	int pid;

	(void)state;
	for (int i = 0; i < 5; i++) {
		counts_are(live.repo, i, 0, 0);
		pid = pid_of(live.repo);
		assert_int_equal(live_sh("/", "kill -KILL %d", pid), 0);
		live_wait(is_gone, live.repo);
		assert_int_equal(live_sh(live.repo, "echo >new%d", i), 0);
	}
	counts_are(live.repo, 5, 0, 0);
}

static void
answered_cb(int err, const struct wt_status *st, const char *why, void *arg)
{
	struct outcome *o = arg;

	o->done = true;
	o->err = err;
	if (err == 0)
		o->status = *st;
	else
		(void)snprintf(o->why, sizeof(o->why), "%s", why);
}

/* It has died, and nobody knows yet when the question comes. */
static void
who_asks_a_dead_one_is_answered(void **state)
{
	struct outcome o = { .done = false };
	int pid;

	(void)state;
	counts_are(live.repo, 0, 0, 0);
	pid = pid_of(live.repo);
	assert_int_equal(live_sh(live.repo, "echo >new; kill -KILL %d", pid),
	    0);
	assert_non_null(top_of(live.repo));
	worktree_status(live.app.worktrees, &live.who, live.repo, answered_cb,
	    &o);
	live_until(&o.done);
	kit_ok(&o);
	assert_int_equal(o.status.untracked, 1);
	assert_int_not_equal(pid_of(live.repo), pid);
}

/* What it was started for: a filter that was not there has to be taken away. */
static void
it_is_opened_anew(void **state)
{
	int pid;

	(void)state;
	counts_are(live.repo, 0, 0, 0);
	counts_are(live.repo, 0, 0, 0);
	pid = pid_of(live.repo);
	assert_int_equal(live_sh(live.repo,
			     "git config filter.x.clean 'touch ran; cat' && "
			     "echo 'file filter=x' >.gitattributes && "
			     "echo two >file"),
	    0);
	counts_are(live.repo, 1, 1, 0);
	assert_int_not_equal(pid_of(live.repo), pid);
	assert_false(live_exists(live_path("%s/ran",
	    strrchr(live.repo, '/') + 1)));
}

/* Where it was there is another one, or nothing. */
static void
another_in_its_place(void **state)
{
	struct outcome o, w = kit_make("gone");

	(void)state;
	counts_are(w.path, 0, 0, 0);
	counts_are(w.path, 0, 0, 0);
	assert_int_equal(live_sh(w.path, "mv ../%s ../aside && mkdir ../%s",
			     strrchr(w.path, '/') + 1,
			     strrchr(w.path, '/') + 1),
	    0);
	o = kit_status(w.path);
	kit_refused(&o, RDV_E_INVALID, "");
	assert_int_equal(live_sh("/", "rmdir %s", w.path), 0);
	o = kit_status(w.path);
	kit_refused(&o, RDV_E_NOT_FOUND, "");
}

/* It is in nobody's way. */
static void
what_is_watched_is_removed(void **state)
{
	struct outcome o, w = kit_make("away");

	(void)state;
	counts_are(w.path, 0, 0, 0);
	counts_are(w.path, 0, 0, 0);
	(void)pid_of(w.path);
	o = kit_drop(w.path, false);
	kit_ok(&o);
	assert_false(live_exists(w.path));
}

static void
hang(bool on)
{
	assert_int_equal(
	    live_sh(live.repo,
		on ? "mkfifo .git/info/exclude2 && rm .git/info/exclude && "
		     "mv .git/info/exclude2 .git/info/exclude"
		   : "dd if=/dev/null of=.git/info/exclude oflag=nonblock "
		     "2>/dev/null; rm .git/info/exclude"),
	    0);
}

static void
its_git_has_a_deadline(void **state)
{
	int64_t was = live.app.conf->git_timeout_ms;
	struct outcome o;

	(void)state;
	counts_are(live.repo, 0, 0, 0);
	hang(true);
	live.app.conf->git_timeout_ms = 300;
	o = kit_status(live.repo);
	kit_refused(&o, RDV_E_TIMEOUT, "git_timeout_ms");
	live.app.conf->git_timeout_ms = was;
	hang(false);
	assert_int_equal(live_sh(live.repo, "echo >new"), 0);
	counts_are(live.repo, 1, 0, 0);
}

#define HANG_ASKS 30

static struct outcome hang_asks[HANG_ASKS];
static size_t hang_asked;

static void
ask_hanging(int64_t *next)
{
	*next = clock_mono_ms() + 500;
	worktree_status(live.app.worktrees, &live.who, live.repo, answered_cb,
	    &hang_asks[hang_asked++]);
}

/* Meanwhile the next one asks. */
static bool
is_first_answered(const void *arg)
{
	static int64_t next;

	(void)arg;
	if (!hang_asks[0].done && hang_asked < HANG_ASKS &&
	    clock_mono_ms() >= next)
		ask_hanging(&next);
	return hang_asks[0].done;
}

/* It hangs, and whoever asks it again and again does not keep it alive. */
static void
one_that_hangs_is_ended(void **state)
{
	int64_t was = live.app.conf->git_timeout_ms;
	int pid;

	(void)state;
	counts_are(live.repo, 0, 0, 0);
	pid = pid_of(live.repo);
	assert_int_equal(live_sh("/", "kill -STOP %d; echo >%s/new", pid,
			     live.repo),
	    0);
	live.app.conf->git_timeout_ms = 100;
	live_wait(is_first_answered, NULL);
	live.app.conf->git_timeout_ms = was;
	for (size_t i = 0; i < hang_asked; i++)
		live_until(&hang_asks[i].done);
	assert_true(hang_asked > 1);
	assert_int_not_equal(pid_of(live.repo), pid);
	counts_are(live.repo, 1, 0, 0);
}

/* More trees than there may be workers: the oldest makes room. */
static void
not_too_many(void **state)
{
	enum { MAX = 64 };
	char path[MAX + 2][512];
	unsigned n = 0;

	(void)state;
	for (int i = 0; i < MAX + 2; i++) {
		(void)snprintf(path[i], sizeof(path[i]), "%s",
		    live_path("w/t%d", i));
		assert_int_equal(live_sh(live.repo,
				     "git worktree add -q -b t%d %s", i,
				     path[i]),
		    0);
		counts_are(path[i], 0, 0, 0);
	}
	for (int i = 0; i < MAX + 2; i++)
		n += top_of(path[i]) != NULL;
	assert_int_equal(n, MAX);
	assert_null(top_of(path[0]));
	assert_non_null(top_of(path[MAX + 1]));
	counts_are(path[0], 0, 0, 0);
}

static struct js *
question(const char *op, size_t pad)
{
	struct js *o = js_object(), *args = js_object();
	char *text = calloc(1, pad + 1);

	memset(text, '\001', pad);
	js_add_str(args, "path_of_nothing", text);
	js_add_str(o, "op", op);
	js_add(o, "args", args);
	free(text);
	return o;
}

static void
worker_cb(int err, const struct js *answer, const char *why, void *arg)
{
	struct outcome *o = arg;

	(void)answer;
	o->done = true;
	o->err = err;
	(void)snprintf(o->why, sizeof(o->why), "%s", why != NULL ? why : "");
}

static void
ask_again(const char *op, size_t pad, struct outcome *o)
{
	const struct gitwork_tree tree = { live.who.uid, live.repo, live.repo,
		NULL };

	*o = (struct outcome){ .done = false };
	gitwork_ask(live.app.worktrees->works, &tree,
	    &(struct gitwork_question){ question(op, pad), 0 }, worker_cb, o);
}

/* What the repository has set by now nobody has looked at. */
static void
one_that_is_down_is_not_started_as_it_was(void **state)
{
	struct outcome o;

	(void)state;
	counts_are(live.repo, 0, 0, 0);
	ask_again("log", 1, &o);
	live_until(&o.done);
	kit_ok(&o);
	assert_int_equal(live_sh("/", "kill -KILL %d", pid_of(live.repo)), 0);
	live_wait(is_gone, live.repo);
	ask_again("log", 1, &o);
	live_until(&o.done);
	kit_refused(&o, RDV_E_BUSY, "no worker");
	assert_string_equal(pids_of(live.repo), "");
}

#define MANY 200

/* More than is kept for one that does not read: the rest waits for that. */
static void
each_of_many_long_ones_is_answered(void **state)
{
	static struct outcome o[MANY];
	int pid;

	(void)state;
	counts_are(live.repo, 0, 0, 0);
	pid = pid_of(live.repo);
	assert_int_equal(live_sh("/", "kill -STOP %d", pid), 0);
	for (int i = 0; i < MANY; i++)
		ask_again("log", 5000, &o[i]);
	assert_int_equal(live_sh("/", "kill -CONT %d", pid), 0);
	for (int i = 0; i < MANY; i++) {
		live_until(&o[i].done);
		kit_ok(&o[i]);
	}
	assert_int_equal(pid_of(live.repo), pid);
}

static void
read_cb(int err, struct js *result, const char *why, void *arg)
{
	js_free(result);
	worker_cb(err, NULL, why, arg);
}

static void
half_a_question_is_none(void **state)
{
	struct js *o = question("diff", 10000);
	struct outcome out = { .done = false };
	int pid;

	(void)state;
	counts_are(live.repo, 0, 0, 0);
	pid = pid_of(live.repo);
	(void)worktree_read(live.app.worktrees, &live.who,
	    &(struct worktree_query){ .path = live.repo,
		.op = "diff",
		.shape = shape_diff,
		.args = o },
	    read_cb, &out);
	live_until(&out.done);
	kit_refused(&out, RDV_E_MALFORMED, "too long");
	counts_are(live.repo, 0, 0, 0);
	assert_int_equal(pid_of(live.repo), pid);
}

static int
all(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, live_setup, live_teardown)
	const struct CMUnitTest tests[] = {
		T(one_for_a_tree),
		T(one_that_dies_is_replaced),
		T(who_asks_a_dead_one_is_answered),
		T(it_is_opened_anew),
		T(another_in_its_place),
		T(what_is_watched_is_removed),
		T(its_git_has_a_deadline),
		T(one_that_hangs_is_ended),
		T(not_too_many),
		T(one_that_is_down_is_not_started_as_it_was),
		T(each_of_many_long_ones_is_answered),
		T(half_a_question_is_none),
	};

	return CHECK_RUN("core/gitwork", tests);
}

int
main(int argc, char **argv)
{
	return live_main(argc, argv, all);
}
