/* SPDX-License-Identifier: MIT */
/*
 * The worker that stays: whatever is done to a tree between two questions, the
 * answer is the one that git gives then; and it is git's of before only when
 * nothing was done.
 */
#include "tests/unit/check.h"

#include <string.h>
#include <sys/wait.h>

#include "lib/arena.h"
#include "lib/js.h"
#include "tests/unit/worker/served.h"

#define MS 60000

static void
same(const char *a, const char *b, const char *when)
{
	if ((a == NULL) != (b == NULL) || (a != NULL && strcmp(a, b) != 0))
		fail_msg("%s: %s is not %s", when, a ? a : "null",
		    b ? b : "null");
}

static void
same_number(const struct js *v, const char *key, int64_t is, const char *when)
{
	if (js_int(v, key, -1) != is)
		fail_msg("%s: %s is %lld, not %lld", when, key,
		    (long long)js_int(v, key, -1), (long long)is);
}

/* Whether it was kept. */
static bool
as_git_says(const char *when)
{
	struct arena *a = arena_new();
	struct js *v = served_ask(MS);
	struct wt_status s;
	bool kept;

	served_cli(a, &s);
	if (js_str(v, "error", NULL) != NULL)
		fail_msg("%s: %s: %s", when, js_str(v, "error", NULL),
		    js_str(v, "why", ""));
	same(js_str(v, "branch", NULL), s.branch, when);
	same(js_str(v, "commit", NULL), s.commit, when);
	same_number(v, "ahead", s.ahead, when);
	same_number(v, "behind", s.behind, when);
	same_number(v, "untracked", s.untracked, when);
	same_number(v, "modified", s.modified, when);
	same_number(v, "staged", s.staged, when);
	kept = js_bool(v, "kept", false);
	js_free(v);
	arena_free(a);
	return kept;
}

/* One after another, in one tree; what is done stays. */
static const struct {
	const char *name, *command;
	bool nothing; /* it changes no answer, and nothing has to be asked */
} changes[] = {
	{ "modified", "echo more >>a", false },
	{ "back again", "git checkout -q a", false },
	{ "of the same size", "printf 'xne\\n' >a", false },
	{ "mode", "chmod +x b", false },
	{ "link", "ln -sf b l", false },
	{ "link for a file", "rm b && ln -s a b", false },
	{ "deleted", "rm d/c", false },
	{ "directory for a file", "rm b && mkdir b && echo >b/y", false },
	{ "untracked", "echo >new", false },
	{ "untracked directory", "mkdir -p n/m && echo >n/m/f", false },
	{ "empty directory", "mkdir empty", false },
	{ "and something in it", "echo >empty/f", false },
	{ "odd names",
	    "echo >'-rf' && echo >' ' && echo >\"$(printf 'a\\nb')\" "
	    "&& echo >\"$(printf '\\377')\"",
	    false },
	{ "in an ignored directory", "echo >ign/z && mkdir -p ign/q/r", false },
	{ "there again", "echo >ign/z2 && rm ign/z", true },
	{ "an ignored file", "echo >d/y.o", false },
	{ "tracked there", "git add -f ign/z2", false },
	{ "modified there", "echo more >>ign/z2", false },
	{ "taken out there", "git rm -q -f --cached ign/z2", false },
	{ "nothing ignored", "echo >.gitignore", false },
	{ "emptied there", "rm -rf ign/*", false },
	{ "seen there", "mkdir -p ign/q/r && echo >ign/q/r/seen", false },
	{ "ignored by name", "echo '*.o' >.gitignore", false },
	{ "nothing else in it", "mkdir objects && echo >objects/a.o", false },
	{ "and something else", "echo >objects/c", false },
	{ "a lock", "echo >.git/index.lock && rm .git/index.lock", true },
	{ "ignored in a directory", "echo '*' >n/.gitignore", false },
	{ "excluded", "echo new >.git/info/exclude", false },
	{ "attributes", "echo 'a text eol=crlf' >.gitattributes", false },
	{ "staged", "git add -A", false },
	{ "not staged", "git reset -q", false },
	{ "committed", "git add -A && git commit -q -m two", false },
	{ "renamed", "git mv a moved && mv d other", false },
	{ "moved away", "mv other ../gone", false },
	{ "moved in", "mv ../gone in", false },
	{ "hidden", "git update-index --assume-unchanged x && echo >>x",
	    false },
	{ "stashed",
	    "git update-index --no-assume-unchanged x && "
	    "git stash -q -u",
	    false },
	{ "a branch", "git checkout -q -b feature/x", false },
	{ "detached", "git checkout -q --detach", false },
	{ "unborn", "git checkout -q --orphan none", false },
	{ "main", "git checkout -q -f main", false },
	{ "upstream moved", "git update-ref refs/remotes/o/main main", false },
	{ "one behind", "git reset -q --hard HEAD~1", false },
	{ "packed", "git pack-refs --all", false },
	{ "upstream packed moved", "git update-ref refs/remotes/o/main main",
	    false },
	{ "conflict",
	    "git checkout -q -b l main && echo l >>a && "
	    "git commit -q -a -m l && git checkout -q main && "
	    "echo m >>a && git commit -q -a -m m && "
	    "! git merge -q l >/dev/null",
	    false },
	{ "conflict gone", "git merge --abort", false },
	{ "midway", "! git rebase -q l >/dev/null 2>&1", false },
	{ "midway no more", "git rebase --abort", false },
	{ "split index", "git update-index --split-index", false },
	{ "split index, changed", "git rm -q -f --cached d/c", false },
	{ "whole index", "git update-index --no-split-index", false },
	{ "fetched", "git fetch -q . main", false },
	{ "compacted", "git gc -q", false },
};

static void
whatever_happens(void **state)
{
	(void)state;
	served_start();
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		const char *name = changes[i].name;
		bool kept;

		served_settle();
		served_sh(changes[i].command);
		kept = as_git_says(name);
		if (changes[i].nothing && !kept)
			fail_msg("%s: git was asked for nothing", name);
		served_settle();
		/* What is kept then is what it is. */
		if (!as_git_says(name))
			fail_msg("%s: not kept", name);
	}
	assert_int_equal(served_stop(), 0);
}

/* Where nobody would be told of a change git is asked each time. */
static void
blind(const char *setup, const char *change, const char *why)
{
	struct js *v;

	served_sh(setup);
	served_start();
	for (int i = 0; i < 4; i++)
		assert_false(as_git_says(setup));
	served_sh(change);
	assert_false(as_git_says(change));
	v = served_ask(MS);
	if (strstr(js_str(v, "blind", ""), why) == NULL)
		fail_msg("%s: %s", setup, js_str(v, "blind", "null"));
	js_free(v);
	assert_int_equal(served_stop(), 0);
}

static void
what_cannot_be_watched(void **state)
{
	(void)state;
	blind(
	    "git init -q inner && cd inner && git commit -q --allow-empty -m i "
	    "&& cd .. && git add inner 2>/dev/null",
	    "git -C inner commit -q --allow-empty -m j", "another repository");
	served_sh("git rm -q -f --cached inner && rm -rf inner");
	blind("mkdir ../refs && mv .git/refs/remotes ../refs && "
	      "ln -s ../../../refs/remotes .git/refs/remotes",
	    "echo >>a", "a link in its git directory");
	blind("rm .git/refs/remotes && echo '[include] path = ../../more' "
	      ">>.git/config",
	    "printf '[status]\\nshowUntrackedFiles = no\\n' >../more && "
	    "echo >>b",
	    "includes other files");
}

static void
stale(const char *command, const char *undo)
{
	struct js *v;

	served_start();
	served_settle();
	served_sh(command);
	v = served_ask(MS);
	if (strcmp(js_str(v, "error", "nothing"), "stale") != 0)
		fail_msg("%s: not stale", command);
	js_free(v);
	assert_null(served_get());
	assert_int_equal(served_stop(), 0);
	if (undo != NULL)
		served_sh(undo);
}

/* What rdvd has found out before it asked does not hold any more. */
static void
what_it_is_has_changed(void **state)
{
	(void)state;
	stale("git config filter.x.clean false", NULL);
	stale("mv .git .gone && cp -a .gone .git", "rm -rf .gone");
	stale("git worktree add -q ../w", NULL);
	/* In the place of it, or of what it lies in, there is another one. */
	stale("mv ../r ../s && cp -a ../s ../r", NULL);
	stale("d=$(dirname \"$PWD\") && mv \"$d\" \"$d.x\" && mkdir \"$d\" && "
	      "cp -a \"$d.x/r\" \"$d/r\"",
	    "rm -rf \"$(dirname \"$PWD\").x\"");
}

static void
hang(bool on)
{
	served_sh(on ? "mkfifo .git/never && printf '[include]\\npath = "
		       "never\\n' >>.git/config"
		     : "rm .git/never && sed -i -e '/include/d' -e "
		       "'/never/d' .git/config");
}

static void
a_look_has_a_deadline(void **state)
{
	struct js *v;

	(void)state;
	hang(true);
	served_start();
	v = served_ask(200);
	assert_string_equal(js_str(v, "error", ""), "timeout");
	js_free(v);
	hang(false);
	(void)as_git_says("after a deadline");
	assert_int_equal(served_stop(), 0);
}

/* The user's own git would fail where it meets one. */
static void
no_lock_is_taken(void **state)
{
	(void)state;
	served_sh("mkfifo .git/info/e && mv .git/info/e .git/info/exclude");
	served_start();
	served_question(MS);
	/* It has read the index, and hangs. */
	served_sh("until p=$(pgrep -n -x git) && "
		  "grep -q '^State:.S' /proc/$p/status; do sleep 0.01; done");
	served_sh("test ! -e .git/index.lock");
	(void)served_stop();
}

/* More than the kernel keeps of them for one who does not look. */
static void
too_many_changes(void **state)
{
	struct js *v;

	(void)state;
	served_start();
	served_settle();
	served_sh("mkdir new && cd new && n=$(cat "
		  "/proc/sys/fs/inotify/max_queued_events) && "
		  "cd ../d && seq $n | xargs touch");
	served_sh("rm -r new && cd d && seq $(cat "
		  "/proc/sys/fs/inotify/max_queued_events) | xargs rm && "
		  "echo >last");
	assert_false(as_git_says("after too many"));
	served_settle();
	served_sh("echo >>a");
	v = served_ask(MS);
	assert_int_equal(js_int(v, "modified", 0), 1);
	assert_int_equal(js_int(v, "untracked", 0), 1);
	js_free(v);
	assert_true(served_stop() == 0);
}

/* The result of one question; freed by the caller with the answer. */
static struct js *
answer_of(const char *op, const char *args)
{
	int64_t id = served_question_of(op, args, MS);
	struct js *v = served_get();

	assert_non_null(v);
	assert_int_equal(js_int(v, "id", 0), id);
	if (js_get(v, "result") == NULL)
		fail_msg("%s: %s", op, js_str(v, "why", "nothing"));
	return v;
}

#define INDEX_IS "test \"$(stat -c %y .git/index)\" "

/* Files that were only touched: the user's own git would write that down. */
static void
nothing_is_written(void **state)
{
	static const char *const ops[] = { "changes", "diffstat", "status" };
	struct js *v;

	(void)state;
	served_start();
	served_settle();
	served_sh("touch -d yesterday a b && stat -c %y .git/index >../was");
	for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++) {
		js_free(served_ask(MS));
		v = i < 2 ? answer_of(ops[i], NULL) : served_ask(MS);
		if (i < 2)
			assert_int_equal(js_int(js_get(v, "result"), "total",
					     -1),
			    0);
		js_free(v);
	}
	served_sh(INDEX_IS "= \"$(cat ../was)\"");
	served_sh("git diff && " INDEX_IS "!= \"$(cat ../was)\"");
	assert_int_equal(served_stop(), 0);
}

/* Answers that were kept are those that git would give by now. */
static void
whatever_happens_in_detail(void **state)
{
	static const struct {
		const char *command;
		int total, stashes;
	} steps[] = {
		{ "echo more >>a", 1, 0 },
		{ "echo >new", 2, 0 },
		{ "git stash -q -u", 0, 1 },
		{ "echo more >>b && git stash -q", 0, 2 },
		{ "git stash drop -q 'stash@{1}'", 0, 1 },
		{ "git stash pop -q", 1, 0 },
		{ "rm d/c", 2, 0 },
	};
	struct js *v, *result;

	(void)state;
	served_start();
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		served_settle();
		served_sh(steps[i].command);
		for (int again = 0; again < 2; again++) {
			v = answer_of("changes", "{\"limit\":10}");
			result = js_get(v, "result");
			assert_int_equal(js_int(result, "total", -1),
			    steps[i].total);
			assert_int_equal(js_int(result, "stashes", -1),
			    steps[i].stashes);
			js_free(v);
			v = answer_of("diffstat", NULL);
			assert_int_equal(js_int(js_get(v, "result"), "total",
					     -1),
			    steps[i].total);
			js_free(v);
		}
	}
	assert_int_equal(served_stop(), 0);
}

/* Side by side with one that hangs, and ended when nobody waits for it. */
static void
one_that_hangs_is_cancelled(void **state)
{
	static const char cancel[] = "{\"id\":%lld,\"op\":\"cancel\"}";
	char text[120] = "\0\0\0";
	int64_t hung, id;
	struct js *v;

	(void)state;
	served_sh("mkfifo .git/info/e && mv .git/info/e .git/info/exclude");
	served_start();
	hung = served_question_of("changes", NULL, MS);
	v = answer_of("diffstat", "{\"from\":\"main\",\"to\":\"main\"}");
	js_free(v);
	text[3] =
	    (char)snprintf(text + 4, sizeof(text) - 4, cancel, (long long)hung);
	served_send(text, 4 + (size_t)text[3]);
	v = served_get();
	assert_int_equal(js_int(v, "id", 0), hung);
	assert_string_equal(js_str(v, "error", ""), "cancelled");
	js_free(v);
	/* And one whose time is over. */
	id = served_question_of("diffstat", NULL, 100);
	v = served_get();
	assert_int_equal(js_int(v, "id", 0), id);
	assert_string_equal(js_str(v, "error", ""), "timeout");
	js_free(v);
	served_sh("rm .git/info/exclude");
	js_free(answer_of("changes", NULL));
	assert_int_equal(served_stop(), 0);
}

static void
git_that_fails(void **state)
{
	struct js *v;

	(void)state;
	served_start();
	served_sh("mv .git/HEAD .git/HEAX");
	v = served_ask(MS);
	assert_string_equal(js_str(v, "error", ""), "git");
	assert_int_equal(js_int(v, "status", 0), 128);
	assert_non_null(strstr(js_str(v, "why", ""), "not a git repository"));
	js_free(v);
	served_sh("mv .git/HEAX .git/HEAD");
	(void)as_git_says("as it was");
	assert_int_equal(served_stop(), 0);
}

static void
broken(const char *bytes, size_t len)
{
	served_start();
	served_send(bytes, len);
	assert_null(served_get());
	assert_true(WEXITSTATUS(served_stop()) == 2);
}

static void
what_is_no_question(void **state)
{
	static const char fine[] =
	    "\0\0\0\41{\"id\":1,\"op\":\"status\",\"ms\":60000}";

	(void)state;
	broken("\377\377\377\377", 4);
	broken("\0\0\0\2[]", 6);
	broken("\0\0\0\31{\"id\":1,\"op\":\"x\",\"ms\":10}", 29);
	broken("\0\0\0\31{\"id\":1,\"op\":\"status\"}   ", 29);
	served_start();
	served_send(fine, sizeof(fine) - 1);
	js_free(served_get());
	assert_int_equal(served_stop(), 0);
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, served_setup, served_teardown)
	const struct CMUnitTest tests[] = {
		T(whatever_happens),
		T(what_cannot_be_watched),
		T(what_it_is_has_changed),
		T(a_look_has_a_deadline),
		T(no_lock_is_taken),
		T(too_many_changes),
		T(nothing_is_written),
		T(whatever_happens_in_detail),
		T(one_that_hangs_is_cancelled),
		T(git_that_fails),
		T(what_is_no_question),
	};

	return CHECK_RUN("worker/serve", tests);
}
