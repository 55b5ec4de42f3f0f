/* SPDX-License-Identifier: MIT */
#ifndef RDV_SPARE_H
#define RDV_SPARE_H

#include <stdbool.h>
#include <stddef.h>

#include "priv-helper/roots.h"
#include "priv-helper/rules.h"
#include "priv-helper/tty.h"
#include "security/nspace.h"

struct order;

/*
 * What of a start no request decides, beside its processes and what struct run
 * holds: made for one account and profile when that is asked for, or before.
 */
struct spare {
	struct tty tty; /* both sides, until there are processes */
	struct roots roots;
	struct rules rules;   /* of a confined one */
	struct nspace spaces; /* with all that is shown in them */
	size_t own;	      /* how many of that are no paths */
	size_t common;	      /* and how many no request decides */
	bool open;	      /* the others are still to be told */
	struct order *order;
	int door; /* an unbound socket, should one be asked for; or -1 */
};

/* With nothing in it. */
struct spare *spare_new(void);
/* And all that it still holds; NULL is fine. */
void spare_free(struct spare *s);

#endif
