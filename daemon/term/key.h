/* SPDX-License-Identifier: MIT */
#ifndef RDV_KEY_H
#define RDV_KEY_H

#include <stdbool.h>

struct buf;

/*
 * Keys by name and the bytes they send: those of xterm.js 6, so that a key that
 * is sent and one that is pressed are the same to the program. A name is one
 * character, or a word of the table in any case; before it stand C-, M- and S-
 * (Ctrl-, Alt- or Meta-, Shift-).
 */
struct key_row;

struct key {
	const struct key_row *row; /* NULL: `text` */
	unsigned mods;
	char text[8]; /* a character; C- is in it already */
	unsigned len;
};

/* False when there is no such key, or none with those modifiers. */
bool key_find(const char *name, struct key *out);
/* It sends something else while the program has DECCKM on. */
bool key_has_modes(const struct key *k);
/* At most KEY_BYTES; `application`: DECCKM is on. */
void key_put(const struct key *k, bool application, struct buf *out);
#define KEY_BYTES 10
/* Appends names that may have been meant: "Enter, End", or nothing. */
void key_close_to(const char *name, struct buf *out);

#endif
