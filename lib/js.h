/* SPDX-License-Identifier: MIT */
#ifndef RDV_JS_H
#define RDV_JS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct buf;

/*
 * JSON: read by jansson, which owns the prefix json_, built as text by
 * lib/jsbuild. The helper links neither. Functions that add a value to a
 * container take it over; only what js_object() and js_array() made can be
 * added to, and no key is given twice.
 */
struct js;

/*
 * Strict RFC 8259: one value and nothing after it, duplicate keys refused,
 * depth at most 64, no NUL in strings, no NaN. NULL with printable text in
 * `why` (of `whysize` bytes). Free with js_free().
 */
struct js *js_parse(const char *text, size_t len, char *why, size_t whysize);
void js_free(struct js *v);
/* A value of its own; NULL of NULL. */
struct js *js_copy(const struct js *v);
/* Appends compact text to `b`; b->failed when over its maximum. */
void js_dump(const struct js *v, struct buf *b);
/* js_dump() into an empty `b`, and the end of `v`: nothing is copied. */
void js_finish(struct js *v, struct buf *b);
void js_dump_pretty(const struct js *v, struct buf *b);

struct js *js_object(void);
struct js *js_array(void);
/*
 * NULL text, or a negative time for js_add_ms, adds JSON null. Text and keys
 * that are not UTF-8 get U+FFFD in place of the bytes that are wrong.
 */
void js_add_str(struct js *o, const char *key, const char *s);
void js_add_int(struct js *o, const char *key, int64_t v);
void js_add_ms(struct js *o, const char *key, int64_t ms);
void js_add_bool(struct js *o, const char *key, bool v);
void js_add(struct js *o, const char *key, struct js *v);
/* Text that js_dump() made; NULL adds null. Nobody checks it again. */
void js_add_json(struct js *o, const char *key, const char *text);
void js_push(struct js *array, struct js *v);
void js_push_str(struct js *array, const char *s);

bool js_is_object(const struct js *v);
bool js_is_array(const struct js *v);
bool js_is_null(const struct js *v);
size_t js_len(const struct js *array);
/* Borrowed; NULL when absent or `v` is no such container. */
struct js *js_get(const struct js *o, const char *key);
struct js *js_at(const struct js *array, size_t i);
/* The value or the fallback when absent or of another type. Borrowed. */
const char *js_str(const struct js *o, const char *key, const char *fallback);
int64_t js_int(const struct js *o, const char *key, int64_t fallback);
bool js_bool(const struct js *o, const char *key, bool fallback);
const char *js_text(const struct js *v); /* NULL unless a string */
int64_t js_num(const struct js *v, int64_t fallback);
bool js_flag(const struct js *v, bool fallback);
/* Walks an object: key and value of the i-th member in insertion order. */
bool js_member(const struct js *o, size_t i, const char **key, struct js **v);

/*
 * A request body by table. `out` is a plain struct whose first member is
 * `uint64_t set`: bit i is set when field i was present (also as null).
 *   JS_TEXT   const char *       min..max bytes of valid UTF-8 without NUL
 *   JS_INT    int64_t            min..max
 *   JS_BOOL   bool
 *   JS_TEXTS  const char **      NULL-terminated, at most max entries
 *   JS_PAIRS  const char **      name, value, name, value, NULL (an object of
 *                                strings), at most max pairs
 *   JS_ONE_OF const char *       one of the words in `words`, separated by '|'
 *   JS_JSON   const char *       min..max bytes: an object or array as text
 * Absent fields, and null for JS_INT and JS_BOOL, leave `out` as it was.
 * Everything is copied into the arena. Lengths count bytes.
 */
enum js_kind {
	JS_TEXT,
	JS_INT,
	JS_BOOL,
	JS_TEXTS,
	JS_PAIRS,
	JS_ONE_OF,
	JS_JSON
};

struct js_field {
	const char *name; /* snake_case */
	const char
	    *alias; /* camelCase spelling, or NULL (contract section 2) */
	enum js_kind kind;
	size_t offset;
	bool required;
	bool nullable; /* null means "clear": bit set, pointer NULL */
	int64_t min, max;
	const char *words;
	const char *help;
};

#define JS_SET(in, index) (((in)->set >> (index)) & 1u)

struct js_error {
	char field[80];	  /* path of the offending field, "" for the body */
	char why[160];	  /* one sentence */
	const char *code; /* INVALID_JSON, UNKNOWN_FIELD, MISSING_FIELD,
			     DUPLICATE_FIELD, WRONG_TYPE or OUT_OF_RANGE */
};

/*
 * `fields` has at most 64 rows and ends with a NULL name. Unknown members are
 * refused, an empty body is an empty object. 0 or RDV_E_INVALID with `err`
 * filled; code INVALID_JSON is a 400, the rest 422.
 */
int js_decode(struct arena *a, const char *body, size_t len,
    const struct js_field *fields, void *out, struct js_error *err);

#endif
