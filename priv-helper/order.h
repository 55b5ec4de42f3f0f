/* SPDX-License-Identifier: MIT */
#ifndef RDV_ORDER_H
#define RDV_ORDER_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/seqpkt.h"
#include "security/drop.h"

/*
 * What a program's process learns when its run is asked for, in memory that it
 * shares with [ops] since it was made, at the same address. The process is
 * another account's and can write there too, so [ops] reads nothing from it.
 */
struct order_page {
	struct drop_order told;
	char bytes[];
};

/* [ops]' own side of it: where the memory is, and how much is written to. */
struct order {
	struct order_page *page;
	size_t used;
};

/*
 * Of the shared memory: a request of nothing but empty strings, each a pointer
 * as well, what the environment has beside it, and the names in a view.
 */
#define ORDER_BYTES ((size_t)SEQPKT_MAX * 128)

/* To be made before the process is; or NULL with errno. */
struct order *order_new(void);
/*
 * After the fork that it was made for, and before any other: what is forked
 * from now on does not have it.
 */
void order_keep(struct order *t);
/* Takes that back, where something else had to be forked first. */
void order_lend(struct order *t);
/* NULL is fine. What a process has of it stays. */
void order_free(struct order *t);

/*
 * Copies what a run in namespaces is to see, and wakes the process that waits
 * for it; nothing is executed by that. First what no request decides, then what
 * comes behind the first `skip` of `s`. False when there is too much of it.
 */
bool order_begin(struct order *t, const struct nspace *s);
bool order_show(struct order *t, const struct nspace *s, size_t skip);
/* Copies. False when there is too much of it. */
bool order_tell(struct order *t, const struct drop_order *o);
/* Wakes the process. Nothing may be written afterwards. */
void order_give(struct order *t);

#endif
