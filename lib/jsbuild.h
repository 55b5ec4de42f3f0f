/* SPDX-License-Identifier: MIT */
#ifndef RDV_JSBUILD_H
#define RDV_JSBUILD_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/buf.h"

struct js;

/*
 * A value under construction: the text it will be. For lib/js.c, which tells it
 * from a parsed value by the tag; jansson's values begin with a small type.
 */
#define JSBUILD_TAG 0x6a736275

struct jsbuild {
	int tag;
	bool array;
	size_t n;	   /* members or elements */
	struct buf text;   /* without the closing bracket */
	struct js *parsed; /* made when somebody looks into it, else NULL */
};

/* The builder behind `v`, or NULL when `v` was parsed. */
struct jsbuild *jsbuild_of(const struct js *v);
void jsbuild_free(struct jsbuild *o);
/* Appends the finished text. */
void jsbuild_dump(const struct jsbuild *o, struct buf *b);
/* The same for an empty `b`, which takes the text itself; frees `o`. */
void jsbuild_finish(struct jsbuild *o, struct buf *b);

#endif
