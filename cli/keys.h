/* SPDX-License-Identifier: MIT */
#ifndef RDV_KEYS_H
#define RDV_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define KEYS_HELD 16 /* bytes a feed or tick may add to what was read */

/*
 * Finds Ctrl-\ pressed twice in what is typed. The first one is held back for
 * half a second; when nothing follows it was meant for the program. Only keys
 * that arrive alone count, as a person presses them: in the middle of a paste
 * the same bytes are data.
 */
struct keys {
	char held[KEYS_HELD];
	size_t len;	  /* 0: nothing held */
	int64_t since_ms; /* monotonic */
	bool detach;
};

/*
 * Judges `len` bytes just read at `p`, where there is room for KEYS_HELD more.
 * Returns how many bytes at `p` are now to be sent.
 */
size_t keys_feed(struct keys *k, char *p, size_t len);
/* Bytes whose time is over are put at `p`; returns how many. */
size_t keys_tick(struct keys *k, char *p);
/* Milliseconds until keys_tick() will have something, or -1. */
int keys_wait(const struct keys *k);

#endif
