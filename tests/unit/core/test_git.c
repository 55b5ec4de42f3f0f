/* SPDX-License-Identifier: MIT */
/*
 * git through the helper: answered once, bounded in bytes and time, and unable
 * to run anything a repository names (abuse G01-G07). Every attack is first
 * made with a plain git outside, where it works: the control.
 */
#include "tests/unit/check.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/conf.h"
#include "daemon/core/git.h"
#include "daemon/core/porcelain.h"
#include "daemon/core/repo.h"
#include "daemon/core/worktreeop.h"
#include "daemon/helper.h"
#include "lib/arena.h"
#include "lib/clock.h"
#include "lib/err.h"
#include "lib/str.h"
#include "tests/unit/core/live.h"

struct ran {
	bool done;
	int err, status;
	char out[4096], complaint[512], why[512];
	size_t outlen, errlen;
};

static void
ran_cb(int err, const struct git_result *r, const char *why, void *arg)
{
	struct ran *x = arg;

	assert_false(x->done);
	x->done = true;
	x->err = err;
	(void)snprintf(x->why, sizeof x->why, "%s", why != NULL ? why : "");
	if (err != 0)
		return;
	x->status = r->status;
	x->outlen = r->outlen;
	x->errlen = strlen(r->err);
	(void)snprintf(x->out, sizeof x->out, "%s", r->out);
	git_complaint(r, x->complaint, sizeof x->complaint);
}

static void
start(struct ran *x, const char *dir, const char *const *argv, size_t max)
{
	const char *paths[] = { live.repo, live_path("w"), NULL };
	struct git_call call = {
		.uid = live.who.uid,
		.dir = dir,
		.argv = argv,
		.paths = paths,
		.max = max,
	};

	memset(x, 0, sizeof *x);
	git_run(live.app.worktrees->git, &call, ran_cb, x);
	assert_false(x->done);
}

static struct ran
run(const char *dir, const char *const *argv, size_t max)
{
	struct ran x;

	start(&x, dir, argv, max);
	live_until(&x.done);
	return x;
}

static const char *const head[] = { "rev-parse", "--abbrev-ref", "HEAD", NULL };

static void
it_runs_and_answers(void **state)
{
	static const char *const wrong[] = { "rev-parse", "--verify",
		"--end-of-options", "nothing", NULL };
	struct ran x = run(live.repo, head, 4096);

	(void)state;
	assert_int_equal(x.err, 0);
	assert_int_equal(x.status, 0);
	assert_string_equal(x.out, "main\n");
	x = run(live.repo, wrong, 4096);
	assert_int_equal(x.err, 0);
	assert_int_equal(x.status, 128);
	assert_string_equal(x.complaint, "Needed a single revision");
	x = run(live_path("missing"), head, 4096);
	assert_int_equal(x.err, RDV_E_SPAWN);
	assert_non_null(strstr(x.why, "chdir"));
}

static void
what_it_says_is_bounded(void **state)
{
	static const char *const cat[] = { "cat-file", "blob", ":large", NULL };
	const char *noisy[104] = { "ls-files", "--error-unmatch", "--" };
	struct ran x;

	(void)state;
	for (int i = 3; i < 103; i++)
		noisy[i] = live_path("missing%d", i);
	for (int i = 3; i < 103; i++)
		noisy[i] += strlen(live.scratch) + 1;
	assert_int_equal(live_sh(live.repo,
			     "head -c 3000000 /dev/zero | tr '\\0' x >large && "
			     "git add large"),
	    0);
	x = run(live.repo, cat, 1000);
	assert_int_equal(x.err, RDV_E_TOO_BIG);
	x = run(live.repo, cat, 3000000);
	assert_int_equal(x.err, 0);
	assert_int_equal(x.status, 0);
	assert_int_equal(x.outlen, 3000000);
	/* Complaints are cut without an error. */
	x = run(live.repo, noisy, 1 << 20);
	assert_int_equal(x.err, 0);
	assert_int_equal(x.status, 1);
	assert_int_equal(x.errlen, 4096);
}

/* A configuration that includes a FIFO: git waits for a writer for ever. */
static void
hang(bool on)
{
	assert_int_equal(
	    live_sh(live.repo,
		on ? "mkfifo .git/never && "
		     "printf '[include]\\npath = never\\n' "
		     ">>.git/config"
		   : "dd if=/dev/null of=.git/never oflag=nonblock "
		     "2>/dev/null; rm .git/never && sed -i -e '/include/d' "
		     "-e '/never/d' .git/config"),
	    0);
}

static void
abuse_G26_it_has_a_deadline(void **state)
{
	int64_t was = live.app.conf->git_timeout_ms, t0;
	struct ran x, y;

	(void)state;
	hang(true);
	live.app.conf->git_timeout_ms = 300;
	t0 = clock_mono_ms();
	start(&x, live.repo, head, 4096);
	start(&y, live.repo, head, 4096);
	live_until(&x.done);
	live_until(&y.done);
	assert_int_equal(x.err, RDV_E_TIMEOUT);
	assert_int_equal(y.err, RDV_E_TIMEOUT);
	assert_true(clock_mono_ms() - t0 < 5000);
	live.app.conf->git_timeout_ms = was;
	hang(false);
	x = run(live.repo, head, 4096);
	assert_int_equal(x.err, 0);
	assert_int_equal(x.status, 0);
}

static void
many_wait_and_too_many_do_not(void **state)
{
	static struct ran x[700];
	unsigned busy = 0, good = 0;

	(void)state;
	for (int i = 0; i < 700; i++)
		start(&x[i], live.repo, head, 4096);
	assert_true(git_pending(live.app.worktrees->git) <= 520);
	for (int i = 0; i < 700; i++) {
		live_until(&x[i].done);
		busy += x[i].err == RDV_E_BUSY;
		good += x[i].err == 0 && x[i].status == 0;
	}
	assert_int_equal(busy + good, 700);
	assert_true(good >= 500 && busy > 0);
	assert_int_equal(git_pending(live.app.worktrees->git), 0);
}

static bool
helper_is_back(const void *arg)
{
	return helper_ready(live.app.helper) &&
	       helper_generation(live.app.helper) != *(const uint64_t *)arg;
}

static void
without_the_helper_it_says_so(void **state)
{
	uint64_t before = helper_generation(live.app.helper);
	struct helper_stats s;
	struct ran x;

	(void)state;
	hang(true);
	start(&x, live.repo, head, 4096);
	for (int i = 0; i < 200; i++) {
		bool yes = true;

		live_until(&yes);
	}
	helper_stats(live.app.helper, &s);
	assert_int_equal(kill((pid_t)s.pid, SIGKILL), 0);
	live_until(&x.done);
	assert_int_equal(x.err, RDV_E_UNAVAILABLE);
	live_wait(helper_is_back, &before);
	hang(false);
	x = run(live.repo, head, 4096);
	assert_int_equal(x.err, 0);
	assert_string_equal(x.out, "main\n");
}

/*
 * What a repository can say to make git run a program. `trigger` is the git
 * command that does it; %C in `setup` is the program.
 */
static const struct attack {
	const char *id, *setup;
	const char *trigger[8];
} attacks[] = {
	{ "G01 core.fsmonitor", "git config core.fsmonitor %C",
	    { "status", "--porcelain" } },
	{ "G02 .git/hooks",
	    "for h in post-checkout pre-commit post-commit commit-msg "
	    "prepare-commit-msg reference-transaction post-index-change "
	    "pre-auto-gc post-rewrite; do cp %C .git/hooks/$h; done",
	    { "worktree", "add", "-b", "@", "w/@" } },
	{ "G02 core.hooksPath",
	    "mkdir h; cp %C h/post-checkout; cp %C h/reference-transaction; "
	    "git config core.hooksPath $PWD/h",
	    { "worktree", "add", "-b", "@", "w/@" } },
	{ "G03 filter.*.smudge",
	    "echo '* filter=never-seen-1' >.gitattributes; git add .; git "
	    "commit -qm f; git config filter.never-seen-1.smudge %C",
	    { "worktree", "add", "-b", "@", "w/@" } },
	{ "G03 filter.*.clean",
	    "echo '* filter=never-seen-2' >.git/info/attributes; "
	    "git config filter.never-seen-2.clean %C; touch -d 2020-01-01 file",
	    { "status", "--porcelain" } },
	{ "G03 filter.*.process, required",
	    "echo '* filter=p' >.gitattributes; git add .; git commit -qm f; "
	    "git config filter.p.process %C; git config filter.p.required "
	    "true",
	    { "worktree", "add", "-b", "@", "w/@" } },
	{ "G04 diff.external", "git config diff.external %C; echo x >file",
	    { "diff", "--ext-diff" } },
	{ "G04 diff.*.textconv",
	    "git config diff.t.textconv %C; echo '* diff=t' "
	    ">.git/info/attributes; echo x >file",
	    { "diff" } },
	{ "G04 diff.*.command",
	    "git config diff.t.command %C; echo '* diff=t' "
	    ">.git/info/attributes; echo x >file",
	    { "diff" } },
	{ "G04 merge.*.driver",
	    "git config merge.m.driver '%C %A'; echo '* merge=m' "
	    ">.git/info/attributes; git checkout -qb s; echo s >file; git "
	    "commit -qam s; git checkout -q main; echo m >file; git commit "
	    "-qam m",
	    { "merge", "s" } },
	{ "G05 core.sshCommand", "git config core.sshCommand %C",
	    { "ls-remote", "ssh://host.invalid/x" } },
	{ "G05 core.editor", "git config core.editor %C",
	    { "commit", "--allow-empty" } },
	{ "G05 sequence.editor",
	    "git config sequence.editor %C; git commit -q --allow-empty -m a",
	    { "rebase", "-i", "HEAD~1" } },
	{ "G05 core.pager", "git config core.pager %C", { "-p", "log", "-1" } },
	{ "G05 pager.*", "git config pager.log %C", { "log", "-1" } },
	{ "G05 gpg.program", "git config gpg.program %C",
	    { "commit", "--allow-empty", "-S", "-m", "x" } },
	{ "G05 gpg.ssh.program",
	    "git config gpg.format ssh; git config gpg.ssh.program %C; "
	    "git config user.signingkey 'ssh-ed25519 AAAA'",
	    { "commit", "--allow-empty", "-S", "-m", "x" } },
	{ "G05 ext::", "git config protocol.ext.allow always",
	    { "ls-remote", "ext::%C" } },
	{ "G05 url.*.insteadOf",
	    "git config protocol.ext.allow always; git config "
	    "'url.ext::%C .insteadOf' 'safe:'",
	    { "ls-remote", "safe:x" } },
	{ "G05 include.path",
	    "printf '[core]\\nfsmonitor = %C\\n' >.git/more; git config "
	    "include.path more",
	    { "status", "--porcelain" } },
	{ "G05 remote.*.uploadpack",
	    "git config remote.o.url $PWD; git config remote.o.uploadpack %C",
	    { "ls-remote", "o" } },
	{ "G05 core.alternateRefsCommand",
	    "git clone -q . alt; git config core.alternateRefsCommand %C; "
	    "echo $PWD/alt/.git/objects >.git/objects/info/alternates; "
	    "git config remote.o.url $PWD/alt; "
	    "git -C alt commit -q --allow-empty -m z",
	    { "fetch", "o" } },
	/* Nothing above names it: what holds is the sandbox alone. */
	{ "G06 a key nobody listed", "git config alias.zzz '!%C'", { "zzz" } },
};

static bool
canary(void)
{
	bool sang = live_exists(live_path("w/canary"));

	(void)unlink(live_path("w/canary"));
	return sang;
}

/* `%C` becomes the program, '@' another name each time. */
static const char *
fill(const char *text, int n)
{
	const char *program = live_path("w/program"), *at;
	char out[4096];
	size_t len = 0;

	for (at = text; *at != '\0'; at++) {
		if (at[0] == '%' && at[1] == 'C') {
			len += (size_t)snprintf(out + len, sizeof out - len,
			    "%s", program);
			at++;
		} else if (*at == '@') {
			len += (size_t)snprintf(out + len, sizeof out - len,
			    "n%d", n);
		} else {
			out[len++] = *at;
		}
	}
	out[len] = '\0';
	/* Kept until the test ends. */
	return live_path("%s", out) + strlen(live.scratch) + 1;
}

static void
plain_git(const struct attack *x, int n)
{
	char command[4096] = "git -c core.quotePath=true";

	for (size_t i = 0; x->trigger[i] != NULL; i++) {
		const char *word = fill(x->trigger[i], n);

		(void)strncat(command, " '",
		    sizeof command - strlen(command) - 1);
		if (str_starts(word, "w/")) {
			(void)strncat(command, "../",
			    sizeof command - strlen(command) - 1);
		}
		(void)strncat(command, word,
		    sizeof command - strlen(command) - 1);
		(void)strncat(command, "'",
		    sizeof command - strlen(command) - 1);
	}
	/* A pager is only for a terminal. */
	if (strstr(x->id, "pager") != NULL)
		(void)live_sh(live.repo,
		    "script -qec \"%s\" /dev/null </dev/null", command);
	else
		(void)live_sh(live.repo, "%s </dev/null", command);
}

static void
our_git(const struct attack *x, int n)
{
	const char *argv[9];
	struct ran r;
	size_t i;

	for (i = 0; x->trigger[i] != NULL; i++) {
		argv[i] = fill(x->trigger[i], n);
		if (str_starts(argv[i], "w/"))
			argv[i] = live_path("%s", argv[i]);
	}
	argv[i] = NULL;
	r = run(live.repo, argv, 1 << 20);
	assert_int_equal(r.err, 0);
}

struct listed {
	bool done;
	int err;
};

static void
listed_cb(int err, const struct wt_list *list, const char *why, void *arg)
{
	struct listed *l = arg;

	(void)list;
	(void)why;
	l->err = err;
	l->done = true;
}

static void
looked_cb(int err, const struct wt_status *s, const char *why, void *arg)
{
	struct listed *l = arg;

	(void)s;
	(void)why;
	l->err = err;
	l->done = true;
}

static void
made_cb(int err, const struct worktree_made *made, const char *why, void *arg)
{
	struct listed *l = arg;

	(void)made;
	if (err != 0)
		print_error("%s\n", why);
	l->err = err;
	l->done = true;
}

static void
moved_cb(int err, const struct worktree_moved *m, const char *why, void *arg)
{
	struct listed *l = arg;

	(void)m;
	(void)why;
	l->err = err;
	l->done = true;
}

/* What rdv itself does in such a repository; it has to work, too. */
static void
our_operations(int n)
{
	struct worktree_spec spec = {
		.uid = live.who.uid,
		.repo = live.repo,
		.branch = fill("ops-@", n),
		.path = live_path("w/ops%d", n),
		.create_branch = true,
	};
	struct listed l = { false, 0 };

	(void)str_copy(spec.user_id, live.who.user_id, sizeof spec.user_id);
	worktree_create(live.app.worktrees, &spec, made_cb, &l);
	live_until(&l.done);
	assert_int_equal(l.err, 0);
	l.done = false;
	worktree_list(live.app.worktrees, &live.who, live.repo, listed_cb, &l);
	live_until(&l.done);
	assert_int_equal(l.err, 0);
	l.done = false;
	assert_int_equal(live_sh(spec.path, "touch -d 2020-01-01 file"), 0);
	worktree_status(live.app.worktrees, &live.who, spec.path, looked_cb,
	    &l);
	live_until(&l.done);
	assert_int_equal(l.err, 0);
	l.done = false;
	worktree_status(live.app.worktrees, &live.who, live.repo, looked_cb,
	    &l);
	live_until(&l.done);
	assert_int_equal(l.err, 0);
	l.done = false;
	worktree_remove(live.app.worktrees, &live.who, spec.path, true,
	    moved_cb, &l);
	live_until(&l.done);
	assert_int_equal(l.err, 0);
}

static void
plant(void)
{
	char text[512];

	(void)snprintf(text, sizeof text, "#!/bin/sh\n: >%s\nexit 0\n",
	    live_path("w/canary"));
	live_write(live_path("w/program"), text);
	assert_int_equal(chmod(live_path("w/program"), 0755), 0);
}

static void
abuse_G01_to_G06_no_program_of_the_repository_runs(void **state)
{
	unsigned deaf = 0;

	(void)state;
	plant();
	assert_int_equal(live_sh(live.repo,
			     "git commit -q --allow-empty -m base"),
	    0);
	for (size_t i = 0; i < sizeof attacks / sizeof attacks[0]; i++) {
		const struct attack *x = &attacks[i];
		const char *copy = live_path("w/pristine");

		assert_int_equal(live_sh(live.scratch, "cp -a %s %s", live.repo,
				     copy),
		    0);
		assert_int_equal(live_sh(live.repo, "%s",
				     fill(x->setup, (int)i)),
		    0);
		(void)canary();
		plain_git(x, (int)i * 2);
		if (!canary()) {
			print_error("the control is silent: %s\n", x->id);
			deaf++;
		}
		(void)live_sh(live.repo, "git merge --abort; git rebase "
					 "--abort; git worktree prune; true");
		(void)canary();
		our_git(x, (int)i * 2 + 1);
		if (canary())
			fail_msg("%s: git ran it", x->id);
		(void)live_sh(live.repo,
		    "git merge --abort; git rebase --abort; true");
		(void)canary();
		our_operations((int)i);
		if (canary())
			fail_msg("%s: rdv ran it", x->id);
		assert_int_equal(live_sh(live.scratch, "rm -rf %s && mv %s %s",
				     live.repo, copy, live.repo),
		    0);
	}
	assert_int_equal(deaf, 0);
}

static void
abuse_G07_a_hidden_bare_repository_is_not_used(void **state)
{
	static const char *const status[] = { "status", "--porcelain", NULL };
	const char *hidden =
	    live_path("%s/docs", live.repo + strlen(live.scratch) + 1);
	struct listed l = { false, 0 };
	struct ran x;

	(void)state;
	plant();
	assert_int_equal(
	    live_sh(live.repo,
		"git init -q --bare docs && git --git-dir=docs config "
		"core.fsmonitor %s && git --git-dir=docs config core.bare "
		"false && git --git-dir=docs config core.worktree .. && cp "
		".git/index docs/ && git push -q docs main && echo ref: "
		"refs/heads/main >docs/HEAD",
		live_path("w/program")),
	    0);
	(void)canary();
	(void)live_sh(hidden, "git status");
	assert_true(canary());
	x = run(hidden, status, 4096);
	assert_int_equal(x.err, 0);
	assert_false(canary());
	/* By its name it is a directory of the repository around it. */
	worktree_list(live.app.worktrees, &live.who, hidden, listed_cb, &l);
	live_until(&l.done);
	assert_int_equal(l.err, 0);
	assert_false(canary());
}

static void
abuse_G08_a_repository_of_somebody_else_is_not_used(void **state)
{
	struct arena *a = arena_new();
	struct repo_ask ask = { a, live.app.conf, live.who.uid };
	struct repo_place place;
	const char *why = NULL;

	(void)state;
	assert_int_equal(repo_find(&ask, live.repo, &place, &why), 0);
	assert_string_equal(place.at, live.repo);
	ask.uid++;
	assert_int_equal(repo_find(&ask, live.repo, &place, &why),
	    RDV_E_INVALID);
	assert_non_null(strstr(why, "another account"));
	arena_free(a);
}

static int
all(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, live_setup, live_teardown)
	const struct CMUnitTest tests[] = {
		T(it_runs_and_answers),
		T(what_it_says_is_bounded),
		T(abuse_G26_it_has_a_deadline),
		T(many_wait_and_too_many_do_not),
		T(without_the_helper_it_says_so),
		T(abuse_G01_to_G06_no_program_of_the_repository_runs),
		T(abuse_G07_a_hidden_bare_repository_is_not_used),
		T(abuse_G08_a_repository_of_somebody_else_is_not_used),
	};

	return CHECK_RUN("core/git", tests);
}

int
main(int argc, char **argv)
{
	return live_main(argc, argv, all);
}
