/* SPDX-License-Identifier: MIT */
/*
 * A flat list of where the values of a JSON text stand, made in one pass over
 * it. A tree of allocated nodes costs several times what it takes to read the
 * text, and of a stream with a line for each word of an answer next to nothing
 * is wanted. Invariant: after a parse that succeeded every node lies within the
 * text, and `next` of a node is behind all that is in it.
 */
#include "lib/jsview.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "lib/arena.h"
#include "lib/js.h"
#include "lib/str.h"
#include "lib/word.h"
#include "lib/xalloc.h"

#define DEPTH	 64 /* as lib/js.c has it */
#define CAP_KEPT 65536

struct jsview_node {
	uint32_t start, len; /* a string's without its quotes */
	uint32_t next;	     /* the node behind it and its parts */
	uint8_t type;
	bool escaped; /* a string that is not what it says */
};

void
jsview_init(struct jsview *v)
{
	memset(v, 0, sizeof(*v));
}

void
jsview_done(struct jsview *v)
{
	free(v->nodes);
	jsview_init(v);
}

/*
 * The text being read. All of what follows is one function to the compiler,
 * which keeps this in registers: nothing that is called may have its address.
 */
struct reader {
	const char *p, *end, *text;
	struct jsview_node *nodes;
	uint32_t n, cap;
	unsigned odd;
	bool object; /* the innermost container is one */
};

/* The open containers: their nodes. Apart, as it cannot be in registers. */
struct nest {
	uint32_t at[DEPTH];
	uint32_t depth;
};

#define ODD_ESCAPED 1u
#define ODD_WIDE    2u /* more than ASCII */

static struct jsview_node *
grow(struct jsview *v)
{
	v->cap = v->cap > 0 ? v->cap * 2 : 256;
	v->nodes = xreallocarray(v->nodes, v->cap, sizeof(*v->nodes));
	return v->nodes;
}

static inline void
node(struct reader *r, enum jsview_type type, const char *start, size_t len)
{
	r->nodes[r->n] = (struct jsview_node){
		.start = (uint32_t)(start - r->text),
		.len = (uint32_t)len,
		.next = r->n + 1,
		.type = (uint8_t)type,
	};
	r->n++;
}

static inline char
peek(const struct reader *r)
{
	return r->p < r->end ? *r->p : '\0';
}

/* What is below a blank and none is no beginning of anything either. */
static inline void
blanks(struct reader *r)
{
	while (r->p < r->end && (unsigned char)*r->p <= ' ' &&
	       (*r->p == ' ' || *r->p == '\n' || *r->p == '\t' ||
		   *r->p == '\r'))
		r->p++;
}

/* Skips what is plain: the next byte ends the string, is odd or wide. */
static inline const char *
plain(const char *p, const char *end)
{
	uint64_t w;

	for (; end - p >= (ptrdiff_t)sizeof(w); p += sizeof(w)) {
		memcpy(&w, p, sizeof(w));
		w = word_odd(htole64(w));
		if (w != 0)
			return p + (size_t)__builtin_ctzll(w) / 8;
	}
	while (p < end && (unsigned char)*p >= 0x20 &&
	       (unsigned char)*p < 0x80 && *p != '"' && *p != '\\')
		p++;
	return p;
}

static bool
hex4(const char *p, unsigned *out)
{
	unsigned v = 0;

	for (int i = 0; i < 4; i++) {
		char c = p[i];

		v <<= 4;
		if (c >= '0' && c <= '9')
			v |= (unsigned)(c - '0');
		else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
			v |= (unsigned)((c | 0x20) - 'a' + 10);
		else
			return false;
	}
	*out = v;
	return true;
}

/* Behind an escape; NULL: it is none. */
static const char *
escape(const char *p, const char *end)
{
	unsigned u;

	if (end - p >= 6 && p[1] == 'u')
		return hex4(p + 2, &u) ? p + 6 : NULL;
	return end - p >= 2 && p[1] != '\0' &&
		       strchr("\"\\/bfnrt", p[1]) != NULL
		   ? p + 2
		   : NULL;
}

/* To the quote that ends a string which is not plain; NULL: none does. */
static const char *
odd_string(const char *p, const char *end, unsigned *odd)
{
	while (p != NULL && p < end && *p != '"') {
		if (*p == '\\') {
			*odd |= ODD_ESCAPED;
			p = escape(p, end);
		} else if ((unsigned char)*p >= 0x80) {
			*odd |= ODD_WIDE;
			p++;
		} else if ((unsigned char)*p < 0x20) {
			return NULL;
		}
		if (p != NULL)
			p = plain(p, end);
	}
	return p != NULL && p < end ? p : NULL;
}

/* Behind the opening quote. */
static inline bool
string(struct reader *r)
{
	const char *start = ++r->p, *p = plain(start, r->end);
	unsigned odd = 0;

	if (p == r->end || *p != '"') {
		p = odd_string(p, r->end, &odd);
		if (p == NULL)
			return false;
	}
	node(r, JSVIEW_STRING, start, (size_t)(p - start));
	r->nodes[r->n - 1].escaped = (odd & ODD_ESCAPED) != 0;
	r->odd |= odd;
	r->p = p + 1;
	return true;
}

static const char *
digits(const char *p, const char *end)
{
	while (p < end && *p >= '0' && *p <= '9')
		p++;
	return p;
}

/* Behind a number; NULL: there is none. */
static const char *
number(const char *p, const char *end)
{
	const char *whole = p + (*p == '-'), *part;

	p = digits(whole, end);
	if (p == whole || (*whole == '0' && p - whole > 1))
		return NULL;
	if (p < end && *p == '.') {
		part = p + 1;
		p = digits(part, end);
		if (p == part)
			return NULL;
	}
	if (p < end && (*p == 'e' || *p == 'E')) {
		part = p + 1;
		part += part < end && (*part == '+' || *part == '-');
		p = digits(part, end);
		if (p == part)
			return NULL;
	}
	return p;
}

static const char *
word(const char *p, const char *end, const char *text)
{
	const size_t len = strlen(text);

	return (size_t)(end - p) >= len && memcmp(p, text, len) == 0 ? p + len
								     : NULL;
}

/* Behind a value that is no string and holds none; NULL: there is none. */
static const char *
scalar(const char *p, const char *end, enum jsview_type *type)
{
	*type = JSVIEW_BOOL;
	if (p == end)
		return NULL;
	if (*p == 't')
		return word(p, end, "true");
	if (*p == 'f')
		return word(p, end, "false");
	*type = *p == 'n' ? JSVIEW_NULL : JSVIEW_NUMBER;
	return *p == 'n' ? word(p, end, "null") : number(p, end);
}

static inline bool
plain_value(struct reader *r)
{
	enum jsview_type type;
	const char *p;

	if (peek(r) == '"')
		return string(r);
	p = scalar(r->p, r->end, &type);
	if (p == NULL)
		return false;
	node(r, type, r->p, (size_t)(p - r->p));
	r->p = p;
	return true;
}

/* The name of a member and its colon. */
static inline bool
name(struct reader *r)
{
	blanks(r);
	if (peek(r) != '"' || !string(r))
		return false;
	blanks(r);
	if (peek(r) != ':')
		return false;
	r->p++;
	return true;
}

static inline void
close_node(struct reader *r, struct jsview_node *n)
{
	r->p++;
	n->len = (uint32_t)(r->p - r->text) - n->start;
	n->next = r->n;
}

/* A container; it is left open, and true says so, when it is not empty. */
static inline bool
opens(struct reader *r, struct nest *o, bool *ok)
{
	const bool object = *r->p == '{';

	*ok = o->depth < DEPTH;
	if (!*ok)
		return false;
	node(r, object ? JSVIEW_OBJECT : JSVIEW_ARRAY, r->p++, 0);
	blanks(r);
	if (peek(r) == (object ? '}' : ']')) {
		close_node(r, &r->nodes[r->n - 1]);
		return false;
	}
	o->at[o->depth++] = r->n - 1;
	r->object = object;
	return true;
}

/*
 * Behind a value: closes what ends here. `more` when another value has to
 * follow; without it all is closed.
 */
static inline bool
closes(struct reader *r, struct nest *o, bool *more)
{
	for (*more = false; o->depth > 0;) {
		blanks(r);
		if (peek(r) == ',') {
			r->p++;
			*more = true;
			return true;
		}
		if (peek(r) != (r->object ? '}' : ']'))
			return false;
		close_node(r, &r->nodes[o->at[--o->depth]]);
		r->object = o->depth > 0 &&
			    r->nodes[o->at[o->depth - 1]].type == JSVIEW_OBJECT;
	}
	return true;
}

/* What one value adds is itself, and a name before it. */
static inline bool
document(struct jsview *v, struct reader *r, struct nest *o)
{
	bool ok = true, more = true;

	while (more) {
		if (r->cap - r->n < 2) {
			r->nodes = grow(v);
			r->cap = (uint32_t)v->cap;
		}
		if (r->object && !name(r))
			return false;
		blanks(r);
		if (peek(r) == '{' || peek(r) == '[') {
			if (opens(r, o, &ok))
				continue;
		} else {
			ok = plain_value(r);
		}
		if (!ok || !closes(r, o, &more))
			return false;
	}
	blanks(r);
	return r->p == r->end;
}

bool
jsview_parse(struct jsview *v, const char *text, size_t len)
{
	struct reader r = { .p = text, .end = text + len, .text = text };
	struct nest o;
	bool ok;

	o.depth = 0;
	/* One line of many small values is not remembered for good. */
	if (v->cap > CAP_KEPT)
		jsview_done(v);
	r.nodes = v->nodes;
	r.cap = (uint32_t)v->cap;
	v->text = text;
	ok = len < UINT32_MAX && document(v, &r, &o) &&
	     ((r.odd & ODD_WIDE) == 0 || str_utf8_valid(text, len));
	v->n = ok ? r.n : 0;
	return ok;
}

struct jsval
jsview_root(const struct jsview *v)
{
	return (struct jsval){ v->n > 0 ? v : NULL, 0 };
}

static const struct jsview_node *
of(struct jsval v)
{
	return v.in != NULL ? &v.in->nodes[v.at] : NULL;
}

enum jsview_type
jsval_type(struct jsval v)
{
	return v.in != NULL ? (enum jsview_type)of(v)->type : JSVIEW_NONE;
}

static const struct jsval none = { NULL, 0 };

struct jsval
jsval_member(struct jsval o, const char *key, size_t len)
{
	const struct jsview_node *all, *n;
	uint32_t at, end;

	if (jsval_type(o) != JSVIEW_OBJECT)
		return none;
	all = o.in->nodes;
	end = all[o.at].next;
	for (at = o.at + 1; at < end; at = all[at + 1].next) {
		n = &all[at];
		if (n->len == len && o.in->text[n->start] == *key &&
		    !n->escaped && memcmp(o.in->text + n->start, key, len) == 0)
			return (struct jsval){ o.in, at + 1 };
	}
	return none;
}

struct jsval
jsval_first(struct jsval array)
{
	if (jsval_type(array) != JSVIEW_ARRAY ||
	    of(array)->next == array.at + 1)
		return none;
	return (struct jsval){ array.in, array.at + 1 };
}

struct jsval
jsval_next(struct jsval v)
{
	const char *p;

	if (v.in == NULL || of(v)->next >= v.in->n)
		return none;
	/* Whether it has a neighbour stands behind it in the text. */
	p = v.in->text + of(v)->start + of(v)->len;
	p += of(v)->type == JSVIEW_STRING;
	p += strspn(p, " \t\r\n");
	return *p == ',' ? (struct jsval){ v.in, of(v)->next } : none;
}

bool
jsval_is_word(struct jsval v, const char *word, size_t len)
{
	const struct jsview_node *n = of(v);

	return n != NULL && n->type == JSVIEW_STRING && n->len == len &&
	       memcmp(v.in->text + n->start, word, len) == 0;
}

static char *
put_utf8(char *to, unsigned u)
{
	if (u < 0x80) {
		*to++ = (char)u;
	} else if (u < 0x800) {
		*to++ = (char)(0xc0 | u >> 6);
		*to++ = (char)(0x80 | (u & 0x3f));
	} else if (u < 0x10000) {
		*to++ = (char)(0xe0 | u >> 12);
		*to++ = (char)(0x80 | (u >> 6 & 0x3f));
		*to++ = (char)(0x80 | (u & 0x3f));
	} else {
		*to++ = (char)(0xf0 | u >> 18);
		*to++ = (char)(0x80 | (u >> 12 & 0x3f));
		*to++ = (char)(0x80 | (u >> 6 & 0x3f));
		*to++ = (char)(0x80 | (u & 0x3f));
	}
	return to;
}

/* The character of a \u at `p`, and of the one behind it that it needs. */
static const char *
unicode(const char *p, const char *end, unsigned *out)
{
	unsigned high = 0, low = 0;

	(void)hex4(p, &high);
	p += 4;
	if (high >= 0xd800 && high < 0xdc00 && end - p >= 6 && p[0] == '\\' &&
	    p[1] == 'u' && hex4(p + 2, &low) && low >= 0xdc00 && low < 0xe000) {
		*out = 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
		return p + 6;
	}
	if ((high >= 0xd800 && high < 0xe000) || high == 0)
		high = 0xfffd;
	*out = high;
	return p;
}

/* No escape says more bytes than it has. */
static void
unescape(char *to, const char *p, const char *end)
{
	static const char from[] = "bfnrt", into[] = "\b\f\n\r\t";
	const char *at;
	unsigned u;

	while (p < end) {
		if (*p != '\\') {
			*to++ = *p++;
			continue;
		}
		p++;
		if (*p == 'u') {
			p = unicode(p + 1, end, &u);
			to = put_utf8(to, u);
			continue;
		}
		at = strchr(from, *p);
		*to++ = at != NULL ? into[at - from] : *p;
		p++;
	}
	*to = '\0';
}

char *
jsval_text(struct jsval v, struct arena *a)
{
	const struct jsview_node *n = of(v);
	const char *p;
	char *s;

	if (n == NULL || n->type != JSVIEW_STRING)
		return NULL;
	p = v.in->text + n->start;
	if (!n->escaped)
		return arena_strndup(a, p, n->len);
	s = arena_alloc(a, (size_t)n->len + 1);
	unescape(s, p, p + n->len);
	return s;
}

char *
jsval_raw(struct jsval v, struct arena *a)
{
	const struct jsview_node *n = of(v);
	size_t quote;

	if (n == NULL)
		return NULL;
	quote = n->type == JSVIEW_STRING;
	return arena_strndup(a, v.in->text + n->start - quote,
	    n->len + 2 * quote);
}

int64_t
jsval_int(struct jsval v, int64_t fallback)
{
	const struct jsview_node *n = of(v);
	char digits[24];
	int64_t out;

	if (n == NULL || n->type != JSVIEW_NUMBER || n->len >= sizeof(digits))
		return fallback;
	memcpy(digits, v.in->text + n->start, n->len);
	digits[n->len] = '\0';
	return str_to_i64(digits, INT64_MIN, INT64_MAX, &out) ? out : fallback;
}

bool
jsval_bool(struct jsval v, bool fallback)
{
	if (jsval_type(v) != JSVIEW_BOOL)
		return fallback;
	return v.in->text[of(v)->start] == 't';
}

struct js *
jsval_js(struct jsval v)
{
	const struct jsview_node *n = of(v);
	size_t quote;
	char why[80];

	if (n == NULL)
		return NULL;
	quote = n->type == JSVIEW_STRING;
	return js_parse(v.in->text + n->start - quote, n->len + 2 * quote, why,
	    sizeof(why));
}
