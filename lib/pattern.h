/* SPDX-License-Identifier: MIT */
#ifndef RDV_PATTERN_H
#define RDV_PATTERN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PATTERN_MAX    512 /* bytes */
#define PATTERN_PIECES 16

/*
 * A text to be found in a stream, a byte at a time. As a glob, `*` is any
 * number of characters of one line. There are no regular expressions: the time
 * for a byte must not depend on who wrote the pattern (abuse D11).
 */
struct pattern {
	uint8_t text[PATTERN_MAX];
	uint16_t fail[PATTERN_MAX]; /* of Knuth, Morris and Pratt */
	struct {
		uint16_t at, len;
	} piece[PATTERN_PIECES];
	unsigned pieces;
	bool is_glob;
	/* Where it is: so many bytes of that piece. */
	unsigned now, have;
};

/*
 * RDV_E_INVALID: nothing to look for, or a glob over lines; RDV_E_TOO_BIG: over
 * a bound above.
 */
int pattern_init(struct pattern *p, const char *text, bool is_glob);
/* True when it is complete with this byte; the next match begins behind. */
bool pattern_byte(struct pattern *p, uint8_t c);
/*
 * How many bytes of an output make no difference to it, as none of them is the
 * first of it: 0 when it has begun.
 */
size_t pattern_idle(const struct pattern *p, const uint8_t *in, size_t len);

#endif
