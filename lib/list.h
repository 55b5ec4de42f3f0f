/* SPDX-License-Identifier: MIT */
#ifndef RDV_LIST_H
#define RDV_LIST_H

#include <sys/queue.h>

/* glibc's <sys/queue.h> lacks the loops that survive removal of the item. */
#ifndef TAILQ_FOREACH_SAFE
#define TAILQ_FOREACH_SAFE(var, head, field, tmp) \
	for ((var) = TAILQ_FIRST(head);           \
	     (var) && ((tmp) = TAILQ_NEXT(var, field), 1); (var) = (tmp))
#endif
#ifndef LIST_FOREACH_SAFE
#define LIST_FOREACH_SAFE(var, head, field, tmp) \
	for ((var) = LIST_FIRST(head);           \
	     (var) && ((tmp) = LIST_NEXT(var, field), 1); (var) = (tmp))
#endif

#endif
