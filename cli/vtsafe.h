/* SPDX-License-Identifier: MIT */
#ifndef RDV_VTSAFE_H
#define RDV_VTSAFE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;

/*
 * What of a program's output reaches the terminal of a person. Only sequences
 * that a row names, in the form that the row gives them: one that nobody
 * thought of does nothing (abuse J01 to J05). What a log holds is the bytes.
 */
struct vtsafe {
	unsigned title_chars;	/* of a title or notification */
	unsigned notes_minute;	/* notifications a minute */
	size_t link_bytes;	/* of an address */
	size_t clipboard_bytes; /* of a text for the clipboard; 0: none may */
	bool answers;		/* of all who watch this one answers */

	/* What came of it, for who tells the person. */
	size_t clipped;	  /* bytes last put on the clipboard, till told */
	unsigned refused; /* texts that were not */
	unsigned noted;	  /* notifications in the minute that began at */
	int64_t noted_at; /* ms, monotonic */
};

/* The caps of a viewer that was told of none: no clipboard, no answers. */
void vtsafe_init(struct vtsafe *s);
/*
 * Appends what may pass of one complete sequence, ESC and end included. `old`:
 * of the past, of which questions and messages were for somebody else.
 */
void vtsafe_put(struct vtsafe *s, bool old, const char *seq, size_t len,
    struct buf *out);
/* Whether a sequence that begins so may be as long as a clipboard's text. */
bool vtsafe_is_long(const struct vtsafe *s, const char *seq, size_t len);

/* cli/vtosc.c: the strings of ESC ]. `p` is what stands inside. */
void vtosc_put(struct vtsafe *s, bool old, const char *p, size_t len,
    struct buf *out);

#endif
