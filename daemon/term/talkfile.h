/* SPDX-License-Identifier: MIT */
#ifndef RDV_TALKFILE_H
#define RDV_TALKFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;

/*
 * The conversation of one run as it lies on the disk. runs/<id>.say holds
 * records, one behind the other: each is one version of one numbered entry, as
 * JSON. runs/<id>.sax has a slot of fixed size for each number, which says
 * where its newest version is. Who reads sees what was put whole.
 */
struct talkfile {
	int fd, idx;	/* -1: closed */
	uint64_t size;	/* of the records: where the next one begins */
	uint32_t count; /* of the entries: the next number */
};

#define TALKFILE_ENTRY_MAX ((size_t)8 << 20) /* bytes of one entry */

/* WRITE goes on where it ended, or begins. */
enum talkfile_mode { TALKFILE_WRITE, TALKFILE_READ };

/* 0 or -errno; -ENOENT: of that run nothing was put. */
int talkfile_open(struct talkfile *f, int dirfd, const char *run_id,
    enum talkfile_mode mode);
void talkfile_close(struct talkfile *f);
/* What they take of the disk. */
uint64_t talkfile_bytes(const struct talkfile *f);
/* For a reader: what was put since. 0, -ESTALE when it was removed, -errno. */
int talkfile_refresh(struct talkfile *f);

struct talkfile_put {
	uint32_t at;
	const char *text; /* JSON without control characters */
	size_t len;	  /* 1..TALKFILE_ENTRY_MAX */
	uint64_t hash;	  /* talkfile_hash() of it */
};
uint64_t talkfile_hash(const void *p, size_t len);
/* All of them or, with -errno, none. */
int talkfile_put(struct talkfile *f, const struct talkfile_put *puts, size_t n);

struct talkfile_record {
	uint32_t at;
	size_t len;
	uint64_t hash;
	uint64_t offset, next; /* of this record and of the one behind it */
};
/* The newest version of an entry. False: there is none, or it is lost. */
bool talkfile_newest(const struct talkfile *f, uint32_t at,
    struct talkfile_record *out);
/*
 * The record that begins there. 0; -ENODATA at the end; -EBADMSG where none
 * begins, or not a whole one; or another -errno.
 */
int talkfile_record(const struct talkfile *f, uint64_t offset,
    struct talkfile_record *out);
/* Appends its text. 0, -EBADMSG: that is not what was put; or -errno. */
int talkfile_text(const struct talkfile *f, const struct talkfile_record *r,
    struct buf *out);
/*
 * Where a page begins that ends before `before`: it has at most `limit` entries
 * and `bytes` of text, but for one entry that is longer.
 */
uint32_t talkfile_page(const struct talkfile *f, uint32_t before,
    uint32_t limit, size_t bytes);

#endif
