/* SPDX-License-Identifier: MIT */
/*
 * Names that are to be committed though nothing has them any more: a file that
 * `git rm` took, or the old name of one that was moved. git's commit knows
 * them by HEAD, but its add refuses a name that is in neither index nor tree.
 * Invariant: only a name is passed over of which everything that git has to
 * say is staged already; any other is refused as ever.
 */
#include <string.h>

#include "daemon/core/worktreechangeop.h"
#include "lib/arena.h"
#include "lib/str.h"

#define STATUS_WORDS 8

/* ch->more while names are staged. */
struct staging {
	struct git_result failed; /* what git said to all of them */
	wt_git_fn *next;
};

/* `name` is `of`, or lies in it. */
static bool
is_in(const char *name, const char *of, size_t len)
{
	return strncmp(name, of, len) == 0 &&
	       (name[len] == '\0' || name[len] == '/');
}

/* "1 D. N... <3 modes> <2 oids> name"; "? name", "! dir/"; conflicts longer. */
static const char *
name_of(const char *record)
{
	int blanks = *record == '1' ? 8 : *record == 'u' ? 10 : 1;

	for (; blanks > 0 && strchr(record, ' ') != NULL; blanks--)
		record = strchr(record, ' ') + 1;
	return record;
}

static bool
is_gone(const struct git_result *r, const char *name)
{
	const char *end = r->out + r->outlen, *at;
	bool gone = false;
	size_t len;

	for (const char *p = r->out; p < end; p += strlen(p) + 1) {
		at = name_of(p);
		len = strlen(at);
		len -= str_ends(at, "/");
		if (is_in(at, name, strlen(name)) && str_starts(p, "1 D. "))
			gone = true;
		else if (is_in(at, name, strlen(name)) || is_in(name, at, len))
			return false;
	}
	return gone;
}

/* The rest of the names, or false: none was gone. */
static bool
leave_out(struct wt_op *op, const struct git_result *r)
{
	struct wt_change *ch = op->own;
	char *rest = arena_alloc(op->arena, ch->names_len);
	const char *end = ch->names + ch->names_len;
	size_t n = 0, len;

	for (const char *p = ch->names; p < end; p += len) {
		len = strlen(p) + 1;
		if (is_gone(r, p))
			continue;
		memcpy(rest + n, p, len);
		n += len;
	}
	if (n == ch->names_len)
		return false;
	ch->names = rest;
	ch->names_len = n;
	return true;
}

static void
gone_cb(struct wt_op *op, const struct git_result *r)
{
	static const struct git_result none = { .out = "", .err = "" };
	const struct wt_change *ch = op->own;
	const struct staging *s = ch->more;

	if (r->status != 0 || !leave_out(op, r))
		s->next(op, &s->failed);
	else if (ch->names_len == 0)
		/* Without a name git would add everything. */
		s->next(op, &none);
	else
		wt_change_stage(op, s->next);
}

static void
all_cb(struct wt_op *op, const struct git_result *r)
{
	struct wt_change *ch = op->own;
	struct staging *s = ch->more;
	const char *argv[STATUS_WORDS + WT_NAMES_MAX + 1] = {
		"--literal-pathspecs", "status", "--porcelain=v2", "-z",
		"--no-renames", "--untracked-files=all", "--ignored=matching",
		"--"
	};
	size_t n = STATUS_WORDS;

	if (r->status == 0) {
		s->next(op, r);
		return;
	}
	s->failed = (struct git_result){ .status = r->status,
		.out = "",
		.err = arena_strdup(op->arena, r->err) };
	for (size_t i = 0; ch->wish.names[i] != NULL; i++)
		argv[n++] = ch->wish.names[i];
	wt_git(op, op->at, argv, NULL, gone_cb);
}

void
wt_change_stage_named(struct wt_op *op, wt_git_fn *next)
{
	struct staging *s = arena_alloc(op->arena, sizeof(*s));
	struct wt_change *ch = op->own;

	s->next = next;
	ch->more = s;
	wt_change_stage(op, all_cb);
}
