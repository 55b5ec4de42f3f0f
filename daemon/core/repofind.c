/* SPDX-License-Identifier: MIT */
/*
 * Finding repositories that are not known yet. rdv-git may list no directory
 * (its sandbox is for paths that are named), so this is a program of the host,
 * with the account's own rights; what it finds is that account's word, and is
 * judged when it is registered.
 */
#include "daemon/core/repofind.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/app.h"
#include "daemon/conf.h"
#include "daemon/core/complaint.h"
#include "daemon/core/worktreeop.h"
#include "daemon/store/repos.h"
#include "lib/arena.h"
#include "lib/err.h"
#include "lib/path.h"
#include "lib/porcelain.h"
#include "lib/str.h"

#define LEFT_MAX  100
#define ROOTS_MAX 16
#define MAX_TEXT  "500" /* REPO_FIND_MAX */
#define SECONDS	  "3"

/*
 * One level after the other, so that what is near is found before time is over.
 * Records end with a NUL: "root PATH", "main TIME PATH", "tree TIME PATH", or a
 * reason and a path; "over" at the end when there was no end.
 */
static const char program[] =
    "use strict; use Cwd 'realpath';\n"
    "my ($dir, $depth, $max, $secs, @roots) = @ARGV;\n"
    "my ($over, $found, $left, $top) = (0, 0, 0);\n"
    "my %skip = map { $_ => 1 } qw(node_modules target dist build vendor\n"
    "    __pycache__ lost+found);\n"
    "s{^~(?=/|$)}{$ENV{HOME}} for $dir, @roots;\n"
    "sub out { print join(' ', @_), qq(\\0) }\n"
    "sub left { out(@_) if $left++ < 100 }\n"
    "sub fail { print STDERR qq(fatal: $dir: @_\\n); exit 1 }\n"
    "$top = realpath($dir); fail($!) unless defined $top && -e $top;\n"
    "fail('is no directory') unless -d $top;\n"
    "fail('is outside worktrees.repo_roots') unless grep {\n"
    "    my $r = realpath($_); defined $r && ($r eq '/' || $r eq $top ||\n"
    "    index($top, qq($r/)) == 0) } @roots;\n"
    "my $dev = (lstat $top)[0];\n"
    "$SIG{ALRM} = sub { $over = 1 }; alarm $secs;\n"
    "out('root', $top);\n"
    "my @queue = ([$top, 0]);\n"
    "while (!$over && (my $q = shift @queue)) {\n"
    "    my ($d, $n) = @$q; my $at = $d eq '/' ? '' : $d;\n"
    "    if (!utf8::decode(my $copy = $d)) { left('name', $d); next }\n"
    "    my @g = lstat qq($at/.git);\n"
    "    if (@g && (-d _ || -f _)) {\n"
    "        my $kind = -d _ ? 'main' : 'tree';\n"
    "        if ($g[4] != $>) { left('owner', $d) }\n"
    "        elsif ($found++ < $max) { out($kind, $g[9], $d) }\n"
    "        else { $over = 1 }\n"
    "        next;\n"
    "    }\n"
    "    opendir(my $h, $d) or do { left('unreadable', $d); next };\n"
    "    my @names = sort grep { !/^\\.\\.?$/ } readdir $h; closedir $h;\n"
    "    for my $e (@names) {\n"
    "        last if $over;\n"
    "        my @s = lstat qq($at/$e) or next;\n"
    "        if (-l _) { left('link', qq($at/$e))\n"
    "            if -d qq($at/$e); next }\n"
    "        next unless -d _;\n"
    "        if ($s[0] != $dev) { left('filesystem', qq($at/$e)) }\n"
    "        elsif ($e =~ /^\\./) { left('hidden', qq($at/$e)) }\n"
    "        elsif ($skip{$e}) { left('generated', qq($at/$e)) }\n"
    "        elsif ($n == $depth) { left('depth', qq($at/$e)) }\n"
    "        else { push @queue, [qq($at/$e), $n + 1] }\n"
    "    }\n"
    "}\n"
    "out('left', $left); out('over') if $over;\n";

struct finding {
	const char *path, *depth;
	struct repo_finds finds;
	repo_find_fn *cb;
	void *arg;
};

static void
find_fail(struct wt_op *op, int err, const char *why)
{
	struct finding *f = op->own;

	f->cb(err, NULL, why, f->arg);
	wt_end(op);
}

static void
add_found(struct wt_op *op, const char *rest, bool linked)
{
	struct finding *f = op->own;
	struct repo_found *r;
	struct store_repo row;
	char *path;
	int64_t when = strtoll(rest, &path, 10);

	if (*path != ' ' || !path_absolute_ok(path + 1) ||
	    f->finds.nfound == REPO_FIND_MAX)
		return;
	r = &f->finds.found[f->finds.nfound++];
	*r = (struct repo_found){ .path = arena_strdup(op->arena, path + 1),
		.linked = linked,
		.when = when };
	if (store_repo_at(op->w->app->db, op->arena, op->who.user_id, r->path,
		&row) == 0)
		r->id = row.id;
}

static void
find_main(struct wt_op *op, const char *rest)
{
	add_found(op, rest, false);
}

static void
find_tree(struct wt_op *op, const char *rest)
{
	add_found(op, rest, true);
}

static void
find_root(struct wt_op *op, const char *rest)
{
	struct finding *f = op->own;

	f->finds.root = arena_strdup(op->arena, rest);
}

static void
find_left(struct wt_op *op, const char *rest)
{
	struct finding *f = op->own;

	f->finds.left_total = strtoul(rest, NULL, 10);
	f->finds.complete = true;
}

static void
find_over(struct wt_op *op, const char *rest)
{
	struct finding *f = op->own;

	(void)rest;
	f->finds.complete = false;
}

static const struct {
	const char *word;
	void (*take)(struct wt_op *op, const char *rest);
} records[] = {
	{ "root", find_root },
	{ "main", find_main },
	{ "tree", find_tree },
	{ "left", find_left },
	{ "over", find_over },
};

/* As they are told; the words go to clients. */
static const char *const reasons[] = { "depth", "filesystem", "generated",
	"hidden", "link", "name", "owner", "unreadable" };

static void
add_left(struct wt_op *op, const char *reason, const char *path)
{
	struct finding *f = op->own;

	if (f->finds.nleft < LEFT_MAX)
		f->finds.left[f->finds.nleft++] = (struct repo_left){
			arena_strdup(op->arena, path),
			reason,
		};
}

static void
take(struct wt_op *op, const char *record)
{
	size_t len = strcspn(record, " ");
	const char *rest = record + len + (record[len] == ' ');

	for (size_t i = 0; i < sizeof(records) / sizeof(records[0]); i++)
		if (strlen(records[i].word) == len &&
		    strncmp(record, records[i].word, len) == 0)
			records[i].take(op, rest);
	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
		if (strlen(reasons[i]) == len &&
		    strncmp(record, reasons[i], len) == 0)
			add_left(op, reasons[i], rest);
}

static void
find_cb(struct wt_op *op, const struct git_result *r)
{
	const char *end = r->out + r->outlen;
	struct finding *f = op->own;
	char why[512];

	for (const char *p = r->out; p < end; p += strlen(p) + 1)
		take(op, p);
	if (r->status != 0 || f->finds.root == NULL) {
		git_complaint(r, why, sizeof(why));
		wt_fail(op, RDV_E_INVALID, "%s", why);
		return;
	}
	f->cb(0, &f->finds, NULL, f->arg);
	wt_end(op);
}

static void
find_start(struct wt_op *op)
{
	struct finding *f = op->own;
	char *const *root = op->w->app->conf->repo_roots;
	const char *argv[ROOTS_MAX + 10] = { "/usr/bin/perl", "-e", program,
		"--", f->path, f->depth, MAX_TEXT, SECONDS };
	size_t n = 8;

	if (*f->path != '~' && !path_absolute_ok(f->path)) {
		wt_fail(op, RDV_E_INVALID,
		    "path: must be a plain absolute "
		    "path");
		return;
	}
	for (size_t i = 0; i < ROOTS_MAX && root[i] != NULL; i++)
		argv[n++] = root[i];
	wt_host(op, argv, find_cb);
}

void
repo_find(struct worktrees *w, const struct worktree_who *who, const char *path,
    unsigned depth, repo_find_fn *cb, void *arg)
{
	struct wt_op *op = wt_new(w, who, false, find_fail);
	struct finding *f = arena_alloc(op->arena, sizeof(*f));

	f->path = arena_strdup(op->arena, path != NULL ? path : "~");
	f->depth = arena_printf(op->arena, "%u", depth);
	f->finds.found =
	    arena_alloc(op->arena, REPO_FIND_MAX * sizeof(*f->finds.found));
	f->finds.left =
	    arena_alloc(op->arena, LEFT_MAX * sizeof(*f->finds.left));
	f->cb = cb;
	f->arg = arg;
	op->own = f;
	wt_later(op, find_start);
}
