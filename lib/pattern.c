/* SPDX-License-Identifier: MIT */
/*
 * Finding a text in a stream without keeping the stream. Each piece between
 * stars is looked for by Knuth, Morris and Pratt's method, the first place of
 * one before the next: in a line, who finds them early misses nothing that is
 * found late. Invariant: a byte costs two comparisons on average, whatever the
 * pattern and the stream are.
 */
#include "lib/pattern.h"

#include <string.h>

#include "lib/err.h"

/* How much of the piece its first i + 1 bytes end with, but for themselves. */
static void
prepare(struct pattern *p, unsigned i)
{
	const uint8_t *text = p->text + p->piece[i].at;
	uint16_t *fail = p->fail + p->piece[i].at;
	unsigned have = 0;

	fail[0] = 0;
	for (unsigned n = 1; n < p->piece[i].len; n++) {
		while (have > 0 && text[n] != text[have])
			have = fail[have - 1];
		have += text[n] == text[have];
		fail[n] = (uint16_t)have;
	}
}

static int
add_piece(struct pattern *p, unsigned at, size_t len)
{
	if (len == 0)
		return 0;
	if (p->pieces == PATTERN_PIECES)
		return RDV_E_TOO_BIG;
	p->piece[p->pieces].at = (uint16_t)at;
	p->piece[p->pieces].len = (uint16_t)len;
	prepare(p, p->pieces++);
	return 0;
}

int
pattern_init(struct pattern *p, const char *text, bool is_glob)
{
	size_t len = strlen(text), n;
	unsigned at = 0;
	int err = 0;

	if (len > PATTERN_MAX)
		return RDV_E_TOO_BIG;
	if (is_glob && strchr(text, '\n') != NULL)
		return RDV_E_INVALID;
	p->pieces = p->now = p->have = 0;
	p->is_glob = is_glob;
	memcpy(p->text, text, len);
	while (at < len && err == 0) {
		n = is_glob ? strcspn(text + at, "*") : len;
		err = add_piece(p, at, n);
		at += (unsigned)n + 1;
	}
	if (err == 0 && p->pieces == 0)
		err = RDV_E_INVALID;
	return err;
}

bool
pattern_byte(struct pattern *p, uint8_t c)
{
	const uint8_t *text = p->text + p->piece[p->now].at;
	const uint16_t *fail = p->fail + p->piece[p->now].at;

	while (p->have > 0 && text[p->have] != c)
		p->have = fail[p->have - 1];
	p->have += text[p->have] == c;
	if (p->have == p->piece[p->now].len) {
		p->have = 0;
		p->now++;
	}
	if (p->now == p->pieces) {
		p->now = 0;
		return true;
	}
	if (c == '\n' && p->is_glob)
		p->now = p->have = 0;
	return false;
}

size_t
pattern_idle(const struct pattern *p, const uint8_t *in, size_t len)
{
	uint8_t first = p->text[p->piece[0].at];
	const uint8_t *at;

	/* A line feed may be spelled in other ways. */
	if (p->now > 0 || p->have > 0 || first == '\n')
		return 0;
	at = memchr(in, first, len);
	return at != NULL ? (size_t)(at - in) : len;
}
