/* SPDX-License-Identifier: MIT */
/*
 * Sequences of terminals, as far as a text that is read needs them: CSI, sets
 * of characters, and an ESC with one byte. Strings (OSC and such) are none:
 * what is in them may be shown as a title.
 */
#include "cli/termseq.h"

#include <stdbool.h>
#include <string.h>

static enum termseq
look_csi(const uint8_t *p, size_t len)
{
	const uint8_t c = p[len - 1];

	if (c >= 0x20 && c < 0x40)
		return len < TERMSEQ_MAX ? TERMSEQ_OPEN : TERMSEQ_NONE;
	if (c < 0x40 || c > 0x7e)
		return TERMSEQ_NONE;
	if (c == 'm' || (c == 'K' && (len == 3 || (len == 4 && p[2] == '0'))))
		return TERMSEQ_COLOURS;
	return strchr("EHdf", c) != NULL ? TERMSEQ_LEAVES : TERMSEQ_MOVES;
}

enum termseq
termseq_look(const uint8_t *p, size_t len)
{
	const uint8_t c = p[len - 1];

	if (len > 2 && p[1] == '[')
		return look_csi(p, len);
	if (len > 2)
		return c == 'B' || c == '0' ? TERMSEQ_COLOURS : TERMSEQ_NONE;
	if (len == 1 || c == '[' || c == '(')
		return TERMSEQ_OPEN;
	if (c < 0x30 || c > 0x7e || strchr("]PX^_", c) != NULL)
		return TERMSEQ_NONE;
	return strchr("DEc", c) != NULL ? TERMSEQ_LEAVES : TERMSEQ_MOVES;
}
