/* SPDX-License-Identifier: MIT */
#ifndef RDV_GITPROTO_H
#define RDV_GITPROTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;

/*
 * Between rdvd, which may look at no path of a user's, and rdv-git, which looks
 * as that user:
 *
 *   rdv-git ask DIR TRASH ROOT... -- QUESTION ARGUMENT ...
 *
 * DIR and TRASH are where rdv makes worktrees and where removed ones go;
 * beneath DIR and the ROOTs repositories may lie. "~" and "~/x" are of the
 * account's home. Standard output is rdv-git's build and one fact for each
 * question.
 */
#define GITPROTO_PROGRAM "rdv-git"

/* Of one call: what rdvd has to ask at once, and no more. */
#define GITPROTO_ASK_MAX 100

/* A path, or a sentence with one in it. */
#define GITPROTO_TEXT_MAX 4607

enum git_found {
	GIT_FOUND,
	GIT_NO_SUCH, /* nothing of that name */
	GIT_REFUSED, /* not to be used, or not to be looked at */
	GIT_TAKEN,   /* something of that name is there */
	GIT_FOUND_MAX
};

#define GIT_F_LINKED	 0x01u /* .git is a file: another has the repository */
#define GIT_F_MAIN	 0x02u /* a main work tree beneath a root */
#define GIT_F_BORROWS	 0x04u /* and has objects of another repository */
#define GIT_F_SAME_MOUNT 0x08u /* can be renamed into the trash */
#define GIT_F_THERE	 0x10u
#define GIT_F_ABSENT	 0x20u /* neither: it could not be looked at */
#define GIT_F_MOUNTED	 0x40u /* something is, there or below */

/* The answer to one question (git-worker/ask.c says what each fills in). */
struct git_fact {
	uint8_t found; /* enum git_found */
	uint8_t flags;
	char text[GITPROTO_TEXT_MAX + 1]; /* what was found, or why not */
};

void gitproto_put_build(struct buf *b, const char *build);
void gitproto_put(struct buf *b, const struct git_fact *f);
/*
 * All of an answer to `n` questions, as it came from a program that runs as the
 * user. 0; RDV_E_NEWER: of another build; RDV_E_MALFORMED. What it says is
 * still only that user's word.
 */
int gitproto_get(struct buf *b, const char *build, struct git_fact *const *f,
    size_t n);
/*
 * Whether `text` is a name that "midway" answers with (git-worker/place.c). It
 * comes under GIT_FOUND as a path does, and is shown to people.
 */
bool gitproto_is_midway(const char *text);

/*
 * The worker that stays:
 *
 *   rdv-git serve DIR CONFIG...
 *
 * about the work tree with its top at DIR, a canonical path; each CONFIG is a
 * "key=value" for its git. Both sides speak in messages of lib/frame.h. The
 * first that it says is {"build"}. A question is {"id", "op", "ms",
 * "args"}; ms is the time that it may take. Each is answered once, in any
 * order: with {"id"} and what was asked, or with {"id", "error", "status",
 * "why"}: "stale" (rdvd has to find out anew what this is), "timeout", "big",
 * "git" (it ended with that status and said why), "question" (it breaks a rule
 * of its op), "cancelled", "spawn", "malformed". {"id", "op": "cancel"} is
 * about a question and is not answered itself.
 *
 *   "status": numbers, see tell() in git-worker/serve.c
 *   "changes": {"all", "offset", "limit", "first"}; {"result"}, and so of
 *     all below, is as daemon/core/gitshape.c has it; "first": a part of it
 *     will do, see git-worker/part.h
 *
 *   "diffstat": {"base", "from", "to", "commit", "view", "offset", "limit",
 *     "first"}, see git-worker/difftree.h; "diff": the same, without the last
 *     three, and {"path", "old_path", "context", "limit"}
 *
 *   "log": {"to", "base", "path", "offset", "limit"}: what `to` (or HEAD) has,
 *     without what base has
 *
 *   "compare": {"base", "to"}; "merge": the same, "offset", "limit": what would
 *     come of merging `to` into base
 *
 *   "conflicts": {"offset", "limit"}: of files.
 *   "conflict": {"path"}: what each side has of that file.
 *   "blame": {"at", "path", "offset", "limit"}: of lines; without "at" of the
 *     work tree's file
 *
 *   "tree": {"at", "path", "offset", "limit"}: entries of a directory of a
 *     commit; "file": {"at", "path"}: its text
 *
 *   "follow": {"base", "since", "totals"}: "diffstat" of the work tree and base
 *     or HEAD, answered when it is not what it was at the token `since` (0:
 *     now), or when its time is over; see git-worker/diffdoc.h. In "gone" a
 *     name that is no UTF-8 is "//" and its base64.
 *
 * A name in the tree is told as "path", and when it is no UTF-8 also exactly,
 * as "path_base64"; either may be asked with.
 */
#define GITPROTO_FRAME_MAX  65536
#define GITPROTO_ANSWER_MAX (1 << 20)
#define GITPROTO_ASKS_MAX   256
#define GITPROTO_MS_MAX	    (24 * 3600 * 1000)

#endif
