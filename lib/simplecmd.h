/* SPDX-License-Identifier: MIT */
#ifndef RDV_SIMPLECMD_H
#define RDV_SIMPLECMD_H

#include <stdbool.h>
#include <stddef.h>

struct arena;

/*
 * A shell's text as the one program it runs, or not at all. What a shell would
 * make more of than words (further commands, pipes, redirections, variables,
 * substitutions, braces, ~, comments, assignments, functions, keywords) is no
 * simple command, nor is what has a control character or is no UTF-8. Signs
 * for file names (* ? [) are only characters here.
 */
#define SIMPLECMD_BYTES 65536
#define SIMPLECMD_WORDS 256

/* Its words, NULL-terminated, in the arena; NULL when it is none. */
char **simplecmd_words(struct arena *a, const char *text, size_t len);

/*
 * Whether `argv` is what the pattern means: the same words. "*" as its last
 * word stands for whatever follows, nothing as well; anywhere else it is a
 * word. Both end with NULL and have a word.
 */
bool simplecmd_match(const char *const *pattern, const char *const *argv);

#endif
