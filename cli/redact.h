/* SPDX-License-Identifier: MIT */
#ifndef RDV_REDACT_H
#define RDV_REDACT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;

/*
 * Takes words, and what patterns mean, out of a recording (asciicast v2, as
 * rdvd writes it), line by line. A place is found across the borders of events
 * and across what only colours it (SGR, the choice of a set of characters, and
 * erasing to the line's end); each of its characters becomes a '*'. What a
 * program draws at other places of the screen in between, or draws over, is not
 * found.
 */
struct redact;

struct redact *redact_new(void);
void redact_free(struct redact *r);
/* A word to take out, copied. RDV_E_INVALID: it is empty or no UTF-8. */
int redact_add(struct redact *r, const char *word, size_t len);
/*
 * As a glob of lib/pattern.h: `*` is any number of characters up to the next
 * control but a tab, as few as do, and at the pattern's beginning all of them.
 * At its end it is all up to LF, VT, FF or a sequence that goes to another line
 * (CSI E, H, d and f, ESC D, E and c); other controls in there stay as they
 * are. The next place begins behind. RDV_E_INVALID and RDV_E_TOO_BIG by
 * pattern_init(), the former for what is no UTF-8, too.
 */
int redact_add_glob(struct redact *r, const char *text);

/*
 * One line without its newline, the first one first. Lines of which all is
 * known by then go to `out`, which has to be taken before the next call. False:
 * that is no recording, or one that would have to be held back for ever; what
 * has not been given out must not be used then.
 */
bool
redact_line(struct redact *r, const char *line, size_t len, struct buf *out);
/* There are no more lines: gives out the rest. */
void redact_end(struct redact *r, struct buf *out);
/* How many places it has taken something out of so far. */
uint64_t redact_count(const struct redact *r);

#endif
