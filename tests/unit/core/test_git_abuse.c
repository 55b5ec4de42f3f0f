/* SPDX-License-Identifier: MIT */
/*
 * git cannot run anything a repository names (abuse G01-G08). Every attack is
 * first made with a plain git outside, where it works: the control.
 */
#include "tests/unit/check.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/arena.h"
#include "lib/err.h"
#include "lib/str.h"
#include "tests/unit/core/kit.h"
#include "tests/unit/core/live.h"
#include "tests/unit/core/ran.h"

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
	    "echo 'ssh-ed25519 AAAA' >key; git config user.signingkey $PWD/key",
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
	r = ran_run(live.repo, argv, 1 << 20);
	assert_int_equal(r.err, 0);
}

/* What rdv itself does in such a repository; it has to work, too. */
static void
our_operations(int n)
{
	struct worktree_spec spec = kit_spec(fill("ops-@", n));
	struct outcome o;

	spec.path = live_path("w/ops%d", n);
	o = kit_create(&spec);
	kit_ok(&o);
	o = kit_list(live.repo);
	kit_ok(&o);
	assert_int_equal(live_sh(spec.path, "touch -d 2020-01-01 file"), 0);
	o = kit_status(spec.path);
	kit_ok(&o);
	o = kit_status(live.repo);
	kit_ok(&o);
	o = kit_drop(spec.path, true);
	kit_ok(&o);
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
	struct outcome o;
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
	x = ran_run(hidden, status, 4096);
	assert_int_equal(x.err, 0);
	assert_false(canary());
	/* By its name it is a directory of the repository around it. */
	o = kit_list(hidden);
	kit_ok(&o);
	assert_false(canary());
}

static int
all(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, live_setup, live_teardown)
	const struct CMUnitTest tests[] = {
		T(abuse_G01_to_G06_no_program_of_the_repository_runs),
		T(abuse_G07_a_hidden_bare_repository_is_not_used),
	};

	return CHECK_RUN("core/git_abuse", tests);
}

int
main(int argc, char **argv)
{
	return live_main(argc, argv, all);
}
