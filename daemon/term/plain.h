/* SPDX-License-Identifier: MIT */
#ifndef RDV_PLAIN_H
#define RDV_PLAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Output as the text that is in it, byte by byte and at once: what waits for a
 * prompt cannot wait for its line to end, as strip.h does. Sequences and
 * controls are gone; CR, LF, or both are one line feed. It is no screen:
 * nothing is ever taken back.
 */
struct plain {
	uint8_t state;
	bool is_c1;    /* 0xc2 came: perhaps the first byte of a C1 control */
	bool has_cr;   /* a line feed says no more than the last byte did */
	unsigned seen; /* bytes of the sequence so far */
	char osc[32];  /* the beginning of an OSC string */
	char mark;     /* of the last byte: OSC 133, 'A' to 'D'; 0: none */
	int status;    /* with 'D'; -1: not told */
};

/* All zero is the beginning. Puts what text comes to light, 0 to 2 bytes. */
unsigned plain_byte(struct plain *p, uint8_t c, uint8_t out[2]);
/*
 * A way around it, for who has no use for their text: while it rests, which is
 * between sequences, so many bytes as plain_odd() says can be left out.
 */
bool plain_rests(const struct plain *p);
size_t plain_odd(const uint8_t *in, size_t len);
void plain_leave_out(struct plain *p, const uint8_t *in, size_t len);

#endif
