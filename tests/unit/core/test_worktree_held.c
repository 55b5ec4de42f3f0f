/* SPDX-License-Identifier: MIT */
/*
 * What holds a worktree although git does not show it: changes the index hides,
 * what cannot be read, a process inside, another worktree inside. Over the real
 * helper and the real git.
 */
#include "tests/unit/check.h"

#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/core/worktreeop.h"
#include "daemon/core/worktreeremove.h"
#include "lib/err.h"
#include "tests/unit/core/kit.h"
#include "tests/unit/core/live.h"

/* Changes that the index was told not to look at. */
static void
hidden_changes_are_kept(void **state)
{
	static const char *const flags[] = { "--assume-unchanged",
		"--skip-worktree" };
	struct outcome w, o;
	char branch[16];

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		(void)snprintf(branch, sizeof branch, "h%zu", i);
		w = kit_make(branch);
		assert_int_equal(live_sh(w.path,
				     "git update-index %s file && "
				     "echo mine >file && "
				     "test -z \"$(git status --porcelain)\"",
				     flags[i]),
		    0);
		o = kit_drop(w.path, false);
		kit_ok(&o);
		assert_string_not_equal(o.id, "");
		o = kit_restore(o.id);
		kit_ok(&o);
		assert_string_equal(live_out(w.path, "cat file"), "mine");
	}
	/* Without any, there is nothing to keep, */
	w = kit_make("plain");
	o = kit_drop(w.path, false);
	kit_ok(&o);
	assert_string_equal(o.id, "");
	/* unless it was to be kept. */
	w = kit_make("forced");
	o = kit_drop(w.path, true);
	kit_ok(&o);
	assert_string_not_equal(o.id, "");
	o = kit_restore(o.id);
	kit_ok(&o);
}

/* A directory that git cannot look into may hold anything. */
static void
what_cannot_be_read_is_not_removed(void **state)
{
	struct outcome w = kit_make("shut"), o;

	(void)state;
	if (geteuid() == 0)
		skip();
	assert_int_equal(live_sh(w.path, "mkdir d && echo x >d/x && chmod 0 d"),
	    0);
	o = kit_drop(w.path, false);
	kit_refused(&o, RDV_E_DIRTY, "could not be found out");
	assert_true(live_exists(live_path("%s/file",
	    w.path + strlen(live.scratch) + 1)));
	assert_int_equal(live_sh(w.path, "chmod 700 d && rm -r d"), 0);
	o = kit_drop(w.path, false);
	kit_ok(&o);
}

/* Not started there by rdv, and in no row: it went there by itself. */
static void
abuse_G22_a_process_inside_holds_it(void **state)
{
	struct outcome w = kit_make("inside"), o;
	int stay[2], there[2], pid, status;
	char c;

	(void)state;
	assert_int_equal(live_sh(w.path, "mkdir deep"), 0);
	assert_int_equal(pipe(stay), 0);
	assert_int_equal(pipe(there), 0);
	pid = fork();
	if (pid == 0) {
		close(stay[1]);
		_exit(chdir(w.path) != 0 || chdir("deep") != 0 ||
		      write(there[1], "x", 1) != 1 ||
		      read(stay[0], &c, 1) != 0);
	}
	assert_true(pid > 0);
	assert_int_equal(read(there[0], &c, 1), 1);
	o = kit_drop(w.path, false);
	kit_refused(&o, RDV_E_DIRTY, "a process runs in it");
	assert_int_equal(o.reasons, WT_BUSY);
	close(stay[1]);
	assert_true(waitpid(pid, &status, 0) == pid);
	assert_int_equal(status, 0);
	close(stay[0]);
	close(there[0]);
	close(there[1]);
	o = kit_drop(w.path, false);
	kit_ok(&o);
	assert_string_equal(o.id, "");
}

/* It would be moved along with what lies around it. */
static void
one_within_another_holds_it(void **state)
{
	struct outcome w, o;

	(void)state;
	assert_int_equal(live_sh(live.repo,
			     "echo .wt >.gitignore && git add .gitignore && "
			     "git commit -q -m ignore"),
	    0);
	w = kit_make("outer");
	assert_int_equal(live_sh(w.path, "git worktree add -q .wt/inner"), 0);
	for (int force = 0; force < 2; force++) {
		o = kit_drop(w.path, force);
		kit_refused(&o, RDV_E_DIRTY, "another worktree lies in it (");
		assert_int_equal(o.reasons, WT_NESTED);
		assert_non_null(strstr(o.why, "/.wt/inner)"));
		kit_state_is(w.id, "ready");
	}
	assert_int_equal(live_sh(w.path, "git worktree remove .wt/inner"), 0);
	o = kit_drop(w.path, false);
	kit_ok(&o);
}

static int
all(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, live_setup, live_teardown)
	const struct CMUnitTest tests[] = {
		T(abuse_G22_a_process_inside_holds_it),
		T(one_within_another_holds_it),
		T(hidden_changes_are_kept),
		T(what_cannot_be_read_is_not_removed),
	};

	return CHECK_RUN("core/worktree_held", tests);
}

int
main(int argc, char **argv)
{
	return live_main(argc, argv, all);
}
