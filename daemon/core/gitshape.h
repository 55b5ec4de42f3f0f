/* SPDX-License-Identifier: MIT */
#ifndef RDV_GITSHAPE_H
#define RDV_GITSHAPE_H

struct js;

enum shape_kind {
	SHAPE_NUMBER,
	SHAPE_FLAG,
	SHAPE_TEXT,
	SHAPE_TEXTS,
	SHAPE_OBJECTS
};

/* What a worker's answer to a question may look like. */
struct shape {
	const char *name; /* NULL ends it */
	enum shape_kind kind;
	const struct shape *of; /* of each of the objects */
};
extern const struct shape shape_changes[], shape_diffstat[], shape_follow[],
    shape_diff[], shape_log[], shape_tree[], shape_file[], shape_compare[],
    shape_merge[], shape_blame[], shape_conflicts[], shape_conflict[];

/*
 * A copy of `v` with the members that the shape has and no others; NULL when
 * one is of another kind. A member may be missing or null.
 */
struct js *shape_copy(const struct shape *s, const struct js *v);

#endif
