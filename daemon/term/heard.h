/* SPDX-License-Identifier: MIT */
#ifndef RDV_HEARD_H
#define RDV_HEARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * How far a program that is spoken to was told what it is to be told, so that
 * the next rdvd says nothing twice and leaves nothing out: runs/<id>.in. It
 * outlives rdvd and not the host, as the program does.
 */
struct heard {
	int fd;
	uint64_t begun, done; /* times that something was said */
	uint64_t upto;	      /* all that was to be said to there was */
	uint64_t *keys;	      /* of answers that were given */
	size_t n, cap, kept;  /* `kept` of them are in the file */
	bool short_of;	      /* the others could not be written */
};

/*
 * Of a program that was started (`fresh`), or one that an earlier rdvd spoke
 * to. 0 or -errno; -ENOENT: nothing is known of it.
 */
int heard_open(struct heard *h, int dirfd, const char *run_id, bool fresh);
void heard_close(struct heard *h);
/*
 * Something is about to be written to it, and now it has all of that. It stays
 * torn while an answer cannot be kept, and heals when there is room again. 0 or
 * -errno: no mark is in the file, and nothing is to be said.
 */
int heard_begin(struct heard *h);
void heard_done(struct heard *h, uint64_t upto);
/* It was cut off in between: nobody can tell what it has heard. */
bool heard_is_torn(const struct heard *h);
/* The answer to that was given. */
void heard_answer(struct heard *h, const char *key);
bool heard_has_answer(const struct heard *h, const char *key);

#endif
