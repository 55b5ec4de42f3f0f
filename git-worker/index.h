/* SPDX-License-Identifier: MIT */
#ifndef RDV_INDEX_H
#define RDV_INDEX_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

/*
 * git's index (gitformat-index(5), versions 2 and 3), read only: where its
 * entries lie, four bytes for each, so that one is found without the others.
 */
struct index;

struct index *index_new(void);
void index_free(struct index *ix);
/*
 * Sees to it that `path` is what is open; `hash` is the length of an object's
 * name in bytes. False when there is none, or one of a kind that is only git's
 * own business: split, sparse, of another version.
 */
bool index_open(struct index *ix, const char *path, size_t hash);

#define INDEX_ENTRY_MAX (PATH_MAX + 128)
struct index_entry {
	const char *name; /* in `raw` */
	uint32_t mode, size;
	bool plain; /* no conflict, and nothing that git is told to overlook */
	size_t len;
	uint8_t raw[INDEX_ENTRY_MAX];
};
/* The first entry whose name is not before `name`; false: it cannot be read. */
bool index_find(struct index *ix, const char *name, size_t *at);
bool index_read(struct index *ix, size_t at, struct index_entry *e);
/*
 * What the entry says of its file's size, times or right to be executed is not
 * what `st` does, or it is too young to vouch for what it says.
 */
bool index_differs(const struct index *ix, const struct index_entry *e,
    const struct stat *st);
/*
 * Writes an index with nothing but `n` of the entries, in ascending order, to
 * `fd`, with the time of the whole one: what is too young to be trusted there
 * is so here.
 */
bool index_write(struct index *ix, const size_t *at, size_t n, int fd);

#endif
