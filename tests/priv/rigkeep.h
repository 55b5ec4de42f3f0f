/* SPDX-License-Identifier: MIT */
#ifndef RDV_RIGKEEP_H
#define RDV_RIGKEEP_H

#include <stdbool.h>

#define RIGKEEP_MAX 256

/*
 * In the place of systemd: the socket that a service tells things, and the
 * descriptors that it has it keep, by name.
 */
struct rigkeep {
	char path[128]; /* of the socket */
	int sock;
	unsigned max;	  /* what [main] is told that it takes; 0: 200 */
	bool unused;	  /* it is not told to have anything kept */
	const char *runs; /* unit of runs; NULL: none */
	struct rigkept {
		char name[256];
		int fd;
	} kept[RIGKEEP_MAX];
	unsigned n;
};

void rigkeep_open(struct rigkeep *k, const char *dir);
/* All that has been said so far. */
void rigkeep_hear(struct rigkeep *k);
/* Until there are exactly so many. */
void rigkeep_expect(struct rigkeep *k, unsigned n);
/* The one whose name is the `i`th of all by its letters. */
struct rigkept *rigkeep_nth(struct rigkeep *k, unsigned i);
void rigkeep_drop(struct rigkeep *k, struct rigkept *one);
/* One more, whatever it is; takes `fd` over. */
void rigkeep_add(struct rigkeep *k, const char *name, int fd);
/* Closes all of them, as systemd does with the end of a service. */
void rigkeep_clear(struct rigkeep *k);
void rigkeep_close(struct rigkeep *k);
/*
 * In a child: what the next program inherits of it, environment and
 * descriptors. [main] that was killed has them open twice, so to speak.
 */
void rigkeep_give(const struct rigkeep *k);

#endif
