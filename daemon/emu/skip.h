/* SPDX-License-Identifier: MIT */
#ifndef RDV_EMU_SKIP_H
#define RDV_EMU_SKIP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct emu;

/*
 * A flood needs no emulating but for its end: when only text, line feeds,
 * colours and erasing in the line come, what is above the screen's own lines
 * and EMU_HISTORY more is gone for good, and nothing else of it has stayed but
 * the pen.
 */
/*
 * How many bytes from the front are of that kind; whole sequences only. When
 * there is a sequence among them, *last is behind the last.
 */
size_t skip_plain(const uint8_t *p, size_t len, size_t *last);
/* How many bytes from the front are printable ones of ASCII. */
size_t skip_printable(const uint8_t *p, size_t len);
/* Behind the last byte that is no printable one of ASCII; 0: all are. */
size_t skip_unprintable(const uint8_t *p, size_t len);
/*
 * How many printable ones bring the cursor to where a line begins, one for each
 * column of a line. False: it does not go on there by itself.
 */
bool skip_to_margin(const struct emu *e, size_t *n);
/* Whether such a stretch leaves no more than that, where the emulator is. */
bool skip_possible(const struct emu *e);
/* Where a line begins, at the bottom: all there was above is gone. */
void skip_jump(struct emu *e);
/*
 * The pen at the end of such bytes, by the sequences in them: from the last
 * that set it anew, or, with `whole`, from the pen there is. False: there is
 * none and the bytes are not all there were.
 */
bool skip_pen(struct emu *e, const uint8_t *p, size_t len, bool whole);

#endif
