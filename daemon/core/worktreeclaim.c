/* SPDX-License-Identifier: MIT */
/*
 * Branches that no worktree has out and that are in use all the same: a rebase
 * or a bisection has detached HEAD and goes back to one when it ends. Deleted
 * or moved meanwhile, that end would fail, or take the work with it.
 */
#include <string.h>

#include "daemon/core/worktreeop.h"
#include "lib/arena.h"

/*
 * git has no command that says so, and none of ours may read there. It prints
 * where it found one.
 */
static const char look_up[] =
    "my ($g, $b) = @ARGV; my @w = ($g);"
    "if (opendir(my $d, qq{$g/worktrees})) {"
    "  push @w, map { qq{$g/worktrees/$_} } grep { !/^\\./ } readdir $d; }"
    "for my $w (@w) { for my $n (qw(rebase-merge/head-name"
    "    rebase-merge/update-refs rebase-apply/head-name BISECT_START)) {"
    "  open(my $f, '<', qq{$w/$n}) or next;"
    "  while (my $l = <$f>) { chomp $l;"
    "    print qq{$w\\n} if $l eq $b || $l eq qq{refs/heads/$b}; } } }"
    "print qq{end\\n};";

static void
claims_cb(struct wt_op *op, const struct git_result *r)
{
	op->judging = false;
	if (strcmp(r->out, "end\n") == 0)
		op->claimed(op, WT_UNCLAIMED);
	else
		op->claimed(op, r->status == 0 ? WT_CLAIMED : WT_CLAIM_UNKNOWN);
}

void
wt_claims(struct wt_op *op, const char *branch, wt_claim_fn *next)
{
	const char *const argv[] = { "/usr/bin/perl", "-e", look_up, "--",
		arena_printf(op->arena, "%s/.git", op->top), branch, NULL };
	bool detached = false;

	for (size_t i = 0; i < op->list.n; i++)
		detached = detached || (op->list.entries[i].branch == NULL &&
					   !op->list.entries[i].bare);
	/* None of them is without a branch of its own, then. */
	if (!detached) {
		next(op, WT_UNCLAIMED);
		return;
	}
	op->claimed = next;
	op->judging = true;
	wt_host(op, argv, claims_cb);
}
