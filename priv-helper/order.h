/* SPDX-License-Identifier: MIT */
#ifndef RDV_ORDER_H
#define RDV_ORDER_H

#include <stdbool.h>
#include <stddef.h>

#include "security/drop.h"
#include "security/filter.h"

/*
 * What a program's process learns when its run is asked for, in memory that it
 * shares with [ops] since it was made, at the same address. [ops] writes it and
 * reads nothing from it: the process is another account's.
 */
struct order {
	struct drop_order told;
	struct filter filter;
	size_t used;
	char bytes[];
};

/* To be made before the process is, with its filter; or NULL with errno. */
struct order *order_new(const struct filter *f);
/* NULL is fine. What a process has of it stays. */
void order_free(struct order *t);

/* Copies. False when there is too much of it. */
bool order_tell(struct order *t, const struct drop_order *o);
/* Wakes the process. Nothing may be written afterwards. */
void order_give(struct order *t);

#endif
