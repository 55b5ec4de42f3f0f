/* SPDX-License-Identifier: MIT */
/*
 * The configuration language: a strict subset of TOML 1.0, so that every file
 * rdv accepts means the same to any other reader of TOML. The parser stops at
 * the first thing it does not know and says where.
 */
#include "lib/toml.h"

#include <stdlib.h>
#include <string.h>

#include "lib/buf.h"
#include "lib/err.h"
#include "lib/str.h"
#include "lib/xalloc.h"

#define TOML_TEXT_MAX  (1024 * 1024)
#define TOML_KEY_MAX   512
#define TOML_ITEMS_MAX 1024 /* values, tables, strings of one array */

struct parser {
	struct toml *t;
	const char *p, *end;
	unsigned line;
	const char *why;
	char table[TOML_KEY_MAX + 1]; /* "" before the first header */
	char **tables;
	size_t ntables;
};

static bool
fail(struct parser *ps, const char *why)
{
	ps->why = why;
	return false;
}

/* The byte at hand, or NUL at the end (a NUL in the text is refused). */
static char
peek(const struct parser *ps)
{
	return ps->p < ps->end ? *ps->p : '\0';
}

static bool
accept(struct parser *ps, char c)
{
	if (ps->p == ps->end || *ps->p != c)
		return false;
	ps->p++;
	return true;
}

static void
skip_blanks(struct parser *ps)
{
	while (peek(ps) == ' ' || peek(ps) == '\t')
		ps->p++;
}

/* Skips blanks and a comment; false when anything else precedes the newline. */
static bool
end_of_line(struct parser *ps)
{
	skip_blanks(ps);
	if (accept(ps, '#'))
		while (ps->p < ps->end && *ps->p != '\n' && *ps->p != '\r')
			ps->p++;
	if (ps->p == ps->end)
		return true;
	(void)accept(ps, '\r');
	if (!accept(ps, '\n'))
		return fail(ps, "unexpected text after the value");
	ps->line++;
	return true;
}

/* Skips what may stand between the parts of an array. */
static bool
skip_lines(struct parser *ps)
{
	skip_blanks(ps);
	while (peek(ps) == '#' || peek(ps) == '\r' || peek(ps) == '\n') {
		if (!end_of_line(ps))
			return false;
		skip_blanks(ps);
	}
	return true;
}

static bool
put_utf8(struct buf *b, uint32_t c)
{
	static const uint32_t top[] = { 0x7f, 0x7ff, 0xffff, 0x10ffff };
	static const uint8_t lead[] = { 0, 0xc0, 0xe0, 0xf0 };
	unsigned n = 0;

	if (c == 0 || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return false;
	while (c > top[n])
		n++;
	buf_put_u8(b, (uint8_t)(lead[n] | c >> 6 * n));
	while (n-- > 0)
		buf_put_u8(b, (uint8_t)(0x80 | (c >> 6 * n & 0x3f)));
	return true;
}

/* \uXXXX and \UXXXXXXXX: `digits` hexadecimal ones. */
static bool
unicode_escape(struct parser *ps, struct buf *b, unsigned digits)
{
	static const char hex[] = "0123456789abcdef0123456789ABCDEF";
	uint32_t c = 0;
	const char *at;

	for (; digits > 0; digits--) {
		at = peek(ps) == '\0' ? NULL : strchr(hex, peek(ps));
		if (at == NULL)
			return fail(ps, "bad \\u escape");
		c = c << 4 | (uint32_t)((at - hex) & 15);
		ps->p++;
	}
	return put_utf8(b, c) || fail(ps, "bad \\u escape");
}

static bool
escape(struct parser *ps, struct buf *b)
{
	static const char from[] = "btnfr\"\\";
	static const char to[] = "\b\t\n\f\r\"\\";
	char c = peek(ps);
	const char *at = c == '\0' ? NULL : strchr(from, c);

	if (c == '\0')
		return fail(ps, "string without end");
	ps->p++;
	if (c == 'u' || c == 'U')
		return unicode_escape(ps, b, c == 'u' ? 4 : 8);
	if (at == NULL)
		return fail(ps, "unknown escape in string");
	buf_put_u8(b, (uint8_t)to[at - from]);
	return true;
}

/* A one-line string, basic or literal, by the quote at hand. */
static bool
string(struct parser *ps, char **out)
{
	char quote = *ps->p++, c;
	struct buf b;
	bool good = true;

	buf_init(&b, TOML_TEXT_MAX);
	while (good && (c = peek(ps)) != quote) {
		if (c == '\0' || c == '\n' || c == '\r') {
			good = fail(ps, "string without end");
			break;
		}
		ps->p++;
		if (c == '\\' && quote == '"')
			good = escape(ps, &b);
		else
			buf_put_u8(&b, (uint8_t)c);
	}
	if (good)
		ps->p++;
	/* """ and ''' open a string over several lines. */
	if (good && b.len == 0 && peek(ps) == quote)
		good = fail(ps, "strings over several lines are not supported");
	if (good)
		*out = xstrdup(buf_cstr(&b));
	buf_done(&b);
	return good;
}

/* A bare or quoted key, appended to `key` with a dot in front if needed. */
static bool
key_part(struct parser *ps, char key[TOML_KEY_MAX + 1])
{
	static const char bare[] = "abcdefghijklmnopqrstuvwxyz"
				   "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
	const char *start = ps->p;
	size_t used = strlen(key);
	char *part;
	bool good;

	if (peek(ps) == '"' || peek(ps) == '\'') {
		if (!string(ps, &part))
			return false;
	} else {
		while (peek(ps) != '\0' && strchr(bare, peek(ps)) != NULL)
			ps->p++;
		part = xstrndup(start, (size_t)(ps->p - start));
	}
	/* A dot inside a key could not be told from one between two. */
	good = *part != '\0' && strchr(part, '.') == NULL;
	if (used > 0 && used < TOML_KEY_MAX)
		key[used++] = '.';
	good = str_copy(key + used, part, TOML_KEY_MAX + 1 - used) && good;
	free(part);
	return good || fail(ps, "bad key");
}

/* True when `inner` is `outer` or stands in the table of that name. */
static bool
within(const char *outer, const char *inner)
{
	size_t len = strlen(outer);

	return str_starts(inner, outer) &&
	       (inner[len] == '\0' || inner[len] == '.');
}

static bool
header(struct parser *ps)
{
	char key[TOML_KEY_MAX + 1] = "";
	size_t i;

	do {
		skip_blanks(ps);
		if (!key_part(ps, key))
			return false;
		skip_blanks(ps);
	} while (accept(ps, '.'));
	if (!accept(ps, ']'))
		return fail(ps, "table header without ]");
	for (i = 0; i < ps->ntables; i++)
		if (strcmp(ps->tables[i], key) == 0)
			return fail(ps, "table given twice");
	for (i = 0; i < ps->t->n; i++)
		if (within(ps->t->values[i].key, key))
			return fail(ps, "the name of this table is a key");
	if (ps->ntables == TOML_ITEMS_MAX)
		return fail(ps, "too many tables");
	ps->tables =
	    xreallocarray(ps->tables, ps->ntables + 1, sizeof(*ps->tables));
	ps->tables[ps->ntables++] = xstrdup(key);
	memcpy(ps->table, key, sizeof(key));
	return true;
}

/*
 * The list stays terminated and in `v` at every moment, so that a failure in
 * the middle is freed like any other value.
 */
static bool
array(struct parser *ps, struct toml_value *v)
{
	ps->p++;
	v->type = TOML_STRINGS;
	v->strs = xcalloc(1, sizeof(*v->strs));
	while (skip_lines(ps) && !accept(ps, ']')) {
		if (peek(ps) != '"' && peek(ps) != '\'')
			return fail(ps, "only strings may stand in an array");
		if (v->nstrs == TOML_ITEMS_MAX)
			return fail(ps, "too many strings in an array");
		v->strs =
		    xreallocarray(v->strs, v->nstrs + 2, sizeof(*v->strs));
		v->strs[v->nstrs + 1] = NULL;
		if (!string(ps, &v->strs[v->nstrs]))
			return false;
		v->nstrs++;
		if (!skip_lines(ps))
			return false;
		if (!accept(ps, ',') && peek(ps) != ']')
			return fail(ps, "array without ]");
	}
	return ps->why == NULL;
}

/* Decimal, with single underscores between digits and no leading zero. */
static bool
integer(const char *word, size_t len, int64_t *out)
{
	size_t sign = len > 0 && (word[0] == '-' || word[0] == '+') ? 1 : 0;
	const char *p = word + sign, *end = word + len;
	char digits[32] = "-";
	size_t used = 1;

	if (p == end || *p < '0' || *p > '9' || (*p == '0' && p + 1 < end))
		return false;
	for (; p < end && used < sizeof(digits) - 1; p++) {
		if (*p != '_')
			digits[used++] = *p;
		else if (p + 1 == end || p[1] == '_')
			return false;
	}
	digits[used] = '\0';
	return p == end && str_to_i64(digits + (word[0] == '-' ? 0 : 1),
			       INT64_MIN, INT64_MAX, out);
}

/* A value without quotes: true, false or an integer. */
static bool
bare(struct parser *ps, struct toml_value *v)
{
	const char *word = ps->p;
	size_t len;

	while (peek(ps) != '\0' && strchr(" \t\r\n#", peek(ps)) == NULL)
		ps->p++;
	len = (size_t)(ps->p - word);
	v->type = TOML_BOOL;
	v->flag = len == 4 && memcmp(word, "true", 4) == 0;
	if (v->flag || (len == 5 && memcmp(word, "false", 5) == 0))
		return true;
	v->type = TOML_INT;
	return integer(word, len, &v->num) ||
	       fail(ps, "not a string, integer, boolean or array of strings");
}

static bool
value(struct parser *ps, struct toml_value *v)
{
	switch (peek(ps)) {
	case '"':
	case '\'':
		v->type = TOML_STRING;
		return string(ps, &v->str);
	case '[':
		return array(ps, v);
	default:
		return bare(ps, v);
	}
}

static bool
key_free(struct parser *ps, const char *key)
{
	size_t i;

	for (i = 0; i < ps->t->n; i++)
		if (strcmp(ps->t->values[i].key, key) == 0)
			return fail(ps, "key given twice");
	for (i = 0; i < ps->ntables; i++)
		if (within(key, ps->tables[i]))
			return fail(ps, "the name of this key is a table");
	return ps->t->n < TOML_ITEMS_MAX || fail(ps, "too many keys");
}

static bool
assignment(struct parser *ps)
{
	char key[TOML_KEY_MAX + 1];
	struct toml_value *v;

	memcpy(key, ps->table, sizeof(key));
	if (!key_part(ps, key) || !key_free(ps, key))
		return false;
	skip_blanks(ps);
	if (!accept(ps, '='))
		return fail(ps, "key without =");
	skip_blanks(ps);
	ps->t->values =
	    xreallocarray(ps->t->values, ps->t->n + 1, sizeof(*ps->t->values));
	v = &ps->t->values[ps->t->n++];
	memset(v, 0, sizeof(*v));
	v->key = xstrdup(key);
	v->line = ps->line;
	return value(ps, v);
}

/*
 * What holds for the text as a whole: UTF-8, no control bytes but tab and the
 * end of a line.
 */
static bool
text_ok(struct parser *ps)
{
	const char *p;

	if (ps->end - ps->p > TOML_TEXT_MAX)
		return fail(ps, "larger than 1 MiB");
	for (p = ps->p; p < ps->end; p++) {
		ps->line += *p == '\n' ? 1 : 0;
		if (*p == '\r' && p + 1 < ps->end && p[1] == '\n')
			continue;
		if (((unsigned char)*p < 0x20 && *p != '\t' && *p != '\n') ||
		    *p == 0x7f)
			return fail(ps, "control character");
	}
	ps->line = 1;
	return str_utf8_valid(ps->p, (size_t)(ps->end - ps->p)) ||
	       fail(ps, "not UTF-8");
}

static bool
document(struct parser *ps)
{
	if (!text_ok(ps))
		return false;
	while (skip_lines(ps) && ps->p < ps->end) {
		if (!(accept(ps, '[') ? header(ps) : assignment(ps)))
			return false;
		if (!end_of_line(ps))
			return false;
	}
	return ps->why == NULL;
}

int
toml_parse(struct toml *t, const char *text, size_t len, unsigned *line,
    const char **why)
{
	struct toml got = { NULL, 0 };
	struct parser ps = {
		.t = &got, .p = text, .end = text + len, .line = 1
	};
	bool good = document(&ps);

	while (ps.ntables > 0)
		free(ps.tables[--ps.ntables]);
	free(ps.tables);
	if (!good) {
		toml_done(&got);
		*line = ps.line;
		*why = ps.why;
		return RDV_E_INVALID;
	}
	*t = got;
	return 0;
}

void
toml_done(struct toml *t)
{
	struct toml_value *v;
	size_t i;

	while (t->n > 0) {
		v = &t->values[--t->n];
		for (i = 0; i < v->nstrs; i++)
			free(v->strs[i]);
		free(v->strs);
		free(v->str);
		free(v->key);
	}
	free(t->values);
	t->values = NULL;
}

const char *
toml_type_name(enum toml_type type)
{
	static const char *const names[] = {
		[TOML_STRING] = "a string",
		[TOML_INT] = "an integer",
		[TOML_BOOL] = "true or false",
		[TOML_STRINGS] = "an array of strings",
	};

	return names[type];
}

void
toml_print_string(const char *s, FILE *out)
{
	(void)fputc('"', out);
	for (; *s != '\0'; s++) {
		unsigned char ch = (unsigned char)*s;

		if (ch == '"' || ch == '\\')
			(void)fprintf(out, "\\%c", ch);
		else if (ch < 0x20 || ch == 0x7f)
			(void)fprintf(out, "\\u%04x", ch);
		else
			(void)fputc(ch, out);
	}
	(void)fputc('"', out);
}
