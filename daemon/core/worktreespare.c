/* SPDX-License-Identifier: MIT */
/*
 * Files that git holds for expendable, as they are ignored, and are somebody's
 * all the same: settings, keys, what took an hour to build. Where git would
 * write files it is found out before whether one of those is in the way (abuse
 * G19). Invariant: what cannot be looked at is in the way.
 */
#include "daemon/core/worktreespare.h"

#include <string.h>

#include "daemon/core/worktreeask.h"
#include "lib/arena.h"

/* Of one question to git, and of one to rdv-git, which bounds both. */
#define SLICE_MAX  (1u << 20)
#define LOOK_MAX   64
#define LOOK_BYTES 8000

struct wt_spare {
	const char *rest, *end;	  /* not asked about yet */
	const char *look, *looks; /* those of a slice that are to be seen */
	const char *slice;
	size_t slice_len;
	const struct git_fact *facts[LOOK_MAX];
	const char *names[LOOK_MAX];
	size_t asked;
	wt_spare_fn *next;
};

static void next_slice(struct wt_op *op);
static void look(struct wt_op *op);

/* One at least: rdv-git says then that it could not be looked at. */
static void
ask_some(struct wt_op *op)
{
	struct wt_spare *s = op->spare;
	const size_t top = strlen(op->at) + 1;
	size_t bytes = 0, len;

	for (s->asked = 0; s->look < s->looks && s->asked < LOOK_MAX;) {
		len = strlen(s->look) + 1;
		bytes += top + len + sizeof("there");
		if (s->asked > 0 && bytes > LOOK_BYTES)
			break;
		s->names[s->asked] = s->look;
		s->facts[s->asked++] = wt_question(op, "there",
		    arena_printf(op->arena, "%s/%s", op->at, s->look));
		s->look += len;
	}
	wt_ask(op, look);
}

/* As it came, before plain(). */
static const char *
bare(const char *name)
{
	return name[0] == '.' && name[1] == '/' ? name + 2 : name;
}

static void
look(struct wt_op *op)
{
	struct wt_spare *s = op->spare;

	for (size_t i = 0; i < s->asked; i++)
		if (!wt_absent(s->facts[i])) {
			s->next(op, bare(s->names[i]));
			return;
		}
	s->asked = 0;
	if (s->look < s->looks)
		ask_some(op);
	else
		next_slice(op);
}

static void
look_at(struct wt_op *op, const char *names, size_t len)
{
	struct wt_spare *s = op->spare;
	char *copy = arena_alloc(op->arena, len + 1);

	memcpy(copy, names, len);
	s->look = copy;
	s->looks = copy + len;
	look(op);
}

/* It fails over a name that leads through a link: then all are looked at. */
static void
ignored_cb(struct wt_op *op, const struct git_result *r)
{
	const struct wt_spare *s = op->spare;

	if (r->status > 1)
		look_at(op, s->slice, s->slice_len);
	else
		look_at(op, r->out, r->outlen);
}

/* git takes ":!x" for an expression here, whatever it is told. */
static const char *
plain(struct wt_op *op, const char *names, size_t len, size_t *total)
{
	char *all = arena_alloc(op->arena, 3 * len + 1), *at = all;
	size_t part;

	for (const char *p = names; p < names + len; p += part) {
		part = strlen(p) + 1;
		*at++ = '.';
		*at++ = '/';
		memcpy(at, p, part);
		at += part;
	}
	*total = (size_t)(at - all);
	return all;
}

static void
next_slice(struct wt_op *op)
{
	static const char *const argv[] = { "check-ignore", "-z", "--stdin",
		NULL };
	struct wt_spare *s = op->spare;
	const char *in;
	size_t len;

	if (s->rest >= s->end) {
		s->next(op, NULL);
		return;
	}
	s->slice = s->rest;
	while (s->rest < s->end && s->rest - s->slice < SLICE_MAX)
		s->rest += strlen(s->rest) + 1;
	s->slice_len = (size_t)(s->rest - s->slice);
	in = plain(op, s->slice, s->slice_len, &len);
	wt_git_bytes(op, op->at, argv, in, len, ignored_cb);
}

static struct wt_spare *
spare_new(struct wt_op *op, const char *names, size_t len, wt_spare_fn *next)
{
	struct wt_spare *s = arena_alloc(op->arena, sizeof(*s));
	char *copy = arena_alloc(op->arena, len + 1);

	memcpy(copy, names, len);
	s->rest = copy;
	s->end = copy + len;
	s->next = next;
	op->spare = s;
	return s;
}

void
wt_spare_ignored(struct wt_op *op, const char *names, size_t len,
    wt_spare_fn *next)
{
	(void)spare_new(op, names, len, next);
	next_slice(op);
}

void
wt_spare_all(struct wt_op *op, const char *names, size_t len, wt_spare_fn *next)
{
	struct wt_spare *s = spare_new(op, names, len, next);

	s->look = s->rest;
	s->looks = s->rest = s->end;
	look(op);
}
