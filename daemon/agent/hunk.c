/* SPDX-License-Identifier: MIT */
/*
 * The diff of an edit that an agent names by its old and its new text. It is
 * one hunk: what is the same at both ends is context, the rest goes and comes.
 * Its cost is that of reading the two texts, whatever they are.
 */
#include "daemon/agent/hunk.h"

#include <stdint.h>
#include <string.h>

#include "lib/arena.h"
#include "lib/buf.h"

struct lines {
	const char **at; /* beginnings; one more than there are */
	size_t n;
};

static struct lines
split(struct arena *a, const char *s)
{
	struct lines l = { NULL, 0 };
	const char *p;

	for (p = s; *p != '\0'; p += strcspn(p, "\n"), p += *p != '\0')
		l.n++;
	l.at = arena_alloc(a, (l.n + 1) * sizeof(*l.at));
	l.n = 0;
	for (p = s; *p != '\0'; p += strcspn(p, "\n"), p += *p != '\0')
		l.at[l.n++] = p;
	l.at[l.n] = p;
	return l;
}

static size_t
length(const struct lines *l, size_t i)
{
	size_t n = (size_t)(l->at[i + 1] - l->at[i]);

	return n > 0 && l->at[i][n - 1] == '\n' ? n - 1 : n;
}

static bool
same(const struct lines *x, size_t i, const struct lines *y, size_t j)
{
	size_t n = length(x, i);

	return n == length(y, j) && memcmp(x->at[i], y->at[j], n) == 0;
}

static void
put(struct buf *b, char sign, const struct lines *l, size_t from, size_t to)
{
	for (; from < to; from++) {
		buf_put_u8(b, (uint8_t)sign);
		buf_put(b, l->at[from], length(l, from));
		buf_put_u8(b, '\n');
	}
}

char *
hunk_diff(struct arena *a, const char *path, const char *before,
    const char *after)
{
	struct lines x = split(a, before), y = split(a, after);
	size_t head = 0, tail = 0;
	struct buf b;
	char *out;

	while (head < x.n && head < y.n && same(&x, head, &y, head))
		head++;
	while (tail < x.n - head && tail < y.n - head &&
	       same(&x, x.n - tail - 1, &y, y.n - tail - 1))
		tail++;
	buf_init(&b, SIZE_MAX / 4);
	buf_put_text(&b, "--- a/");
	buf_put_text(&b, path);
	buf_put_text(&b, "\n+++ b/");
	buf_put_text(&b, path);
	buf_printf(&b, "\n@@ -%d,%zu +%d,%zu @@\n", x.n > 0, x.n, y.n > 0, y.n);
	put(&b, ' ', &x, 0, head);
	put(&b, '-', &x, head, x.n - tail);
	put(&b, '+', &y, head, y.n - tail);
	put(&b, ' ', &x, x.n - tail, x.n);
	out = arena_strdup(a, buf_cstr(&b));
	buf_done(&b);
	return out;
}
