/* SPDX-License-Identifier: MIT */
#ifndef RDV_JSVIEW_H
#define RDV_JSVIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct arena;
struct js;

/*
 * JSON looked at where it stands: no value is allocated and no text is copied
 * before somebody wants it. For streams of which most is not wanted. As strict
 * as js_parse() but for what a program cuts in two: halves of a surrogate pair,
 * and \u0000, read as U+FFFD. Of a key that is given twice the first counts,
 * and a key that is written with escapes is not found: what is to be decided
 * about is for js_parse().
 */
struct jsview {
	const char *text; /* borrowed */
	struct jsview_node *nodes;
	size_t n, cap;
};

enum jsview_type {
	JSVIEW_NONE, /* no such value */
	JSVIEW_OBJECT,
	JSVIEW_ARRAY,
	JSVIEW_STRING,
	JSVIEW_NUMBER,
	JSVIEW_BOOL,
	JSVIEW_NULL
};

/* A value in it, good until the next parse. */
struct jsval {
	const struct jsview *in;
	uint32_t at;
};

void jsview_init(struct jsview *v);
void jsview_done(struct jsview *v);
/* `text` of less than 4 GiB must stay where it is. False when it is no JSON. */
bool jsview_parse(struct jsview *v, const char *text, size_t len);
struct jsval jsview_root(const struct jsview *v);

/* All take a value that is none, and any type, and then say so. */
enum jsview_type jsval_type(struct jsval v);
struct jsval jsval_member(struct jsval o, const char *key, size_t len);
/* Here, so that the length of a constant is one. */
static inline struct jsval
jsval_get(struct jsval o, const char *key)
{
	return jsval_member(o, key, strlen(key));
}
/* Elements of an array in turn; ends with none. */
struct jsval jsval_first(struct jsval array);
struct jsval jsval_next(struct jsval v);
/* It is this string, which has no byte that JSON escapes. */
bool jsval_is_word(struct jsval v, const char *word, size_t len);
static inline bool
jsval_is(struct jsval v, const char *word)
{
	return jsval_is_word(v, word, strlen(word));
}
/* In the arena; NULL unless a string. */
char *jsval_text(struct jsval v, struct arena *a);
/* As it is written; NULL for none. */
char *jsval_raw(struct jsval v, struct arena *a);
/* A whole number, or the fallback. */
int64_t jsval_int(struct jsval v, int64_t fallback);
bool jsval_bool(struct jsval v, bool fallback);
/*
 * The same for js.h, or NULL for none and for what js_parse() refuses. Free
 * with js_free().
 */
struct js *jsval_js(struct jsval v);

#endif
