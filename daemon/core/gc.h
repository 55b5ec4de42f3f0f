/* SPDX-License-Identifier: MIT */
#ifndef RDV_GC_H
#define RDV_GC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/core/worktree.h"

/* What of an account's could go, and where it lies. */
struct gc_item {
	/*
	 * "trash": its time there is over; "clone": one that failed, and is
	 * being taken back; "log": output of a run, kept for long enough, with
	 * no path, as it is rdvd's own; "workspace": one that nobody has
	 * touched since then, and that is to be archived; "pin": references
	 * that kept something (pins.h); "orphan": where rdv makes worktrees and
	 * of nothing that rdv knows. The last, and a pin of no row that rdv
	 * knows, are only told of, and never go by themselves.
	 */
	const char *kind;
	const char *id;	  /* NULL: nothing that rdv knows */
	const char *path; /* NULL: see above; of a pin its repository */
	int64_t bytes;	  /* -1: not known */
	int64_t since;	  /* wall clock, ms; -1: not known */
	const char *ref;  /* of a pin: what its references begin with */
};

struct gc_list {
	const struct gc_item *items;
	size_t n;
	int64_t bytes; /* known of what would go */
	bool more;     /* there are more than are told */
};

/*
 * Later, once; nothing is touched. RDV_E_UNAVAILABLE and others of rdv-git's,
 * with a sentence; strings are valid during the call.
 */
typedef void
gc_fn(int err, const struct gc_list *list, const char *why, void *arg);
void gc_look(struct worktrees *w, const struct worktree_who *who, gc_fn *cb,
    void *arg);
/*
 * The same, and a round of that account's is begun as the clock would: as much
 * of the trash as one may delete, each judged as ever, two workspaces, the
 * clones, twenty pins, and output of a hundred runs.
 */
void gc_begin(struct worktrees *w, const struct worktree_who *who, gc_fn *cb,
    void *arg);

#endif
