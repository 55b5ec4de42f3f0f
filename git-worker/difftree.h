/* SPDX-License-Identifier: MIT */
#ifndef RDV_DIFFTREE_H
#define RDV_DIFFTREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct job;

/*
 * Which two states are compared: "base" (the work tree with where it parted
 * from that), "from" and "to" (two commits), or "view": "all" (the work tree
 * with HEAD; also without any of these), "staged", "unstaged". Or "commit": one
 * beside its first parent. "since", of the worker's own: the work tree with
 * that object, whose full name it is.
 */
struct sides {
	const char *from; /* a commit or a tree; NULL: the index */
	const char *to;	  /* NULL: the work tree, or with `cached` the index */
	bool cached;
	unsigned steps; /* of the job, that finding them out took */
};
/* False: git has to be asked first, or the question is refused. */
bool sides_find(struct job *j, struct sides *s);
/* The question is about the work tree beside HEAD, and all of that. */
bool sides_usual(const struct job *j);
/* Files that git does not know are part of it. */
bool sides_have_others(const struct sides *s);

/*
 * Asks git what is different; `how` and `paths` end with NULL. It runs nothing
 * that the repository names, and writes nothing down.
 */
void diff_ask(struct job *j, const struct sides *s, const char *const *how,
    const char *const *paths);
/*
 * Asks for the files that git does not know, of those that `names`, which ends
 * with NULL, are or hold; without any of all.
 */
void diff_ask_others(struct job *j, const char *const *names);

/* One of git's raw records, perhaps with its line of --numstat. */
struct diff_file {
	const char *old_mode, *new_mode, *old_oid; /* six and 40 or 64 digits */
	const char *path, *old_path;		   /* NULL: the same */
	char status;		/* git-diff(1), "RAW OUTPUT FORMAT" */
	int similarity;		/* -1: none */
	bool in_tree;		/* the new side has not been hashed */
	bool counted;		/* what follows is known */
	int64_t added, removed; /* -1: binary */
};

struct diff_files {
	struct diff_file *list;
	size_t n;
	const char *rest; /* what stands behind the records: a patch */
};
/* False when it is not understood. What is cut at the end is left out. */
bool diff_read(struct job *j, unsigned step, struct diff_files *out);
/* "modified" and the like. */
const char *diff_word(char status);

/* A file of the work tree that git does not know, up to a bound. */
struct other {
	bool readable; /* it is a file or a link, and the rest is true */
	bool binary, over;
	const char *mode;
	const char *text;
	size_t len;
	int64_t lines;
};
/* As git tells binary from text (buffer_is_binary() in xdiff-interface.c). */
#define BINARY_LOOK 8000
#define OTHER_MAX   (32 << 20) /* beyond that it is binary, as for git here */
/* `keep`: bytes of text wanted. */
void other_read(struct job *j, const char *name, size_t keep, struct other *o);

#endif
