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

/* The text being read. */
struct reader {
	struct jsview *v;
	const char *p;
	size_t at, len;
	bool wide; /* there is more than ASCII */
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

/* Room for what one value adds: itself, and a name before and behind it. */
static inline void
room(struct jsview *v)
{
	if (v->cap - v->n >= 3)
		return;
	v->cap = v->cap > 0 ? v->cap * 2 : 256;
	v->nodes = xreallocarray(v->nodes, v->cap, sizeof(*v->nodes));
}

static inline struct jsview_node *
node(struct reader *r, enum jsview_type type, size_t start)
{
	struct jsview *v = r->v;
	struct jsview_node *n = &v->nodes[v->n++];

	n->start = (uint32_t)start;
	n->len = 0;
	n->next = (uint32_t)v->n;
	n->type = (uint8_t)type;
	n->escaped = false;
	return n;
}

static inline char
peek(const struct reader *r)
{
	return r->at < r->len ? r->p[r->at] : '\0';
}

static inline void
blanks(struct reader *r)
{
	while (r->at < r->len &&
	       (r->p[r->at] == ' ' || r->p[r->at] == '\n' ||
		   r->p[r->at] == '\t' || r->p[r->at] == '\r'))
		r->at++;
}

/* Skips what is plain: the next byte ends the string, is odd or wide. */
static inline void
plain(struct reader *r)
{
	uint64_t w;

	while (r->len - r->at >= sizeof(w)) {
		memcpy(&w, r->p + r->at, sizeof(w));
		w = word_odd(htole64(w));
		if (w != 0) {
			r->at += (size_t)__builtin_ctzll(w) / 8;
			return;
		}
		r->at += sizeof(w);
	}
	while (r->at < r->len) {
		unsigned char c = (unsigned char)r->p[r->at];

		if (c < 0x20 || c >= 0x80 || c == '"' || c == '\\')
			return;
		r->at++;
	}
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

static bool
escape(struct reader *r)
{
	unsigned u;
	char c;

	r->at++;
	c = peek(r);
	if (c == 'u') {
		if (r->len - r->at < 5 || !hex4(r->p + r->at + 1, &u))
			return false;
		r->at += 5;
		return true;
	}
	r->at++;
	return c != '\0' && strchr("\"\\/bfnrt", c) != NULL;
}

/* Behind the opening quote. */
static bool
string(struct reader *r)
{
	struct jsview_node *n = node(r, JSVIEW_STRING, ++r->at);

	for (;;) {
		plain(r);
		if (r->at >= r->len)
			return false;
		if (r->p[r->at] == '"')
			break;
		if (r->p[r->at] == '\\') {
			n->escaped = true;
			if (!escape(r))
				return false;
		} else if ((unsigned char)r->p[r->at] >= 0x80) {
			r->wide = true;
			r->at++;
		} else
			return false;
	}
	n->len = (uint32_t)(r->at++ - n->start);
	return true;
}

static size_t
digits(struct reader *r)
{
	size_t was = r->at;

	while (r->at < r->len && r->p[r->at] >= '0' && r->p[r->at] <= '9')
		r->at++;
	return r->at - was;
}

static bool
number(struct reader *r)
{
	struct jsview_node *n = node(r, JSVIEW_NUMBER, r->at);
	size_t whole;

	if (peek(r) == '-')
		r->at++;
	whole = r->at;
	if (digits(r) == 0 || (r->p[whole] == '0' && r->at - whole > 1))
		return false;
	if (peek(r) == '.') {
		r->at++;
		if (digits(r) == 0)
			return false;
	}
	if (peek(r) == 'e' || peek(r) == 'E') {
		r->at++;
		if (peek(r) == '+' || peek(r) == '-')
			r->at++;
		if (digits(r) == 0)
			return false;
	}
	n->len = (uint32_t)(r->at - n->start);
	return true;
}

static bool
word(struct reader *r, enum jsview_type type, const char *text)
{
	size_t len = strlen(text);

	if (r->len - r->at < len || memcmp(r->p + r->at, text, len) != 0)
		return false;
	node(r, type, r->at)->len = (uint32_t)len;
	r->at += len;
	return true;
}

static bool
scalar(struct reader *r)
{
	switch (peek(r)) {
	case '"':
		return string(r);
	case 't':
		return word(r, JSVIEW_BOOL, "true");
	case 'f':
		return word(r, JSVIEW_BOOL, "false");
	case 'n':
		return word(r, JSVIEW_NULL, "null");
	default:
		return number(r);
	}
}

/* The name of a member and its colon. */
static bool
name(struct reader *r)
{
	blanks(r);
	if (peek(r) != '"' || !string(r))
		return false;
	blanks(r);
	if (peek(r) != ':')
		return false;
	r->at++;
	return true;
}

/* The open containers: their nodes. */
struct nest {
	uint32_t at[DEPTH];
	int depth;
};

static bool
in_object(const struct reader *r, const struct nest *o)
{
	return r->v->nodes[o->at[o->depth - 1]].type == JSVIEW_OBJECT;
}

/* A container that is not empty is left open, and true says so. */
static bool
opens(struct reader *r, struct nest *o, bool *ok)
{
	char c = peek(r), close = c == '{' ? '}' : ']';
	struct jsview_node *n;

	*ok = o->depth < DEPTH;
	if (!*ok)
		return false;
	n = node(r, c == '{' ? JSVIEW_OBJECT : JSVIEW_ARRAY, r->at++);
	blanks(r);
	if (peek(r) == close) {
		r->at++;
		n->len = (uint32_t)(r->at - n->start);
		return false;
	}
	o->at[o->depth++] = (uint32_t)(r->v->n - 1);
	if (c == '{')
		*ok = name(r);
	return true;
}

/*
 * Behind a value: closes what ends here. `more` when another value has to
 * follow; without it all is closed.
 */
static bool
closes(struct reader *r, struct nest *o, bool *more)
{
	for (*more = false; o->depth > 0;) {
		bool object = in_object(r, o);
		struct jsview_node *n;

		blanks(r);
		if (peek(r) == ',') {
			r->at++;
			*more = true;
			return !object || name(r);
		}
		if (peek(r) != (object ? '}' : ']'))
			return false;
		r->at++;
		n = &r->v->nodes[o->at[--o->depth]];
		n->len = (uint32_t)(r->at - n->start);
		n->next = (uint32_t)r->v->n;
	}
	return true;
}

static bool
document(struct reader *r)
{
	struct nest open = { .depth = 0 };
	bool ok = true, more = true;

	while (more) {
		room(r->v);
		blanks(r);
		if (peek(r) == '{' || peek(r) == '[') {
			if (opens(r, &open, &ok) && ok)
				continue;
		} else
			ok = scalar(r);
		if (!ok || !closes(r, &open, &more))
			return false;
	}
	blanks(r);
	return r->at == r->len;
}

bool
jsview_parse(struct jsview *v, const char *text, size_t len)
{
	struct reader r = { .v = v, .p = text, .len = len };

	/* One line of many small values is not remembered for good. */
	if (v->cap > CAP_KEPT)
		jsview_done(v);
	v->text = text;
	v->n = 0;
	if (len < UINT32_MAX && document(&r) &&
	    (!r.wide || str_utf8_valid(text, len)))
		return true;
	v->n = 0;
	return false;
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
jsval_get(struct jsval o, const char *key)
{
	const struct jsview_node *all, *n;
	size_t len = strlen(key);
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
jsval_is(struct jsval v, const char *word)
{
	const struct jsview_node *n = of(v);
	size_t len = strlen(word);

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
